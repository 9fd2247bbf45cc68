from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from botocore.stub import Stubber

from services.aws.directory import Directory
from services.aws.enrollments import EnrollmentStore, Written
from services.aws.photos import PhotoMissing, PhotoStore
from services.contracts.domain import (
    Enrollment,
    EnrollmentStatus,
    Face,
    FaceMatch,
    Person,
    PersonStatus,
    Resemblance,
)
from services.contracts.ids import photo_enrollment_id, upload_key
from services.contracts.messages import StoredObject
from services.contracts.names import name_key, to_metadata
from services.contracts.reasons import RejectionReason

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
SCRIPTS = ["Ada Lovelace", "Zoë Ångström", "Анна Ахматова", "王小明", "عائشة", "ஔவையார்", "ፀሐይ", "Ōé 大江"]


def enrolled(number=1, name="Ada Lovelace", person_id="ada", **changes):
    enrollment = Enrollment(
        enrollment_id=f"e-{number}",
        status=EnrollmentStatus.INDEXED,
        bucket="photos",
        key=f"photos/{person_id}/e-{number}.jpg",
        received_at=NOW,
        finished_at=NOW,
        full_name=name,
        person_id=person_id,
        face_id=f"face-{number}",
    ).model_copy(update=changes)
    face = Face(
        face_id=f"face-{number}",
        person_id=person_id,
        full_name=name,
        enrollment_id=f"e-{number}",
        indexed_at=NOW,
    )
    return enrollment, face, Person(person_id=person_id, full_name=name, created_at=NOW)


def person(aws, person_id="ada"):
    return aws.dynamodb.get_item(TableName="people", Key={"person_id": {"S": person_id}}).get("Item")


def update_person(aws, expression, **values):
    names = {"ExpressionAttributeNames": {"#s": "status"}} if "#s" in expression else {}
    aws.dynamodb.update_item(
        TableName="people",
        Key={"person_id": {"S": "ada"}},
        UpdateExpression=expression,
        ExpressionAttributeValues={f":{name}": {"S": value} for name, value in values.items()},
        **names,
    )


def owner(aws, *face_ids):
    matches = [FaceMatch(face_id=one, similarity=99.9) for one in face_ids]
    return Directory(aws).people_by_face(matches).people


def test_a_finished_enrollment_brings_face_and_person_with_it(aws):
    enrollment, face, ada = enrolled()
    store = EnrollmentStore(aws)
    assert store.finish_indexed(enrollment, face, ada) is Written.DONE
    assert store.get("e-1") == enrollment
    assert store.face("face-1") == face
    assert owner(aws, "face-1") == {"face-1": ada.model_copy(update={"photos": 1})}
    assert store.full_name("ada") == "Ada Lovelace"


def test_a_person_s_photos_are_counted_and_the_person_is_found_by_name(aws):
    store = EnrollmentStore(aws)
    for number in (1, 2, 3):
        store.finish_indexed(*enrolled(number))
    item = person(aws)
    assert (item["photos"], item["version"]) == ({"N": "3"}, {"N": "1"})
    assert item["name_key"] == {"S": name_key("Ada Lovelace", "ada")}


def test_a_new_person_begins_with_what_the_upload_said_and_it_stays(aws):
    store = EnrollmentStore(aws)
    for number, groups, external_id in ((1, ("staff",), "0042"), (2, ("guests",), "7"), (3, (), None)):
        enrollment, face, ada = enrolled(number)
        begins = ada.model_copy(update={"groups": groups, "external_id": external_id})
        assert store.finish_indexed(enrollment, face, begins) is Written.DONE
    ada = owner(aws, "face-1")["face-1"]
    assert (ada.groups, ada.external_id) == (("staff",), "0042")


def test_the_faces_table_reads_as_the_plain_s3_workflow_expects(aws):
    EnrollmentStore(aws).finish_indexed(*enrolled())
    item = aws.dynamodb.get_item(TableName="faces", Key={"RekognitionId": {"S": "face-1"}})["Item"]
    assert item["FullName"] == {"S": "Ada Lovelace"}


