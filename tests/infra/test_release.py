import io
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from infra.errors import DeploymentError
from infra.release import PYTHON, release
from localaws.machine import Machine, MachineSettings

REPOSITORY = Path(__file__).parents[2]
INSTANCE = REPOSITORY / "infra" / "instance"


@pytest.fixture(scope="module")
def lock(tmp_path_factory):
    """One of the services' packages, which has a library of its own for each kind of machine."""
    file = tmp_path_factory.mktemp("lock") / "services.lock"
    services = (REPOSITORY / "requirements" / "services.lock").read_text()
    file.write_text(re.search(r"^markupsafe==.*?(?=^\S)", services, re.MULTILINE | re.DOTALL)[0])
    return file


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The sources with what the pages load, built or not."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("services", "infra"):
        shutil.copytree(REPOSITORY / name, folder / name)
    vendor = folder / "services" / "gateway" / "static" / "vendor"
    vendor.mkdir(exist_ok=True)
    (vendor / "detector.gz").write_bytes(b"a detector")
    return folder


@pytest.fixture(scope="module")
def packed(checkout, lock):
    return release(checkout, lock)


@pytest.fixture(scope="module")
def names(packed):
    with tarfile.open(fileobj=io.BytesIO(packed.data)) as archive:
        return set(archive.getnames())


def test_a_release_has_the_services_their_packages_for_the_instances_and_the_installer(names):
    assert {"install.sh", "facegate-gateway.service", "services/recognize/__main__.py"} <= names
    assert "services/gateway/static/vendor/detector.gz" in names
    [library] = [name for name in names if re.fullmatch(r"packages/markupsafe/_speedups.*\.so", name)]
    assert f"cpython-{PYTHON.replace('.', '')}-aarch64" in library
    assert not [name for name in names if "__pycache__" in name or name.startswith("packages/bin")]


def test_a_release_for_a_single_instance_has_its_proxy_and_what_that_is_told(checkout, lock, monkeypatch):
    fetched = []

    def install(lock, into):
        fetched.append(lock.name)
        (into / "bin").mkdir(parents=True)
        (into / "bin" / "caddy").write_bytes(b"a proxy")

    monkeypatch.setattr("infra.release._install", install)
    with tarfile.open(fileobj=io.BytesIO(release(checkout, lock, with_proxy=True).data)) as archive:
        assert archive.getmember("caddy").mode == 0o755
        assert {"Caddyfile", "facegate-proxy.service"} <= set(archive.getnames())
    assert fetched == ["services.lock", "proxy.lock"]


def test_the_same_sources_make_the_same_release(packed, checkout, lock):
    assert release(checkout, lock) == packed


def test_a_checkout_without_what_the_pages_load_is_refused(tmp_path, lock):
    with pytest.raises(DeploymentError, match="make assets"):
        release(tmp_path, lock)


def test_a_package_that_cannot_be_fetched_is_told(checkout, tmp_path):
    lock = tmp_path / "services.lock"
    lock.write_text(f"markupsafe==3.0.4 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(DeploymentError, match="cannot be fetched"):
        release(checkout, lock)


def units():
    """Each service's command, as its unit starts it."""
    gateway, worker = (
        re.search("^ExecStart=(.*)$", (INSTANCE / f"facegate-{name}.service").read_text(), re.MULTILINE)[1]
        for name in ("gateway", "worker@")
    )
    return {"gateway": gateway} | {name: worker.replace("%i", name) for name in ("recognize", "enroll")}


def test_units_run_the_commands_that_one_machine_runs(tmp_path):
    services = Machine(MachineSettings(home=tmp_path), lambda _: None).services()
    commands = {
        program.name: [argument.removeprefix(f"{REPOSITORY}/") for argument in program.argv[1:]]
        for program in services
    }
    assert {name: command.split()[1:] for name, command in units().items()} == commands


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_the_units(tmp_path):
    for unit in INSTANCE.glob("*.service"):
        text = unit.read_text().replace(f"/usr/bin/python{PYTHON}", sys.executable)
        text = text.replace("/opt/facegate/app/caddy", sys.executable)
        (tmp_path / unit.name).write_text(text)
    answer = subprocess.run(
        ["systemd-analyze", "verify", *tmp_path.glob("*.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, "")


def test_the_installer_is_a_shell_script():
    answer = subprocess.run(
        ["sh", "-n", INSTANCE / "install.sh"], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (0, "")
