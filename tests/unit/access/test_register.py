import pytest

from services.access.changes import InUse, TooMany, UnknownReference
from services.access.register import AccessRegister, AlreadyThere, RecordChanged, UnknownRecord
from services.contracts.access import (
    AccessKind,
    Door,
    Holiday,
    HolidayCalendar,
    Locked,
    Zone,
)
from tests.unit.access.in_memory import HOUSE, NOW, InMemoryAccessStore, rule

pytestmark = pytest.mark.access
CALENDAR = HolidayCalendar(calendar_id="c", name="C")


@pytest.fixture
def store():
    return InMemoryAccessStore(*HOUSE, CALENDAR, rule(calendars=["c"]))


@pytest.fixture
def register(store):
    return AccessRegister(store)


def test_a_new_record_begins_with_version_one_and_is_found(register):
    made = register.create(Door(door_id="gate", name="Gate", zone_id="house", version=7))
    assert made.version == 1
    assert register.get(AccessKind.DOOR, "gate") == made


def test_an_id_is_taken_once(register):
    with pytest.raises(AlreadyThere, match="a door front already"):
        register.create(Door(door_id="front", name="Another", zone_id="house"))


def test_a_change_counts_the_record_up_and_one_of_an_older_reading_is_refused(register):
    front = register.get(AccessKind.DOOR, "front")
    changed = register.update(front.model_copy(update={"name": "Main door"}))
    assert (changed.version, register.get(AccessKind.DOOR, "front")) == (2, changed)
    with pytest.raises(RecordChanged, match="door front was changed"):
        register.update(front.model_copy(update={"name": "Entrance"}))


def test_what_is_not_there_is_neither_changed_nor_removed(register):
    with pytest.raises(UnknownRecord, match="no zone yard"):
        register.update(Zone(zone_id="yard", name="Yard"))
    with pytest.raises(UnknownRecord, match="no rule x"):
        register.remove(AccessKind.RULE, "x")


@pytest.mark.parametrize(
    ("record", "names"),
    [
        (Door(door_id="gate", name="Gate", zone_id="yard"), "door gate names zone yard"),
        (rule("x", doors=["gate"]), "rule x names door gate"),
        (rule("x", doors=[], zones=["yard"]), "rule x names zone yard"),
        (rule("x", calendars=["easter"]), "rule x names holiday calendar easter"),
    ],
)
def test_what_names_what_is_not_there_is_refused_by_name(register, record, names):
    with pytest.raises(UnknownReference, match=names):
        register.create(record)


@pytest.mark.parametrize(
    ("kind", "record_id", "holder"),
    [
        (AccessKind.ZONE, "house", "door front"),
        (AccessKind.DOOR, "front", "rule r"),
        (AccessKind.HOLIDAYS, "c", "rule r"),
    ],
)
def test_what_something_else_needs_cannot_be_removed(register, kind, record_id, holder):
    with pytest.raises(InUse, match=f"cannot be removed: {holder} names it"):
        register.remove(kind, record_id)


def test_what_nothing_needs_is_removed_as_long_as_it_is_what_was_read(register):
    assert register.remove(AccessKind.RULE, "r", version=1).rule_id == "r"
    assert register.remove(AccessKind.DOOR, "front").door_id == "front"
    with pytest.raises(RecordChanged):
        register.remove(AccessKind.DOOR, "lab-door", version=2)


def test_what_is_locked_is_not_removed(register):
    register.remove(AccessKind.RULE, "r")
    register.lock(Locked.DOOR, "front", reason="Fire", locked_by="me", now=NOW)
    with pytest.raises(InUse, match="door front is locked"):
        register.remove(AccessKind.DOOR, "front")


def test_a_change_for_which_somebody_else_was_quicker_is_checked_anew(register, store):
    def somebody_removes_the_zone():
        store.before_write = lambda: None
        other = AccessRegister(store)
        other.remove(AccessKind.DOOR, "lab-door")
        other.remove(AccessKind.ZONE, "lab")

    store.before_write = somebody_removes_the_zone
    with pytest.raises(UnknownReference, match="zone lab"):
        register.create(Door(door_id="hatch", name="Hatch", zone_id="lab"))


