"""Removing one photo against moto; only the collection is a dictionary, because moto has none."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from services.aws.census import take_census
from services.aws.deletions import DeletionStore
from services.aws.enrollments import EnrollmentStore, Written
from services.aws.face_index import FaceIndex
from services.aws.people import PeopleStore
from services.aws.photo_removal import PhotoOnItsWay, PhotoRemovalStore, PhotoUnknown
from services.aws.photos import PhotoStore
from services.aws.removal import PhotosOfPerson
from services.contracts.domain import Enrollment, EnrollmentStatus, Face, Person, Resemblance
from services.contracts.messages import RemovePhotoJob
from services.drift.finding import find_drift
from services.enroll.deletion import UnknownDeletion
from services.enroll.photo_removal import PhotoRemovalService
from tests.integration.aws.serving import receive

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ADA = Person(person_id="ada", full_name="Ada Lovelace", created_at=NOW)


class Killed(BaseException):
    """SIGKILL, as far as Python can play it: no handler of ours may catch it."""


class ResourceNotFound(Exception):
    pass


class Collection:
    """The calls of Rekognition that are made here; associated faces cannot be deleted, as on AWS."""

    exceptions = SimpleNamespace(ResourceNotFoundException=ResourceNotFound)

    def __init__(self):
        self.faces, self.users = {}, {}
        self.after_call = lambda **_: None

    def disassociate_faces(self, **call):
        if call["UserId"] not in self.users:
            raise ResourceNotFound
        self.users[call["UserId"]] -= set(call["FaceIds"])
        self.after_call()

    def delete_faces(self, **call):
        associated = set().union(*self.users.values())
        for face in set(call["FaceIds"]) - associated:
            self.faces.pop(face, None)
        self.after_call()

    def get_paginator(self, operation):
        return SimpleNamespace(paginate=lambda **_: [getattr(self, operation)()])

    def list_faces(self):
        users = {face: user for user, faces in self.users.items() for face in faces}
        faces = [
            {"FaceId": face, "ExternalImageId": person} | ({"UserId": users[face]} if face in users else {})
            for face, person in self.faces.items()
        ]
        return {"Faces": faces}

    def list_users(self):
        return {"Users": [{"UserId": user} for user in self.users]}


@pytest.fixture
def world(aws):
    """Ada with two indexed photos, each in two versions, and the rest of an upload."""
    aws.s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    aws.rekognition = Collection()
    for number in (1, 2):
        enrol(aws, number)
    return aws


def enrol(aws, number, received_at=NOW):
    enrollment_id, face_id = f"e-{number}", f"f-{number}"
    aws.rekognition.faces[face_id] = "ada"
    aws.rekognition.users.setdefault("ada", set()).add(face_id)
    kept = [PhotoStore(aws).keep(b"jpeg", "ada", enrollment_id) for _ in range(2)]
    upload = f"index/uploads/{enrollment_id}/x.jpg"
    aws.s3.put_object(Bucket="photos", Key=upload, Body=b"jpeg")
    aws.s3.delete_object(Bucket="photos", Key=upload)
    enrollment = Enrollment(
        enrollment_id=enrollment_id,
        status=EnrollmentStatus.INDEXED,
        bucket="photos",
        key=kept[0].key,
        received_at=received_at,
        finished_at=received_at,
        full_name=ADA.full_name,
        person_id="ada",
        face_id=face_id,
        sha256="a" * 64,
        batch_id="b-1",
        file="Ada/1.jpg",
    )
    face = Face(
        face_id=face_id,
        person_id="ada",
        full_name=ADA.full_name,
        enrollment_id=enrollment_id,
        indexed_at=NOW,
    )
    return EnrollmentStore(aws).finish_indexed(enrollment, face, ADA)


def note(aws, enrollment_id, status, **fields):
    enrollment = Enrollment(
        enrollment_id=enrollment_id,
        status=status,
        bucket="photos",
        key=f"index/{enrollment_id}",
        received_at=NOW,
        person_id="ada",
        full_name=ADA.full_name,
        **fields,
    )
    EnrollmentStore(aws).save(enrollment)


def requested(aws, enrollment_id="e-1"):
    return PhotoRemovalStore(aws).request("ada", enrollment_id, "token t", LATER)


def handle(aws, deletion):
    service = PhotoRemovalService(
        receipts=DeletionStore(aws),
        photos=PhotoRemovalStore(aws),
        faces=FaceIndex(aws),
        claims=EnrollmentStore(aws),
        versions=PhotosOfPerson(aws),
        now=lambda: LATER,
    )
    service.handle(
        RemovePhotoJob(
            deletion_id=deletion.deletion_id,
            enrollment_id=deletion.enrollment_id,
            person_id=deletion.person_id,
            requested_at=deletion.requested_at,
        )
    )


def objects(aws):
    answer = aws.s3.list_object_versions(Bucket="photos")
    return {entry["Key"] for entry in (*answer.get("Versions", []), *answer.get("DeleteMarkers", []))}


def drift(aws):
    return list(find_drift(replace(take_census(aws), taken_at=NOW)))


def removed_whole(aws, deletion):
    """Whether nothing is left of the first photo, all of the second, and the receipt says so."""
    assert set(aws.rekognition.faces) == aws.rekognition.users["ada"] == {"f-2"}
    assert objects(aws) == {"photos/ada/e-2.jpg", "index/uploads/e-2/x.jpg"}
    assert PeopleStore(aws).get("ada").photos == 1
    left = EnrollmentStore(aws).get("e-1")
    assert left.status is EnrollmentStatus.REMOVED
    assert "ada" not in left.model_dump_json().lower()
    assert [photo.enrollment_id for photo in EnrollmentStore(aws).of_person("ada")[0]] == ["e-2"]
    receipt = DeletionStore(aws).get(deletion.deletion_id)
    assert (receipt.faces, receipt.photos, receipt.enrollments) == (1, 4, 1)
    assert (receipt.finished_at, receipt.requested_by, receipt.enrollment_id) == (LATER, "token t", "e-1")
    assert drift(aws) == []


def test_a_photo_is_removed_from_everywhere_and_the_person_stays(world):
    deletion = requested(world)
    handle(world, deletion)
    removed_whole(world, deletion)
    handle(world, deletion)
    removed_whole(world, deletion)


def test_a_photo_that_is_to_be_removed_is_a_job_on_the_enroll_queue_and_asked_twice_it_is_the_same(world):
    first, second = requested(world), requested(world)
    assert first == second
    assert EnrollmentStore(world).get("e-1").status is EnrollmentStatus.REMOVED
    for message in receive(world, world.outputs.enroll_queue_url, 2):
        body = json.loads(message["Body"])
        assert body["headers"]["task"] == "facegate.remove_photo"
        job = RemovePhotoJob.model_validate_json(json.loads(body["body"])[0][0])
        assert (job.deletion_id, job.enrollment_id) == (first.deletion_id, "e-1")


def killed_after(world, deletion, calls):
    """Have the worker killed after so many calls to AWS; tell whether it was."""
    left = [calls]

    def count(**_):
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    clients = (world.dynamodb, world.s3)
    for client in clients:
        client.meta.events.register("after-call", count)
    world.rekognition.after_call = count
    try:
        handle(world, deletion)
    except Killed:
        return True
    finally:
        world.rekognition.after_call = lambda **_: None
        for client in clients:
            client.meta.events.unregister("after-call", count)
    return False


def test_killed_after_any_call_the_next_delivery_goes_on_and_the_check_finds_nothing_meanwhile(world):
    deletion = requested(world)
    calls = 1
    while killed_after(world, deletion, calls):
        assert drift(world) == []
        handle(world, deletion)
        removed_whole(world, deletion)
        # everything back as it was, and removed anew
        world.dynamodb.delete_item(TableName="enrollments", Key={"enrollment_id": {"S": "e-1"}})
        assert enrol(world, 1) is Written.DONE
        deletion = requested(world)
        calls += 1
    assert calls > 10
    removed_whole(world, deletion)


def test_the_last_photo_may_go(world):
    for enrollment_id in ("e-1", "e-2"):
        handle(world, requested(world, enrollment_id))
    assert PeopleStore(world).get("ada").photos == 0
    assert world.rekognition.faces == {}
    assert drift(world) == []


def test_a_photo_that_was_removed_may_be_sent_again(world):
    handle(world, requested(world))
    assert enrol(world, 1, received_at=NOW) is Written.FINISHED_BEFORE
    assert enrol(world, 1, received_at=LATER + timedelta(seconds=1)) is Written.DONE
    assert PeopleStore(world).get("ada").photos == 2


@pytest.mark.parametrize("status", [EnrollmentStatus.REJECTED, EnrollmentStatus.FAILED])
def test_a_photo_that_gave_no_face_is_removed_too(world, status):
    note(world, "e-3", status)
    world.s3.put_object(Bucket="photos", Key="index/e-3", Body=b"jpeg")
    handle(world, requested(world, "e-3"))
    assert "index/e-3" not in objects(world)
    assert EnrollmentStore(world).get("e-3").person_id is None
    assert PeopleStore(world).get("ada").photos == 2


def test_a_held_photo_is_removed_with_its_face_and_waits_for_nobody_any_more(world):
    other = Resemblance(person_id="eve", full_name="Eve", similarity=99.5)
    note(world, "e-3", EnrollmentStatus.HELD, face_id="f-3", held_for=other)
    world.rekognition.faces["f-3"] = "ada"
    deletion = requested(world, "e-3")
    assert list(EnrollmentStore(world).held()) == []
    handle(world, deletion)
    assert set(world.rekognition.faces) == {"f-1", "f-2"}
    assert "Eve" not in EnrollmentStore(world).get("e-3").model_dump_json()
    assert drift(world) == []


def test_a_face_that_another_photo_gave_stays(world):
    note(world, "e-3", EnrollmentStatus.HELD, face_id="f-2")
    handle(world, requested(world, "e-3"))
    assert set(world.rekognition.faces) == {"f-1", "f-2"}


def test_what_is_not_the_person_s_or_on_its_way_is_not_removed(world):
    note(world, "e-3", EnrollmentStatus.RECEIVED)
    with pytest.raises(PhotoOnItsWay):
        requested(world, "e-3")
    for person_id, enrollment_id in (("ada", "e-9"), ("eve", "e-1")):
        with pytest.raises(PhotoUnknown):
            PhotoRemovalStore(world).request(person_id, enrollment_id, "eve", NOW)
    handle(world, requested(world))
    with pytest.raises(PhotoUnknown):
        requested(world)


def test_nothing_is_removed_that_nobody_asked_for(world):
    deletion = requested(world).model_copy(update={"deletion_id": "d-unknown"})
    with pytest.raises(UnknownDeletion):
        handle(world, deletion)


def test_of_a_person_who_was_deleted_meanwhile_the_receipt_is_finished(world):
    deletion = requested(world)
    world.dynamodb.update_item(
        TableName="enrollments",
        Key={"enrollment_id": {"S": "e-1"}},
        UpdateExpression="REMOVE person_id, face_id",
    )
    handle(world, deletion)
    assert DeletionStore(world).get(deletion.deletion_id).finished_at == LATER