def test_an_enrollment_is_finished_once_and_the_second_face_is_not_written(aws):
    store = EnrollmentStore(aws)
    enrollment, face, ada = enrolled()
    store.save(enrollment.model_copy(update={"status": EnrollmentStatus.RECEIVED}))
    assert store.finish_indexed(enrollment, face, ada) is Written.DONE
    other = face.model_copy(update={"face_id": "face-9"})
    assert store.finish_indexed(enrollment, other, ada) is Written.FINISHED_BEFORE
    assert store.face("face-9") is None
    assert person(aws)["photos"] == {"N": "1"}


def test_a_face_that_is_another_enrollment_s_is_not_taken_from_it(aws):
    store = EnrollmentStore(aws)
    store.finish_indexed(*enrolled(1))
    enrollment, _, ada = enrolled(2)
    same_face = enrolled(1)[1].model_copy(update={"enrollment_id": "e-2"})
    assert store.finish_indexed(enrollment, same_face, ada) is Written.FACE_TAKEN
    assert store.face("face-1").enrollment_id == "e-1"
    assert store.get("e-2") is None


def test_a_finished_enrollment_is_not_rejected_afterwards_and_a_failed_one_can_be_done(aws):
    store = EnrollmentStore(aws)
    enrollment, face, ada = enrolled()
    assert store.save(enrollment.model_copy(update={"status": EnrollmentStatus.FAILED}))
    assert store.finish_indexed(enrollment, face, ada) is Written.DONE
    late = enrollment.model_copy(
        update={"status": EnrollmentStatus.REJECTED, "rejection": RejectionReason.NO_FACE}
    )
    assert not store.save(late)
    assert store.get("e-1").status is EnrollmentStatus.INDEXED


def test_what_is_known_of_a_person_already_stands(aws):
    store = EnrollmentStore(aws)
    store.finish_indexed(*enrolled(1))
    update_person(aws, "SET #s = :disabled, full_name = :name", disabled="disabled", name="Augusta Ada King")
    store.finish_indexed(*enrolled(2))
    people = owner(aws, "face-1", "face-2")
    assert {found.status for found in people.values()} == {PersonStatus.DISABLED}
    assert {found.full_name for found in people.values()} == {"Augusta Ada King"}
    assert set(people) == {"face-1", "face-2"}


def test_a_photo_of_a_person_who_is_being_deleted_is_not_written(aws):
    store = EnrollmentStore(aws)
    store.finish_indexed(*enrolled(1))
    update_person(aws, "SET #s = :deleting", deleting="deleting")
    assert store.finish_indexed(*enrolled(2)) is Written.PERSON_DELETED
    assert store.face("face-2") is None
    assert store.get("e-2") is None


def test_what_is_left_of_a_deleted_person_yields_to_a_later_photo_alone(aws):
    store = EnrollmentStore(aws)
    deleted_at = (NOW + timedelta(seconds=1)).isoformat()
    update_person(aws, "SET deleted_at = :at, expires_at = :at", at=deleted_at)
    assert store.finish_indexed(*enrolled(1)) is Written.PERSON_DELETED
    later = NOW + timedelta(seconds=2)
    assert store.finish_indexed(*enrolled(1, received_at=later)) is Written.DONE
    assert "expires_at" not in person(aws)
    assert store.finish_indexed(*enrolled(2)) is Written.PERSON_DELETED
    begun_before = enrolled(2, received_at=later, submitted_at=NOW)
    assert store.finish_indexed(*begun_before) is Written.PERSON_DELETED
    begun_after = enrolled(2, received_at=later, submitted_at=later)
    assert store.finish_indexed(*begun_after) is Written.DONE


