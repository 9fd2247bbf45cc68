"""A door's controller under test: takes orders by HTTP, and checks signatures by itself."""

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC


@dataclass(frozen=True)
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def order(self) -> dict[str, Any]:
        return json.loads(self.body)

    def is_signed_with(self, secret: str) -> bool:
        """By another implementation of HMAC than ours."""
        mac = HMAC(b64decode(secret.removeprefix("whsec_")), hashes.SHA256())
        said = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode()
        mac.update(said + self.body)
        version, _, signature = self.headers["webhook-signature"].partition(",")
        return version == "v1" and b64decode(signature) == mac.finalize()


@dataclass
class DoorController:
    """Answers with the statuses given, and with 204 when there are no more; None hangs up."""

    url: str = ""
    answers: list[int | None] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    hold: Event | None = None


@contextmanager
def door_controller() -> Iterator[DoorController]:
    controller = DoorController()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            controller.received.append(Received(headers, body))
            if controller.hold is not None:
                controller.hold.wait(20)
            status = controller.answers.pop(0) if controller.answers else 204
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Location", controller.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    controller.url = f"http://127.0.0.1:{server.server_port}/open"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield controller
    finally:
        server.shutdown()
        server.server_close()
