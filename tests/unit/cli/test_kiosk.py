"""The command line as a kiosk, against a gateway that is not well."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests

from cli import kiosk
from cli.kiosk import GatewayBusy, GatewayRefused, recognize

DECIDED = (200, {"status": "decided"}, {})
BUSY = (503, {"title": "Too many frames at once", "detail": "later"}, {"Retry-After": "0"})
REFUSED = (422, {"title": "Frame cannot be read", "detail": "send another"}, {})
HANGS_UP = None

Answer = tuple[int, dict[str, str], dict[str, str]] | None


class Gateway(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.keys: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.keys.append(self.headers["Idempotency-Key"])
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if answer is None:
            self.close_connection = True
            return
        status, body, headers = answer
        encoded = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(encoded)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        pass


@pytest.fixture
def gateway() -> Iterator[Callable[..., Gateway]]:
    servers: list[Gateway] = []

    def serve(*answers: Answer) -> Gateway:
        server = Gateway(list(answers))
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return server

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def post(server: Gateway):
    return recognize(server.url, "token", b"frame", "image/jpeg", wait=1)


@pytest.mark.parametrize("trouble", [BUSY, HANGS_UP], ids=["busy", "hangs up"])
def test_a_frame_without_an_answer_is_posted_again_with_the_same_key(gateway, trouble: Answer):
    server = gateway(trouble, trouble, DECIDED)
    assert post(server) == {"status": "decided"}
    assert len(server.keys) == 3
    assert len(set(server.keys)) == 1


def test_each_frame_has_a_key_of_its_own(gateway):
    server = gateway(DECIDED)
    post(server)
    post(server)
    assert len(set(server.keys)) == 2
    assert all(key[0] == key[-1] == '"' for key in server.keys)


def test_a_refused_frame_is_not_posted_again(gateway):
    server = gateway(REFUSED, DECIDED)
    with pytest.raises(GatewayRefused, match="422 Frame cannot be read: send another"):
        post(server)
    assert len(server.keys) == 1


@pytest.mark.parametrize(
    ("trouble", "error"), [(BUSY, GatewayBusy), (HANGS_UP, requests.ConnectionError)], ids=["busy", "gone"]
)
def test_a_frame_that_is_worth_nothing_any_more_is_given_up(
    gateway, monkeypatch: pytest.MonkeyPatch, trouble: Answer, error: type[Exception]
):
    monkeypatch.setattr(kiosk, "FRAME_WORTH_SECONDS", 0.5)
    server = gateway(trouble)
    with pytest.raises(error):
        post(server)
