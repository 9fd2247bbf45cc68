from datetime import timedelta

import pytest

from services.aws.collection import ImageOutOfReach, NoFaceInImage, UnreadableImage
from services.aws.errors import AwsUnavailable
from services.contracts.reasons import DecisionReason, Outcome
from services.recognize.service import RecognitionFailed
from tests.unit.recognize.in_memory import NOW, World, job, match

MATCH = match("ada-1")


def test_an_enrolled_person_is_let_in_recorded_and_answered():
    world = World(MATCH)
    decision = world.service.handle(job())
    assert (decision.outcome, decision.full_name) == (Outcome.GRANTED, "Ada Lovelace")
    assert world.decisions["r-1"] is decision
    assert world.replies == [("https://replies", decision)]


def test_a_frame_without_a_waiting_gateway_is_decided_without_a_reply():
    world = World(MATCH)
    assert world.service.handle(job(reply_to=None)).reason is DecisionReason.MATCH
    assert world.replies == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NoFaceInImage("none"), DecisionReason.NO_FACE),
        (UnreadableImage("torn"), DecisionReason.INVALID_FRAME),
    ],
)
def test_a_picture_that_shows_nobody_is_denied_with_the_reason(error, reason):
    assert World(error=error).service.handle(job()).reason is reason


def test_a_late_frame_expires_without_being_searched():
    world = World(MATCH)
    world.clock.now = NOW + timedelta(seconds=8)
    assert world.service.handle(job()).reason is DecisionReason.EXPIRED
    assert world.faces.asked == []
    assert world.people.asked == []


def test_a_frame_that_expires_while_it_is_searched_lets_nobody_in():
    world = World(MATCH, takes=timedelta(seconds=9))
    assert world.service.handle(job()).reason is DecisionReason.EXPIRED


def test_a_frame_that_expires_while_people_are_looked_up_lets_nobody_in():
    world = World(MATCH)
    world.people.takes = timedelta(seconds=9)
    assert world.service.handle(job()).reason is DecisionReason.EXPIRED


def test_the_same_message_twice_is_one_decision_and_the_first_one_stands():
    world = World(MATCH)
    first = world.service.handle(job())
    world.faces.matches = []
    second = world.service.handle(job())
    assert second is first
    assert len(world.decisions) == 1
    assert [decision for _, decision in world.replies] == [first, first]


def test_a_frame_that_was_only_uploaded_finds_its_door_through_its_kiosk():
    assert World(MATCH).service.handle(job(door_id=None)).door_id == "front-door"


def test_an_uploaded_frame_that_expires_while_it_is_searched_still_says_which_door():
    decision = World(MATCH, takes=timedelta(seconds=9)).service.handle(job(door_id=None))
    assert (decision.reason, decision.door_id) == (DecisionReason.EXPIRED, "front-door")


def test_a_frame_uploaded_for_an_unknown_kiosk_is_denied_without_being_searched():
    world = World(MATCH)
    decision = world.service.handle(job(door_id=None, kiosk_id="stranger"))
    assert decision.reason is DecisionReason.UNKNOWN_KIOSK
    assert world.faces.asked == []


@pytest.mark.parametrize(
    "changes", [{"token_sha256": None}, {"signed_frames_only": True}], ids=["revoked", "signed frames only"]
)
def test_a_frame_uploaded_for_a_kiosk_that_may_not_send_it_is_denied_without_being_searched(changes):
    world = World(MATCH)
    world.kiosks.standing = world.kiosks.standing.model_copy(update=changes)
    decision = world.service.handle(job(door_id=None))
    assert decision.reason is DecisionReason.UNKNOWN_KIOSK
    assert world.faces.asked == []


@pytest.mark.parametrize("error", [ImageOutOfReach("no right"), RuntimeError("bug")])
def test_anything_unexpected_denies_the_door_and_leaves_the_message_as_a_trace(error):
    world = World(error=error)
    with pytest.raises(RecognitionFailed, match=str(error)):
        world.service.handle(job())
    assert world.decisions["r-1"].reason is DecisionReason.INTERNAL_ERROR
    assert world.replies[0][1].outcome is Outcome.DENIED


def test_a_throttled_search_is_tried_again_while_the_frame_is_worth_it():
    world = World(MATCH, error=AwsUnavailable("throttled"), takes=timedelta(milliseconds=50))
    world.faces.fails = 10
    assert world.service.handle(job()).reason is DecisionReason.MATCH
    assert len(world.faces.asked) == 11


def test_a_search_that_stays_throttled_is_given_up_before_the_deadline_and_has_expired():
    world = World(MATCH, error=AwsUnavailable("throttled"), takes=timedelta(milliseconds=50))
    assert world.service.handle(job()).reason is DecisionReason.EXPIRED
    assert world.clock.now <= NOW + timedelta(seconds=8.1)


def test_a_throttled_look_up_is_tried_again_while_the_frame_is_worth_it():
    world = World(MATCH)
    world.people.errors = [AwsUnavailable("throttled")] * 3
    assert world.service.handle(job()).reason is DecisionReason.MATCH
    assert len(world.people.asked) == 4


def test_whom_a_late_search_found_is_not_looked_up():
    world = World(MATCH, takes=timedelta(seconds=9))
    world.service.handle(job())
    assert world.people.asked == []


def test_a_denied_decision_names_nobody():
    decision = World(match("ada-1", 98.7)).service.handle(job())
    assert (decision.full_name, decision.person_id, decision.similarity) == (None, None, 98.7)


def test_the_decision_says_how_long_each_step_took():
    assert set(World(MATCH).service.handle(job()).timings_ms) == {"queue_ms", "search_ms", "people_ms"}


@pytest.mark.access
def test_a_door_is_opened_once_for_a_decision_that_grants_and_was_written_just_now():
    world = World(MATCH)
    world.service.handle(job())
    assert world.doors == ["r-1"]
    world.service.handle(job())
    assert world.doors == ["r-1"]


@pytest.mark.access
@pytest.mark.parametrize("matches", [(), (match("dora-1"),)])
def test_no_door_is_opened_for_whoever_is_not_let_in(matches):
    world = World(*matches)
    world.service.handle(job())
    assert world.doors == []


@pytest.mark.access
def test_no_door_is_opened_where_the_decision_cannot_be_written(monkeypatch):
    world = World(MATCH)

    def fail(_decision):
        raise AwsUnavailable("the table cannot be asked")

    monkeypatch.setattr(world.decisions, "record", fail)
    with pytest.raises(AwsUnavailable):
        world.service.handle(job())
    assert world.doors == []
