"""What the pages show of a site: its zones and doors, and what decides at each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from services.access.rules import CompiledRules
from services.contracts.access import (
    WEEKDAYS,
    Door,
    HolidayCalendar,
    Lockdown,
    Locked,
    Rule,
    Schedule,
    Zone,
)

#: Of a zone; more of them are found by searching.
MOST_DOORS_OF_A_ZONE = 100

Named = TypeVar("Named", Zone, Door, Rule, HolidayCalendar)


class DoorStanding(StrEnum):
    """What decides at a door."""

    LOCKED = "locked"
    RULED = "ruled"
    #: No rule that is switched on leads through it, so nobody passes.
    UNRULED = "unruled"


@dataclass(frozen=True)
class ShownDoor:
    """A door as a page shows it.

    Attributes
    ----------
    lockdown : Lockdown or None
        The door's own.
    """

    door: Door
    standing: DoorStanding
    lockdown: Lockdown | None


@dataclass(frozen=True)
class ShownZone:
    """A zone as a page shows it.

    Attributes
    ----------
    lockdown : Lockdown or None
        The zone's own.
    doors : tuple of ShownDoor
        By name, `MOST_DOORS_OF_A_ZONE` at most.
    more_doors : int
        How many are not among them.
    """

    zone: Zone
    lockdown: Lockdown | None
    doors: tuple[ShownDoor, ...]
    more_doors: int


class ShownSite:
    """A site at one moment.

    Parameters
    ----------
    rules : CompiledRules
        With the zones and doors.
    lockdowns : iterable of Lockdown
        Those that stand.
    """

    def __init__(self, rules: CompiledRules, lockdowns: Iterable[Lockdown]) -> None:
        self._configuration = rules.configuration
        self._lockdowns = {(one.target, one.target_id): one for one in lockdowns}
        enabled = [rule for rule in rules.configuration.rules.values() if rule.enabled]
        self._ruled_doors = {door_id for rule in enabled for door_id in rule.doors}
        self._ruled_zones = {zone_id for rule in enabled for zone_id in rule.zones}

    @property
    def lockdown(self) -> Lockdown | None:
        """The lockdown of the whole site, if one stands."""
        return self._lockdowns.get((Locked.SITE, None))

    def door(self, door: Door) -> ShownDoor:
        """Tell what decides at a door."""
        own = self._lockdowns.get((Locked.DOOR, door.door_id))
        if own or self.lockdown or (Locked.ZONE, door.zone_id) in self._lockdowns:
            standing = DoorStanding.LOCKED
        elif door.door_id in self._ruled_doors or door.zone_id in self._ruled_zones:
            standing = DoorStanding.RULED
        else:
            standing = DoorStanding.UNRULED
        return ShownDoor(door, standing, own)

    def zones(self, search: str = "") -> list[ShownZone]:
        """List zones by name; of those whose name or id a search does not match, the doors that it does."""
        doors_of: dict[str, list[Door]] = {}
        for door in by_name(self._configuration.doors):
            doors_of.setdefault(door.zone_id, []).append(door)
        shown: list[ShownZone] = []
        for zone in by_name(self._configuration.zones):
            doors = doors_of.get(zone.zone_id, [])
            if not matches(search, zone.name, zone.zone_id):
                doors = [door for door in doors if matches(search, door.name, door.door_id)]
                if not doors:
                    continue
            shown.append(self._zone(zone, doors))
        return shown

    def _zone(self, zone: Zone, doors: list[Door]) -> ShownZone:
        first = tuple(self.door(door) for door in doors[:MOST_DOORS_OF_A_ZONE])
        lockdown = self._lockdowns.get((Locked.ZONE, zone.zone_id))
        return ShownZone(zone, lockdown, first, len(doors) - len(first))


def by_name(records: Mapping[str, Named]) -> list[Named]:
    """Sort records as people look for them."""
    return sorted(records.values(), key=lambda record: record.name.casefold())


def matches(search: str, *names: str) -> bool:
    """Tell whether one of the names has the text searched for in it."""
    return any(search.casefold() in name.casefold() for name in names)


@dataclass(frozen=True)
class DaysAlike:
    """Weekdays in a row that have the same hours.

    Attributes
    ----------
    first, last : str
        The names of weekdays in `WEEKDAYS`.
    hours : tuple of str
        ``HH:MM-HH:MM`` each.
    """

    first: str
    last: str
    hours: tuple[str, ...]


def days_alike(schedule: Schedule) -> list[DaysAlike]:
    """Sum up a schedule, without the days that have no hours."""
    summed: list[DaysAlike] = []
    for day, (weekday, hours) in enumerate(zip(WEEKDAYS, schedule.week, strict=True)):
        before = summed[-1] if summed else None
        if before and before.hours == hours and before.last == WEEKDAYS[day - 1]:
            summed[-1] = DaysAlike(before.first, weekday, hours)
        elif hours:
            summed.append(DaysAlike(weekday, weekday, hours))
    return summed