def test_an_enrollment_whose_person_was_erased_is_begun_anew_by_a_later_photo_alone(aws):
    store = EnrollmentStore(aws)
    erased, _, _ = enrolled(1, person_id="ada")
    store.save(erased.model_copy(update={"person_id": None}))
    assert not store.save(erased)
    assert store.save(erased.model_copy(update={"received_at": NOW + timedelta(seconds=1)}))


def test_an_enrollment_of_a_batch_says_how_far_it_is(aws):
    EnrollmentStore(aws).save(enrolled(1, batch_id="b-1")[0])
    item = aws.dynamodb.get_item(TableName="enrollments", Key={"enrollment_id": {"S": "e-1"}})["Item"]
    assert item["progress"] == {"S": "indexed#e-1"}


def test_a_held_enrollment_waits_for_an_operator_alone(aws):
    store = EnrollmentStore(aws)
    other = Resemblance(person_id="eve", full_name="Eve", similarity=99.5)
    held = enrolled(1, status=EnrollmentStatus.HELD, held_for=other)[0]
    assert store.save(held)
    assert not store.save(held)
    store.save(enrolled(2)[0])
    assert list(store.held()) == [held]
    assert store.finish_indexed(*enrolled(1)) is Written.FINISHED_BEFORE
    assert store.finish_indexed(*enrolled(1), was_held=True) is Written.DONE
    assert list(store.held()) == []
    assert not store.save_held(held)


def test_two_photos_of_one_person_at_once_are_both_written(aws):
    store = EnrollmentStore(aws)
    conflict = [{"Code": "None"}, {"Code": "None"}, {"Code": "TransactionConflict"}]
    with Stubber(aws.dynamodb) as stub:
        stub.add_client_error(
            "transact_write_items",
            "TransactionCanceledException",
            http_status_code=400,
            modeled_fields={"CancellationReasons": conflict},
        )
        stub.add_response("transact_write_items", {})
        assert store.finish_indexed(*enrolled(1)) is Written.DONE


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_name_in_any_script_comes_back_from_s3(aws, name):
    photos = PhotoStore(aws)
    uploaded = photos.read(photos.put("x.jpg", b"jpeg", "image/jpeg", name), 100)
    assert (uploaded.full_name, uploaded.data) == (name, b"jpeg")


def test_what_an_uploader_says_of_a_photo_is_read_with_it(aws):
    said = {
        "FullName": "Ada Lovelace",
        "person-id": "ada",
        "batch-id": "b-1",
        "file": to_metadata("Zoë/1.jpg"),
        "groups": to_metadata("staff, Ärzte"),
        "external-id": "0042",
        "submitted-at": "2026-01-02T03:04:05+01:00",
    }
    aws.s3.put_object(Bucket="photos", Key="index/x.jpg", Body=b"jpeg", Metadata=said)
    uploaded = PhotoStore(aws).read(StoredObject(bucket="photos", key="index/x.jpg"), 100)
    assert (uploaded.person_id, uploaded.batch_id, uploaded.file) == ("ada", "b-1", "Zoë/1.jpg")
    assert (uploaded.groups, uploaded.external_id) == (("staff", "Ärzte"), "0042")
    assert uploaded.submitted_at == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("said", ["yesterday", "2026-01-02", "2026-01-02T03:04:05", "1767323045"])
def test_what_is_no_instant_says_nothing_of_when_a_photo_was_submitted(aws, said):
    aws.s3.put_object(Bucket="photos", Key="index/x.jpg", Body=b"jpeg", Metadata={"submitted-at": said})
    photo = StoredObject(bucket="photos", key="index/x.jpg")
    assert PhotoStore(aws).read(photo, 100).submitted_at is None


def test_a_photo_put_by_any_s3_client_has_its_full_name_or_none(aws):
    photos, stored = PhotoStore(aws), StoredObject(bucket="photos", key="index/x.jpg")
    aws.s3.put_object(
        Bucket="photos", Key="index/x.jpg", Body=b"jpeg", Metadata={"FullName": " Ada  Lovelace "}
    )
    assert photos.read(stored, 100).full_name == "Ada Lovelace"
    aws.s3.put_object(Bucket="photos", Key="index/x.jpg", Body=b"jpeg")
    assert photos.read(stored, 100).full_name is None


