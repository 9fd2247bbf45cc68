"""The gateway as gunicorn serves it, over real sockets."""

import json
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.unit.gateway.in_memory import picture
from tests.unit.gateway.serving import DEADLINE_SECONDS, Served, until


def test_a_frame_is_decided_over_http(serve: Callable[..., Served]):
    served = serve(TEST_REASON="match", TEST_DELAY="0.05")
    answers = [served.post(picture(), Prefer="wait=5") for _ in range(3)]

    assert [answer.json()["message"] for answer in answers] == ["Welcome, Grace Hopper."] * 3


def test_two_hundred_kiosks_wait_at_the_same_time_in_one_process(serve: Callable[..., Served]):
    served = serve(TEST_REASON="match", TEST_TOGETHER="200", FACEGATE_MAX_WAIT="18")
    with ThreadPoolExecutor(200) as kiosks:
        answers = list(kiosks.map(lambda _: served.post(picture(), Prefer="wait=18"), range(200)))

    assert [answer.status_code for answer in answers] == [200] * 200
    assert len({answer.json()["recognition_id"] for answer in answers}) == 200


@pytest.mark.parametrize(
    ("authorized", "status"), [(True, 413), (False, 401)], ids=["with a token", "without a token"]
)
def test_a_client_that_sends_20_mb_gets_its_answer_and_no_broken_connection(
    serve: Callable[..., Served], authorized: bool, status: int
):
    served = serve()
    with requests.Session() as session:
        session.headers["Content-Type"] = "image/jpeg"
        if authorized:
            session.headers["Authorization"] = f"Bearer {served.token}"
        body = b"secret-bytes" * 1_700_000
        for data in (body, iter([body])):
            answer = session.post(f"{served.url}/v1/recognitions", data=data, timeout=DEADLINE_SECONDS)
            assert (answer.status_code, answer.headers["Content-Type"]) == (
                status,
                "application/problem+json",
            )
    assert "secret-bytes" not in served.log


def test_a_client_that_falls_silent_in_the_middle_of_its_frame_is_let_go(serve: Callable[..., Served]):
    served = serve(FACEGATE_GATEWAY_CLIENT_SILENCE="0.2")
    with socket.create_connection(("127.0.0.1", served.port), timeout=DEADLINE_SECONDS) as client:
        client.sendall(
            b"POST /v1/recognitions HTTP/1.1\r\nHost: gateway\r\nContent-Type: image/jpeg\r\n"
            b"Content-Length: 1000\r\nAuthorization: Bearer " + str(served.token).encode() + b"\r\n\r\nhalf"
        )
        answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_client_that_trickles_its_frame_is_let_go(serve: Callable[..., Served]):
    served = serve(FACEGATE_BODY_TIMEOUT="0.5")
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall(
            b"POST /v1/recognitions HTTP/1.1\r\nHost: gateway\r\nContent-Type: image/jpeg\r\n"
            b"Content-Length: 100000\r\nAuthorization: Bearer " + str(served.token).encode() + b"\r\n\r\n"
        )
        client.settimeout(0.05)
        deadline = time.monotonic() + DEADLINE_SECONDS
        answer = b""
        while not answer:
            assert time.monotonic() < deadline, "the client may trickle for ever"
            client.sendall(b"x")
            with suppress(TimeoutError):
                answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_client_that_hangs_up_in_the_middle_of_its_frame_disturbs_nobody(serve: Callable[..., Served]):
    served = serve()
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall(
            b"POST /v1/recognitions HTTP/1.1\r\nHost: gateway\r\nContent-Type: image/jpeg\r\n"
            b"Content-Length: 1000\r\nAuthorization: Bearer " + str(served.token).encode() + b"\r\n\r\nhalf"
        )
    until(lambda: '"outcome": "no-frame"' in served.log, "the frame that ended early is not in the log")
    assert not list(served.folder.glob("job-*"))
    assert "Traceback" not in served.log


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_lets_waiting_kiosks_go_and_leaves_no_reply_queue_behind(
    serve: Callable[..., Served], workers: str, stop: signal.Signals
):
    served = serve(FACEGATE_GATEWAY_WORKERS=workers)
    until(lambda: served.open_reply_queues == int(workers), "a worker has no reply queue of its own")
    with ThreadPoolExecutor(max_workers=8) as pool, requests.Session() as idle:
        idle.get(f"{served.url}/healthz", timeout=5)
        waiting = [pool.submit(served.post, picture(), Prefer="wait=10") for _ in range(8)]
        until(lambda: len(list(served.folder.glob("job-*"))) == 8, "a kiosk's frame was not queued")
        served.process.send_signal(stop)
        # far less than the kiosks' wait: gunicorn would not have killed anybody by then
        assert served.process.wait(timeout=5) == 0
        assert [answer.result().status_code for answer in waiting] == [202] * 8
    assert served.open_reply_queues == 0
    assert "SIGKILL" not in served.log


def test_every_line_of_the_log_is_json(serve: Callable[..., Served]):
    served = serve()
    served.post(b"no picture")
    requests.get(f"{served.url}/healthz", timeout=5)
    served.process.terminate()
    served.process.wait()

    lines = [json.loads(line) for line in served.log.splitlines()]
    assert [line["status"] for line in lines if line["event"] == "request"][-2:] == [422, 200]


def test_the_gateway_listens_on_its_own_port_alone(serve: Callable[..., Served], tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    serve(HOME=str(home))

    assert list(home.rglob("*")) == []
