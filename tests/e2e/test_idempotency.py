"""A kiosk with a bad network: it asks again, and at another gateway process."""

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
import requests

from cli.demo import as_frame
from cli.portraits import grace_hopper
from localaws.machine import answers
from tests.conftest import REPOSITORY, free_ports, until

pytestmark = pytest.mark.usefixtures("grace_is_enrolled")


@dataclass(frozen=True)
class SecondGateway:
    url: str
    log: Path


@pytest.fixture(scope="module")
def second_gateway(facegate, tmp_path_factory):
    """Another gateway process on the same stack."""
    [port] = free_ports(1)
    path = tmp_path_factory.mktemp("second") / "log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(REPOSITORY / "services/gateway/gunicorn.conf.py")],
            env=os.environ | {"FACEGATE_GATEWAY_BIND": f"127.0.0.1:{port}"},
            stderr=log,
        )
    try:
        until(lambda: answers(port, "/readyz"))
        yield SecondGateway(f"http://127.0.0.1:{port}", path)
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def busy_workers(facegate):
    """The recognize workers make no progress meanwhile, as if each frame took them long."""
    [worker] = [
        child
        for child in psutil.Process().children(recursive=True)
        if child.cmdline()[-1:] == ["services.recognize"]
        and child.environ().get("FACEGATE_GATEWAY_BIND", "").endswith(f":{facegate.settings.gateway_port}")
    ]
    worker.suspend()
    try:
        yield worker
    finally:
        worker.resume()


def post_and_hang_up(facegate, frame, key):
    """Send a whole request and cut the connection before its answer."""
    head = (
        "POST /v1/recognitions HTTP/1.1\r\nHost: gateway\r\nContent-Type: image/jpeg\r\nPrefer: wait=8\r\n"
        f'Authorization: Bearer {facegate.token}\r\nIdempotency-Key: "{key}"\r\n'
        f"Content-Length: {len(frame)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", facegate.settings.gateway_port), timeout=5) as kiosk:
        kiosk.sendall(head.encode() + frame)


def post(url, facegate, frame, key, wait=10):
    headers = {
        "Authorization": f"Bearer {facegate.token}",
        "Content-Type": "image/jpeg",
        "Idempotency-Key": f'"{key}"',
        "Prefer": f"wait={wait}",
    }
    return requests.post(f"{url}/v1/recognitions", data=frame, headers=headers, timeout=30)


def items(facegate, table):
    return facegate.aws.dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]


def searches(facegate):
    return facegate.log("rekognition").count("SearchUsersByImage 200")


def test_a_kiosk_whose_connection_was_cut_gets_its_decision_from_another_gateway(facegate, second_gateway):
    outputs, frame, key = facegate.aws.outputs, as_frame(grace_hopper()), str(uuid4())
    decided = {item["recognition_id"]["S"] for item in items(facegate, outputs.decisions_table_name)}
    requested = {item["request_id"]["S"] for item in items(facegate, outputs.requests_table_name)}
    searched = searches(facegate)

    def requests_now():
        return [
            item
            for item in items(facegate, outputs.requests_table_name)
            if item["request_id"]["S"] not in requested and item["queued"]["BOOL"]
        ]

    with ThreadPoolExecutor(1) as threads:
        with busy_workers(facegate):
            post_and_hang_up(facegate, frame, key)
            [request] = until(requests_now)
            retry = threads.submit(post, second_gateway.url, facegate, frame, key)
            until(lambda: "asked_again" in second_gateway.log.read_text() or retry.done())
        answer = retry.result(timeout=20)

    assert answer.status_code == 200, answer.text
    assert answer.json()["outcome"] == "granted"
    assert answer.json()["recognition_id"] == request["recognition_id"]["S"]
    once_more = post(facegate.gateway_url, facegate, frame, key)
    assert once_more.json() == answer.json()
    now_decided = {item["recognition_id"]["S"] for item in items(facegate, outputs.decisions_table_name)}
    assert now_decided - decided == {request["recognition_id"]["S"]}
    assert searches(facegate) - searched == 1


def test_the_same_key_for_another_visitor_is_refused(facegate, second_gateway):
    frame, key = as_frame(grace_hopper()), str(uuid4())
    assert post(facegate.gateway_url, facegate, frame, key).status_code == 200
    refused = post(second_gateway.url, facegate, frame + b"\n", key)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/idempotency-key-reused")


def test_no_key_is_in_a_log(facegate, second_gateway):
    key = f"key-{uuid4()}"
    for url in (facegate.gateway_url, second_gateway.url):
        post(url, facegate, as_frame(grace_hopper()), key)
    for log in [second_gateway.log, *facegate.settings.logs.glob("*.log*")]:
        assert key not in log.read_text(errors="replace"), log.name
