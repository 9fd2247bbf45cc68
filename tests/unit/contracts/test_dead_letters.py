import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest

from services.aws.jobs import celery_body
from services.contracts.dead_letters import FAILED_EVENT, contents_of, reason_within
from services.contracts.messages import (
    DELETE_PERSON_TASK,
    ENROLL_TASK,
    RECOGNIZE_TASK,
    DeletePersonJob,
    EnrollJob,
    InlineFrame,
    RecognizeJob,
    StoredObject,
)
from tests.unit.contracts.letters import failed_event, message_of, put_event

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PICTURE = bytes(range(256)) * 40


def recognition():
    return RecognizeJob(
        recognition_id="r-1",
        kiosk_id="lobby",
        door_id="front",
        frames=(InlineFrame(data=PICTURE), InlineFrame(data=PICTURE)),
        received_at=NOW,
        deadline=NOW + timedelta(seconds=8),
        reply_to="https://queue/reply",
    )


def test_a_recognition_is_told_without_its_pictures():
    told = contents_of(message_of(recognition()))
    assert told.job == RECOGNIZE_TASK
    assert told.facts == {
        "recognition_id": "r-1",
        "kiosk_id": "lobby",
        "door_id": "front",
        "received_at": "2026-01-02T03:04:05Z",
        "deadline": "2026-01-02T03:04:13Z",
        "frames": "2",
    }
    assert b64encode(PICTURE).decode()[:40] not in told.model_dump_json()


def test_whom_a_job_is_about_stands_apart_from_the_facts():
    told = contents_of(message_of(DeletePersonJob(deletion_id="d-1", person_id="ada", requested_at=NOW)))
    assert (told.job, told.person_id) == (DELETE_PERSON_TASK, "ada")
    assert "ada" not in json.dumps(dict(told.facts))


def test_the_photo_of_an_enrollment_stands_apart_from_the_facts():
    photo = StoredObject(bucket="photos", key="index/Ada Lovelace.jpg", version_id="v1")
    job = EnrollJob(enrollment_id="e-1", photo=photo, received_at=NOW)
    told = contents_of(message_of(job))
    assert told.photos == ("s3://photos/index/Ada Lovelace.jpg",)
    assert told.facts == {"enrollment_id": "e-1", "received_at": "2026-01-02T03:04:05Z"}


def test_the_lambda_s_failed_event_tells_its_objects_and_its_reason():
    body = failed_event(put_event("index/Zoë Ångström.jpg"), put_event("frames/lobby/1.jpg"))
    told = contents_of(body)
    assert told.job == FAILED_EVENT
    assert told.photos == ("s3://photos/index/Zoë Ångström.jpg", "s3://photos/frames/lobby/1.jpg")
    assert reason_within(body) == "the Lambda failed (RetriesExhausted): KeyError: 'Records'"


def test_of_what_is_no_job_the_beginning_is_told_without_what_may_be_a_picture_or_a_token():
    told = contents_of(f"who wrote this? {b64encode(PICTURE[:900]).decode()} {'and ' * 2000}")
    assert told.job is None
    assert told.excerpt is not None
    assert told.excerpt.startswith("who wrote this? […] and and")
    assert len(told.excerpt) == 300


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        celery_body("somebody.elses", "id", "{}", "queue"),
        celery_body(RECOGNIZE_TASK, "id", "no json", "queue"),
        celery_body(RECOGNIZE_TASK, "id", "[1]", "queue"),
        json.dumps({"headers": {"task": RECOGNIZE_TASK}, "body": "[[], {}, {}]"}),
        json.dumps({"requestContext": {}, "requestPayload": 3}),
    ],
)
def test_what_is_no_job_of_ours_is_none(body):
    assert contents_of(body).job is None
    assert reason_within(body) is None


LONG, NESTED = "x" * 100_000, {"key": {"key": ["x" * 100_000]}, "bucket": 3}


@pytest.mark.parametrize("value", [None, True, 3, 1.5, LONG, [LONG, None], NESTED, {}])
@pytest.mark.parametrize("field", ["recognition_id", "frames", "person_id", "photo", "deadline", "version"])
def test_whatever_a_job_holds_little_of_it_is_told(field, value):
    told = contents_of(celery_body(ENROLL_TASK, "id", json.dumps({field: value}), "queue"))
    assert told.job == ENROLL_TASK
    assert len(told.model_dump_json()) < 500
