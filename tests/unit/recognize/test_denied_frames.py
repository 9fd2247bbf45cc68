"""Pictures of visitors who were denied: kept where somebody is to keep them, and never in the way."""

import pytest

from services.aws.collection import NoFaceInImage
from services.aws.errors import AwsUnavailable
from services.contracts.reasons import DecisionReason
from tests.unit.recognize.in_memory import World, job, match

pytestmark = pytest.mark.access


def test_frames_of_a_visitor_who_was_denied_are_kept_after_the_answer():
    world = World()
    assert world.service.handle(job()).reason is DecisionReason.NO_MATCH
    assert world.denied_frames == [("r-1", 1)]
    assert len(world.replies) == 1


def test_frames_of_who_was_let_in_are_not_kept():
    world = World(match("ada-1"))
    assert world.service.handle(job()).reason is DecisionReason.MATCH
    assert world.denied_frames == []


def test_a_picture_without_a_face_is_not_kept():
    world = World(error=NoFaceInImage("none"))
    world.service.handle(job())
    assert world.denied_frames == []


def test_a_job_that_comes_twice_keeps_its_frames_once():
    world = World()
    world.service.handle(job())
    world.service.handle(job())
    assert world.denied_frames == [("r-1", 1)]


def test_a_decision_stands_though_its_frames_cannot_be_kept():
    world = World()
    world.denied_frames.error = AwsUnavailable("the bucket is out of reach")
    assert world.service.handle(job()).reason is DecisionReason.NO_MATCH
    assert len(world.replies) == 1
