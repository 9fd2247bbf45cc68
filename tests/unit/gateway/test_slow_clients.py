"""Clients that are slow, or stop in the middle, beside a kiosk that wants its answer."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest
import requests

from tests.unit.gateway.in_memory import picture
from tests.unit.gateway.serving import DEADLINE_SECONDS, Served, until

THREADS = 2
#: Far more than the threads, and far fewer than the connections a worker takes.
CLIENTS = 12
HEAD = b"GET /healthz HTTP/1.1\r\nHost: gateway\r\n"
BODY_TO_COME = b"Content-Length: 60000000\r\nContent-Type: image/jpeg\r\n\r\n"


@pytest.fixture(scope="module")
def patient(serve_for_module: Callable[..., Served]) -> Served:
    """A gateway of few threads that lets clients take their time."""
    return serve_for_module(
        FACEGATE_GATEWAY_THREADS=str(THREADS),
        FACEGATE_GATEWAY_HEAD_TIMEOUT="600",
        FACEGATE_GATEWAY_CLIENT_SILENCE="600",
        TEST_REASON="match",
    )


@pytest.fixture(scope="module")
def impatient(serve_for_module: Callable[..., Served]) -> Served:
    return serve_for_module(FACEGATE_GATEWAY_HEAD_TIMEOUT="0.3")


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connect(served: Served, clients: ExitStack, sent: bytes) -> socket.socket:
    client = clients.enter_context(served.connect())
    client.sendall(sent)
    return client


def read_to_the_end(client: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionResetError):
        while came := client.recv(65536):
            received += came
    return received


@pytest.mark.parametrize(
    "sent",
    [b"", HEAD[:4], HEAD, b"\r\n" + HEAD, HEAD + b"\r\n" + HEAD],
    ids=["nothing", "a method", "half a head", "an empty line first", "a request and half of the next"],
)
def test_half_sent_headers_hold_no_thread(patient: Served, clients: ExitStack, sent: bytes):
    for client in [connect(patient, clients, sent) for _ in range(CLIENTS)]:
        if HEAD + b"\r\n" in sent:
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")

    assert patient.post(picture(), Prefer="wait=5").json()["outcome"] == "granted"


@pytest.mark.parametrize("sent", [HEAD, HEAD + b"\r\n" + HEAD], ids=["first request", "later request"])
def test_a_client_that_trickles_its_headers_is_told_so_and_let_go(
    impatient: Served, clients: ExitStack, sent: bytes
):
    client = connect(impatient, clients, sent)
    client.settimeout(0.05)
    answer = b""

    def let_go() -> bool:
        nonlocal answer
        with suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(b"x")
        with suppress(TimeoutError):
            answer += client.recv(65536)
        return b"HTTP/1.1 408 " in answer

    until(let_go, "the client may trickle for ever")


def test_a_connection_that_never_asks_is_closed(impatient: Served, clients: ExitStack):
    assert connect(impatient, clients, b"").recv(1) == b""


def test_headers_that_arrive_in_pieces_are_put_together(patient: Served, clients: ExitStack):
    client = connect(patient, clients, b"")
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in (b"\r\n", HEAD[:9], HEAD[9:-1], HEAD[-1:], b"Connection: close\r", b"\n\r", b"\n"):
        client.sendall(piece)
    assert read_to_the_end(client).startswith(b"HTTP/1.1 200 ")


def test_headers_without_end_are_refused(patient: Served, clients: ExitStack):
    client = connect(patient, clients, HEAD + b"X-Filler: " + b"x" * 100_000)
    assert read_to_the_end(client).startswith(b"HTTP/1.1 431 ")


def test_requests_sent_together_are_answered_in_turn(patient: Served, clients: ExitStack):
    client = connect(patient, clients, 3 * (HEAD + b"\r\n") + HEAD + b"Connection: close\r\n\r\n")
    assert read_to_the_end(client).count(b"HTTP/1.1 200 ") == 4


def test_a_kept_connection_that_idles_holds_no_thread(patient: Served, clients: ExitStack):
    idle = [clients.enter_context(requests.Session()) for _ in range(CLIENTS)]

    for _ in range(2):
        for session in idle:
            assert session.get(f"{patient.url}/healthz", timeout=DEADLINE_SECONDS).ok


@pytest.mark.parametrize(
    ("request_line", "status"),
    [(b"POST /v1/recognitions", b"401"), (b"GET /healthz", b"200"), (b"POST /nowhere", b"404")],
)
def test_bodies_that_nobody_wants_hold_no_thread(
    patient: Served, clients: ExitStack, request_line: bytes, status: bytes
):
    sent = request_line + b" HTTP/1.1\r\nHost: gateway\r\n" + BODY_TO_COME + b"some of it"
    unwanted = [connect(patient, clients, sent) for _ in range(CLIENTS)]

    assert requests.get(f"{patient.url}/healthz", timeout=DEADLINE_SECONDS).ok
    for client in unwanted:
        answer = read_to_the_end(client)
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert b"\r\nConnection: close\r\n" in answer


def test_clients_that_do_not_hang_up_keep_nobody_waiting(patient: Served, clients: ExitStack):
    # gunicorn alone waits two seconds for each in turn: longer than the kiosk does
    sent = HEAD + b"Connection: close\r\n\r\n"
    for client in [connect(patient, clients, sent) for _ in range(2 * CLIENTS)]:
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert requests.get(f"{patient.url}/healthz", timeout=DEADLINE_SECONDS).ok
