"""Facegate as its users have it: every process real, on ports and in a folder of its own."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from cli.kiosk import register_kiosk
from cli.opening import open_to_everyone
from cli.portraits import grace_hopper
from localaws.machine import Machine, MachineSettings
from services.aws.connection import Aws, AwsSettings
from services.contracts.tokens import KioskToken

REPOSITORY = Path(__file__).parent.parent
ARTIFACTS = REPOSITORY / "tests" / "artifacts"
FACEGATE = str(Path(sys.executable).parent / "facegate")
HOME = Path(os.environ.get("FACEGATE_HOME", REPOSITORY / ".facegate"))


@pytest.fixture(autouse=True)
def environment_as_it_was() -> Iterator[None]:
    """Undo what a test did to this process's environment: a command leads it to another AWS."""
    before = dict(os.environ)
    yield
    if os.environ != before:
        os.environ.clear()
        os.environ.update(before)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now; taken together so that they differ."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def machine_settings(home: Path) -> MachineSettings:
    """Settings of a machine that disturbs no other on this computer."""
    gateway, aws, rekognition = free_ports(3)
    return MachineSettings(
        home=home,
        models=(HOME / "models").resolve(),
        gateway_port=gateway,
        aws_port=aws,
        rekognition_port=rekognition,
    )


def environment_of(settings: MachineSettings) -> dict[str, str]:
    """What leads the command line to that machine."""
    return os.environ | {
        "FACEGATE_HOME": str(settings.home),
        "FACEGATE_MODELS": str(settings.models),
        "FACEGATE_GATEWAY_PORT": str(settings.gateway_port),
        "FACEGATE_AWS_PORT": str(settings.aws_port),
        "FACEGATE_REKOGNITION_PORT": str(settings.rekognition_port),
    }


@dataclass(frozen=True)
class RunningFacegate:
    """A whole Facegate with one kiosk registered, at a door that everybody who is enrolled may pass."""

    settings: MachineSettings
    machine: Machine
    aws: Aws
    kiosk_id: str
    token: str

    @property
    def gateway_url(self) -> str:
        return self.settings.gateway_url

    @property
    def kiosk_url(self) -> str:
        return f"{self.gateway_url}/kiosk#token={self.token}"

    def log(self, name: str) -> str:
        return (self.settings.logs / f"{name}.log").read_text(errors="replace")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``facegate`` as its users do, in a process of its own."""
        return subprocess.run(
            [FACEGATE, *arguments], check=False, env=environment_of(self.settings), capture_output=True,
            text=True, timeout=240,
        )  # fmt: skip


@contextmanager
def running_facegate(home: Path, kiosk_id: str, logs: str, **environment: str) -> Iterator[RunningFacegate]:
    """Start a whole Facegate and stop it at the end; its logs are kept among the artifacts."""
    before = dict(os.environ)
    os.environ.update(environment)
    settings = machine_settings(home)
    machine = Machine(settings, print)
    try:
        machine.start()
        aws = Aws.connect(AwsSettings())
        token = KioskToken.create(kiosk_id)
        open_to_everyone(aws, "front-door")
        register_kiosk(aws, token, "front-door")
        yield RunningFacegate(settings, machine, aws, token.kiosk_id, str(token))
    finally:
        machine.stop()
        os.environ.clear()
        os.environ.update(before)
        if settings.logs.exists():
            shutil.copytree(settings.logs, ARTIFACTS / logs, dirs_exist_ok=True)


@pytest.fixture(scope="session")
def facegate(tmp_path_factory) -> Iterator[RunningFacegate]:
    # doors under test take their orders over plain HTTP on this machine
    settings = {"FACEGATE_DOORS_PLAIN_HTTP": "true"}
    with running_facegate(tmp_path_factory.mktemp("facegate"), "test-kiosk", "logs", **settings) as running:
        yield running


@pytest.fixture(scope="session")
def grace_is_enrolled(facegate) -> str:
    """Grace Hopper's photo put into S3 as any S3 client would; her name."""
    enrollment = enrolled(facegate, grace_hopper().read_bytes(), "grace_hopper.jpg", "Grace Hopper")
    assert enrollment.face_id, enrollment
    return "Grace Hopper"


def enrolled(facegate: RunningFacegate, photo: bytes, name: str, full_name: str | None):
    """Put a photo under index/ with plain S3, and wait for its finished enrollment."""
    from services.aws.enrollments import EnrollmentStore
    from services.contracts.ids import stored_object_id

    bucket, key = facegate.aws.outputs.photo_bucket_name, f"index/{name}"
    metadata = {} if full_name is None else {"FullName": full_name}
    answer = facegate.aws.s3.put_object(Bucket=bucket, Key=key, Body=photo, Metadata=metadata)
    enrollment_id = stored_object_id(bucket, key, answer["VersionId"])
    store = EnrollmentStore(facegate.aws)
    return until(lambda: (found := store.get(enrollment_id)) and found.finished and found)


def until(condition, patience: float = 30.0):
    """Wait for a condition with a deadline and return what it gave."""
    import time

    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


def has_ended(process: psutil.Process) -> bool:
    """Whether it runs no more; in a container whose first process reaps nobody, orphans stay as zombies."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def all_gone(processes: list[psutil.Process]) -> bool:
    """Whether they all end within five seconds."""
    return until(lambda: all(map(has_ended, processes)), 5)
