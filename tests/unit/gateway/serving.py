"""Serving the gateway with gunicorn, as a process, over real sockets."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from services.contracts.tokens import KioskToken

ROOT = Path(__file__).parents[3]
DEADLINE_SECONDS = 20


_COMMAND = (sys.executable, "-m", "gunicorn", "-c", "services/gateway/gunicorn.conf.py")


@dataclass
class Served:
    port: int
    token: KioskToken
    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self, **environment: str) -> None:
        """Start it, or start it again at the same port, perhaps in another environment."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_COMMAND, "tests.unit.gateway.served_app:make_app()"],
                cwd=ROOT,
                env=self.environment | environment,
                stderr=log,
                # its workers are killed with it
                start_new_session=True,
            )
        wait_until_ready(self)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def open_reply_queues(self) -> int:
        return len(list(self.folder.glob("replies-*")))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_SECONDS)

    def post(self, body: bytes, **headers: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "image/jpeg", **headers}
        return requests.post(
            f"{self.url}/v1/recognitions", data=body, headers=headers, timeout=DEADLINE_SECONDS
        )


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Served]:
    token, port = KioskToken.create("lobby"), free_port()
    environment = {
        **os.environ,
        "TEST_TOKEN": str(token),
        "TEST_FOLDER": str(folder),
        "FACEGATE_GATEWAY_BIND": f"127.0.0.1:{port}",
        **environment,
    }
    served = Served(port, token, folder, environment)
    try:
        served.start()
        yield served
    finally:
        served.kill()


def wait_until_ready(served: Served) -> None:
    def answers() -> bool:
        assert served.process.poll() is None, served.log
        with suppress(requests.ConnectionError, requests.Timeout):
            return requests.get(f"{served.url}/readyz", timeout=1).ok
        return False

    until(answers, "gunicorn does not answer")
