from dataclasses import replace
from datetime import timedelta

import pytest

from services.aws.collection import UnreadableImage
from services.aws.errors import AwsUnavailable
from services.aws.photos import PhotoMissing
from services.contracts.domain import EnrollmentStatus
from services.contracts.ids import person_id_of
from services.contracts.reasons import RejectionReason
from tests.unit.enroll.in_memory import GOOD, NOW, World, job, jpeg

ADA = person_id_of("Ada Lovelace")


def die(*_):
    raise AwsUnavailable("throttled")


def faces_of(world):
    """Everything that a face leaves anywhere, by person."""
    return {
        "collection": sorted(person for _, person in world.collection.faces.values()),
        "users": {person: len(faces) for person, faces in world.collection.users.items() if faces},
        "table": sorted(face.person_id for face in world.tables.faces.values()),
        "counted": world.tables.photos,
    }


NOTHING = {"collection": [], "users": {}, "table": [], "counted": {}}
ONE_OF_ADA = {"collection": [ADA], "users": {ADA: 1}, "table": [ADA], "counted": {ADA: 1}}


def test_a_photo_with_one_face_becomes_a_face_of_its_person():
    world = World()
    enrollment = world.enroll()
    assert (enrollment.status, enrollment.person_id) == (EnrollmentStatus.INDEXED, ADA)
    assert world.tables.faces[enrollment.face_id].full_name == "Ada Lovelace"
    assert faces_of(world) == ONE_OF_ADA


def test_the_photo_is_kept_under_its_person_and_the_upload_is_deleted():
    world = World()
    enrollment = world.enroll()
    assert set(world.bucket.objects) == {f"photos/{ADA}/e-1.jpg"}
    assert (enrollment.key, enrollment.original_key) == (f"photos/{ADA}/e-1.jpg", None)


def test_the_upload_stays_where_the_settings_say_so():
    world = World(keep_originals=True)
    enrollment = world.enroll()
    assert set(world.bucket.objects) == {f"photos/{ADA}/e-1.jpg", "index/e-1"}
    assert enrollment.original_key == "index/e-1"


def test_the_enrollment_tells_what_its_upload_said():
    world = World()
    world.bucket.said |= {"batch_id": "b-1", "file": "Ada_Lovelace_0001.jpg", "groups": ("staff",)}
    enrollment = world.enroll()
    assert (enrollment.batch_id, enrollment.file) == ("b-1", "Ada_Lovelace_0001.jpg")
    assert len(enrollment.sha256) == 64
    assert world.tables.people[ADA].groups == ("staff",)


def test_a_photo_for_a_known_person_needs_no_name():
    world = World()
    world.enroll()
    assert world.enroll("e-2", None, 100, person_id=ADA).full_name == "Ada Lovelace"
    assert world.enroll("e-3", None, 90, person_id="who").rejection is RejectionReason.NO_FULL_NAME


def test_a_person_id_that_is_none_is_refused():
    world = World()
    assert world.enroll("e-1", "Ada", 100, person_id="../ada").rejection is RejectionReason.NO_FULL_NAME
    assert faces_of(world) == NOTHING


@pytest.mark.parametrize(
    ("found", "others", "reason"),
    [
        (None, (), RejectionReason.NO_FACE),
        (GOOD, (GOOD,), RejectionReason.SEVERAL_FACES),
        (replace(GOOD, brightness=5), (), RejectionReason.TOO_DARK),
    ],
)
def test_a_poor_photo_is_rejected_with_the_reason_and_leaves_no_face(found, others, reason):
    world = World()
    world.collection.found, world.collection.others = found, others
    enrollment = world.enroll()
    assert (enrollment.status, enrollment.rejection) == (EnrollmentStatus.REJECTED, reason)
    assert enrollment.detail
    assert world.tables.enrollments["e-1"] == enrollment
    assert faces_of(world) == NOTHING
    assert set(world.bucket.objects) == {"index/e-1"}


def test_a_photo_that_rekognition_cannot_read_is_rejected():
    world = World()
    world.collection.error = UnreadableImage("torn")
    assert world.enroll().rejection is RejectionReason.INVALID_IMAGE


def test_a_file_that_is_no_picture_is_rejected_before_rekognition_is_asked():
    world = World()
    world.collection.error = AssertionError("asked")
    world.bucket.objects["index/e-1"] = b"not a picture"
    assert world.enroll().rejection is RejectionReason.INVALID_IMAGE


def test_a_file_that_is_too_large_is_rejected_unread():
    world = World(max_bytes=100)
    enrollment = world.enroll()
    assert enrollment.rejection is RejectionReason.TOO_LARGE
    assert enrollment.sha256 is None


@pytest.mark.parametrize("name", [None, "a\0b", "x" * 201])
def test_a_photo_without_a_name_that_is_one_is_rejected(name):
    world = World()
    world.bucket.said = {"full_name": name}
    assert world.enroll().rejection is RejectionReason.NO_FULL_NAME
    assert faces_of(world) == NOTHING


