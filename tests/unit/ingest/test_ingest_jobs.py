import json
from datetime import timedelta
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import jobs
from ingest.jobs import NotAJobError, job_of
from ingest.messages import message_body
from services.aws.jobs import celery_body, queue_name
from services.contracts import messages as contract
from services.contracts.ids import (
    photo_enrollment_id,
    stored_object_id,
    upload_key,
    uploaded_enrollment_id,
)
from services.contracts.messages import EnrollJob, RecognizeJob

DEADLINE = timedelta(seconds=10)
QUEUE_URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/facegate-enroll"

#: What S3 takes as a key: up to 1024 bytes of UTF-8.
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda name: not name.endswith("/")
)
kiosk_ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", fullmatch=True)


def record(key, version_id="v1", event_name="ObjectCreated:Put", etag="0cc175b9c0f1b6a831c399e269772661"):
    described = {"key": quote_plus(key, safe="/"), "size": 3, "eTag": etag, "sequencer": "0055"}
    if version_id:
        described["versionId"] = version_id
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": "2026-11-21T09:30:00.123Z",
        "eventName": event_name,
        "s3": {"bucket": {"name": "photos"}, "object": described},
    }


def carried(job):
    """Return what the worker's task is called with."""
    return json.loads(json.loads(message_body(job, QUEUE_URL))["body"])[0][0]


def test_the_tasks_are_those_of_the_contract():
    assert jobs.ENROLL_TASK == contract.ENROLL_TASK
    assert jobs.RECOGNIZE_TASK == contract.RECOGNIZE_TASK


@given(name=names)
def test_any_photos_key_arrives_in_the_enroll_job_as_it_was_put(name):
    parsed = EnrollJob.model_validate_json(carried(job_of(record(f"index/{name}"), DEADLINE)))
    assert parsed.photo.key == f"index/{name}"
    assert parsed.photo.version_id == "v1"


@given(kiosk_id=kiosk_ids, name=names)
def test_any_frames_key_arrives_in_the_recognize_job_as_it_was_put(kiosk_id, name):
    job = job_of(record(f"frames/{kiosk_id}/{name}"), DEADLINE)
    parsed = RecognizeJob.model_validate_json(carried(job))
    assert [frame.key for frame in parsed.frames] == [f"frames/{kiosk_id}/{name}"]
    assert parsed.kiosk_id == kiosk_id
    assert parsed.recognition_id == job.id


@pytest.mark.parametrize(
    "key", ["index/Ada Lovelace.jpg", "index/a+b.jpg", "index/a%20b.jpg", "index/Zoë/Søn 日本.png"]
)
def test_spaces_plus_signs_percents_and_unicode_survive(key):
    assert job_of(record(key), DEADLINE).argument["photo"]["key"] == key


@pytest.mark.parametrize(
    ("key", "model"),
    [("index/a.jpg", EnrollJob), ("frames/k/a.jpg", RecognizeJob)],
)
def test_a_job_has_the_contracts_fields_and_no_other(key, model):
    argument = job_of(record(key), DEADLINE).argument
    assert set(argument) == set(model.model_fields)


def test_an_uploaded_frame_knows_neither_door_nor_reply_and_its_deadline_counts_from_the_upload():
    job = RecognizeJob.model_validate(job_of(record("frames/lobby/1.jpg"), DEADLINE).argument)
    assert (job.door_id, job.reply_to) == (None, None)
    assert job.received_at.isoformat() == "2026-11-21T09:30:00.123000+00:00"
    assert job.deadline - job.received_at == DEADLINE


def test_the_same_event_twice_is_the_same_job():
    assert job_of(record("index/a.jpg"), DEADLINE) == job_of(record("index/a.jpg"), DEADLINE)


@pytest.mark.parametrize(
    "other",
    [
        record("index/b.jpg"),
        record("index/a.jpg", version_id="v2"),
        record("index/a.jpg", version_id=None),
        record("index/a.jpgv1", version_id=""),
    ],
)
def test_another_object_or_version_is_another_job(other):
    assert job_of(record("index/a.jpg"), DEADLINE).id != job_of(other, DEADLINE).id


def test_without_versions_the_content_makes_the_id():
    first, again, changed = (
        job_of(record("index/a.jpg", version_id=None, etag=etag), DEADLINE) for etag in ("1", "1", "2")
    )
    assert first.id == again.id != changed.id
    assert EnrollJob.model_validate(first.argument).photo.version_id is None


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("index/", "placeholder"),
        ("frames/lobby/", "placeholder"),
        ("frames/1.jpg", "names no kiosk"),
        ("frames//1.jpg", "kiosk id"),
        ("frames/-lobby/1.jpg", "kiosk id"),
        ("frames/lobby\n/1.jpg", "kiosk id"),
        ("frames/two words/1.jpg", "kiosk id"),
        (f"frames/{'k' * 101}/1.jpg", "kiosk id"),
        ("posted-frames/1.jpg", "neither under"),
        ("elsewhere.jpg", "neither under"),
    ],
)
def test_a_key_that_asks_for_nothing_is_told_apart(key, reason):
    with pytest.raises(NotAJobError, match=reason):
        job_of(record(key), DEADLINE)


def test_a_deleted_object_asks_for_nothing():
    with pytest.raises(NotAJobError):
        job_of(record("index/a.jpg", event_name="ObjectRemoved:Delete"), DEADLINE)


def test_the_message_is_the_one_that_the_services_send_themselves():
    job = job_of(record("index/a.jpg"), DEADLINE)
    expected = celery_body(job.task, job.id, json.dumps(job.argument), queue_name(QUEUE_URL))
    assert _read(message_body(job, QUEUE_URL)) == _read(expected)


def _read(message):
    envelope = json.loads(message)
    return envelope | {"body": json.loads(envelope["body"])}


@given(person_id=st.text(min_size=1, max_size=40), file=names)
def test_a_photo_put_under_its_enrollment_s_id_keeps_that_id_however_often_it_is_put(person_id, file):
    enrollment_id = photo_enrollment_id(person_id, "ab" * 32)
    key = upload_key(enrollment_id, file)
    jobs_of_it = [job_of(record(key, version), DEADLINE) for version in ("v1", "v2")]
    assert [job.id for job in jobs_of_it] == [enrollment_id] * 2
    assert EnrollJob.model_validate_json(carried(jobs_of_it[0])).enrollment_id == enrollment_id


LOOKALIKES = ["index/uploads/ada.jpg", "index/uploads/ada/1.jpg", f"index/uploads/{'a' * 32}"]


@pytest.mark.parametrize("key", LOOKALIKES)
def test_a_key_that_only_looks_like_an_upload_s_is_a_plain_photo(key):
    assert job_of(record(key), DEADLINE).id == stored_object_id("photos", key, "v1")


@given(name=names)
@pytest.mark.parametrize("folder", ["", "uploads/", "uploads/4f7e53f4-3f0b-5c0e-8f39-6b9d6a0f2c11/"])
def test_whoever_lists_the_bucket_derives_the_same_id(folder, name):
    key = f"index/{folder}{name}"
    assert job_of(record(key), DEADLINE).id == uploaded_enrollment_id("photos", key, "v1")
