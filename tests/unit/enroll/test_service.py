from datetime import UTC, datetime

import pytest

from services.aws.collection import ImageOutOfReach, IndexedPhoto, UnreadableImage
from services.aws.errors import AwsUnavailable
from services.aws.photos import PhotoMissing
from services.contracts.domain import EnrollmentStatus
from services.contracts.ids import person_id_of
from services.contracts.messages import EnrollJob, StoredObject
from services.contracts.reasons import RejectionReason
from services.enroll.service import EnrollService

NOW = datetime(2026, 1, 2, tzinfo=UTC)
JOB = EnrollJob(enrollment_id="e-1", photo=StoredObject(bucket="b", key="index/ada.jpg"), received_at=NOW)
ONE_FACE = IndexedPhoto("face", 0, 0)


class Photos:
    name, error = "Ada Lovelace", None

    def full_name(self, photo):
        if self.error:
            raise self.error
        return self.name


class Faces:
    """A collection that, like Rekognition, keeps one face of an image under one external id."""

    def __init__(self, found):
        self.found = found
        self.collection = {}
        self.calls = 0
        self.before_delete = lambda: None

    def index(self, photo, external_id):
        self.calls += 1
        if isinstance(self.found, Exception):
            raise self.found
        if self.found.face_id is None:
            return self.found
        origin = (photo.key, external_id)
        known = [face for face, origins in self.collection.items() if origins == origin]
        face_id = known[0] if known else f"{self.found.face_id}-{self.calls}"
        self.collection[face_id] = origin
        return IndexedPhoto(face_id, self.found.other_faces, self.found.poor_faces)

    def delete(self, face_ids):
        self.before_delete()
        for face_id in face_ids:
            self.collection.pop(face_id, None)


class Enrollments(dict):
    def __init__(self):
        super().__init__()
        self.faces, self.people = {}, {}
        self.before_finish = lambda: None

    def save(self, enrollment):
        if (known := self.get(enrollment.enrollment_id)) and known.finished:
            return False
        self[enrollment.enrollment_id] = enrollment
        return True

    def finish_indexed(self, enrollment, face, person):
        self.before_finish()
        if not self.save(enrollment):
            return False
        self.faces[face.face_id], self.people[person.person_id] = face, person
        return True


class World:
    def __init__(self, found=ONE_FACE):
        self.photos, self.faces, self.enrollments = Photos(), Faces(found), Enrollments()
        self.service = EnrollService(self.photos, self.faces, self.enrollments, lambda: NOW)


def test_a_photo_with_one_face_becomes_a_face_of_its_person():
    world = World()
    enrollment = world.service.handle(JOB)
    assert enrollment.status is EnrollmentStatus.INDEXED
    assert world.enrollments.faces["face-1"].full_name == "Ada Lovelace"
    assert world.enrollments.people[enrollment.person_id].full_name == "Ada Lovelace"
    assert world.faces.collection == {"face-1": (JOB.photo.key, person_id_of("Ada Lovelace"))}


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (IndexedPhoto(None, 0, 0), RejectionReason.NO_FACE),
        (IndexedPhoto(None, 0, 1), RejectionReason.LOW_QUALITY),
        (IndexedPhoto("face", 1, 0), RejectionReason.SEVERAL_FACES),
        (UnreadableImage("torn"), RejectionReason.INVALID_IMAGE),
    ],
)
def test_a_photo_that_cannot_be_enrolled_is_rejected_with_the_reason_and_leaves_no_face(found, reason):
    world = World(found)
    enrollment = world.service.handle(JOB)
    assert (enrollment.status, enrollment.rejection) == (EnrollmentStatus.REJECTED, reason)
    assert world.enrollments["e-1"] == enrollment
    assert world.faces.collection == {}
    assert world.enrollments.people == {}


def test_a_bystander_too_small_to_be_recognised_does_not_matter():
    assert World(IndexedPhoto("face", 0, 2)).service.handle(JOB).status is EnrollmentStatus.INDEXED