def test_a_photo_that_is_gone_is_rejected():
    world = World()
    world.bucket.error = PhotoMissing("gone")
    assert world.enroll().rejection is RejectionReason.PHOTO_MISSING


def test_the_photos_of_a_person_are_one_user():
    world = World()
    world.enroll("e-1", "Ada Lovelace", 120)
    world.enroll("e-2", "ada  lovelace", 118)
    assert (world.collection.users.keys(), world.tables.photos) == ({ADA}, {ADA: 2})
    assert len(world.collection.users[ADA]) == 2


def test_a_photo_unlike_the_person_s_others_is_rejected_with_the_figure():
    world = World()
    world.enroll("e-1", "Ada Lovelace", 120)
    enrollment = world.enroll("e-2", "Ada Lovelace", 10)
    assert enrollment.rejection is RejectionReason.UNLIKE_OTHER_PHOTOS
    assert "45.0 %" in enrollment.detail
    assert faces_of(world) == ONE_OF_ADA


def test_the_same_photo_once_more_is_rejected_and_changes_nothing():
    world = World()
    world.enroll("e-1", "Ada Lovelace", 120)
    assert world.enroll("e-2", "Ada Lovelace", 120).rejection is RejectionReason.SAME_PHOTO
    assert faces_of(world) == ONE_OF_ADA
    assert set(world.bucket.objects) == {f"photos/{ADA}/e-1.jpg", "index/e-2"}


def test_the_same_job_twice_changes_nothing():
    world = World()
    first = world.enroll()
    assert world.enroll() == first
    assert faces_of(world) == ONE_OF_ADA


@pytest.mark.parametrize(
    ("part", "call"),
    [
        ("bucket", "read"),
        ("collection", "index"),
        ("collection", "resembling"),
        ("collection", "associate"),
        ("bucket", "keep"),
        ("tables", "finish_indexed"),
        ("bucket", "discard"),
    ],
)
def test_an_attempt_that_died_anywhere_is_taken_up_where_it_stopped(part, call):
    world = World()
    owner = getattr(world, part)
    setattr(owner, call, die)
    with pytest.raises(AwsUnavailable):
        world.enroll()
    delattr(owner, call)
    enrollment = world.enroll()
    assert enrollment.status is EnrollmentStatus.INDEXED
    assert faces_of(world) == ONE_OF_ADA
    assert set(world.bucket.objects) == {f"photos/{ADA}/e-1.jpg"}


def test_attempts_are_counted():
    world = World()
    world.collection.before_associate = die
    with pytest.raises(AwsUnavailable):
        world.enroll()
    assert world.tables.enrollments["e-1"].status is EnrollmentStatus.RECEIVED
    world.collection.before_associate = lambda: None
    assert world.enroll().attempts == 2


def test_a_job_that_is_given_up_is_marked_failed_with_the_reason():
    world = World()
    world.collection.before_associate = die
    with pytest.raises(AwsUnavailable):
        world.enroll()
    world.service.give_up(job(), "gave up after 5 deliveries: throttled")
    failed = world.tables.enrollments["e-1"]
    assert (failed.status, failed.full_name, failed.attempts) == (EnrollmentStatus.FAILED, "Ada Lovelace", 1)
    assert failed.detail == "gave up after 5 deliveries: throttled"


def test_a_job_that_was_never_begun_is_marked_failed_too_and_a_finished_one_is_not():
    world = World()
    world.service.give_up(job("e-7"), "S3 is gone")
    assert world.tables.enrollments["e-7"].status is EnrollmentStatus.FAILED
    world.enroll()
    world.service.give_up(job(), "late")
    assert world.tables.enrollments["e-1"].status is EnrollmentStatus.INDEXED


def test_a_job_that_was_given_up_and_is_sent_again_is_done():
    world = World()
    world.service.give_up(job(), "S3 was gone")
    enrollment = world.enroll()
    assert (enrollment.status, enrollment.detail) == (EnrollmentStatus.INDEXED, None)


def test_of_two_workers_at_once_one_face_and_one_enrollment_remain():
    world = World()
    rival = world.worker()

    def the_rival_finishes_first():
        world.tables.before_finish = lambda: None
        rival.handle(job())

    world.tables.before_finish = the_rival_finishes_first
    assert world.enroll() == world.tables.enrollments["e-1"]
    assert faces_of(world) == ONE_OF_ADA


def test_of_two_workers_with_the_same_photo_once_more_neither_takes_the_first_one_s_face():
    world = World()
    world.enroll("e-1", "Ada Lovelace", 120)
    rival = world.worker()

    def the_rival_finishes_first():
        world.tables.before_finish = lambda: None
        rival.handle(job("e-2"))

    world.tables.before_finish = the_rival_finishes_first
    assert world.enroll("e-2", "Ada Lovelace", 120).rejection is RejectionReason.SAME_PHOTO
    assert faces_of(world) == ONE_OF_ADA


