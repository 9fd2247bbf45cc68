from datetime import timedelta

import pytest

from services.aws.collection import ImageOutOfReach, NoFaceInImage, UnreadableImage
from services.contracts.messages import MOST_FRAMES
from services.contracts.reasons import DecisionReason, Outcome
from services.recognize.service import RecognitionFailed
from tests.unit.recognize.in_memory import World, job, match

SHOWS = {
    b"ada": [match("ada-1", 99.9)],
    b"ada from the side": [match("ada-2", 99.3)],
    b"grace": [match("grace-1", 99.9)],
    b"dora, who is disabled": [match("dora-1", 99.9)],
    b"both": [match("ada-1", 99.6), match("grace-1", 99.5)],
    b"a stranger": [match("ada-1", 98.7)],
    b"nobody": NoFaceInImage("none"),
    b"torn": UnreadableImage("torn"),
    b"gone": ImageOutOfReach("gone"),
}


@pytest.fixture
def world():
    world = World()
    world.faces.shows = SHOWS
    return world


def searched(world):
    return [image.data for image, _ in world.faces.asked]


def test_one_bad_frame_among_good_ones_does_not_keep_a_person_out(world):
    decision = world.service.handle(job(b"nobody", b"ada", b"ada from the side"))
    assert (decision.outcome, decision.full_name) == (Outcome.GRANTED, "Ada Lovelace")
    assert (decision.frames, decision.agreed) == (3, 2)


def test_the_evidence_is_the_weakest_of_the_frames_that_agree(world):
    decision = world.service.handle(job(b"ada", b"ada from the side"))
    assert (decision.face_id, decision.similarity) == ("ada-2", 99.3)


def test_looking_ends_as_soon_as_a_majority_agrees(world):
    decision = world.service.handle(job(*[b"ada"] * MOST_FRAMES))
    assert (decision.outcome, decision.frames, decision.agreed) == (Outcome.GRANTED, 5, 3)
    assert len(searched(world)) == 3


def test_looking_ends_as_soon_as_no_majority_can_agree_any_more(world):
    decision = world.service.handle(job(b"nobody", b"torn", b"ada"))
    assert (decision.reason, decision.agreed) == (DecisionReason.NO_FACE, 0)
    assert searched(world) == [b"nobody", b"torn"]


def test_one_good_frame_of_three_lets_nobody_in(world):
    decision = world.service.handle(job(b"ada", b"nobody", b"a stranger"))
    assert (decision.reason, decision.agreed, decision.person_id) == (DecisionReason.NO_MATCH, 1, None)


@pytest.mark.parametrize("pictures", [(b"ada", b"grace", b"ada"), (b"both", b"ada", b"ada")])
def test_two_people_in_the_frames_of_one_visitor_are_ambiguous_and_looking_ends(world, pictures):
    decision = world.service.handle(job(*pictures))
    assert (decision.reason, decision.full_name) == (DecisionReason.AMBIGUOUS, None)
    assert b"ada" not in searched(world)[1:]


def test_a_disabled_person_stays_out_and_costs_one_search(world):
    decision = world.service.handle(job(*[b"dora, who is disabled"] * 3))
    assert (decision.reason, decision.person_id) == (DecisionReason.PERSON_DISABLED, "dora")
    assert len(searched(world)) == 1


def test_a_frame_that_cannot_be_reached_fails_the_whole_recognition(world):
    with pytest.raises(RecognitionFailed, match="gone"):
        world.service.handle(job(b"ada", b"gone", b"ada"))
    assert world.decisions["r-1"].reason is DecisionReason.INTERNAL_ERROR
    assert (world.decisions["r-1"].frames, world.decisions["r-1"].agreed) == (3, None)


def test_people_met_in_an_earlier_frame_are_not_read_again(world):
    world.service.handle(job(b"ada", b"ada", b"nobody"))
    assert world.people.asked == [({"ada-1"}, set())]


def test_of_another_face_of_a_person_met_before_only_the_face_is_read(world):
    world.service.handle(job(b"ada", b"ada from the side"))
    assert world.people.asked == [({"ada-1"}, set()), ({"ada-2"}, {"ada"})]


def test_no_search_begins_after_the_deadline(world):
    world.faces.takes = timedelta(seconds=5)
    decision = world.service.handle(job(*[b"ada"] * MOST_FRAMES))
    assert (decision.reason, decision.agreed) == (DecisionReason.EXPIRED, None)
    assert len(searched(world)) == 2


def test_the_times_of_a_step_add_up_over_the_frames(world):
    decision = world.service.handle(job(b"ada", b"ada"))
    assert set(decision.timings_ms) == {"queue_ms", "search_ms", "people_ms"}