def test_a_photo_that_is_too_large_is_refused_by_its_size_and_not_read(aws, monkeypatch):
    photos = PhotoStore(aws)
    stored = photos.put("x.jpg", bytes(101), "image/jpeg", "Ada")
    answer = aws.s3.get_object(Bucket=stored.bucket, Key=stored.key)

    class Unread(BytesIO):
        def read(self, *_):
            raise AssertionError("read")

    monkeypatch.setattr(aws.s3, "get_object", lambda **_: answer | {"Body": Unread()})
    uploaded = photos.read(stored, 100)
    assert (uploaded.size, uploaded.data, uploaded.full_name) == (101, None, "Ada")


def test_a_photo_that_is_gone_is_said_to_be_missing(aws):
    with pytest.raises(PhotoMissing, match=r"index/x\.jpg"):
        PhotoStore(aws).read(StoredObject(bucket="photos", key="index/x.jpg"), 100)


@pytest.fixture
def versions(aws):
    aws.s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    return lambda: aws.s3.list_object_versions(Bucket="photos").get("Versions", [])


def test_a_photo_that_was_replaced_is_not_read_for_the_one_before(aws, versions):
    photos = PhotoStore(aws)
    first, second = (photos.put("x.jpg", data, "image/jpeg", "Ada") for data in (b"1", b"2"))
    assert photos.read(second, 100).data == b"2"
    with pytest.raises(PhotoMissing, match="replaced"):
        photos.read(first, 100)
    aws.s3.delete_object(Bucket="photos", Key="index/x.jpg")
    with pytest.raises(PhotoMissing, match="not in the bucket"):
        photos.read(second, 100)


def test_an_upload_that_was_put_twice_is_read_all_the_same(aws, versions):
    photos = PhotoStore(aws)
    key = upload_key(photo_enrollment_id("ada", "ab" * 32), "1.jpg").removeprefix("index/")
    first, _ = (photos.put(key, b"same", "image/jpeg", "Ada") for _ in range(2))
    assert photos.read(first, 100).data == b"same"


def test_a_kept_photo_is_read_back_and_leaves_no_version_behind(aws, versions):
    photos = PhotoStore(aws)
    for _ in range(2):
        kept = photos.keep(b"jpeg", "ada", "e-1")
    photos.keep(b"jpeg", "ada", "e-10")
    assert photos.kept(kept.key) == b"jpeg"
    photos.discard(kept)
    assert len(versions()) == 2
    photos.discard_versions(kept.key)
    photos.discard_versions(kept.key)
    assert [version["Key"] for version in versions()] == ["photos/ada/e-10.jpg"]


def test_photos_that_wait_are_listed_page_by_page(aws):
    store = EnrollmentStore(aws)
    other = Resemblance(person_id="eve", full_name="Eve", similarity=99.5)
    for number in range(7):
        store.save(
            Enrollment(
                enrollment_id=f"e-{number}",
                status=EnrollmentStatus.HELD,
                bucket="photos",
                key="k",
                received_at=NOW,
                person_id="ada",
                held_for=other.model_copy(update={"person_id": f"p-{number % 2}"}),
            )
        )
    store.save_held(store.get("e-3").model_copy(update={"status": EnrollmentStatus.REJECTED}))
    listed, position = store.held_page(None, 3)
    while position is not None:
        page, position = store.held_page(position, 3)
        assert len(page) <= 3
        listed += page
    assert sorted(photo.enrollment_id for photo in listed) == [f"e-{number}" for number in (0, 1, 2, 4, 5, 6)]
    noted = store.get("e-0").model_copy(update={"resolution_problem": "no"})
    assert store.save_held(noted)
    assert store.get("e-0").resolution_problem == "no"
    assert not store.save_held(store.get("e-3"))