def test_a_photo_stays_rejected_when_the_worker_dies_before_it_took_the_face_back():
    world = World()
    world.collection.others = (GOOD,)
    world.collection.before_delete = die
    with pytest.raises(AwsUnavailable):
        world.enroll()
    world.collection.before_delete = lambda: None
    assert world.enroll().rejection is RejectionReason.SEVERAL_FACES
    assert faces_of(world) == NOTHING


def poor(world):
    world.collection.found = replace(GOOD, sharpness=0)


def somebody_else(world):
    world.enroll("e-0", "Bob", 120)


@pytest.mark.parametrize(
    "otherwise", [lambda world: None, poor, somebody_else], ids=["indexed", "rejected", "held"]
)
def test_a_photo_of_a_person_who_is_deleted_meanwhile_leaves_nothing_whatever_it_shows(otherwise):
    world = World()
    otherwise(world)
    faces, objects = faces_of(world), set(world.bucket.objects) - {"index/e-1"}
    world.tables.deleted[ADA] = NOW
    enrollment = world.enroll("e-1", "Ada Lovelace", 120)
    assert enrollment.rejection is RejectionReason.PERSON_DELETED
    assert "Ada" not in world.tables.get("e-1").model_dump_json()
    assert ADA not in world.tables.get("e-1").model_dump_json()
    assert faces_of(world) == faces
    assert set(world.bucket.objects) == objects
    assert ADA not in world.collection.users


@pytest.mark.parametrize(
    ("submitted", "received", "comes_back"),
    [(-1, 2, False), (1, 2, True), (None, 2, True), (2, -1, False)],
    ids=["begun before", "begun after", "says nothing", "an uploader's clock that is ahead"],
)
def test_a_deleted_person_comes_back_by_what_was_submitted_after_the_deletion_alone(
    submitted, received, comes_back
):
    world = World()
    world.tables.deleted[ADA] = NOW
    said = {} if submitted is None else {"submitted_at": NOW + timedelta(seconds=submitted)}
    world.bucket.upload("index/e-1", jpeg(), full_name="Ada Lovelace", **said)
    enrollment = world.service.handle(job(received_at=NOW + timedelta(seconds=received)))
    assert (enrollment.status is EnrollmentStatus.INDEXED) is comes_back
    assert (ADA in world.tables.people) is comes_back
    assert enrollment.rejection is (None if comes_back else RejectionReason.PERSON_DELETED)


def test_a_person_who_was_erased_can_be_enrolled_anew_with_the_same_photo():
    world = World()
    done = world.enroll()
    erased = done.model_copy(update={"person_id": None, "full_name": None, "face_id": None})
    world.tables.enrollments["e-1"] = erased
    assert world.service.handle(job()) == erased
    world.bucket.upload("index/e-1", jpeg(122))
    again = world.service.handle(job(received_at=NOW + timedelta(seconds=1)))
    assert (again.status, again.attempts) == (EnrollmentStatus.INDEXED, 1)


def test_a_face_that_belongs_to_somebody_else_is_held_and_nobody_s():
    world = World()
    world.enroll("e-1", "Ada Lovelace", 120)
    held = world.enroll("e-2", "Augusta King", 121)
    assert (held.status, held.held_for.full_name) == (EnrollmentStatus.HELD, "Ada Lovelace")
    assert held.held_for.similarity == pytest.approx(99.5)
    assert "Ada Lovelace with 99.5 %" in held.detail
    assert world.tables.faces.keys() == {"face-1"}
    assert world.collection.users.keys() == {ADA}
    assert held.key in world.bucket.objects
    assert "index/e-2" not in world.bucket.objects


def test_a_held_photo_done_twice_stays_held():
    world = World()
    world.enroll("e-1", "Ada Lovelace", 120)
    held = world.enroll("e-2", "Augusta King", 121)
    assert world.enroll("e-2") == held


def test_a_face_that_resembles_the_person_s_own_photos_more_is_not_held():
    world = World()
    for enrollment_id, name, shade in (("e-1", "Ada Lovelace", 120), ("e-2", "Her Twin", 116)):
        assert world.enroll(enrollment_id, name, shade).status is EnrollmentStatus.INDEXED
    assert world.enroll("e-3", "Her Twin", 117).status is EnrollmentStatus.INDEXED
    assert world.enroll("e-4", "Her Twin", 119).status is EnrollmentStatus.HELD


def test_a_held_face_holds_nobody_else():
    world = World()
    world.enroll("e-1", "Ada Lovelace", 120)
    world.enroll("e-2", "Augusta King", 121)
    assert world.enroll("e-3", "Somebody Else", 123).status is EnrollmentStatus.INDEXED
