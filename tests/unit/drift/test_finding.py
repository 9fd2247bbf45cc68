from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.contracts.census import Census, CollectedFace, DeletionMark, LostUpload
from services.contracts.domain import Deletion, Enrollment, EnrollmentStatus, Face, Person, PersonStatus
from services.contracts.messages import StoredObject
from services.drift.finding import Drift, DriftKind, find_drift

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def face(face_id, person_id="ada"):
    return Face(face_id=face_id, person_id=person_id, full_name="X", enrollment_id="e", indexed_at=NOW)


def person(person_id="ada", photos=2, status=PersonStatus.ACTIVE):
    return Person(person_id=person_id, full_name="X", photos=photos, status=status, created_at=NOW)


def photo(minutes=1, status=EnrollmentStatus.RECEIVED, attempts=1, **fields):
    """A photo on its way, taken by a worker so many minutes ago; or announced then and never taken."""
    instant = NOW - timedelta(minutes=minutes)
    return Enrollment(
        enrollment_id="e-1",
        status=status,
        bucket="b",
        key="k",
        person_id="ada",
        received_at=instant if attempts == 0 else NOW - timedelta(days=9),
        attempts=attempts,
        begun_at=instant if attempts else None,
        **fields,
    )


def deletion(minutes):
    asked = NOW - timedelta(minutes=minutes)
    return Deletion(deletion_id="d-1", person_id="ada", requested_at=asked, requested_by="eve")


def mark(minutes):
    return DeletionMark("ada", "d-1", NOW - timedelta(minutes=minutes))


AGREED = Census(
    collected={name: CollectedFace(name, "ada", "ada") for name in ("f1", "f2")},
    users=frozenset({"ada"}),
    faces={name: face(name) for name in ("f1", "f2")},
    people={"ada": person()},
    held=frozenset(),
    on_their_way=(),
    marks=(),
    deletions=(),
    uploads=(),
    taken_at=NOW,
)
STRAY = {**AGREED.collected, "f3": CollectedFace("f3", "ada", None)}


def found(**changes):
    return list(find_drift(replace(AGREED, **changes)))


def test_where_all_agree_there_is_no_drift():
    assert found() == []


def test_a_face_that_no_table_knows_is_nobody_s():
    assert found(collected=STRAY) == [Drift(DriftKind.FACE_OF_NOBODY, "f3")]


@pytest.mark.parametrize("excuse", [{"held": frozenset({"f3"})}, {"on_their_way": (photo(),)}])
def test_a_face_that_waits_or_is_on_its_way_is_no_drift(excuse):
    assert found(collected=STRAY, **excuse) == []


def test_a_claim_of_a_face_that_is_gone_is_found_and_not_counted_twice():
    assert found(collected={"f1": AGREED.collected["f1"]}) == [Drift(DriftKind.FACE_GONE, "f2", "ada")]


def test_where_a_claim_is_gone_and_the_count_is_wrong_too_both_are_right_after_one_mending():
    assert found(collected={"f1": AGREED.collected["f1"]}, people={"ada": person(photos=7)}) == [
        Drift(DriftKind.FACE_GONE, "f2", "ada"),
        Drift(DriftKind.PHOTOS_MISCOUNTED, "ada", "ada", counted=1),
    ]


@pytest.mark.parametrize("user_id", [None, "somebody else"])
def test_a_face_outside_its_person_s_user_is_found(user_id):
    collected = {**AGREED.collected, "f2": CollectedFace("f2", "ada", user_id)}
    assert found(collected=collected) == [Drift(DriftKind.FACE_OUTSIDE_USER, "f2", "ada")]


def test_a_face_given_to_somebody_else_by_an_operator_is_no_drift():
    collected = {**AGREED.collected, "f2": CollectedFace("f2", "the first", "ada")}
    assert found(collected=collected) == []


def test_a_user_of_nobody_is_found():
    assert found(users=frozenset({"ada", "ghost"})) == [Drift(DriftKind.USER_OF_NOBODY, "ghost")]


@pytest.mark.parametrize("photos", [0, 1, 3])
def test_wrongly_counted_photos_are_found(photos):
    miscounted = Drift(DriftKind.PHOTOS_MISCOUNTED, "ada", "ada", counted=2)
    assert found(people={"ada": person(photos=photos)}) == [miscounted]


def test_a_person_without_photos_is_no_drift():
    assert found(people={"ada": person(), "new": person("new", photos=0)}) == []


def test_of_a_person_who_is_being_deleted_nothing_is_said():
    assert found(people={"ada": person(photos=7, status=PersonStatus.DELETING)}, collected={}) == []


@pytest.mark.parametrize(
    "stuck", [photo(31), photo(60 * 24 + 1, attempts=0)], ids=["taken by a worker", "never taken"]
)
def test_a_photo_that_no_worker_has_any_more_is_found_and_hides_nothing_of_its_person(stuck):
    assert found(on_their_way=(stuck,), collected=STRAY) == [
        Drift(DriftKind.FACE_OF_NOBODY, "f3"),
        Drift(DriftKind.ENROLLMENT_STUCK, "e-1", "ada"),
    ]


@pytest.mark.parametrize(
    "on_its_way",
    [photo(29), photo(60 * 23, attempts=0), photo(60 * 24 * 30, EnrollmentStatus.REMOVED, deletion_id="d")],
    ids=["taken by a worker", "never taken", "being removed, which is its deletion's matter"],
)
def test_a_photo_that_may_still_be_finished_is_no_drift(on_its_way):
    assert found(on_their_way=(on_its_way,)) == []


def test_a_deletion_that_nobody_goes_on_with_is_found():
    stuck = [Drift(DriftKind.DELETION_STUCK, "d-1", "ada")]
    assert found(deletions=(deletion(31),), marks=(mark(31),)) == stuck
    assert found(deletions=(deletion(29),), marks=(mark(29),)) == []


def test_a_deletion_whose_receipt_is_lost_or_whose_second_look_never_ended_is_found():
    assert found(marks=(mark(31),)) == [Drift(DriftKind.DELETION_STUCK, "d-1", "ada")]
    assert found(marks=(mark(29),)) == []


def test_a_photo_in_the_bucket_that_no_table_knows_is_found_after_a_day():
    photo = StoredObject(bucket="b", key="index/x.jpg", version_id="1")
    lost, new = (LostUpload("e-1", photo, NOW - timedelta(hours=hours)) for hours in (25, 23))
    assert found(uploads=(lost,)) == [Drift(DriftKind.UPLOAD_LOST, "e-1", upload=lost)]
    assert found(uploads=(new,)) == []


@pytest.mark.parametrize("kind", DriftKind)
def test_every_drift_is_said_in_a_sentence(kind):
    assert "f1" in Drift(kind, "f1", "ada", 2).sentence
