"""The rules beside an oracle that knows no index, no minutes since midnight and another library's zones."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from dateutil import tz
from hypothesis import given, settings
from hypothesis import strategies as st

from services.access.evaluation import evaluate
from services.access.hours import Hours, WallClock
from services.access.rules import CompiledRules
from services.contracts.access import (
    MINUTES_A_DAY,
    WEEKDAYS,
    AccessState,
    Door,
    Holiday,
    HolidayCalendar,
    Rule,
    Zone,
)
from services.contracts.domain import Person, PersonStatus
from services.contracts.reasons import DecisionReason
from tests.unit.access.in_memory import NOW, configuration

pytestmark = pytest.mark.access

#: Moments near which clocks are put forward or back, or a whole day is left out.
_CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("Asia/Kolkata", datetime(2026, 1, 1, tzinfo=UTC)),
]
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_IDS = ("a", "b", "c")


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def intervals(draw):
    start = draw(st.integers(0, MINUTES_A_DAY - 1))
    end = draw(st.integers(0, MINUTES_A_DAY).filter(lambda end: end != start))
    return f"{clock(start)}-{clock(end)}"


hours = st.lists(intervals(), max_size=3).map(tuple)
some = st.lists(st.sampled_from(_IDS), max_size=3, unique=True).map(tuple)


def days_near(day: date):
    return st.integers(-3, 3).map(lambda number: day + number * _DAY)


@st.composite
def worlds(draw):
    """Rules, a person and a moment near a change of clocks."""
    zone_name, change = draw(st.sampled_from(_CHANGES))
    at = change + timedelta(minutes=draw(st.integers(-2 * MINUTES_A_DAY, 2 * MINUTES_A_DAY)))
    day = change.date()
    moment = st.none() | days_near(day).map(
        lambda near: datetime(near.year, near.month, near.day, tzinfo=UTC)
    )
    calendars = [
        HolidayCalendar(
            calendar_id=calendar_id,
            name=calendar_id,
            holidays=[
                Holiday(name="h", day=near.isoformat() if dated else near.isoformat()[5:])
                for near, dated in draw(st.lists(st.tuples(days_near(day), st.booleans()), max_size=3))
            ],
        )
        for calendar_id in _IDS[:2]
    ]
    rules = [draw(_rules(f"r{number}", zone_name, moment)) for number in range(draw(st.integers(0, 4)))]
    person = Person(
        person_id="p",
        full_name="P",
        created_at=NOW,
        groups=draw(some),
        status=draw(st.sampled_from([PersonStatus.ACTIVE] * 8 + list(PersonStatus))),
        valid_from=draw(st.none() | moment),
        valid_until=draw(st.none() | moment),
    )
    rarely = st.frozensets(st.sampled_from(_IDS), max_size=1)
    state = AccessState(1, draw(st.sampled_from([False] * 9 + [True])), draw(rarely), draw(rarely))
    return rules, calendars, person, at, state


@st.composite
def _rules(draw, rule_id, zone_name, moment):
    starts, ends = draw(moment), draw(moment)
    if starts and ends and starts >= ends:
        ends = None
    calendars = draw(st.lists(st.sampled_from(_IDS[:2]), max_size=2, unique=True))
    doors, zones = draw(some), draw(some)
    return Rule(
        rule_id=rule_id,
        name=rule_id,
        groups=draw(st.lists(st.sampled_from([*_IDS, "everyone"]), min_size=1, max_size=2)),
        doors=doors or (() if zones else ("a",)),
        zones=zones,
        schedule={name: draw(hours) for name in WEEKDAYS},
        time_zone=zone_name,
        valid_from=starts,
        valid_until=ends,
        calendars=calendars,
        holiday_hours=draw(hours) if calendars else (),
        enabled=draw(st.sampled_from([True, True, True, False])),
    )


def shown_open(rule: Rule, calendars: dict[str, HolidayCalendar], first: date, days: int) -> set[datetime]:
    """All that a clock on the wall may show while the rule is open, minute by minute."""
    shown = set()
    for day in (first + number * _DAY for number in range(-1, days)):
        texts = {holiday.day for calendar_id in rule.calendars for holiday in calendars[calendar_id].holidays}
        named = day.isoformat() in texts or day.strftime("%m-%d") in texts
        weekly = getattr(rule.schedule, day.strftime("%A").lower())
        for interval in rule.holiday_hours if named else weekly:
            begin, end = interval.replace("24:00", "00:00").split("-")
            minute, last = datetime.fromisoformat(f"{day.isoformat()}T{begin}"), time.fromisoformat(end)
            while True:
                shown.add(minute)
                minute += _MINUTE
                if minute.time() == last:
                    break
    return shown


def wall(at: datetime, zone_name: str) -> datetime:
    return at.astimezone(tz.gettz(zone_name)).replace(tzinfo=None, second=0, microsecond=0)


def closed(person, door, at, state):
    """Why the rules are not asked: every reason that holds, and the first of them counts."""
    holds = {
        DecisionReason.PERSON_DISABLED: person.status != "active",
        DecisionReason.PERSON_NOT_YET_VALID: person.valid_from and person.valid_from > at,
        DecisionReason.PERSON_EXPIRED: person.valid_until and person.valid_until <= at,
        DecisionReason.SITE_LOCKED: state.site_locked,
        DecisionReason.ZONE_LOCKED: door.zone_id in state.locked_zones,
        DecisionReason.DOOR_LOCKED: door.door_id in state.locked_doors,
    }
    return next((reason for reason, held in holds.items() if held), None)


def oracle(rules, calendars, person, door, at):
    """The reason where rules decide, and those that let the person pass."""
    by_id = {calendar.calendar_id: calendar for calendar in calendars}
    counting = [
        rule
        for rule in rules
        if rule.enabled
        and not (rule.valid_from and rule.valid_from > at)
        and not (rule.valid_until and rule.valid_until <= at)
        and (door.door_id in rule.doors or door.zone_id in rule.zones)
        and ("everyone" in rule.groups or set(rule.groups) & set(person.groups))
    ]
    opened = set()
    for rule in counting:
        shown = wall(at, rule.time_zone)
        if shown in shown_open(rule, by_id, shown.date(), 1):
            opened.add(rule.rule_id)
    if opened:
        return DecisionReason.MATCH, opened
    return DecisionReason.OUTSIDE_SCHEDULE if counting else DecisionReason.NO_RULE, set()


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_every_decision_is_the_oracles(world):
    rules, calendars, person, at, state = world
    doors = [Door(door_id=name, name=name, zone_id=_IDS[number - 1]) for number, name in enumerate(_IDS)]
    zones = [Zone(zone_id=name, name=name) for name in _IDS]
    compiled = CompiledRules(configuration(*zones, *doors, *rules, *calendars))
    for door in doors:
        reason, opened = closed(person, door, at, state), set()
        if reason is None:
            reason, opened = oracle(rules, calendars, person, door, at)
        passage = evaluate(person, door.door_id, at, compiled, state)
        assert passage.reason is reason
        assert passage.rule_id in opened if opened else passage.rule_id is None


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(_CHANGES), st.data())
def test_hours_near_a_change_of_clocks_are_the_oracles_minute_by_minute(change, data):
    zone_name, moment = change
    calendar = HolidayCalendar(calendar_id="a", name="a")
    rule = data.draw(_rules("r", zone_name, st.none())).model_copy(
        update={"calendars": ("a",), "enabled": True}
    )
    hours = Hours.of(rule, {"a": calendar})
    begin = moment - timedelta(hours=4)
    shown = shown_open(rule, {"a": calendar}, wall(begin, zone_name).date(), 4)
    for number in range(8 * 60):
        at = begin + number * _MINUTE
        assert hours.include(WallClock.at(at.astimezone(hours.zone))) == (wall(at, zone_name) in shown), at


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(_CHANGES), st.data())
def test_the_next_opening_is_the_first_minute_at_which_the_oracle_is_open(change, data):
    zone_name, moment = change
    after = moment - timedelta(minutes=data.draw(st.integers(-120, 180)), seconds=17)
    rule = data.draw(_rules("r", zone_name, st.none())).model_copy(update={"calendars": ()})
    first = wall(after, zone_name).date()
    shown = shown_open(rule, {}, first, 4)
    if wall(after, zone_name) in shown:
        return
    minutes = (after.replace(second=0) + number * _MINUTE for number in range(1, 2 * MINUTES_A_DAY))
    expected = next((at for at in minutes if wall(at, zone_name) in shown), None)
    found = Hours.of(rule, {}).next_opening(after, days=8)
    if expected is not None:
        # Python calls moments of two zones unequal where one of their clocks shows them twice
        assert found.astimezone(UTC) == expected
    else:
        assert found is None or found - after > 1.9 * _DAY
