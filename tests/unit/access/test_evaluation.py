from datetime import UTC, datetime, timedelta

import pytest

from services.access.evaluation import Passage, evaluate
from services.contracts.access import AccessState, Holiday, HolidayCalendar
from services.contracts.domain import Consent, PersonStatus
from services.contracts.reasons import DecisionReason
from tests.unit.access.in_memory import ADA, NOW, compiled, rule

pytestmark = pytest.mark.access
OPEN = AccessState(version=1)
DAY = timedelta(days=1)


def passage(*rules, person=ADA, door="front", at=NOW, state=OPEN):
    return evaluate(person, door, at, compiled(*rules), state)


def reason(*rules, **given):
    return passage(*rules, **given).reason


def test_without_a_rule_nobody_passes():
    assert passage() == Passage(DecisionReason.NO_RULE)


def test_a_rule_for_the_door_and_a_group_of_the_persons_lets_them_pass_and_is_named():
    assert passage(rule("day")) == Passage(DecisionReason.MATCH, "day")


def test_a_rule_for_the_zone_lets_pass_all_doors_of_it_and_no_other():
    of_the_house = rule(doors=[], zones=["house"])
    assert reason(of_the_house) is DecisionReason.MATCH
    assert reason(of_the_house, door="lab-door") is DecisionReason.NO_RULE


def test_a_rule_for_another_group_says_nothing():
    assert reason(rule(groups=["guests"])) is DecisionReason.NO_RULE


def test_everyone_is_every_active_person_also_without_a_group():
    nobody_special = ADA.model_copy(update={"groups": ()})
    assert reason(rule(groups=["everyone"]), person=nobody_special) is DecisionReason.MATCH


def test_a_door_that_nobody_configured_lets_nobody_pass():
    assert reason(rule(), door="window") is DecisionReason.UNKNOWN_DOOR
    assert reason(rule(), door=None) is DecisionReason.UNKNOWN_DOOR


@pytest.mark.parametrize(
    "off",
    [
        {"enabled": False},
        {"valid_from": NOW + DAY},
        {"valid_until": NOW},
    ],
)
def test_a_rule_that_does_not_count_now_is_as_if_it_were_not_there(off):
    assert reason(rule(**off)) is DecisionReason.NO_RULE


def test_a_rule_counts_from_the_moment_it_begins_until_the_moment_it_ends():
    short = rule(valid_from=NOW, valid_until=NOW + DAY)
    assert reason(short) is DecisionReason.MATCH
    assert reason(short, at=NOW + DAY - timedelta(microseconds=1)) is DecisionReason.MATCH
    assert reason(short, at=NOW + DAY) is DecisionReason.NO_RULE


def test_hours_are_of_the_rules_time_zone_with_their_beginning_and_without_their_end():
    office = rule(schedule={"monday": ["08:00-14:00"]}, time_zone="Europe/Berlin")
    at = {"08:00": (6, 0), "13:59": (11, 59), "07:59": (5, 59), "14:00": (12, 0)}
    found = {
        clock: reason(office, at=datetime(2026, 6, 1, hour, minute, 59, tzinfo=UTC))
        for clock, (hour, minute) in at.items()
    }
    inside, outside = DecisionReason.MATCH, DecisionReason.OUTSIDE_SCHEDULE
    assert found == {"08:00": inside, "13:59": inside, "07:59": outside, "14:00": outside}


def test_hours_that_pass_midnight_belong_to_the_day_they_begin_on():
    night = rule(schedule={"monday": ["22:00-06:00"]})
    opens = [
        hour
        for hour in range(48)
        if reason(night, at=datetime(2026, 6, 1, tzinfo=UTC) + timedelta(hours=hour)) is DecisionReason.MATCH
    ]
    assert opens == list(range(22, 30))


def test_on_a_holiday_the_holidays_hours_hold_in_place_of_the_weekdays():
    closed = HolidayCalendar(calendar_id="c", name="C", holidays=(Holiday(name="Opening", day="06-01"),))
    office = {"schedule": {"monday": ["08:00-18:00"]}, "calendars": ["c"]}
    assert passage_with(closed, rule(**office)) is DecisionReason.OUTSIDE_SCHEDULE
    assert passage_with(closed, rule(**office, holiday_hours=["11:00-13:00"])) is DecisionReason.MATCH


def passage_with(calendar, *rules, at=NOW):
    return evaluate(ADA, "front", at, compiled(calendar, *rules), OPEN).reason


def test_a_night_that_begins_before_a_holiday_lasts_into_it():
    calendar = HolidayCalendar(calendar_id="c", name="C", holidays=(Holiday(name="Once", day="2026-06-02"),))
    night = rule(schedule={"monday": ["22:00-06:00"], "tuesday": ["22:00-06:00"]}, calendars=["c"])
    assert passage_with(calendar, night, at=datetime(2026, 6, 2, 5, tzinfo=UTC)) is DecisionReason.MATCH
    closed = passage_with(calendar, night, at=datetime(2026, 6, 2, 23, tzinfo=UTC))
    assert closed is DecisionReason.OUTSIDE_SCHEDULE


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": PersonStatus.DISABLED}, DecisionReason.PERSON_DISABLED),
        ({"status": PersonStatus.DELETING}, DecisionReason.PERSON_DISABLED),
        ({"consent": Consent(recorded_by="eve", withdrawn_at=NOW)}, DecisionReason.PERSON_DISABLED),
        ({"valid_from": NOW + DAY}, DecisionReason.PERSON_NOT_YET_VALID),
        ({"valid_until": NOW}, DecisionReason.PERSON_EXPIRED),
        ({"valid_from": NOW, "valid_until": NOW + DAY}, DecisionReason.MATCH),
    ],
)
def test_a_person_passes_while_they_are_active_and_valid(changes, expected):
    assert reason(rule(), person=ADA.model_copy(update=changes)) is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (AccessState(1, site_locked=True), DecisionReason.SITE_LOCKED),
        (AccessState(1, locked_zones=frozenset({"house"})), DecisionReason.ZONE_LOCKED),
        (AccessState(1, locked_doors=frozenset({"front"})), DecisionReason.DOOR_LOCKED),
        (AccessState(1, locked_zones=frozenset({"lab"})), DecisionReason.MATCH),
        (AccessState(1, locked_doors=frozenset({"lab-door"})), DecisionReason.MATCH),
    ],
)
def test_a_lockdown_closes_what_it_names_whatever_the_rules_say(state, expected):
    assert reason(rule(), state=state) is expected


def test_of_several_rules_one_that_is_open_suffices():
    shut = rule("a", schedule={"sunday": ["08:00-09:00"]})
    assert passage(shut, rule("b"), rule("c", groups=["guests"])) == Passage(DecisionReason.MATCH, "b")


@pytest.mark.parametrize("denial", [one for one in DecisionReason if one is not DecisionReason.MATCH])
def test_every_denial_has_a_sentence(denial):
    assert denial.sentence.endswith(".")
