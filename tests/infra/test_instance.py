"""User data and units on an instance: systemd as process 1, the release fetched, services looked after.

The instance is this machine in namespaces of its own (`boot.sh`). Amazon Linux's package manager is not
there, and Python and the packages are those of this test; `test_release.py` looks at a release's own.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from functools import partial
from pathlib import Path

import psutil
import pytest
import requests

from infra.codebucket import CodeBucket
from infra.parts import Part
from infra.release import PYTHON, release
from tests.conftest import REPOSITORY, free_ports, until

BOOT = Path(__file__).with_name("boot.sh")
#: The enroll workers' user data and unit differ from the recognize workers' by their name alone.
UNITS = {"GatewayTemplate": "facegate-gateway", "RecognizeTemplate": "facegate-worker@recognize"}


def why_not():
    """Say what keeps systemd from running here, if anything does."""
    if os.geteuid() != 0:
        return "namespaces and mounts need root"
    if missing := [tool for tool in ("unshare", "nsenter", "systemctl") if shutil.which(tool) is None]:
        return f"{' and '.join(missing)} not installed"
    mounts = "mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work /mnt/root && cd /mnt && "
    mounts += "mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root && "
    mounts += "mount -t cgroup2 cgroup2 root/mnt"
    tried = ["unshare", "--mount", "--pid", "--fork", "--cgroup", "sh", "-c", mounts]
    answer = subprocess.run(tried, capture_output=True, text=True, check=False)
    return None if answer.returncode == 0 else f"mounts are not allowed here: {answer.stderr.strip()}"


REASON = why_not()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))


class Instance:
    """A systemd that runs the user data as cloud-init does, once.

    Parameters
    ----------
    folder : pathlib.Path
        Empty.
    user_data : str
        The script.
    environment : dict of str to str
        What every service is told, in place of an instance's role and of AWS's own endpoints.
    """

    def __init__(self, folder, user_data, environment):
        self.folder = folder
        for name, (mode, text) in self._files(user_data, environment).items():
            file = folder / "files" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(mode)
        (folder / "memory").mkdir()
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [BOOT, folder, sys.base_prefix, sysconfig.get_path("purelib")],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._pid = until(self._first_process)
        until(lambda: self.run("systemctl", "is-system-running") == "running")
        self.run("systemctl", "start", "--no-block", "user-data")

    def _files(self, user_data, environment):
        python = f"/opt/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        packages = 'LD_LIBRARY_PATH=/opt/python/lib PYTHONPATH="${PYTHONPATH:+$PYTHONPATH:}/opt/packages"'
        told = " ".join(f'"{name}={value}"' for name, value in environment.items())
        service = (
            "[Unit]\nWants=systemd-journald.service\nAfter=systemd-journald.service\n"
            "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/var/tmp/user-data\n"
        )
        return {
            "var/tmp/user-data": (0o755, user_data),
            "etc/systemd/system/user-data.service": (0o644, service),
            "etc/systemd/system.conf": (0o644, f"[Manager]\nDefaultEnvironment={told}\n"),
            f"usr/bin/python{PYTHON}": (0o755, f'#!/bin/sh\n{packages} exec {python} "$@"\n'),
            "usr/local/bin/aws": (0o755, f'#!/bin/sh\n{packages} exec {python} -m awscli "$@"\n'),
            "usr/local/bin/dnf": (0o755, '#!/bin/sh\necho "dnf $*"\n'),
        }

    def _first_process(self):
        assert self._process.poll() is None, (self.folder / "log").read_text()
        children = psutil.Process(self._process.pid).children()
        return children[0].pid if children and children[0].name() == "systemd" else None

    def _has_left_nothing(self):
        """Remove its control groups, which takes until its last process is gone."""
        group = f"/mnt/facegate-test-{self._process.pid}"
        remove = f"mount -t cgroup2 cgroup2 /mnt && find {group} -depth -type d -delete"
        answer = subprocess.run(["unshare", "--mount", "sh", "-c", remove], capture_output=True, check=False)
        return answer.returncode == 0

    def run(self, *command):
        """Run a command on the instance and return what it says."""
        inside = [
            "nsenter",
            f"--target={self._pid}",
            "--mount",
            "--pid",
            "--uts",
            "--ipc",
            "--cgroup",
            "--root",
        ]
        answer = subprocess.run([*inside, *command], capture_output=True, text=True, check=False, timeout=90)
        return answer.stdout.strip()

    def properties(self, unit):
        """Tell what systemd knows of a unit."""
        return dict(line.split("=", 1) for line in self.run("systemctl", "show", unit).splitlines())

    def has_finished_user_data(self):
        state = self.properties("user-data")["ActiveState"]
        assert state != "failed", self.run("journalctl", "--no-pager", "--output=cat")
        return state == "active"

    def journal(self, unit):
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}")

    def power_off(self):
        self._process.kill()
        self._process.wait()
        self._log.close()
        until(self._has_left_nothing)


def user_data(parsed):
    """Find the scripts of all launch templates."""
    resources = {}
    for part in Part:
        resources |= parsed(part.template.read_text())["Resources"]
    return {
        name: resource["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"][1]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::EC2::LaunchTemplate"
    }


@pytest.fixture(scope="module")
def values(emulator, stack_name, tmp_path_factory):
    """The templates' parameters; of the release's packages there is one, as all are the test's own."""
    file = tmp_path_factory.mktemp("lock") / "services.lock"
    services = (REPOSITORY / "requirements" / "services.lock").read_text()
    file.write_text(re.search(r"^markupsafe==.*?(?=^\S)", services, re.MULTILINE | re.DOTALL)[0])
    session = emulator.session
    bucket = CodeBucket(session, session.client("sts").get_caller_identity()["Account"])
    packed = release(lock=file)
    bucket.store(packed)
    return {
        "AWS::Region": session.region_name,
        "CodeBucketName": bucket.name,
        "ReleaseKey": packed.key,
        "DataStack": stack_name,
    }