def test_a_photo_without_a_name_is_rejected_before_rekognition_is_asked():
    world = World()
    world.photos.name = None
    assert world.service.handle(JOB).rejection is RejectionReason.NO_FULL_NAME
    assert world.faces.calls == 0


def test_the_same_job_twice_changes_nothing():
    world = World()
    first = world.service.handle(JOB)
    assert world.service.handle(JOB) == first
    assert world.faces.collection == {"face-1": (JOB.photo.key, person_id_of("Ada Lovelace"))}


def test_an_attempt_that_died_after_indexing_is_taken_up_where_it_stopped():
    world = World()

    def die():
        raise AwsUnavailable("the table is gone")

    world.enrollments.before_finish = die
    with pytest.raises(AwsUnavailable):
        world.service.handle(JOB)
    assert world.enrollments["e-1"].status is EnrollmentStatus.RECEIVED
    world.enrollments.before_finish = lambda: None
    assert world.service.handle(JOB).face_id == "face-1"
    assert world.faces.collection == {"face-1": (JOB.photo.key, person_id_of("Ada Lovelace"))}


def test_of_two_workers_at_once_one_face_and_one_enrollment_remain():
    world = World()
    rival = EnrollService(world.photos, world.faces, world.enrollments, lambda: NOW)

    def the_rival_finishes_first():
        world.enrollments.before_finish = lambda: None
        rival.handle(JOB)

    world.enrollments.before_finish = the_rival_finishes_first
    enrollment = world.service.handle(JOB)
    assert world.faces.collection == {enrollment.face_id: (JOB.photo.key, enrollment.person_id)}
    assert world.enrollments["e-1"] == enrollment


def test_a_photo_of_two_people_stays_rejected_when_the_worker_dies_before_it_took_the_face_back():
    world = World(IndexedPhoto("face", 1, 0))

    def die():
        raise AwsUnavailable("throttled")

    world.faces.before_delete = die
    with pytest.raises(AwsUnavailable):
        world.service.handle(JOB)
    world.faces.before_delete = lambda: None
    assert world.service.handle(JOB).rejection is RejectionReason.SEVERAL_FACES
    assert world.faces.collection == {}
    assert world.enrollments.faces == {}


def test_a_photo_deleted_or_replaced_before_it_was_read_is_rejected():
    world = World()
    world.photos.error = PhotoMissing("gone")
    assert world.service.handle(JOB).rejection is RejectionReason.PHOTO_MISSING
    assert world.faces.calls == 0


def test_a_photo_deleted_while_rekognition_reads_it_is_rejected():
    world = World(ImageOutOfReach("InvalidS3ObjectException"))
    index = world.faces.index

    def deleted_meanwhile(photo, external_id):
        world.photos.error = PhotoMissing("gone")
        return index(photo, external_id)

    world.faces.index = deleted_meanwhile
    assert world.service.handle(JOB).rejection is RejectionReason.PHOTO_MISSING


def test_a_photo_that_is_there_but_out_of_rekognition_s_reach_is_not_given_up():
    world = World(ImageOutOfReach("no right to decrypt"))
    with pytest.raises(ImageOutOfReach):
        world.service.handle(JOB)
    assert not world.enrollments["e-1"].finished


def test_an_unreachable_aws_leaves_the_enrollment_to_be_tried_again():
    world = World(AwsUnavailable("throttled"))
    with pytest.raises(AwsUnavailable):
        world.service.handle(JOB)
    assert not world.enrollments["e-1"].finished


@pytest.mark.parametrize("same", ["ada  lovelace", " Ada Lovelace ", "ADA LOVELACE"])
def test_one_name_is_one_person_however_it_is_typed(same):
    assert person_id_of(same) == person_id_of("Ada Lovelace")


def test_a_name_composed_in_two_ways_is_one_person():
    assert person_id_of("Zo\u00eb") == person_id_of("Zoe\u0308")


def test_two_names_are_two_people():
    assert person_id_of("Ada Lovelace") != person_id_of("Ada Byron")
