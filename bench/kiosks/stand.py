"""A whole Facegate to be loaded, with the plain alternative beside it, on ports of its own."""

import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.kiosks.frames import Visitors
from bench.kiosks.load import Answer, Kiosks
from bench.kiosks.tally import Tally, taken, tally
from bench.kiosks.wire import Wire
from bench.machines import HOME, family, free_ports, own_environment, started
from cli.enrolling import enroll_photo
from cli.kiosk import register_kiosk
from cli.opening import open_to_everyone
from localaws.machine import Machine, MachineSettings, answers
from localaws.supervisor import Program
from services.aws.connection import Aws, AwsSettings
from services.contracts.tokens import KioskToken

_SERVICES_STAGE = 1
_QUEUED, _DIRECT = "bench-queued", "bench-direct"
#: Longer than a frame is worth anything (8 s): by then it is decided or expired.
_LAST_DECISION_SECONDS = 15


class _WiredSettings(MachineSettings):
    """A machine whose every call to AWS goes over a wire that counts."""

    wire_aws_port: int
    wire_rekognition_port: int

    @property
    def aws_url(self) -> str:
        return f"http://127.0.0.1:{self.wire_aws_port}"

    @property
    def rekognition_url(self) -> str:
        return f"http://127.0.0.1:{self.wire_rekognition_port}"


@dataclass(frozen=True)
class Stand:
    """What a benchmark works with.

    Attributes
    ----------
    tokens : mapping of str to str
        Of the kiosks that post to the gateway, and to the plain alternative.
    posted : list of Answer
        What became of every frame that was posted to the gateway.
    wire : Wire, optional
        Where calls are counted, on a stand that was asked for it.
    """

    machine: Machine
    aws: Aws
    tokens: Mapping[str, str]
    direct_port: int
    visitors: Visitors
    wire: Wire | None = None
    posted: list[Answer] = field(default_factory=list)

    @property
    def queued(self) -> Kiosks:
        """Kiosks that post to the gateway."""
        url = f"{self.machine.settings.gateway_url}/v1/recognitions"
        return Kiosks(url, self.tokens[_QUEUED], self.visitors.frames, self.posted)

    @property
    def direct(self) -> Kiosks:
        """Kiosks that post to the plain alternative."""
        url = f"http://127.0.0.1:{self.direct_port}/recognitions"
        return Kiosks(url, self.tokens[_DIRECT], self.visitors.frames, [])

    def cpu_seconds(self, *names: str) -> float:
        """Return the CPU time that processes of these names and their children have used so far."""
        times = [member.cpu_times() for name in names for member in self._family(name)]
        return sum(spent.user + spent.system for spent in times)

    def memory_mb(self, name: str) -> float:
        """Return the resident memory of the largest process of this name, in MB."""
        return round(max(member.memory_info().rss for member in self._family(name)) / 1e6, 1)

    @contextmanager
    def paused(self, name: str) -> Generator[None]:
        """Let processes of this name do nothing for a while."""
        family = self._family(name)
        for member in family:
            member.suspend()
        try:
            yield
        finally:
            for member in family:
                member.resume()

    def audit(self) -> Tally:
        """Compare what the kiosks were told with the table of decisions, when all is decided."""
        deadline = time.monotonic() + _LAST_DECISION_SECONDS
        wanted = set(taken(self.posted))
        while not wanted <= (decided := self._decided()) and time.monotonic() < deadline:
            time.sleep(0.5)
        return tally(self.posted, decided)

    def _decided(self) -> set[str]:
        pages = self.aws.dynamodb.get_paginator("scan").paginate(
            TableName=self.aws.outputs.decisions_table_name,
            ProjectionExpression="recognition_id",
            FilterExpression="kiosk_id = :kiosk",
            ExpressionAttributeValues={":kiosk": {"S": _QUEUED}},
        )
        return {item["recognition_id"].get("S", "") for page in pages for item in page["Items"]}

    def _family(self, name: str) -> Sequence[psutil.Process]:
        return family(self.machine, name)


class Stands:
    """Puts up stands, one after the other, and sums up what must not happen on any.

    Attributes
    ----------
    total : Tally
        Of all stands so far.
    results : Path, optional
        Folder for charts.
    """

    def __init__(self, visitors: Visitors, results: Path | None) -> None:
        self._visitors = visitors
        self.results = results
        self.total = Tally()

    @contextmanager
    def put_up(
        self,
        *,
        workers: int = 1,
        rekognition_options: str = "",
        environment: Mapping[str, str] | None = None,
        counted: bool = False,
    ) -> Generator[Stand]:
        """Start everything and enrol the visitors; at the end compare answers and decisions, and stop it.

        Parameters
        ----------
        workers : int
            Processes that recognize.
        rekognition_options : str
            Further ones of the embedded Rekognition's command line.
        environment : mapping of str to str, optional
            What the services are to find in theirs.
        counted : bool
            Whether calls to AWS are counted; slower.
        """
        with tempfile.TemporaryDirectory(prefix="facegate-bench-") as home, ExitStack() as ending:
            ending.enter_context(own_environment(environment or {}))
            settings, wire = _settings(Path(home), workers, rekognition_options, counted=counted)
            if wire is not None:
                ending.enter_context(wire.open())
            machine = ending.enter_context(started(settings))
            stand = _furnish(machine, self._visitors, wire)
            yield stand
            self.total += stand.audit()
            machine.supervisor.raise_if_any_ended()


def _settings(
    home: Path, workers: int, rekognition_options: str, *, counted: bool
) -> tuple[MachineSettings, Wire | None]:
    gateway, aws, rekognition, *wired = free_ports(5)
    given = {
        "home": home,
        "models": HOME / "models",
        "gateway_port": gateway,
        "aws_port": aws,
        "rekognition_port": rekognition,
        "recognize_workers": workers,
        "rekognition_options": rekognition_options,
    }
    settings = MachineSettings(**given)
    if not counted:
        return settings, None
    wire = Wire(dict(zip(wired, (settings.aws_url, settings.rekognition_url), strict=True)))
    return _WiredSettings(**given, wire_aws_port=wired[0], wire_rekognition_port=wired[1]), wire


def _furnish(machine: Machine, visitors: Visitors, wire: Wire | None) -> Stand:
    """Enrol the visitors, open the door to them, register the kiosks, and start the alternative."""
    aws = Aws.connect(AwsSettings())
    _enrol(aws, visitors, machine.settings.home)
    tokens = {name: KioskToken.create(name) for name in (_QUEUED, _DIRECT)}
    open_to_everyone(aws, "front-door")
    for token in tokens.values():
        register_kiosk(aws, token, "front-door")
    (port,) = free_ports(1)
    machine.supervisor.start(_direct(port))
    return Stand(machine, aws, {name: str(token) for name, token in tokens.items()}, port, visitors, wire)


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
