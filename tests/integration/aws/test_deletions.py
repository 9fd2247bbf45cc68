"""Removing a person against moto; only the collection is a dictionary, because moto has none."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from services.aws.decisions import DecisionStore
from services.aws.deletions import DeletionStore
from services.aws.directory import Directory
from services.aws.enrollments import EnrollmentStore
from services.aws.errors import AwsUnavailable
from services.aws.jobs import JobQueue
from services.aws.people import PeopleStore, PersonUnknown
from services.aws.removal import FacesOfPerson, removals
from services.contracts.domain import Decision, FaceMatch, Person, PersonStatus, Removed
from services.contracts.messages import DeletePersonJob
from services.contracts.reasons import DecisionReason, Outcome
from services.enroll.deletion import DeletionService
from tests.integration.aws.serving import receive

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAME = "Ada Lovelace"


class ResourceNotFound(Exception):
    pass


class Collection:
    """The calls of Rekognition that a deletion makes; associated faces cannot be deleted, as on AWS."""

    exceptions = SimpleNamespace(ResourceNotFoundException=ResourceNotFound)

    def __init__(self):
        self.faces, self.users = {}, {}
        self.after_call = lambda: None

    def get_paginator(self, operation):
        assert operation == "list_faces"
        return self

    def paginate(self, **_):
        self.after_call()
        faces = [{"FaceId": face, "ExternalImageId": person} for face, person in self.faces.items()]
        yield {"Faces": faces[:2]}
        yield {"Faces": [*faces[2:], {"FaceId": "put by somebody else"}]}

    def delete_user(self, **call):
        if call["UserId"] not in self.users:
            raise ResourceNotFound
        del self.users[call["UserId"]]
        self.after_call()

    def delete_faces(self, **call):
        associated = {face for faces in self.users.values() for face in faces}
        refused = [face for face in call["FaceIds"] if face in associated]
        for face in call["FaceIds"]:
            if face not in refused:
                self.faces.pop(face, None)
        self.after_call()
        reasons = ["ASSOCIATED_TO_AN_EXISTING_USER"]
        return {"UnsuccessfulFaceDeletions": [{"FaceId": face, "Reasons": reasons} for face in refused]}


@pytest.fixture
def world(aws):
    """Two people with all that is kept of them."""
    aws.s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    aws.rekognition = Collection()
    for person_id, name in (("ada", NAME), ("bob", "Bob")):
        PeopleStore(aws).create(Person(person_id=person_id, full_name=name, photos=2, created_at=NOW))
        fill(aws, person_id, name)
    return aws


def put(aws, table, **values):
    aws.dynamodb.put_item(TableName=table, Item={name: {"S": value} for name, value in values.items()})


def fill(aws, person_id, name):
    collection = aws.rekognition
    for number in range(2):
        face, enrollment = f"{person_id}-{number}", f"e-{person_id}-{number}"
        collection.faces[face] = person_id
        put(
            aws,
            "faces",
            RekognitionId=face,
            person_id=person_id,
            FullName=name,
            enrollment_id=enrollment,
            indexed_at=NOW.isoformat(),
        )
        enroll(aws, enrollment, person_id, name, "indexed", face_id=face)
        for _ in range(2):
            key = f"photos/{person_id}/{enrollment}.jpg"
            aws.s3.put_object(
                Bucket="photos", Key=key, Body=b"jpeg", Metadata={"FullName": name.encode().hex()}
            )
        DecisionStore(aws).record(decision(f"r-{face}", person_id, name, face))
    collection.users[person_id] = [f"{person_id}-0", f"{person_id}-1"]
    # one held, one on its way, both with a face that no table knows as anybody's, and one given up
    for status in ("held", "received", "failed"):
        collection.faces[f"{person_id}-{status}"] = person_id
        enroll(aws, f"e-{person_id}-{status}", person_id, name, status, batch_id="b")
        for key in (f"index/{name}/{status}.jpg", f"index/uploads/e-{person_id}-{status}/x.jpg"):
            aws.s3.put_object(Bucket="photos", Key=key, Body=b"jpeg")
            aws.s3.delete_object(Bucket="photos", Key=key)


def enroll(aws, enrollment_id, person_id, name, status, **more):
    folder = f"photos/{person_id}/{enrollment_id}" if status == "indexed" else f"index/{name}/{status}"
    if "batch_id" in more:
        more["progress"] = f"{status}#{enrollment_id}"
    put(
        aws,
        "enrollments",
        enrollment_id=enrollment_id,
        person_id=person_id,
        full_name=name,
        status=status,
        bucket="photos",
        key=f"{folder}.jpg",
        file=f"{name}.jpg",
        sha256="0" * 64,
        received_at=NOW.isoformat(),
        **more,
    )


def decision(recognition_id, person_id, name, face_id):
    return Decision(
        recognition_id=recognition_id,
        reason=DecisionReason.MATCH,
        kiosk_id="kiosk-1",
        person_id=person_id,
        full_name=name,
        face_id=face_id,
        similarity=99.9,
        threshold=99.0,
        agreed=1,
        received_at=NOW,
        decided_at=NOW,
    )


def everything(aws, *, but=()):
    """All that is kept anywhere, as text."""
    tables = [table for table in aws.dynamodb.list_tables()["TableNames"] if table not in but]
    versions = aws.s3.list_object_versions(Bucket="photos")
    return {
        **{table: aws.dynamodb.scan(TableName=table)["Items"] for table in tables},
        "bucket": sorted(
            entry["Key"] for kind in ("Versions", "DeleteMarkers") for entry in versions.get(kind, [])
        ),
        "collection": [aws.rekognition.faces, aws.rekognition.users],
    }


def traces(aws, of="ada", name=NAME):
    """Where the person is still found, but for the receipt and the mark that only has the id."""
    kept = everything(aws, but=("deletions",))
    kept["people"] = [item for item in kept["people"] if "deleted_at" not in item]
    texts = {place: json.dumps(things, ensure_ascii=False) for place, things in kept.items()}
    # ids of enrollments and recognitions stay, and here they are made of the person's
    found = {place: text.replace(f"e-{of}", "").replace(f"r-{of}", "") for place, text in texts.items()}
    return {place for place, text in found.items() if f'"{of}' in text or f"/{of}/" in text or name in text}


def service(aws, now=NOW):
    jobs = JobQueue(aws, aws.outputs.enroll_queue_url)
    return DeletionService(DeletionStore(aws), removals(aws), jobs, lambda: now)


def job(deletion):
    fields = ("deletion_id", "person_id", "requested_at")
    return DeletePersonJob(**{field: getattr(deletion, field) for field in fields})


def requested(aws):
    return DeletionStore(aws).request("ada", "eve", NOW)


def test_whoever_is_to_be_deleted_is_not_recognised_any_more_and_a_job_is_queued(world):
    deletion = requested(world)
    found = Directory(world).people_by_face([FaceMatch(face_id="ada-0", similarity=99.9)])
    [person] = found.people.values()
    assert person.status is PersonStatus.DELETING
    [message] = receive(world, world.outputs.enroll_queue_url)
    assert json.loads(json.loads(message["Body"])["body"])[0][0] == job(deletion).model_dump_json()
    assert DeletionStore(world).get(deletion.deletion_id) == deletion


def test_asked_for_twice_it_is_one_deletion_whose_job_is_queued_again(world):
    first = requested(world)
    assert DeletionStore(world).request("ada", "mallory", NOW + timedelta(hours=1)) == first
    assert len(receive(world, world.outputs.enroll_queue_url, count=2)) == 2


def test_nobody_cannot_be_deleted_and_neither_can_whoever_was(world):
    with pytest.raises(PersonUnknown):
        DeletionStore(world).request("nobody", "eve", NOW)
    service(world).handle(job(requested(world)))
    with pytest.raises(PersonUnknown):
        requested(world)


def test_a_deleted_person_leaves_no_trace_and_the_others_all_of_theirs(world):
    before = {place: things for place, things in everything(world).items() if place != "deletions"}
    assert traces(world) == {"people", "faces", "enrollments", "decisions", "audit", "bucket", "collection"}
    service(world).handle(job(requested(world)))
    assert traces(world) == set()
    assert traces(world, "bob", "Bob") == {
        "people", "faces", "enrollments", "decisions", "audit", "bucket", "collection",
    }  # fmt: skip
    after = everything(world)
    assert len(after["bucket"]) == len(before["bucket"]) / 2
    for table in ("enrollments", "decisions", "audit"):
        assert len(after[table]) == len(before[table])


def test_the_receipt_says_what_was_removed(world):
    deletion = requested(world)
    service(world).handle(job(deletion))
    receipt = DeletionStore(world).get(deletion.deletion_id)
    # 2 kept photos of 2 versions; 3 uploads in 2 places, each with the mark that it was deleted
    removed = {"faces": 5, "photos": 16, "enrollments": 5, "decisions": 2, "audit_records": 2}
    assert receipt == deletion.model_copy(update={"finished_at": NOW} | removed)


def test_a_decision_about_a_deleted_person_keeps_its_outcome_and_names_nobody(world):
    service(world).handle(job(requested(world)))
    standing = DecisionStore(world).get("r-ada-0")
    assert (standing.outcome, standing.similarity) == (Outcome.GRANTED, 99.9)
    assert (standing.person_id, standing.full_name, standing.face_id) == (None, None, None)


@pytest.mark.parametrize(
    ("status", "then"),
    [("held", "rejected"), ("received", "rejected"), ("failed", "failed"), ("0", "indexed")],
)
def test_an_enrollment_of_a_deleted_person_keeps_its_outcome_and_an_open_one_is_rejected(world, status, then):
    service(world).handle(job(requested(world)))
    key = {"enrollment_id": {"S": f"e-ada-{status}"}}
    item = world.dynamodb.get_item(TableName="enrollments", Key=key)["Item"]
    assert item["status"] == {"S": then}
    if then == "rejected":
        assert item["rejection"] == {"S": "person_deleted"}
        assert item["progress"] == {"S": f"rejected#e-ada-{status}"}


def test_a_photo_of_somebody_else_that_was_held_for_the_person_names_them_no_more(world):
    held_for = {"M": {"person_id": {"S": "ada"}, "full_name": {"S": NAME}, "similarity": {"N": "99.5"}}}
    world.dynamodb.update_item(
        TableName="enrollments",
        Key={"enrollment_id": {"S": "e-bob-held"}},
        UpdateExpression="SET resembles = :ada, held_for = :held_for, detail = :detail",
        ExpressionAttributeValues={
            ":ada": {"S": "ada"},
            ":held_for": held_for,
            ":detail": {"S": f"It is {NAME}."},
        },
    )
    service(world).handle(job(requested(world)))
    assert traces(world) == set()
    key = {"enrollment_id": {"S": "e-bob-held"}}
    item = world.dynamodb.get_item(TableName="enrollments", Key=key)["Item"]
    assert (item["status"], item["person_id"]) == ({"S": "held"}, {"S": "bob"})
    assert [held.enrollment_id for held in EnrollmentStore(world).held()] == ["e-bob-held"]


def test_a_face_that_was_given_to_somebody_else_stays_theirs(world):
    put(world, "faces", RekognitionId="ada-held", person_id="bob", FullName="Bob", enrollment_id="e",
        indexed_at=NOW.isoformat())  # fmt: skip
    assert "ada-held" not in FacesOfPerson(world).find("ada")
    assert "ada-held" in FacesOfPerson(world).find("bob")


def test_a_user_who_got_another_face_meanwhile_is_tried_again(world):
    place = FacesOfPerson(world)
    found = place.find("ada")
    world.rekognition.users["another"] = ["ada-0"]
    with pytest.raises(AwsUnavailable, match="still a user's"):
        place.remove("ada", found)


class Killed(BaseException):
    """SIGKILL, as far as Python can play it."""


def test_killed_after_every_single_call_it_goes_on_with_the_next_delivery(world, monkeypatch):
    deletion = requested(world)
    calls = {"left": 0}

    def made(**_):
        calls["left"] -= 1
        if calls["left"] == 0:
            raise Killed

    for client in (world.dynamodb, world.s3, world.sqs):
        client.meta.events.register("after-call", made)
    world.rekognition.after_call = made
    deliveries = 0
    while DeletionStore(world).get(deletion.deletion_id).finished_at is None:
        deliveries += 1
        calls["left"] = deliveries + 1
        with suppress(Killed):
            service(world).handle(job(deletion))
        calls["left"] = 0
    assert deliveries > 10
    assert traces(world) == set()
    receipt = DeletionStore(world).get(deletion.deletion_id)
    assert {kind.value: getattr(receipt, kind.value) for kind in Removed} == {
        "faces": 5, "photos": 16, "enrollments": 5, "decisions": 2, "audit_records": 2,
    }  # fmt: skip


def test_a_mark_without_a_name_stays_for_as_long_as_late_photos_may_come(world):
    service(world).handle(job(requested(world)))
    item = world.dynamodb.get_item(TableName="people", Key={"person_id": {"S": "ada"}})["Item"]
    assert set(item) == {"person_id", "deletion_id", "deleted_at", "expires_at"}
    assert int(item["expires_at"]["N"]) == int((NOW + timedelta(days=30)).timestamp())
    assert Directory(world).people(["ada", "bob"]).people.keys() == {"bob"}


def test_photos_from_before_a_deletion_are_of_somebody_deleted_and_those_from_after_are_not(world):
    enrollments = EnrollmentStore(world)
    assert not enrollments.is_deleted("ada", NOW)
    deletion = requested(world)
    assert enrollments.is_deleted("ada", NOW + timedelta(days=1))
    service(world).handle(job(deletion))
    assert enrollments.is_deleted("ada", NOW)
    assert not enrollments.is_deleted("ada", NOW + timedelta(seconds=1))
    assert not enrollments.is_deleted("bob", NOW)


def test_a_second_look_takes_what_came_late_and_leaves_a_person_who_is_back(world):
    deletion = requested(world)
    service(world).handle(job(deletion))
    DecisionStore(world).record(decision("r-late", "ada", NAME, "ada-0"))
    service(world, NOW + timedelta(minutes=15)).handle(job(deletion))
    assert traces(world) == set()
    assert not EnrollmentStore(world).is_deleted("ada", NOW + timedelta(seconds=1))
    assert DeletionStore(world).get(deletion.deletion_id).decisions == 3
    PeopleStore(world).create(Person(person_id="ada", full_name=NAME, created_at=NOW))
    service(world).handle(job(deletion))
    assert PeopleStore(world).get("ada").status is PersonStatus.ACTIVE
