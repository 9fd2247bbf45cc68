import pytest

from services.aws.errors import AwsUnavailable
from services.aws.held import CannotResolve, HeldPhotos, NotHeld, Resolution
from services.contracts.domain import EnrollmentStatus
from services.contracts.ids import person_id_of
from services.contracts.reasons import RejectionReason
from tests.unit.enroll.in_memory import NOW, World

ADA, AUGUSTA = person_id_of("Ada Lovelace"), person_id_of("Augusta King")


@pytest.fixture
def world():
    """Ada is enrolled, and the same face came again under another name."""
    world = World()
    world.enroll("e-1", "Ada Lovelace", 120)
    world.enroll("e-2", "Augusta King", 121)
    world.held = HeldPhotos(
        world.bucket, world.collection, world.tables, user_match_threshold=75, now=lambda: NOW
    )
    return world


def owners(world):
    return {
        "users": {person: len(faces) for person, faces in world.collection.users.items() if faces},
        "table": sorted(face.person_id for face in world.tables.faces.values()),
        "collection": sorted(person for _, person in world.collection.faces.values()),
        "photos": sorted(key.split("/")[1] for key in world.bucket.objects if key.startswith("photos/")),
    }


def all_of(*people):
    people = sorted(people)
    users = {person: people.count(person) for person in people}
    return {"users": users, "table": people, "collection": people, "photos": people}


def test_what_is_held_is_listed(world):
    assert [held.enrollment_id for held in world.held.all()] == ["e-2"]


def test_merged_the_photo_is_the_other_person_s(world):
    done = world.held.resolve("e-2", Resolution.MERGE)
    assert (done.status, done.person_id, done.held_for) == (EnrollmentStatus.INDEXED, ADA, None)
    assert owners(world) == all_of(ADA, ADA)
    assert world.tables.photos == {ADA: 2}
    assert world.tables.enrollments["e-2"] == done


def test_kept_they_are_two_people(world):
    done = world.held.resolve("e-2", Resolution.KEEP_BOTH)
    assert (done.person_id, done.full_name) == (AUGUSTA, "Augusta King")
    assert owners(world) == all_of(ADA, AUGUSTA)
    assert world.tables.people[AUGUSTA].full_name == "Augusta King"


def test_rejected_the_photo_is_nobody_s_and_nothing_is_left_of_it(world):
    done = world.held.resolve("e-2", Resolution.REJECT)
    assert (done.status, done.rejection) == (EnrollmentStatus.REJECTED, RejectionReason.OTHER_PERSON)
    assert "Ada Lovelace already (99.5 %)" in done.detail
    assert owners(world) == all_of(ADA)


@pytest.mark.parametrize("resolution", Resolution)
def test_what_was_resolved_is_not_held_any_more(world, resolution):
    world.held.resolve("e-2", resolution)
    assert world.held.all() == []
    for enrollment_id in ("e-1", "e-2", "nobody's"):
        with pytest.raises(NotHeld):
            world.held.resolve(enrollment_id, resolution)


@pytest.mark.parametrize("resolution", [Resolution.MERGE, Resolution.KEEP_BOTH])
@pytest.mark.parametrize(("part", "call"), [("collection", "associate"), ("tables", "finish_indexed")])
def test_a_resolution_that_died_is_taken_up_again(world, resolution, part, call):
    def die(*_, **__):
        raise AwsUnavailable("throttled")

    owner = getattr(world, part)
    setattr(owner, call, die)
    with pytest.raises(AwsUnavailable):
        world.held.resolve("e-2", resolution)
    delattr(owner, call)
    world.held.resolve("e-2", resolution)
    person = ADA if resolution is Resolution.MERGE else AUGUSTA
    assert owners(world) == all_of(ADA, person)


def test_a_photo_of_a_person_who_was_deleted_meanwhile_cannot_be_theirs(world):
    world.tables.deleted[AUGUSTA] = NOW
    with pytest.raises(CannotResolve, match="was deleted"):
        world.held.resolve("e-2", Resolution.KEEP_BOTH)
    world.held.resolve("e-2", Resolution.REJECT)
    assert owners(world) == all_of(ADA)


def test_of_a_photo_that_was_sent_twice_one_can_be_kept_and_the_other_rejected(world):
    world.enroll("e-3", "Augusta King", 121)
    world.held.resolve("e-2", Resolution.KEEP_BOTH)
    with pytest.raises(CannotResolve, match="same photo"):
        world.held.resolve("e-3", Resolution.KEEP_BOTH)
    world.held.resolve("e-3", Resolution.REJECT)
    assert owners(world)["users"] == {ADA: 1, AUGUSTA: 1}


def test_merging_into_a_person_who_was_deleted_meanwhile_leaves_nothing_there(world):
    world.tables.deleted[ADA] = NOW
    with pytest.raises(CannotResolve, match="was deleted"):
        world.held.resolve("e-2", Resolution.MERGE)
    assert world.collection.users == {}
    assert owners(world)["photos"] == sorted([ADA, AUGUSTA])


def test_a_photo_unlike_the_person_s_others_cannot_be_theirs(world):
    world.enroll("e-3", "Augusta King", 10)
    with pytest.raises(CannotResolve, match="does not resemble"):
        world.held.resolve("e-2", Resolution.KEEP_BOTH)
    assert owners(world)["users"] == {ADA: 1, AUGUSTA: 1}


@pytest.fixture
def forgotten(world):
    """The other person was deleted, and the deletion took their name from the photo."""
    world.tables.enrollments["e-2"] = world.tables.enrollments["e-2"].model_copy(
        update={"held_for": None, "detail": None}
    )
    return world


def test_a_photo_whose_other_person_was_deleted_still_waits_and_can_be_kept(forgotten):
    assert [held.enrollment_id for held in forgotten.held.all()] == ["e-2"]
    assert forgotten.held.resolve("e-2", Resolution.KEEP_BOTH).person_id == AUGUSTA


def test_a_photo_whose_other_person_was_deleted_can_be_rejected_but_not_given_to_them(forgotten):
    with pytest.raises(CannotResolve, match="was deleted; keep or reject"):
        forgotten.held.resolve("e-2", Resolution.MERGE)
    assert forgotten.held.resolve("e-2", Resolution.REJECT).detail is None
    assert owners(forgotten) == all_of(ADA)


def test_whoever_cannot_be_resolved_is_named_with_the_reason(world):
    with pytest.raises(NotHeld, match="no enrollment nobody's; the list"):
        world.held.resolve("nobody's", Resolution.REJECT)
    with pytest.raises(NotHeld, match="e-1 does not wait for an operator: it is indexed"):
        world.held.resolve("e-1", Resolution.REJECT)
