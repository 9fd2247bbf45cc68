from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cli.drift import Drift, DriftKind, find_drift
from services.aws.census import Census, CollectedFace
from services.contracts.domain import Face, Person, PersonStatus

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def face(face_id, person_id="ada"):
    return Face(face_id=face_id, person_id=person_id, full_name="X", enrollment_id="e", indexed_at=NOW)


def person(person_id="ada", photos=2, status=PersonStatus.ACTIVE):
    return Person(person_id=person_id, full_name="X", photos=photos, status=status, created_at=NOW)


AGREED = Census(
    collected={name: CollectedFace(name, "ada", "ada") for name in ("f1", "f2")},
    users=frozenset({"ada"}),
    faces={name: face(name) for name in ("f1", "f2")},
    people={"ada": person()},
    held=frozenset(),
    busy=frozenset(),
)
STRAY = {**AGREED.collected, "f3": CollectedFace("f3", "ada", None)}


def found(**changes):
    return list(find_drift(replace(AGREED, **changes)))


def test_where_all_agree_there_is_no_drift():
    assert found() == []


def test_a_face_that_no_table_knows_is_nobody_s():
    assert found(collected=STRAY) == [Drift(DriftKind.FACE_OF_NOBODY, "f3")]


@pytest.mark.parametrize("excuse", [{"held": frozenset({"f3"})}, {"busy": frozenset({"ada"})}])
def test_a_face_that_waits_or_is_on_its_way_is_no_drift(excuse):
    assert found(collected=STRAY, **excuse) == []


def test_a_claim_of_a_face_that_is_gone_is_found_and_not_counted_twice():
    assert found(collected={"f1": AGREED.collected["f1"]}) == [Drift(DriftKind.FACE_GONE, "f2", "ada")]


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


@pytest.mark.parametrize("kind", DriftKind)
def test_every_drift_is_said_in_a_sentence(kind):
    assert "f1" in Drift(kind, "f1", "ada", 2).sentence
