from datetime import timedelta

import pytest

from services.access.explanation import RuleStanding, explain
from services.contracts.access import AccessState
from services.contracts.domain import PersonStatus
from services.contracts.reasons import DecisionReason
from tests.unit.access.in_memory import ADA, NOW, compiled, rule

pytestmark = pytest.mark.access
DAY = timedelta(days=1)


def explained(*rules, person=ADA, door="front", state=None, at=NOW):
    return explain(person, door, at, compiled(*rules), state or AccessState(1))


def test_the_rule_that_opens_is_named_with_the_group_that_counted():
    explanation = explained(rule("day", groups=["guests", "staff"]))
    assert explanation.sentence == "Ada Lovelace may pass front: rule day opens it."
    [day] = explanation.rules
    assert (day.standing, day.sentence) == (
        RuleStanding.OPENS,
        "It lets staff pass at Mon 2026-06-01 12:00 UTC.",
    )


@pytest.mark.parametrize(
    ("changes", "standing", "sentence"),
    [
        (
            {"groups": ["guests"]},
            RuleStanding.OTHER_GROUPS,
            "It is for guests; Ada Lovelace belongs to staff.",
        ),
        ({"enabled": False}, RuleStanding.SWITCHED_OFF, "It is switched off."),
        (
            {"valid_until": NOW},
            RuleStanding.NOT_VALID_ANY_MORE,
            "It was valid until 2026-06-01 12:00 UTC.",
        ),
        (
            {"valid_from": NOW + DAY},
            RuleStanding.NOT_VALID_YET,
            "It is valid from 2026-06-02 12:00 UTC on; it opens next Tue 2026-06-02 12:00 UTC.",
        ),
        (
            {"schedule": {"wednesday": ["08:00-10:00"]}, "time_zone": "Europe/Berlin"},
            RuleStanding.OUTSIDE_SCHEDULE,
            "Mon 2026-06-01 14:00 CEST is outside its hours; it opens next Wed 2026-06-03 08:00 CEST.",
        ),
        (
            {"schedule": {"wednesday": ["08:00-10:00"]}, "valid_until": NOW + DAY},
            RuleStanding.OUTSIDE_SCHEDULE,
            "Mon 2026-06-01 12:00 UTC is outside its hours; it does not open in 31 days.",
        ),
    ],
)
def test_each_other_rule_says_why_it_does_not_open(changes, standing, sentence):
    [said] = explained(rule(**changes)).rules
    assert (said.standing, said.sentence) == (standing, sentence)


def test_a_rule_that_begins_outside_of_its_hours_opens_with_the_first_of_them():
    begins = rule(valid_from=NOW + DAY, schedule={"friday": ["08:00-10:00"]})
    [said] = explained(begins).rules
    assert said.opens_next.isoformat() == "2026-06-05T08:00:00+00:00"


def test_the_nearest_opening_of_all_rules_is_told():
    later = rule("a", schedule={"wednesday": ["08:00-10:00"]})
    sooner = rule("b", schedule={"tuesday": ["07:30-10:00"]})
    explanation = explained(later, sooner)
    assert explanation.passage.reason is DecisionReason.OUTSIDE_SCHEDULE
    assert explanation.sentence == (
        "Ada Lovelace may not pass front: no rule for them is open at this time; "
        "next Tue 2026-06-02 07:30 UTC."
    )


def test_rules_that_name_neither_the_door_nor_its_zone_are_left_out():
    rules = [rule("front"), rule("house", doors=[], zones=["house"]), rule("lab", doors=["lab-door"])]
    assert [one.rule_id for one in explained(*rules).rules] == ["front", "house"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"person": ADA.model_copy(update={"status": PersonStatus.DISABLED})}, "access is switched off"),
        ({"person": ADA.model_copy(update={"valid_from": NOW + DAY})}, "access has not begun"),
        ({"person": ADA.model_copy(update={"valid_until": NOW})}, "access has ended"),
        ({"state": AccessState(1, site_locked=True)}, "whole site is locked"),
        ({"state": AccessState(1, locked_zones=frozenset({"house"}))}, "zone is locked"),
        ({"state": AccessState(1, locked_doors=frozenset({"front"}))}, "door is locked"),
        ({"door": "window"}, "no such door"),
    ],
)
def test_what_no_rule_can_open_is_said_beside_what_the_rules_say(given, why):
    explanation = explained(rule(), **given)
    assert "whatever the rules say" in explanation.sentence
    assert why in explanation.sentence
    assert explanation.passage.rule_id is None


def test_somebody_whom_no_rule_is_for_hears_so():
    nobody = ADA.model_copy(update={"groups": ()})
    explanation = explained(rule(), person=nobody)
    assert explanation.sentence == "Ada Lovelace may not pass front: no rule that is valid lets them."
    assert explanation.rules[0].sentence == "It is for staff; Ada Lovelace belongs to no group."
