"""Recognised is not let in: the rules, the door's own threshold and what is locked decide."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.aws.errors import AwsError, AwsUnavailable
from services.contracts.access import Door, Rule, Zone
from services.contracts.domain import PersonStatus
from services.contracts.reasons import DecisionReason, Outcome
from services.recognize.search import SearchKind
from services.recognize.service import RecognitionFailed
from tests.unit.recognize.in_memory import ADA, NOW, World, job, match, user

pytestmark = pytest.mark.access
MATCH = match("ada-1")
FOR_STAFF = Rule(rule_id="always", name="Staff", groups=("staff",), zones=("house",))


def front_door(threshold):
    return Door(door_id="front-door", name="Front door", zone_id="house", threshold=threshold)


def test_a_decision_that_grants_names_the_rule():
    assert World(MATCH).service.handle(job()).rule_id == "always"


def test_a_person_whom_no_rule_lets_pass_is_kept_out_and_named_in_the_record():
    world = World(MATCH)
    world.configure(FOR_STAFF)
    decision = world.service.handle(job())
    assert (decision.reason, decision.outcome) == (DecisionReason.NO_RULE, Outcome.DENIED)
    assert (decision.person_id, decision.rule_id, decision.similarity) == ("ada", None, 99.8)


def test_a_stranger_hears_nothing_of_the_rules():
    world = World()
    world.people.state = replace(world.people.state, site_locked=True)
    assert world.service.handle(job()).reason is DecisionReason.NO_MATCH


@pytest.mark.parametrize("search", SearchKind)
@pytest.mark.parametrize(
    ("locked", "reason"),
    [
        ({"site_locked": True}, DecisionReason.SITE_LOCKED),
        ({"locked_zones": frozenset({"house"})}, DecisionReason.ZONE_LOCKED),
        ({"locked_doors": frozenset({"front-door"})}, DecisionReason.DOOR_LOCKED),
    ],
)
def test_a_lockdown_holds_from_the_next_frame_on_and_so_does_its_end(search, locked, reason):
    found = MATCH if search is SearchKind.FACES else user("ada")
    world = World(found, search=search)
    state = world.people.state
    world.people.state = replace(state, **locked)
    assert world.service.handle(job(recognition_id="r-1")).reason is reason
    world.people.state = state
    assert world.service.handle(job(recognition_id="r-2")).reason is DecisionReason.MATCH
    assert world.rules.loads == 1


def test_a_door_that_nobody_configured_stays_shut():
    assert World(MATCH).service.handle(job(door_id="window")).reason is DecisionReason.UNKNOWN_DOOR


def test_a_changed_rule_holds_from_the_next_frame_on_and_is_read_once():
    world = World(MATCH)
    assert world.service.handle(job(recognition_id="r-1")).reason is DecisionReason.MATCH
    world.configure(FOR_STAFF)
    for number in (2, 3):
        assert world.service.handle(job(recognition_id=f"r-{number}")).reason is DecisionReason.NO_RULE
    assert world.rules.loads == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valid_from": NOW + timedelta(seconds=1)}, DecisionReason.PERSON_NOT_YET_VALID),
        ({"valid_until": NOW}, DecisionReason.PERSON_EXPIRED),
        ({"status": PersonStatus.DISABLED}, DecisionReason.PERSON_DISABLED),
    ],
)
def test_a_person_who_may_not_pass_now_is_kept_out(changes, reason):
    world = World(MATCH)
    world.people.enrolled["ada"] = ADA.model_copy(update=changes)
    assert world.service.handle(job()).reason is reason


def test_what_counts_is_the_moment_of_the_decision():
    world = World(MATCH, takes=timedelta(seconds=2))
    world.people.enrolled["ada"] = ADA.model_copy(update={"valid_until": NOW + timedelta(seconds=1)})
    assert world.service.handle(job()).reason is DecisionReason.PERSON_EXPIRED


def test_a_door_with_a_threshold_of_its_own_is_searched_and_decided_with_it():
    world = World(match("ada-1", 96.0))
    world.configure(front_door(95.0))
    world.service.handle(job(recognition_id="before"))
    decision = world.service.handle(job(recognition_id="after"))
    assert (decision.reason, decision.threshold) == (DecisionReason.MATCH, 95.0)
    assert world.faces.asked[-1][1] == 94.5


def test_strangers_cost_no_read_of_the_rules_but_one_every_other_second():
    world = World()
    for number in range(10):
        world.service.handle(job(recognition_id=f"r-{number}"))
        world.clock.now += timedelta(seconds=0.5)
    assert world.rules.asked == 3


def test_rules_that_cannot_be_refreshed_harm_nobody_who_was_answered():
    world = World()
    world.rules.errors = [AwsError("denied")]
    assert world.service.handle(job()).reason is DecisionReason.NO_MATCH
    assert len(world.replies) == 1


def test_a_threshold_that_was_raised_holds_from_the_next_frame_on():
    world = World(match("ada-1", 99.5))
    assert world.service.handle(job(recognition_id="r-1")).reason is DecisionReason.MATCH
    world.configure(front_door(99.7))
    decision = world.service.handle(job(recognition_id="r-2"))
    assert (decision.reason, decision.threshold) == (DecisionReason.NO_MATCH, 99.7)


def test_a_threshold_that_was_lowered_lets_nobody_in_until_rivals_are_searched_for_so_far_down():
    world = World(match("ada-1", 98.9), match("grace-1", 98.45))
    world.service.handle(job(recognition_id="r-1"))
    world.configure(front_door(98.0))
    unseen = world.service.handle(job(recognition_id="r-2"))
    assert (unseen.reason, unseen.threshold) == (DecisionReason.NO_MATCH, 99.0)
    seen = world.service.handle(job(recognition_id="r-3"))
    assert (seen.reason, seen.threshold) == (DecisionReason.AMBIGUOUS, 98.0)


def test_rules_that_cannot_be_read_now_are_tried_again_while_the_frame_is_worth_it():
    world = World(MATCH)
    world.rules.errors = [AwsUnavailable("throttled")] * 3
    assert world.service.handle(job()).reason is DecisionReason.MATCH


def test_rules_that_cannot_be_read_let_nobody_in():
    world = World(MATCH)
    world.rules.errors = [AwsError("denied")]
    with pytest.raises(RecognitionFailed):
        world.service.handle(job())
    assert world.decisions["r-1"].reason is DecisionReason.INTERNAL_ERROR


def test_a_door_in_another_zone_is_not_opened_by_a_rule_for_the_house():
    world = World(MATCH)
    everyone = FOR_STAFF.model_copy(update={"groups": ("everyone",)})
    yard = Door(door_id="gate", name="Gate", zone_id="yard")
    world.configure(everyone, Zone(zone_id="yard", name="Yard"), yard)
    assert world.service.handle(job(door_id="gate")).reason is DecisionReason.NO_RULE
