"""What ``facegate check --mend`` does, against moto; the collection is none of it here."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from services.aws.census import take_census
from services.aws.deletions import DeletionStore
from services.aws.enrollments import EnrollmentStore
from services.aws.mending import Mending
from services.aws.people import PeopleStore
from services.aws.photo_removal import PhotoRemovalStore
from services.contracts.census import DeletionMark
from services.contracts.domain import Enrollment, EnrollmentStatus, Face, Person, PersonStatus
from services.contracts.ids import stored_object_id, upload_key
from services.contracts.messages import EnrollJob
from tests.integration.aws.serving import messages, receive

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def world(aws):
    """Ada, with one photo."""
    empty = SimpleNamespace(paginate=lambda **_: [{"Faces": [], "Users": []}])
    aws.rekognition = SimpleNamespace(get_paginator=lambda _: empty)
    enrollment = photo("e-1", EnrollmentStatus.INDEXED, face_id="f-1", batch_id="b", finished_at=NOW)
    face = Face(face_id="f-1", person_id="ada", full_name="Ada", enrollment_id="e-1", indexed_at=NOW)
    person = Person(person_id="ada", full_name="Ada", created_at=NOW)
    EnrollmentStore(aws).finish_indexed(enrollment, face, person)
    return aws


def photo(enrollment_id, status, **fields):
    return Enrollment(
        enrollment_id=enrollment_id,
        status=status,
        bucket="photos",
        key="k",
        person_id="ada",
        full_name="Ada",
        received_at=NOW,
        **fields,
    )


def enrollment(aws, enrollment_id):
    key = {"enrollment_id": {"S": enrollment_id}}
    return aws.dynamodb.get_item(TableName="enrollments", Key=key)["Item"]


def jobs(aws, count=1):
    bodies = [json.loads(message["Body"]) for message in receive(aws, aws.outputs.enroll_queue_url, count)]
    return [(body["headers"]["task"], json.loads(json.loads(body["body"])[0][0])) for body in bodies]


def lose_all_jobs(aws):
    aws.sqs.purge_queue(QueueUrl=aws.outputs.enroll_queue_url)
    assert messages(aws, aws.outputs.enroll_queue_url) == 0


def test_a_claim_of_a_face_that_is_gone_is_given_up_and_its_enrollment_fails_in_its_batch_too(world):
    for _ in range(2):
        Mending(world).give_up("f-1", "ada")
    assert EnrollmentStore(world).face("f-1") is None
    assert PeopleStore(world).get("ada").photos == 0
    item = enrollment(world, "e-1")
    assert (item["status"], item["progress"]) == ({"S": "failed"}, {"S": "failed#e-1"})
    assert "Send the photo again" in item["detail"]["S"]
    assert "face_id" not in item


def test_photos_are_never_counted_below_none(world):
    Mending(world).count_photos("ada", 0)
    Mending(world).give_up("f-1", "ada")
    assert PeopleStore(world).get("ada").photos == 0


def test_photos_are_counted_of_people_alone(world):
    Mending(world).count_photos("ada", 5)
    Mending(world).count_photos("nobody", 5)
    assert PeopleStore(world).get("ada").photos == 5
    assert world.dynamodb.scan(TableName="people")["Count"] == 1


def test_an_enrollment_that_nobody_has_any_more_fails_and_a_late_job_still_finishes_it(world):
    store = EnrollmentStore(world)
    received = photo("e-2", EnrollmentStatus.RECEIVED, attempts=5, begun_at=NOW, batch_id="b")
    store.save(received)
    assert take_census(world).on_their_way == (received,)
    Mending(world).fail("e-2")
    assert enrollment(world, "e-2")["progress"] == {"S": "failed#e-2"}
    assert take_census(world).on_their_way == ()
    assert store.save(received.model_copy(update={"status": EnrollmentStatus.REJECTED}))


def test_an_enrollment_that_was_finished_meanwhile_does_not_fail(world):
    Mending(world).fail("e-1")
    Mending(world).fail("unknown")
    assert EnrollmentStore(world).get("e-1").status is EnrollmentStatus.INDEXED


def test_a_deletion_whose_job_was_lost_is_found_and_queued_again(world):
    deletion = DeletionStore(world).request("ada", "eve", NOW)
    lose_all_jobs(world)
    census = take_census(world)
    assert census.deletions == (deletion,)
    assert census.marks == (DeletionMark("ada", deletion.deletion_id, NOW),)
    Mending(world).resume_deletion(deletion.deletion_id, "ada")
    [(task, job)] = jobs(world)
    assert (task, job["deletion_id"]) == ("facegate.delete_person", deletion.deletion_id)
    assert DeletionStore(world).get(deletion.deletion_id) == deletion


def test_a_deletion_whose_receipt_was_lost_gets_another(world):
    deletion = DeletionStore(world).request("ada", "eve", NOW)
    world.dynamodb.delete_item(TableName="deletions", Key={"deletion_id": {"S": deletion.deletion_id}})
    Mending(world).resume_deletion(deletion.deletion_id, "ada")
    receipt = DeletionStore(world).get(deletion.deletion_id)
    assert (receipt.person_id, receipt.requested_by) == ("ada", "facegate check --mend")
    assert PeopleStore(world).get("ada").status is PersonStatus.DELETING


def test_a_second_look_that_never_ended_is_found_and_queued_again(world):
    store = DeletionStore(world)
    deletion = store.request("ada", "eve", NOW)
    store.begin(deletion)
    store.finish(deletion, NOW + timedelta(minutes=1))
    assert take_census(world).marks == ()
    store.begin(deletion)
    lose_all_jobs(world)
    census = take_census(world)
    assert census.deletions == ()
    assert census.marks == (DeletionMark("ada", deletion.deletion_id, NOW + timedelta(minutes=1)),)
    Mending(world).resume_deletion(deletion.deletion_id, "ada")
    [(_, job)] = jobs(world)
    assert job["deletion_id"] == deletion.deletion_id


def test_the_removal_of_a_photo_whose_job_was_lost_is_found_and_queued_again(world):
    deletion = PhotoRemovalStore(world).request("ada", "e-1", "eve", NOW)
    lose_all_jobs(world)
    assert take_census(world).deletions == (deletion,)
    Mending(world).resume_deletion(deletion.deletion_id, "ada")
    [(task, job)] = jobs(world)
    assert (task, job["enrollment_id"]) == ("facegate.remove_photo", "e-1")


def test_photos_in_the_bucket_that_no_table_knows_are_found_and_queued_as_the_lambda_would(world):
    world.s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    known = str(uuid4())
    EnrollmentStore(world).save(photo(known, EnrollmentStatus.REJECTED, finished_at=NOW))
    for key in (upload_key(known, "1.jpg"), upload_key(str(uuid4()), "2.jpg"), "index/", "photos/ada/3.jpg"):
        world.s3.put_object(Bucket="photos", Key=key, Body=b"jpeg")
    world.s3.delete_object(Bucket="photos", Key=upload_key(known, "1.jpg"))
    for _ in range(2):
        put = world.s3.put_object(Bucket="photos", Key="index/Zoë.jpg", Body=b"jpeg")
    by_key = {upload.photo.key: upload for upload in take_census(world).uploads}
    sent, plain = sorted(by_key, reverse=True)
    assert (sent.endswith("/2.jpg"), plain) == (True, "index/Zoë.jpg")
    assert by_key[plain].enrollment_id == stored_object_id("photos", "index/Zoë.jpg", put["VersionId"])
    Mending(world).enroll(by_key[plain])
    [(task, job)] = jobs(world)
    assert task == "facegate.enroll"
    assert EnrollJob.model_validate(job).photo == by_key[plain].photo
