from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from services.access.changes import Put, Remove, UnknownReference
from services.access.register import AccessRegister, UnknownRecord
from services.aws.access import AccessStore
from services.aws.errors import AwsUnavailable
from services.aws.items import to_item
from services.contracts.access import (
    AccessKind,
    AccessState,
    Door,
    Holiday,
    HolidayCalendar,
    Lockdown,
    Locked,
    Rule,
    Zone,
)

pytestmark = pytest.mark.access
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ZONE = Zone(zone_id="house", name="House")
DOOR = Door(door_id="front", name="Front door", zone_id="house", threshold=99.5)
CALENDAR = HolidayCalendar(
    calendar_id="berlin", name="Berlin", holidays=(Holiday(name="Christmas", day="12-25"),)
)
RULE = Rule(
    rule_id="day",
    name="By day",
    groups=("staff",),
    doors=("front",),
    schedule={"monday": ["08:00-18:00"]},
    time_zone="Europe/Berlin",
    valid_until=NOW,
    calendars=("berlin",),
    holiday_hours=("10:00-12:00",),
)


def filled(aws):
    store = AccessStore(aws)
    assert store.write([Put(ZONE), Put(DOOR), Put(CALENDAR), Put(RULE)], 0)
    return store


def lockdown(target=Locked.DOOR, target_id="front"):
    return Lockdown(target=target, target_id=target_id, reason="Fire", locked_by="token t", locked_at=NOW)


def test_where_nothing_was_ever_configured_there_is_nothing_and_nothing_is_locked(aws):
    store = AccessStore(aws)
    assert store.state() == AccessState()
    assert not store.load().doors


def test_the_configuration_is_read_as_it_was_written_with_its_version(aws):
    configuration = filled(aws).load()
    assert configuration.version == 1
    assert (configuration.zones, configuration.doors) == ({"house": ZONE}, {"front": DOOR})
    assert (configuration.rules, configuration.calendars) == ({"day": RULE}, {"berlin": CALENDAR})


def test_each_change_counts_the_version_up_and_one_made_for_an_older_version_changes_nothing(aws):
    store = filled(aws)
    assert not store.write([Put(Zone(zone_id="house", name="Overwritten"))], 0)
    assert store.load().zones["house"].name == "House"
    assert store.write([Remove(AccessKind.RULE, "day")], 1)
    assert (store.state().version, store.load().rules) == (2, {})


def test_more_than_a_page_of_rules_is_read(aws):
    store = filled(aws)
    # DynamoDB's pages have at most 1 MB
    padding = {"S": "x" * 300_000}
    for number in range(5):
        rule = RULE.model_copy(update={"rule_id": f"r{number}"})
        item = to_item(rule) | {"kind": {"S": "rule"}, "id": {"S": rule.rule_id}, "padding": padding}
        aws.dynamodb.put_item(TableName=aws.outputs.access_table_name, Item=item)
    assert len(store.load().rules) == 6


def test_a_lockdown_is_in_the_state_and_listed_until_it_is_ended(aws):
    store = filled(aws)
    for locked in (lockdown(), lockdown(Locked.ZONE, "house"), lockdown(Locked.SITE, None)):
        assert store.lock(locked)
    assert store.state() == AccessState(1, True, frozenset({"house"}), frozenset({"front"}))
    assert len(store.lockdowns()) == 3
    assert store.unlock(Locked.SITE, None)
    assert store.unlock(Locked.ZONE, "house")
    assert store.unlock(Locked.DOOR, "front")
    assert (store.state(), store.lockdowns()) == (AccessState(1), [])


def test_what_is_not_there_cannot_be_locked_nor_what_is_not_locked_be_unlocked(aws):
    store = filled(aws)
    assert not store.lock(lockdown(target_id="window"))
    assert not store.unlock(Locked.DOOR, "front")
    assert store.state() == AccessState(1)


def test_locking_twice_is_one_lockdown_with_the_last_reason(aws):
    store = filled(aws)
    store.lock(lockdown())
    store.lock(lockdown().model_copy(update={"reason": "Flood"}))
    assert [one.reason for one in store.lockdowns()] == ["Flood"]
    assert store.unlock(Locked.DOOR, "front")
    assert store.state() == AccessState(1)


def test_a_change_that_another_got_in_the_way_of_is_made_again_and_by_the_same_token(aws, monkeypatch):
    store, write, tokens = filled(aws), aws.dynamodb.transact_write_items, []

    def with_a_conflict_at_first(**arguments):
        tokens.append(arguments["ClientRequestToken"])
        if len(tokens) == 1:
            response = {
                "Error": {"Code": "TransactionCanceledException"},
                "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
            }
            raise ClientError(response, "TransactWriteItems")
        return write(**arguments)

    monkeypatch.setattr(aws.dynamodb, "transact_write_items", with_a_conflict_at_first)
    assert store.lock(lockdown())
    assert len(tokens) == 2
    assert len(set(tokens)) == 1


def test_the_whole_site_can_be_locked_before_anything_is_configured(aws):
    store = AccessStore(aws)
    assert store.lock(lockdown(Locked.SITE, None))
    assert store.write([Put(ZONE)], 0)
    assert store.state() == AccessState(1, site_locked=True)


def test_a_configuration_that_changes_while_it_is_read_is_read_again(aws, monkeypatch):
    store = filled(aws)
    query, changes = store._query, iter(range(2, 4))

    def changed_meanwhile(kind):
        if (name := next(changes, None)) is not None:
            store.write([Put(Zone(zone_id="house", name=f"Name {name}"))], store.state().version)
        return query(kind)

    monkeypatch.setattr(store, "_query", changed_meanwhile)
    configuration = store.load()
    assert (configuration.version, configuration.zones["house"].name) == (3, "Name 3")


def test_a_configuration_that_changes_all_the_time_is_not_believed(aws, monkeypatch):
    store = filled(aws)
    query = store._query

    def changed_meanwhile(kind):
        store.write([Put(ZONE)], store.state().version)
        return query(kind)

    monkeypatch.setattr(store, "_query", changed_meanwhile)
    with pytest.raises(AwsUnavailable, match="changed during"):
        store.load()


def test_two_processes_change_one_after_the_other_and_see_each_others_changes(aws):
    first, second = AccessRegister(filled(aws)), AccessRegister(AccessStore(aws))
    first.create(Zone(zone_id="yard", name="Yard"))
    second.create(Door(door_id="gate", name="Gate", zone_id="yard"))
    assert first.get(AccessKind.DOOR, "gate").zone_id == "yard"
    with pytest.raises(UnknownReference, match="zone cellar"):
        first.create(Door(door_id="hatch", name="Hatch", zone_id="cellar"))
    second.remove(AccessKind.DOOR, "gate")
    with pytest.raises(UnknownRecord, match="door gate"):
        first.remove(AccessKind.DOOR, "gate")