def test_a_change_that_others_always_forestall_is_given_up(register, store):
    def somebody_changes_something():
        store.configuration = type(store.configuration)(
            store.configuration.version + 1, store.configuration.zones
        )

    store.before_write = somebody_changes_something
    with pytest.raises(RecordChanged, match="at the same time"):
        register.create(Zone(zone_id="yard", name="Yard"))


def test_the_configuration_is_read_once_for_each_version_of_it(register, store):
    for _ in range(3):
        register.all(AccessKind.DOOR)
    assert store.loads == 1
    register.create(Zone(zone_id="yard", name="Yard"))
    register.all(AccessKind.ZONE)
    assert store.loads == 2


def test_many_records_are_put_once_and_again_for_nothing(register, store):
    many = [rule(f"r{number:03}", doors=["gate"]) for number in range(200)]
    given = [*many, Door(door_id="gate", name="Gate", zone_id="yard"), Zone(zone_id="yard", name="Yard")]
    assert register.put_all(given) == (202, 0)
    version = store.configuration.version
    assert register.put_all(given) == (0, 0)
    assert store.configuration.version == version
    assert register.put_all([many[7].model_copy(update={"name": "Renamed"})]) == (0, 1)
    assert register.get(AccessKind.RULE, "r007").version == 2


def test_many_records_of_which_one_names_what_is_not_there_change_nothing(register, store):
    with pytest.raises(UnknownReference, match="rule b names door gate"):
        register.put_all([Zone(zone_id="yard", name="Yard"), rule("b", doors=["gate"])])
    assert "yard" not in store.configuration.zones


def test_there_are_as_many_of_a_kind_as_can_be_read_quickly(register):
    with pytest.raises(TooMany, match="5000 of this kind"):
        register.put_all([rule(f"r{number}") for number in range(5001)])


def test_lockdowns_are_listed_with_the_sites_first(register):
    for target, target_id in ((Locked.DOOR, "front"), (Locked.ZONE, "lab"), (Locked.SITE, None)):
        register.lock(target, target_id, reason="Drill", locked_by="me", now=NOW)
    assert [lockdown.target for lockdown in register.lockdowns()] == ["site", "zone", "door"]
    assert register.unlock(Locked.ZONE, "lab")
    assert not register.unlock(Locked.ZONE, "lab")


def test_a_door_that_is_not_there_cannot_be_locked(register):
    with pytest.raises(UnknownRecord, match="no door window"):
        register.lock(Locked.DOOR, "window", reason="Fire", locked_by="me", now=NOW)


@pytest.mark.parametrize("day", ["02-29", "2026-12-24", "2028-02-29"])
def test_a_holiday_is_a_day_of_every_year_or_of_one(day):
    assert Holiday(name="h", day=day).day == day


@pytest.mark.parametrize("day", ["02-30", "2026-02-29", "13-01", "1.5.", "26-12-24"])
def test_what_is_no_day_is_no_holiday(day):
    with pytest.raises(ValueError, match="day"):
        Holiday(name="h", day=day)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"doors": []}, "neither a door nor a zone"),
        ({"groups": []}, "at least 1 item"),
        ({"time_zone": "Mars/Olympus"}, "no such time zone"),
        ({"schedule": {"monday": ["08:00-08:00"]}}, "ends when it begins"),
        ({"schedule": {"monday": ["8-17"]}}, "should match pattern"),
        ({"schedule": {"monday": ["08:00-24:30"]}}, "should match pattern"),
        ({"valid_from": NOW, "valid_until": NOW}, "not after valid_from"),
        ({"valid_from": "2026-01-01T00:00:00"}, "timezone"),
        ({"holiday_hours": ["10:00-12:00"]}, "without calendars"),
    ],
)
def test_a_rule_that_says_nothing_sensible_is_refused(wrong, why):
    with pytest.raises(ValueError, match=why):
        rule(**wrong)
