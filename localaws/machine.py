"""Facegate on one machine: embedded AWS, embedded Rekognition, the stack, the services."""

import fcntl
import json
import os
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self

import boto3
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.deploy import deploy
from infra.parts import Part
from localaws.gaps import close_gaps
from localaws.identities import ROOT, Identity, keep, make_users
from localaws.supervisor import Program, Supervisor

#: Backends start first and stop last: they save what the services still do while these stop.
_BACKENDS, _SERVICES = 0, 1
_REGION = "us-east-1"
#: Started by its file, as on AWS; nothing here imports the services.
_GUNICORN_CONF = Path(__file__).parent.parent / "services" / "gateway" / "gunicorn.conf.py"
#: What an AWS program might have in its environment and must not lead ours elsewhere; so must no endpoint
#: of a single service.
_FOREIGN = (
    "AWS_CA_BUNDLE",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SESSION_TOKEN",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)
_NO_PROXY = "127.0.0.1,localhost"


class MachineError(Exception):
    """The machine cannot be started; the message says why and what to do."""


class MachineSettings(BaseSettings):
    """Where the machine lives and which ports it takes.

    Attributes
    ----------
    home : Path
        Everything that is kept: models, collections, the embedded AWS's state, logs.
    models : Path, optional
        Folder of prepared model packs; ``models`` in ``home`` if not given.
    stack : str
        Name of the CloudFormation stack.
    gateway_port : int
        Port of 127.0.0.1 for the API and the pages.
    aws_port : int
        Port of 127.0.0.1 for the embedded AWS.
    rekognition_port : int
        Port of 127.0.0.1 for the embedded Rekognition.
    recognize_workers : int
        How many recognize workers run.
    rekognition_options : str
        Further options of the embedded Rekognition, as on its command line:
        ``--latency-ms 250 --tps 40`` makes it as far away and as limited as AWS's.
    auth : bool
        Whether the embedded AWS and the embedded Rekognition check who calls: each service then has a user
        with the policy that the stack made for it, and whatever that does not allow is refused. The key
        ``test`` may do everything, as the account that deploys.
    """

    model_config = SettingsConfigDict(env_prefix="FACEGATE_")

    home: Path = Path(".facegate")
    models: Path | None = None
    stack: str = "facegate"
    gateway_port: int = Field(default=8000, ge=1, le=65535)
    aws_port: int = Field(default=4566, ge=1, le=65535)
    rekognition_port: int = Field(default=4577, ge=1, le=65535)
    recognize_workers: int = Field(default=1, ge=0, le=64)
    rekognition_options: str = ""
    auth: bool = False

    @classmethod
    def from_environment(cls) -> Self:
        """Read them.

        Raises
        ------
        MachineError
            Naming each variable that is wrong.
        """
        try:
            return cls()
        except ValidationError as error:
            wrong = "; ".join(f"FACEGATE_{str(p['loc'][0]).upper()}: {p['msg']}" for p in error.errors())
            raise MachineError(f"wrong environment: {wrong}") from error

    @property
    def pack(self) -> Path:
        """Folder of the prepared default model pack."""
        return (self.models or self.home / "models") / "default"

    @property
    def logs(self) -> Path:
        """Folder with one log file a process."""
        return self.home / "logs"

    @property
    def identities(self) -> Path:
        """File of those whom the embedded Rekognition knows, where it checks who calls."""
        return self.home / "identities.json"

    @property
    def gateway_url(self) -> str:
        """Where kiosks post."""
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def aws_url(self) -> str:
        """The embedded AWS."""
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def rekognition_url(self) -> str:
        """The embedded Rekognition."""
        return f"http://127.0.0.1:{self.rekognition_port}"

    def environment(self) -> dict[str, str]:
        """Build what leads any AWS program, and our services, to this machine's embedded AWS."""
        return {
            "AWS_ENDPOINT_URL": self.aws_url,
            "AWS_ENDPOINT_URL_REKOGNITION": self.rekognition_url,
            **ROOT.environment(),
            "AWS_REGION": _REGION,
            "AWS_DEFAULT_REGION": _REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            # Profiles may name endpoints and proxies too.
            "AWS_CONFIG_FILE": os.devnull,
            "NO_PROXY": _NO_PROXY,
            "no_proxy": _NO_PROXY,
            "FACEGATE_STACK": self.stack,
            "FACEGATE_GATEWAY_BIND": f"127.0.0.1:{self.gateway_port}",
        }

    def apply(self) -> None:
        """Lead this very process to the embedded AWS."""
        for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")] + list(_FOREIGN):
            os.environ.pop(name, None)
        os.environ.update(self.environment())


class Machine:
    """All processes of Facegate on this machine.

    Parameters
    ----------
    settings : MachineSettings
        Where and on which ports.
    progress : callable
        Told what is being done, in a few words.
    host : str
        The address that the embedded AWS and the embedded Rekognition listen on.
    name : str
        What others call that address.
    """

    def __init__(
        self,
        settings: MachineSettings,
        progress: Callable[[str], None],
        host: str = "127.0.0.1",
        name: str = "127.0.0.1",
    ) -> None:
        self.settings = settings
        self._progress = progress
        self._host = host
        self._name = name
        self.identities: dict[str, Identity] = {}
        settings.apply()
        self.supervisor = Supervisor(settings.logs, dict(os.environ))

    def start(self) -> None:
        """Start everything, ready to be used.

        Raises
        ------
        MachineError
            If a port is taken.
        ProcessFailed
            If a process does not become ready.
        infra.errors.DeploymentError
            If the stack cannot be deployed.
        """
        self._require_free_port(self.settings.gateway_port, "FACEGATE_GATEWAY_PORT")
        outputs = self.start_aws()
        if self.settings.auth:
            session = boto3.Session(region_name=_REGION)
            self.identities = make_users(session, self.settings.stack, outputs)
            keep(self.settings.identities, [ROOT, *self.identities.values()])
        self._progress("starting the gateway and the workers")
        services = [self.supervisor.launch(program) for program in self.services()]
        for running in services:
            self.supervisor.wait_until_ready(running)

    def start_aws(self) -> dict[str, str]:
        """Start the embedded AWS and Rekognition alone, with the stack deployed; raises as `start` does.

        Returns
        -------
        dict of str to str
            The stack's outputs.
        """
        if self.settings.auth:
            keep(self.settings.identities, [ROOT])
        self._require_free_port(self.settings.aws_port, "FACEGATE_AWS_PORT")
        self._require_free_port(self.settings.rekognition_port, "FACEGATE_REKOGNITION_PORT")
        self._progress("starting the embedded AWS and the embedded Rekognition")
        backends = [self.supervisor.launch(program) for program in self._backends()]
        for running in backends:
            self.supervisor.wait_until_ready(running)
        self._progress("deploying the stack")
        session = boto3.Session(region_name=_REGION)
        outputs = deploy(session, self.settings.stack)
        close_gaps(session, self.settings.stack, Part.DATA.template.read_text())
        _warm_up(session, self.settings.stack)
        return outputs

    def stop(self) -> None:
        """Stop every process, within five seconds."""
        self.supervisor.stop()

    def _require_free_port(self, port: int, variable: str) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self._host, port))
            except OSError as error:
                raise MachineError(
                    f"port {port} is taken by another program: stop it, or set {variable} to a free one"
                ) from error

    def _backends(self) -> Iterator[Program]:
        settings = self.settings
        yield Program(
            name="rekognition",
            argv=_python(
                "localaws.rekognition", "serve",
                "--host", self._host,
                "--port", str(settings.rekognition_port),
                "--data-dir", str(settings.home / "rekognition"),
                "--pack-dir", str(settings.pack),
                *(["--identities", str(settings.identities)] if settings.auth else []),
                *shlex.split(settings.rekognition_options),
            ),
            stage=_BACKENDS,
            ready=lambda _: answers(settings.rekognition_port, "/health"),
        )  # fmt: skip
        yield Program(
            name="aws",
            argv=_python(
                "localaws.emulator",
                "--host", self._host,
                "--name", self._name,
                "--port", str(settings.aws_port),
                "--state-dir", str(settings.home / "aws"),
                "--rekognition-endpoint", settings.rekognition_url,
                *(["--auth"] if settings.auth else []),
            ),
            stage=_BACKENDS,
            ready=lambda _: answers(settings.aws_port, "/_ministack/health"),
        )  # fmt: skip

    def services(self) -> Iterator[Program]:
        """Tell what runs beside the embedded AWS."""
        settings = self.settings
        yield Program(
            name="gateway",
            argv=_python("gunicorn", "-c", str(_GUNICORN_CONF)),
            stage=_SERVICES,
            ready=lambda _: answers(settings.gateway_port, "/readyz"),
            orphaned=signal.SIGKILL,
            environment=self._environment_of("gateway"),
        )
        recognize = [f"recognize-{number}" for number in range(2, settings.recognize_workers + 1)]
        if settings.recognize_workers:
            recognize.insert(0, "recognize")
        for name in [*recognize, "enroll"]:
            service = name.partition("-")[0]
            yield Program(
                name=name,
                argv=_python(f"services.{service}"),
                stage=_SERVICES,
                ready=_said_worker_ready,
                orphaned=signal.SIGKILL,
                environment=self._environment_of(service),
            )

    def _environment_of(self, service: str) -> dict[str, str]:
        return self.identities[service].environment() if service in self.identities else {}


@contextmanager
def only_one(home: Path) -> Generator[None]:
    """Hold the home for this process alone.

    Raises
    ------
    MachineError
        If another process runs there.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MachineError(
                f"Facegate runs already from {home.resolve()}: use that one, or stop it"
            ) from error
        yield


def is_open(port: int) -> bool:
    """Whether anybody listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


def answers(port: int, path: str) -> bool:
    """Whether a GET on this machine is answered with 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _warm_up(session: boto3.Session, stack: str) -> None:
    """Have the Lambda's runtime started while the services start: the first photo need not wait for it."""
    event = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}).encode()
    session.client("lambda").invoke(FunctionName=f"{stack}-ingest", InvocationType="Event", Payload=event)


def _said_worker_ready(log: Path) -> bool:
    return '"worker_ready"' in log.read_text(errors="replace")


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]
