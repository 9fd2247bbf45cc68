import json
import logging
from datetime import timedelta
from urllib.parse import quote_plus

import boto3
import pytest
from moto import mock_aws

from ingest import handler as entrance
from ingest.handler import Ingest, SendingFailedError
from ingest.jobs import ENROLL_TASK, RECOGNIZE_TASK


@pytest.fixture
def aws(monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("sqs")


@pytest.fixture
def queue_urls(aws):
    return {
        ENROLL_TASK: aws.create_queue(QueueName="enroll")["QueueUrl"],
        RECOGNIZE_TASK: aws.create_queue(QueueName="recognize")["QueueUrl"],
    }


@pytest.fixture
def ingest(aws, queue_urls):
    return Ingest(aws, queue_urls, timedelta(seconds=10))


def event(*keys):
    return {
        "Records": [
            {
                "eventTime": "2026-11-21T09:30:00.000Z",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "bucket": {"name": "photos"},
                    "object": {"key": quote_plus(key, safe="/"), "eTag": "e", "versionId": "v"},
                },
            }
            for key in keys
        ]
    }


def received(aws, queue_url):
    bodies = []
    while messages := aws.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [json.loads(message["Body"]) for message in messages]
    return bodies


def test_each_record_of_an_event_becomes_a_message_on_its_queue(ingest, aws, queue_urls):
    answer = ingest(event("index/a.jpg", "frames/lobby/1.jpg", "index/b.jpg"))
    assert answer == {"sent": 3, "skipped": 0}
    assert [body["headers"]["task"] for body in received(aws, queue_urls[ENROLL_TASK])] == [ENROLL_TASK] * 2
    [frame] = received(aws, queue_urls[RECOGNIZE_TASK])
    assert frame["headers"]["task"] == RECOGNIZE_TASK
    assert frame["properties"]["delivery_info"]["routing_key"] == "recognize"


def test_more_records_than_one_batch_takes_are_all_sent(ingest, aws, queue_urls):
    assert ingest(event(*(f"index/{number}.jpg" for number in range(23))))["sent"] == 23
    ids = {body["headers"]["id"] for body in received(aws, queue_urls[ENROLL_TASK])}
    assert len(ids) == 23


def test_a_record_that_asks_for_nothing_is_logged_and_leaves_the_others_alone(
    ingest, aws, queue_urls, caplog
):
    with caplog.at_level(logging.WARNING):
        answer = ingest(event("index/", "frames/no-kiosk.jpg", "frames/ /1.jpg", "index/a.jpg"))
    assert answer == {"sent": 1, "skipped": 3}
    assert len(received(aws, queue_urls[ENROLL_TASK])) == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3
    assert "frames/no-kiosk.jpg" in caplog.text


def test_s3s_test_of_the_notification_sends_nothing(ingest, aws, queue_urls, caplog):
    with caplog.at_level(logging.INFO):
        answer = ingest({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "photos"})
    assert answer == {"sent": 0, "skipped": 0}
    assert received(aws, queue_urls[ENROLL_TASK]) == []
    assert "photos" in caplog.text


def test_refused_messages_fail_the_event_after_the_other_batches_were_sent(aws, queue_urls):
    class RefusingOnce:
        def __init__(self):
            self.batches = 0

        def send_message_batch(self, **request):
            self.batches += 1
            if self.batches > 1:
                return aws.send_message_batch(**request)
            return {"Failed": [{"Id": "3", "Code": "InternalError", "Message": "try again"}]}

    refusing = RefusingOnce()
    ingest = Ingest(refusing, queue_urls, timedelta(seconds=10))
    with pytest.raises(SendingFailedError, match=r"1 of 12 messages were refused.*InternalError"):
        ingest(event(*(f"index/{number}.jpg" for number in range(12))))
    assert refusing.batches == 2


def test_an_event_of_another_kind_fails_so_that_lambda_keeps_it(ingest):
    with pytest.raises(KeyError):
        ingest({"detail-type": "Object Created"})


def test_the_entrance_reads_its_environment_once_and_sends(aws, queue_urls, monkeypatch):
    monkeypatch.setenv("ENROLL_QUEUE_URL", queue_urls[ENROLL_TASK])
    monkeypatch.setenv("RECOGNIZE_QUEUE_URL", queue_urls[RECOGNIZE_TASK])
    monkeypatch.setenv("FRAME_DEADLINE_SECONDS", "7")
    entrance.bootstrap.cache_clear()
    try:
        assert entrance.handler(event("frames/lobby/1.jpg"), None)["sent"] == 1
        assert entrance.bootstrap() is entrance.bootstrap()
    finally:
        entrance.bootstrap.cache_clear()
    [body] = received(aws, queue_urls[RECOGNIZE_TASK])
    job = json.loads(json.loads(body["body"])[0][0])
    assert job["deadline"] == "2026-11-21T09:30:07+00:00"
