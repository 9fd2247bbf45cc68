"""What processes write of themselves, and what can be read of it."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, EndpointConnectionError

from services.aws.connection import Aws, AwsSettings
from services.aws.errors import AwsError
from services.aws.pulses import PulseStore
from services.aws.pulsing import Pulsing
from services.aws.rekognition_measures import measure_rekognition
from services.contracts.operations import Pulse, QueueName, QueueSeen, Resolution, Service
from services.operations.measures import CallEnd, Measures
from services.operations.tally import Tally

NOW = datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC)


def pulse(process_id="p", at=NOW, **counts):
    return Pulse(
        process_id=process_id,
        service=Service.RECOGNIZE,
        host="host",
        pid=1,
        started_at=NOW,
        interval=15,
        at=at,
        seconds=15,
        counts=counts,
        queues=(QueueSeen(queue=QueueName.ENROLL, waiting=2, waiting_since=NOW),),
    )


@pytest.fixture
def store(aws):
    return PulseStore(aws)


def test_a_process_is_known_by_its_last_pulse(store):
    store.write(pulse(opened=1))
    last = pulse(at=NOW + timedelta(seconds=15), opened=2)
    store.write(last)
    assert store.pulses() == [last]


def test_what_processes_counted_in_the_same_time_is_added_up(store):
    store.write(pulse("one", **{"opened": 1, "ms~3": 1}))
    store.write(pulse("other", **{"opened": 2, "ms~4": 1}))
    store.write(pulse("other", NOW + timedelta(minutes=1), opened=4))
    hour = (NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    minutes = store.slots(Resolution.MINUTE, *hour)
    assert [(slot.began_at.minute, slot.counts) for slot in minutes] == [
        (34, {"opened": 3, "ms~3": 1, "ms~4": 1}),
        (35, {"opened": 4}),
    ]
    (ten,) = store.slots(Resolution.TEN_MINUTES, *hour)
    assert (ten.began_at.minute, ten.counts["opened"]) == (30, 7)


def test_a_day_is_kept_without_histograms(store):
    store.write(pulse(**{"opened": 1, "ms~3": 1}))
    store.write(pulse(at=NOW + timedelta(days=1), opened=5))
    days = store.days(date(2026, 11, 1), date(2026, 11, 30))
    assert [(used.day.day, used.counts) for used in days] == [(22, {"opened": 1}), (23, {"opened": 5})]


def test_more_counts_than_one_update_takes_are_all_added(store):
    counts = {f"ms~{bucket}": bucket + 1 for bucket in range(450)}
    store.write(pulse(**counts))
    (slot,) = store.slots(Resolution.MINUTE, NOW - timedelta(hours=1), NOW)
    assert slot.counts == counts


def test_figures_leave_by_themselves_when_they_are_old(aws, store):
    store.write(pulse(opened=1))
    kept = {
        item["series"]["S"]: timedelta(seconds=int(item["expires_at"]["N"]) - NOW.timestamp()).days
        for item in aws.dynamodb.scan(TableName=aws.outputs.operations_table_name)["Items"]
    }
    assert kept == {"process": 1, "minute": 0, "ten-minutes": 3, "day": 400}


def test_a_process_that_ends_tells_what_it_did_last_and_is_gone(store):
    tally = Tally()
    with Pulsing(store, tally, Service.ENROLL, 60):
        tally.count("opened")
    assert store.pulses() == []
    now = datetime.now(UTC)
    slots = store.slots(Resolution.TEN_MINUTES, now - timedelta(hours=1), now + timedelta(hours=1))
    assert sum(slot.counts["opened"] for slot in slots) == 1


def test_what_cannot_be_written_is_written_with_the_next_pulse(store, monkeypatch):
    tally = Tally()
    pulsing = Pulsing(store, tally, Service.ENROLL, 60, now=lambda: NOW)

    def refuse(_):
        raise AwsError("no")

    with monkeypatch.context() as broken:
        broken.setattr(store, "write", refuse)
        tally.count("opened")
        pulsing.beat()
    tally.count("opened")
    pulsing.beat()
    (written,) = store.pulses()
    assert written.counts == {"opened": 2}


ANSWERS = [
    (400, "ThrottlingException", CallEnd.THROTTLED),
    (400, "ProvisionedThroughputExceededException", CallEnd.THROTTLED),
    (400, "InvalidParameterException", CallEnd.DONE),
    (400, "InvalidImageFormatException", CallEnd.DONE),
    (400, "AccessDeniedException", CallEnd.FAILED),
    (500, "InternalServerError", CallEnd.FAILED),
    (200, None, CallEnd.DONE),
]


@pytest.mark.parametrize(("status", "code", "end"), ANSWERS)
def test_a_call_of_rekognition_is_counted_with_how_it_ended(credentials, status, code, end):
    aws = Aws(boto3.Session(), AwsSettings(rekognition_max_attempts=1), outputs=None)
    tally = Tally()
    measure_rekognition(aws, Measures(tally))

    def answer(request, **_):
        body = json.dumps({"__type": code, "message": "so it is"} if code else {"CollectionIds": []}).encode()
        return AWSResponse(request.url, status, {}, SimpleNamespace(stream=lambda **_: iter([body])))

    aws.rekognition.meta.events.register_first("before-send.rekognition", answer)
    with suppress(ClientError):
        aws.rekognition.list_collections()
    assert tally.take() == {f"rekognition:ListCollections:{end}": 1}


def test_each_attempt_of_a_call_that_nobody_answers_is_counted_as_failed(credentials):
    aws = Aws(boto3.Session(), AwsSettings(rekognition_max_attempts=2), outputs=None)
    tally = Tally()
    measure_rekognition(aws, Measures(tally))

    def refuse(request, **_):
        raise EndpointConnectionError(endpoint_url=request.url)

    aws.rekognition.meta.events.register_first("before-send.rekognition", refuse)
    with suppress(EndpointConnectionError):
        aws.rekognition.list_collections()
    assert tally.take() == {"rekognition:ListCollections:failed": 2}
