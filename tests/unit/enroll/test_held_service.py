"""Decisions about held photos that come through the API."""

import pytest

from services.aws.held import HeldPhotos
from services.contracts.domain import EnrollmentStatus
from services.contracts.messages import ResolveHeldJob
from services.enroll.held import HeldService
from tests.unit.enroll.in_memory import NOW, World


@pytest.fixture
def world():
    """Ada's photo, and the same face given for Augusta: held."""
    world = World()
    world.enroll("e-1", "Ada Lovelace", 120)
    world.enroll("e-2", "Augusta King", 121)
    assert world.tables.get("e-2").status is EnrollmentStatus.HELD
    held = HeldPhotos(world.bucket, world.collection, world.tables, user_match_threshold=75, now=lambda: NOW)
    world.deciding = HeldService(held, world.tables)
    return world


def job(resolution):
    return ResolveHeldJob(enrollment_id="e-2", resolution=resolution, requested_by="token t")


@pytest.mark.parametrize(
    ("resolution", "status"),
    [
        ("merge", EnrollmentStatus.INDEXED),
        ("keep_both", EnrollmentStatus.INDEXED),
        ("reject", EnrollmentStatus.REJECTED),
    ],
)
def test_a_decision_is_done_once(world, resolution, status):
    world.deciding.handle(job(resolution))
    done = world.tables.get("e-2")
    assert done.status is status
    world.deciding.handle(job("reject"))
    assert world.tables.get("e-2") == done


def test_what_cannot_be_done_is_told_beside_the_photo_which_goes_on_waiting(world):
    world.tables.deleted[world.tables.get("e-2").person_id] = NOW
    world.deciding.handle(job("keep_both"))
    held = world.tables.get("e-2")
    assert held.status is EnrollmentStatus.HELD
    assert held.resolution_problem.startswith("It was not decided as keep_both: Augusta King was deleted")
    world.deciding.handle(job("reject"))
    assert world.tables.get("e-2").status is EnrollmentStatus.REJECTED


def test_what_was_given_up_is_told_too(world):
    world.deciding.give_up(job("merge"), "Rekognition is away")
    assert world.tables.get("e-2").resolution_problem.endswith("given up: Rekognition is away")


def test_a_photo_that_is_gone_ends_the_job(world):
    gone = job("merge").model_copy(update={"enrollment_id": "e-9"})
    world.deciding.handle(gone)
    world.deciding.give_up(gone, "x")
    assert world.tables.get("e-9") is None
