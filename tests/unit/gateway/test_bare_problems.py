"""What is refused before it reaches the application is answered with a problem document too."""

import json
import socket
from collections.abc import Callable, Iterator

import pytest

from tests.unit.gateway.serving import DEADLINE_SECONDS, Served, until

LINE = "GET /healthz HTTP/1.1\r\n"
HOST = "Host: gateway\r\n"


@pytest.fixture(scope="module")
def served(serve_for_module: Callable[..., Served]) -> Iterator[Served]:
    return serve_for_module(FACEGATE_GATEWAY_HEAD_TIMEOUT="0.5")


def answer_to(served: Served, request: str) -> tuple[int, dict[str, str], dict[str, object]]:
    with socket.create_connection(("127.0.0.1", served.port), timeout=DEADLINE_SECONDS) as client:
        client.sendall(request.encode("latin-1"))
        answer = b""
        while came := client.recv(65536):
            answer += came
    head, _, body = answer.decode("latin-1").partition("\r\n\r\n")
    status, *fields = head.split("\r\n")
    return int(status.split(" ")[1]), dict(field.split(": ", 1) for field in fields), json.loads(body)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (f"GET HTTP/1.1\r\n{HOST}\r\n", 400),
        (f"{LINE}{HOST}a header of its own kind: secret-words\r\n\r\n", 400),
        (f"{LINE}{HOST}Content-Length: many\r\n\r\n", 400),
        (f"GET /{'secret-words' * 1000} HTTP/1.1\r\n{HOST}\r\n", 414),
        (f"{LINE}{HOST}{'X-Filler: 1' * 10_000}", 431),
        (f"{LINE}{''.join(f'X-{number}: 1{chr(13)}{chr(10)}' for number in range(150))}\r\n", 431),
        (f"{LINE}{HOST}Transfer-Encoding: secret-words\r\n\r\n", 501),
        (f"{LINE}{HOST}X-Unfinished: 1", 408),
    ],
)
def test_a_request_that_cannot_be_read_is_answered_with_a_problem(served: Served, request_: str, status: int):
    answered, fields, problem = answer_to(served, request_)
    assert (answered, problem["status"]) == (status, status)
    assert (fields["Content-Type"], fields["Connection"]) == ("application/problem+json", "close")
    assert fields["Cache-Control"] == "no-store"
    assert "default-src 'none'" in fields["Content-Security-Policy"]
    assert problem["detail"]


def test_what_such_a_request_says_is_neither_repeated_nor_logged(served: Served):
    for line in (f"GET /{'secret-words' * 1000} HTTP/1.1", "GET /secret-words HTTP/secret-words"):
        _, _, problem = answer_to(served, f"{line}\r\n{HOST}\r\n")
        assert "secret-words" not in str(problem)
    until(lambda: "LimitRequestLine" in served.log, "nobody can see that a request was refused")
    assert "secret-words" not in served.log
