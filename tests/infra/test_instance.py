"""User data and units on an instance: systemd as process 1, the release fetched, services looked after.

The instance is this machine in namespaces of its own (`boot.sh`). Amazon Linux's package manager is not
there, and Python and the packages are those of this test; `test_release.py` looks at a release's own.
"""

import os
import platform
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
#: What a site of one instance runs; whatever makes up larger sites is installed in the same way.
GATEWAY, PROXY = "facegate-gateway", "facegate-proxy"
UNITS = (GATEWAY, "facegate-worker@recognize", "facegate-worker@enroll", PROXY)


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

    def run_user_data(self):
        """Wait for systemd, and for what the user data says to be done."""
        self._pid = until(self._first_process)
        until(lambda: self.run("systemctl", "is-system-running") in {"running", "degraded"})
        self.run("systemctl", "start", "--no-block", "user-data")
        until(self._has_finished_user_data, 60)

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
        remove = f"mount -t cgroup2 cgroup2 /mnt; test ! -d {group} || find {group} -depth -type d -delete"
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

    def _has_finished_user_data(self):
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
    return {
        (part, name): resource["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"][1]
        for part in Part
        for name, resource in parsed(part.template.read_text())["Resources"].items()
        if resource["Type"] == "AWS::EC2::LaunchTemplate"
    }


@pytest.fixture(scope="module")
def values(emulator, stack_name, tmp_path_factory):
    """The template's parameters; of the release's packages there is one, as all are the test's own."""
    file = tmp_path_factory.mktemp("lock") / "services.lock"
    services = (REPOSITORY / "requirements" / "services.lock").read_text()
    file.write_text(re.search(r"^markupsafe==.*?(?=^\S)", services, re.MULTILINE | re.DOTALL)[0])
    session = emulator.session
    bucket = CodeBucket(session, session.client("sts").get_caller_identity()["Account"])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("infra.release.PLATFORM", f"{platform.machine()}-manylinux_2_34")
        packed = release(lock=file, with_proxy=True)
    bucket.store(packed)
    return {
        "AWS::Region": session.region_name,
        "CodeBucketName": bucket.name,
        "ReleaseKey": packed.key,
        "DataStack": stack_name,
    }


@pytest.fixture(scope="module")
def ports():
    return dict(zip((GATEWAY, PROXY), free_ports(2), strict=True))


@pytest.fixture(scope="module")
def script(values, ports, parsed):
    """The user data of a site's only instance, with ports that are free here."""
    told = values | {"SiteName": f"localhost:{ports[PROXY]}"}
    template = user_data(parsed)[Part.SINGLE, "Template"]
    filled = re.sub(r"\$\{([\w:]+)\}", lambda found: told[found[1]], template)
    return filled.replace("127.0.0.1:8000", f"127.0.0.1:{ports[GATEWAY]}")


@pytest.fixture(scope="module")
def instance(emulator, outputs, script, tmp_path_factory):
    """An instance with what its user data says done."""
    environment = {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    running = Instance(tmp_path_factory.mktemp("instance"), script, environment)
    try:
        running.run_user_data()
        yield running
    finally:
        running.power_off()


def main_process(instance, unit):
    return int(instance.properties(unit)["MainPID"])


def runs_anew(instance, unit, killed):
    return main_process(instance, unit) not in {0, killed}


def answers(url):
    try:
        # the certificate is Caddy's own
        return requests.get(f"{url}/readyz", timeout=2, verify=False).status_code == 200  # noqa: S501
    except requests.RequestException:
        return False


def is_ready(instance, unit, ports):
    if unit == GATEWAY:
        return answers(f"http://127.0.0.1:{ports[GATEWAY]}")
    if unit == PROXY:
        return answers(f"https://localhost:{ports[PROXY]}")
    return instance.journal(unit).count('"worker_ready"') > int(instance.properties(unit)["NRestarts"])


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_services_run_as_nobody_special_are_restarted_when_killed_and_stop_cleanly(instance, ports):
    killed = {}
    for unit in UNITS:
        until(partial(is_ready, instance, unit, ports))
        killed[unit] = main_process(instance, unit)
        assert instance.properties(unit)["User"] == "facegate"
    for unit in UNITS:
        instance.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", unit)
    for unit in UNITS:
        until(partial(runs_anew, instance, unit, killed[unit]))
        until(partial(is_ready, instance, unit, ports))
    instance.run("systemctl", "stop", *UNITS)
    for unit in UNITS:
        stopped = instance.properties(unit)
        assert (stopped["ActiveState"], stopped["Result"], stopped["NRestarts"]) == (
            "inactive",
            "success",
            "1",
        )


def test_all_instances_are_installed_alike(parsed):
    units_and_settings = re.compile(r"install\.sh .*?^ *SETTINGS$", re.MULTILINE | re.DOTALL)
    scripts = user_data(parsed)
    assert len(scripts) == 4
    assert len({units_and_settings.sub("", script) for script in scripts.values()}) == 1
    started = " ".join(units_and_settings.search(script)[0] for script in scripts.values())
    assert all(f"{unit}.service" in started for unit in UNITS)
