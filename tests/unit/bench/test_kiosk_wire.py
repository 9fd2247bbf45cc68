import socket

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from bench.kiosks.wire import Wire


@pytest.fixture
def wire():
    upstream = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    upstream.start()
    host, port = upstream.get_host_and_port()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listening = probe.getsockname()[1]
    with Wire({listening: f"http://{host}:{port}"}).open() as opened:
        yield opened, f"http://127.0.0.1:{listening}"
    upstream.stop()


def client(service, url):
    return boto3.client(
        service, "us-east-1", endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test"
    )


def test_calls_are_answered_counted_and_priced(wire):
    counting, url = wire
    sqs = client("sqs", url)
    queue = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    counting.take()

    sqs.send_message(QueueUrl=queue, MessageBody="x" * 70_000)
    received = sqs.receive_message(QueueUrl=queue)["Messages"]

    assert received[0]["Body"] == "x" * 70_000
    count = counting.take()
    assert count.calls == {"sqs SendMessage jobs": 1, "sqs ReceiveMessage jobs": 1}
    assert count.dollars["sqs"] * 1e6 == pytest.approx(4 * 0.40)


def test_what_generates_names_does_not_tell_calls_apart(wire):
    counting, url = wire
    sqs = client("sqs", url)

    for process in ("0" * 32, "f" * 32):
        queue = sqs.create_queue(QueueName=f"facegate-reply-{process}")["QueueUrl"]
        sqs.receive_message(QueueUrl=queue)

    assert counting.take().calls["sqs ReceiveMessage facegate-reply"] == 2


def test_pictures_pass_unchanged_and_are_priced_by_the_method(wire):
    counting, url = wire
    s3 = client("s3", url)
    s3.create_bucket(Bucket="photos")
    counting.take()
    picture = bytes(range(256)) * 100

    s3.put_object(Bucket="photos", Key="a b", Body=picture)

    assert s3.get_object(Bucket="photos", Key="a b")["Body"].read() == picture
    assert counting.take().calls == {"s3 PUT": 1, "s3 GET": 1}


def test_errors_are_passed_on_and_counted_as_such(wire):
    counting, url = wire

    with pytest.raises(ClientError, match="ResourceNotFound"):
        client("dynamodb", url).get_item(TableName="none", Key={"id": {"S": "x"}})

    assert counting.take().refused["dynamodb GetItem none"] == 1


def test_a_call_of_unknown_price_is_counted_apart(wire):
    counting, url = wire

    client("kinesis", url).list_streams()

    count = counting.take()
    assert count.unpriced == {"kinesis ListStreams": 1}
    assert count.dollars == {}
