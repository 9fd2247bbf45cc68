"""What botocore's requests are sent with, asked by botocore itself and answered by a server of the test's."""

import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import boto3
import pytest
import trustme
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)

from services.aws.curl import send_with_curl

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


def message_id(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Answer a SendMessage with the message's text as its id."""
    text = body.decode().partition('"MessageBody": "')[2].partition('"')[0]
    reply(handler, 200, f'{{"MessageId": "{text}"}}'.encode())


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("X-AMZN-RequestId", "request-1")
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


class Server:
    """A server, and what it was asked."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.heads: list[Any] = []
        self.connections: list[Any] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                server.connections.append(self.client_address)
                super().setup()

            def do_POST(self) -> None:
                server.heads.append(self.headers)
                answer(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://localhost:{self._http.server_port}"
        self._thread = Thread(target=self._http.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@contextmanager
def answering(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(answer, tls)
    try:
        yield server
    finally:
        server.stop()


def client(url: str, **config: Any) -> Any:
    return send_with_curl(
        boto3.client(
            "sqs",
            endpoint_url=url,
            region_name="eu-central-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, **config),
        )
    )


def send(sqs: Any, text: str = "m-1") -> Any:
    return sqs.send_message(QueueUrl=sqs.meta.endpoint_url + "/1/jobs", MessageBody=text)


def test_answers_are_read_and_a_connection_serves_one_call_after_the_other():
    with answering(message_id) as server:
        sqs = client(server.url)
        first, second = send(sqs, "one"), send(sqs, "two")
    assert [first["MessageId"], second["MessageId"]] == ["one", "two"]
    assert first["ResponseMetadata"]["RequestId"] == "request-1"
    assert len(server.connections) == 1


def test_what_was_signed_is_sent_and_nothing_that_libcurl_would_add():
    with answering(message_id) as server:
        send(client(server.url))
    (head,) = server.heads
    assert head["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")
    assert head["Host"] == server.url.removeprefix("http://")
    assert head["Content-Type"] == "application/x-amz-json-1.0"
    assert (head["Accept"], head["Expect"]) == (None, None)
    assert len(head.get_all("Content-Length")) == 1


def test_a_large_request_arrives_whole():
    with answering(message_id) as server:
        text = "x" * 250_000
        assert send(client(server.url), text)["MessageId"] == text


def test_threads_share_a_client_and_each_gets_its_own_answer():
    together = Barrier(8)

    def answer_together(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        together.wait(10)
        message_id(handler, body)

    with answering(answer_together) as server:
        sqs = client(server.url, max_pool_connections=3)
        for turn in ("first", "second"):
            texts = [f"{turn} {number}" for number in range(8)]
            with ThreadPoolExecutor(8) as threads:
                answers = [answer["MessageId"] for answer in threads.map(lambda text: send(sqs, text), texts)]
            assert answers == texts
    # three of eight were kept for the second turn
    assert len(server.connections) == 8 + 5


def test_a_refusal_is_the_error_that_the_service_named():
    def refuse(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        reply(
            handler,
            400,
            b'{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "gone"}',
            x_amzn_query_error="AWS.SimpleQueueService.NonExistentQueue;Sender",
        )

    with answering(refuse) as server, pytest.raises(ClientError) as refused:
        send(client(server.url))
    assert refused.value.response["Error"] == {
        "Code": "AWS.SimpleQueueService.NonExistentQueue",
        "Message": "gone",
        "QueryErrorCode": "QueueDoesNotExist",
        "Type": "Sender",
    }


def test_where_nobody_listens_the_endpoint_is_named():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(EndpointConnectionError, match=url):
            send(client(url))


def test_an_answer_that_does_not_come_in_time_is_a_timeout_of_reading():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ReadTimeoutError):
            send(client(url, connect_timeout=0.1, read_timeout=0.1))


def test_a_connection_closed_without_an_answer_is_said_to_be():
    def hang_up(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.close_connection = True

    with answering(hang_up) as server, pytest.raises(ConnectionClosedError):
        send(client(server.url))


def test_a_connection_that_was_closed_while_idle_is_replaced_unnoticed():
    def answer_once(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        message_id(handler, body)
        handler.close_connection = True

    with answering(answer_once) as server:
        sqs = client(server.url)
        assert [send(sqs, text)["MessageId"] for text in ("one", "two", "three")] == ["one", "two", "three"]
    assert len(server.connections) == 3


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def test_a_server_that_nobody_vouches_for_is_not_talked_to(tls: ssl.SSLContext):
    with answering(message_id, tls) as server, pytest.raises(SSLError):
        send(client(server.url))
    assert server.heads == []


def test_the_authorities_that_botocore_is_told_of_are_trusted(
    tls: ssl.SSLContext, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bundle = tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with answering(message_id, tls) as server:
        assert send(client(server.url))["MessageId"] == "m-1"
