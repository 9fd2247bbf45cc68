"""What a gateway does with frames that come while it has as many under way as it can answer in time."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http.client import HTTPResponse
from types import SimpleNamespace

import pytest
from flask import Response

from services.gateway.admission import Admission
from services.gateway.turning_away import TurningAway
from services.operations.measures import Measures
from services.operations.tally import Tally
from tests.unit.gateway.in_memory import picture
from tests.unit.gateway.serving import DEADLINE_SECONDS, Served, until

LIMIT = 4
THREADS = LIMIT + 1
NOBODY_COUNTS = Measures(Tally())
REQUEST_LINE = "POST /v1/recognitions HTTP/1.1"


@pytest.fixture(scope="module")
def full(serve_for_module: Callable[..., Served]) -> Iterator[Served]:
    """A gateway with as many frames under way as it lets, none of which is ever decided."""
    served = serve_for_module(
        TEST_LIMIT=str(LIMIT),
        FACEGATE_GATEWAY_THREADS=str(THREADS),
        FACEGATE_MAX_WAIT="100",
        FACEGATE_RECOGNITION_DEADLINE="100",
    )
    with ExitStack() as kiosks:
        for _ in range(LIMIT):
            kiosk = kiosks.enter_context(served.connect())
            kiosk.sendall(request(served, picture(), "Prefer: wait=100"))
        until(lambda: len(list(served.folder.glob("job-*"))) == LIMIT, "the frames are not under way")
        yield served


def request(served: Served, body: bytes, *fields: str, line: str = REQUEST_LINE) -> bytes:
    head = (
        line,
        "Host: gateway",
        f"Authorization: Bearer {served.token}",
        "Content-Type: image/jpeg",
        f"Content-Length: {len(body)}",
        *fields,
        "\r\n",
    )
    return "\r\n".join(head).encode() + body


def answer_on(connection: socket.socket) -> tuple[HTTPResponse, bytes]:
    # a buffered file would take the beginning of the next answer along with this one
    answer = HTTPResponse(SimpleNamespace(makefile=partial(connection.makefile, buffering=0)))
    answer.begin()
    return answer, answer.read()


def test_a_frame_too_many_is_refused_as_everywhere_else(full: Served):
    at_a_glance = full.post(picture(), Prefer="wait=5")
    # whether a key is a retry of what is under way is not seen at a glance
    the_usual_way = full.post(picture(), Prefer="wait=5", **{"Idempotency-Key": '"another"'})

    assert at_a_glance.status_code == the_usual_way.status_code == 503
    assert at_a_glance.json() == the_usual_way.json()
    assert at_a_glance.json()["type"] == "/problems/overloaded"
    differing = {"Date", "Server", "Connection", "Content-Length"}
    assert {**at_a_glance.headers, **dict.fromkeys(differing)} == {
        **the_usual_way.headers,
        **dict.fromkeys(differing),
    }
    until(lambda: "frames_turned_away" in full.log, "nobody can see that frames were refused")


def test_the_connection_stays_for_the_kiosks_next_frame(full: Served):
    with full.connect() as kiosk:
        for _ in range(3):
            kiosk.sendall(request(full, picture()))
            answer, body = answer_on(kiosk)
            assert (answer.status, json.loads(body)["status"]) == (503, 503)
        kiosk.sendall(b"GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n")
        assert answer_on(kiosk)[0].status == 200


def test_what_follows_a_refused_frame_at_once_is_answered_too(full: Served):
    with full.connect() as kiosk:
        kiosk.sendall(request(full, picture()) * 2 + b"GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n")
        assert [answer_on(kiosk)[0].status for _ in range(3)] == [503, 503, 200]


def test_a_frame_that_comes_in_pieces_is_heard_to_its_end_before_it_is_refused(full: Served):
    frame = picture()
    with full.connect() as kiosk:
        head = request(full, frame).removesuffix(frame)
        kiosk.sendall(head + frame[:100])
        for start in range(100, len(frame), 1000):
            kiosk.settimeout(0.01)
            with pytest.raises(TimeoutError):
                kiosk.recv(1)
            kiosk.sendall(frame[start : start + 1000])
        kiosk.settimeout(DEADLINE_SECONDS)
        assert answer_on(kiosk)[0].status == 503


def test_frames_that_stop_on_their_way_hold_no_thread(full: Served):
    with ExitStack() as clients:
        for _ in range(THREADS * 3):
            client = clients.enter_context(full.connect())
            client.sendall(request(full, picture())[:-10])
        assert full.post(picture()).status_code == 503


def test_a_frame_that_never_comes_to_its_end_is_let_go(serve: Callable[..., Served]):
    served = serve(TEST_LIMIT="0", FACEGATE_GATEWAY_HEAD_TIMEOUT="0.3")
    with served.connect() as client:
        client.sendall(request(served, picture())[:-10])
        assert client.recv(1) == b""
    assert served.post(picture()).status_code == 503


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ("Idempotency-Key: k", REQUEST_LINE),
        ("Transfer-Encoding: chunked", REQUEST_LINE),
        ("Expect: 100-continue", REQUEST_LINE),
        ("Connection: close", REQUEST_LINE),
        ("Content-Length: 5", REQUEST_LINE),
        ("X: a\nTransfer-Encoding: chunked", REQUEST_LINE),
        ("Host: gateway", "POST /v1/people HTTP/1.1"),
        ("Host: gateway", "POST /v1/recognitions HTTP/1.0"),
        ("Host: gateway", "GET /v1/recognitions HTTP/1.1"),
    ],
)
def test_only_what_is_plain_at_a_glance_is_refused_so(fields: str, line: str):
    turning_away = TurningAway(
        full_admission(), Response("no", 503), most_bytes=100, measures=Measures(Tally())
    )
    head = f"{REQUEST_LINE}\r\nContent-Length: 7\r\nConnection: keep-alive\r\n\r\n".encode()
    other = f"{line}\r\nContent-Length: 7\r\n{fields}\r\n\r\n".encode()

    assert turning_away.body_of(head) == 7
    assert turning_away.body_of(other) is None


@pytest.mark.parametrize("length", ["", "-1", "1e1", "101", "0x1", "1 1"])
def test_a_body_of_doubtful_or_too_great_length_goes_the_usual_way(length: str):
    turning_away = TurningAway(
        full_admission(), Response("no", 503), most_bytes=100, measures=Measures(Tally())
    )
    assert turning_away.body_of(f"{REQUEST_LINE}\r\nContent-Length: {length}\r\n\r\n".encode()) is None


def test_nothing_is_refused_while_there_is_room():
    turning_away = TurningAway(
        Admission(1.0), Response("no", 503), most_bytes=100, measures=Measures(Tally())
    )
    assert turning_away.body_of(f"{REQUEST_LINE}\r\nContent-Length: 7\r\n\r\n".encode()) is None


def test_an_answer_is_dated_and_written_as_it_is():
    refusal = Response("100 % full", 503, {"Retry-After": "1", "X-Percent": "5%"})
    answer = TurningAway(full_admission(), refusal, most_bytes=100, measures=NOBODY_COUNTS).answer().decode()

    head, body = answer.split("\r\n\r\n")
    assert head.startswith("HTTP/1.1 503 Service Unavailable\r\n")
    assert body == "100 % full"
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    assert fields["X-Percent"] == "5%"
    assert fields["Content-Length"] == str(len(body))
    assert time.strptime(fields["Date"], "%a, %d %b %Y %H:%M:%S GMT")


def full_admission() -> Admission:
    return Admission(1.0, initial=0, least=0)
