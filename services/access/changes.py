"""Changing the configuration of access control, so that it always holds together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.contracts.access import (
    AccessConfiguration,
    AccessKind,
    AccessRecord,
    AccessState,
    Door,
    HolidayCalendar,
    Rule,
    Zone,
    id_of,
    kind_of,
)

#: More would make slow what reads all of them: a worker after a change, and every change.
MOST_OF_A_KIND = 5000
#: What is named before what names it.
_ORDER = (AccessKind.ZONE, AccessKind.HOLIDAYS, AccessKind.DOOR, AccessKind.RULE)
_WORDS = {
    AccessKind.ZONE: "zone",
    AccessKind.DOOR: "door",
    AccessKind.RULE: "rule",
    AccessKind.HOLIDAYS: "holiday calendar",
}


class AccessRefused(Exception):
    """The change would leave what does not hold together; the message says what, and the way out."""


class InUse(AccessRefused):
    """Something else needs what is to be removed."""


class UnknownReference(AccessRefused):
    """What is to be written names what is not there."""


class TooMany(AccessRefused):
    """There are as many of a kind as can be."""


@dataclass(frozen=True)
class Put:
    """Write a record, whether it is new or not."""

    record: AccessRecord


@dataclass(frozen=True)
class Remove:
    """Remove a record."""

    kind: AccessKind
    record_id: str


Change = Put | Remove


def named(kind: AccessKind, record_id: str) -> str:
    """Name a record in a sentence."""
    return f"{_WORDS[kind]} {record_id}"


def records_of(configuration: AccessConfiguration, kind: AccessKind) -> Mapping[str, AccessRecord]:
    """Tell all records of a kind, by id."""
    return {
        AccessKind.ZONE: configuration.zones,
        AccessKind.DOOR: configuration.doors,
        AccessKind.RULE: configuration.rules,
        AccessKind.HOLIDAYS: configuration.calendars,
    }[kind]


def configuration_of(version: int, records: Iterable[AccessRecord]) -> AccessConfiguration:
    """Put a configuration together."""
    zones: dict[str, Zone] = {}
    doors: dict[str, Door] = {}
    rules: dict[str, Rule] = {}
    calendars: dict[str, HolidayCalendar] = {}
    for record in records:
        match record:
            case Zone():
                zones[record.zone_id] = record
            case Door():
                doors[record.door_id] = record
            case Rule():
                rules[record.rule_id] = record
            case HolidayCalendar():
                calendars[record.calendar_id] = record
    return AccessConfiguration(version, zones, doors, rules, calendars)


def changed(configuration: AccessConfiguration, changes: Iterable[Change]) -> AccessConfiguration:
    """Tell what a configuration becomes, whether or not it holds together then."""
    records = {
        (kind, record_id): record
        for kind in AccessKind
        for record_id, record in records_of(configuration, kind).items()
    }
    for change in changes:
        match change:
            case Put(record):
                records[kind_of(record), id_of(record)] = record
            case Remove(kind, record_id):
                records.pop((kind, record_id), None)
    return configuration_of(configuration.version, records.values())


def in_order(changes: Iterable[Change]) -> list[Change]:
    """Sort changes so that after each of them the whole holds together, if it does at the end."""
    puts = [change for change in changes if isinstance(change, Put)]
    removals = [change for change in changes if isinstance(change, Remove)]
    puts.sort(key=lambda put: _ORDER.index(kind_of(put.record)))
    removals.sort(key=lambda removal: _ORDER.index(removal.kind), reverse=True)
    return [*puts, *removals]


def check(before: AccessConfiguration, changes: Sequence[Change], state: AccessState) -> None:
    """Refuse changes after which something names what is not there.

    Raises
    ------
    UnknownReference
        If what is written names it.
    InUse
        If what is removed is named by something that stays, or is locked.
    TooMany
        If there would be more than `MOST_OF_A_KIND`.
    """
    after = changed(before, changes)
    for kind in AccessKind:
        if len(records_of(after, kind)) > MOST_OF_A_KIND:
            raise TooMany(f"there are {MOST_OF_A_KIND} of this kind, the most; remove a {_WORDS[kind]} first")
    written = {
        (kind_of(change.record), id_of(change.record)) for change in changes if isinstance(change, Put)
    }
    for holder, (kind, record_id) in _references(after):
        if record_id in records_of(after, kind):
            continue
        if (kind_of(holder), id_of(holder)) in written:
            raise UnknownReference(
                f"{named(kind_of(holder), id_of(holder))} names {named(kind, record_id)}, which is not "
                "there; add it first"
            )
        raise InUse(
            f"{named(kind, record_id)} cannot be removed: {named(kind_of(holder), id_of(holder))} names it"
        )
    for change in changes:
        if isinstance(change, Remove) and _is_locked(change, state):
            raise InUse(f"{named(change.kind, change.record_id)} is locked; end its lockdown first")


def _references(
    configuration: AccessConfiguration,
) -> Iterator[tuple[AccessRecord, tuple[AccessKind, str]]]:
    for door in configuration.doors.values():
        yield door, (AccessKind.ZONE, door.zone_id)
    for rule in configuration.rules.values():
        for door_id in rule.doors:
            yield rule, (AccessKind.DOOR, door_id)
        for zone_id in rule.zones:
            yield rule, (AccessKind.ZONE, zone_id)
        for calendar_id in rule.calendars:
            yield rule, (AccessKind.HOLIDAYS, calendar_id)


def _is_locked(removal: Remove, state: AccessState) -> bool:
    locked = {AccessKind.ZONE: state.locked_zones, AccessKind.DOOR: state.locked_doors}
    return removal.record_id in locked.get(removal.kind, ())