@pytest.fixture(scope="module")
def started(emulator, outputs, values, parsed, tmp_path_factory):
    """A gateway's and a worker's instance, with what their user data says done."""
    [port] = free_ports(1)
    environment = {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    instances = {}
    try:
        for name in UNITS:
            script = user_data(parsed)[name]
            text = re.sub(r"\$\{([\w:]+)\}", lambda found: values[found[1]], script)
            text = text.replace("0.0.0.0:8000", f"127.0.0.1:{port}")
            instances[name] = Instance(tmp_path_factory.mktemp(name), text, environment)
        for instance in instances.values():
            until(instance.has_finished_user_data, 60)
        yield instances, f"http://127.0.0.1:{port}"
    finally:
        for instance in instances.values():
            instance.power_off()


def main_process(instance, unit):
    return int(instance.properties(unit)["MainPID"])


def runs_anew(instance, unit, killed):
    return main_process(instance, unit) not in {0, killed}


def is_ready(instance, unit, url):
    if unit == "facegate-gateway":
        try:
            return requests.get(f"{url}/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False
    return instance.journal(unit).count('"worker_ready"') > int(instance.properties(unit)["NRestarts"])


def test_services_run_as_nobody_special_are_restarted_when_killed_and_stop_cleanly(started):
    instances, url = started
    units = [(instances[template], unit) for template, unit in UNITS.items()]
    processes = []
    for instance, unit in units:
        until(partial(is_ready, instance, unit, url))
        processes.append(main_process(instance, unit))
        assert instance.properties(unit)["User"] == "facegate"
        instance.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", unit)
    for (instance, unit), killed in zip(units, processes, strict=True):
        until(partial(runs_anew, instance, unit, killed))
        until(partial(is_ready, instance, unit, url))
        instance.run("systemctl", "stop", unit)
        stopped = instance.properties(unit)
        assert (stopped["ActiveState"], stopped["Result"], stopped["NRestarts"]) == (
            "inactive",
            "success",
            "1",
        )


def test_workers_are_installed_alike(parsed):
    recognize, enroll = (user_data(parsed)[name] for name in ("RecognizeTemplate", "EnrollTemplate"))
    assert recognize.replace("facegate-worker@recognize", "facegate-worker@enroll") == enroll
