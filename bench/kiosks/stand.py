"""A whole Facegate to be loaded, with the plain alternative beside it, on ports of its own."""

import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.kiosks.frames import Visitors
from bench.kiosks.load import Answer, Kiosks
from cli.enrolling import enroll_photo
from cli.kiosk import register_kiosk
from localaws.machine import Machine, MachineSettings, answers
from localaws.supervisor import Program
from services.aws.connection import Aws, AwsSettings
from services.contracts.tokens import KioskToken

_HOME = Path(os.environ.get("FACEGATE_HOME", ".facegate")).resolve()
_SERVICES_STAGE = 1


@dataclass(frozen=True)
class Stand:
    """What a benchmark works with."""

    machine: Machine
    aws: Aws
    token: str
    direct_port: int
    visitors: Visitors

    @property
    def queued(self) -> Kiosks:
        """Kiosks that post to the gateway."""
        url = f"{self.machine.settings.gateway_url}/v1/recognitions"
        return Kiosks(url, self.token, self.visitors.frames)

    @property
    def direct(self) -> Kiosks:
        """Kiosks that post to the plain alternative."""
        return Kiosks(f"http://127.0.0.1:{self.direct_port}/recognitions", self.token, self.visitors.frames)

    def cpu_seconds(self, *names: str) -> float:
        """Return the CPU time that processes of these names and their children have used so far."""
        total = 0.0
        for name, pid in self.machine.supervisor.pids().items():
            if name.partition("-")[0] in names:
                process = psutil.Process(pid)
                for member in [process, *process.children(recursive=True)]:
                    times = member.cpu_times()
                    total += times.user + times.system
        return total

    def memory_mb(self, name: str) -> float:
        """Return the resident memory of the largest process of this name, in MB."""
        process = psutil.Process(self.machine.supervisor.pids()[name])
        family = [process, *process.children(recursive=True)]
        return round(max(member.memory_info().rss for member in family) / 1e6, 1)

    def lost_and_duplicated(self, posted: Sequence[Answer]) -> tuple[int, int]:
        """Compare what was taken with the table of decisions.

        Returns
        -------
        tuple of int
            Frames taken that were never decided, and decisions beyond one a frame taken.
        """
        taken = [answer.recognition_id for answer in posted if answer.status in (200, 202)]
        decided: set[str] = set()
        pages = self.aws.dynamodb.get_paginator("scan").paginate(
            TableName=self.aws.outputs.decisions_table_name, ProjectionExpression="recognition_id"
        )
        for page in pages:
            decided |= {item["recognition_id"]["S"] for item in page["Items"]}
        return len(set(taken) - decided), len(taken) - len(set(taken))


@contextmanager
def stand(visitors: Visitors, *, workers: int = 1, rekognition_options: str = "") -> Iterator[Stand]:
    """Start everything and enrol the visitors; stop it at the end."""
    environment = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="facegate-bench-") as home, ExitStack() as ending:
        gateway, aws_port, rekognition, direct = _free_ports(4)
        settings = MachineSettings(
            home=Path(home),
            models=_HOME / "models",
            gateway_port=gateway,
            aws_port=aws_port,
            rekognition_port=rekognition,
            recognize_workers=workers,
            rekognition_options=rekognition_options,
        )
        machine = Machine(settings, lambda step: print(f"… {step}", file=sys.stderr))
        ending.callback(_restore, environment)
        ending.callback(machine.stop)
        machine.start()
        aws = Aws.connect(AwsSettings())
        _enrol(aws, visitors, Path(home))
        token = KioskToken.create("bench-kiosk")
        register_kiosk(aws, token, "front-door")
        machine.supervisor.start(_direct(direct))
        yield Stand(machine, aws, str(token), direct, visitors)


def _direct(port: int) -> Program:
    gunicorn = [sys.executable, "-m", "gunicorn", "bench.kiosks.direct:make_app()"]
    size = ["--worker-class", "gthread", "--workers", "1", "--threads", "256", "--no-control-socket"]
    return Program(
        name="direct",
        argv=[*gunicorn, *size, "--bind", f"127.0.0.1:{port}", "--graceful-timeout", "1"],
        stage=_SERVICES_STAGE,
        ready=lambda _: answers(port, "/healthz"),
    )


def _enrol(aws: Aws, visitors: Visitors, folder: Path) -> None:
    """Enrol each person from the first photo that shows nobody else."""
    for name, photos in visitors.photos.items():
        for number, photo in enumerate(photos):
            file = folder / f"{name.replace(' ', '_')}_{number}.jpg"
            file.write_bytes(photo)
            if enroll_photo(aws, file, name, timeout=60).face_id:
                break
        else:
            raise ValueError(f"no photo of {name} could be enrolled")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _restore(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
