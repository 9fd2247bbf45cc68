"""The rules, ready to be asked: by door or zone, and by group."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from services.access.hours import Hours, WallClock
from services.contracts.access import EVERYONE, AccessConfiguration, Door, HolidayCalendar, Rule


class Moment:
    """A moment, and which hours include it; asked once for hours that several rules have."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._clocks: dict[ZoneInfo, WallClock] = {}
        self._within: dict[int, bool] = {}

    def within(self, hours: Hours) -> bool:
        """Tell whether hours include it."""
        # by identity: to compare hours takes as long as to ask them
        within = self._within.get(id(hours))
        if within is None:
            within = self._within[id(hours)] = hours.include(self._clock(hours.zone))
        return within

    def _clock(self, zone: ZoneInfo) -> WallClock:
        clock = self._clocks.get(zone)
        if clock is None:
            clock = self._clocks[zone] = WallClock.at(self.at.astimezone(zone))
        return clock


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """A rule with its hours and holidays looked up."""

    rule: Rule
    rule_id: str
    valid_from: datetime | None
    valid_until: datetime | None
    hours: Hours

    @classmethod
    def of(cls, rule: Rule, hours: Hours) -> Self:
        """Make a rule ready."""
        return cls(rule, rule.rule_id, rule.valid_from, rule.valid_until, hours)

    def opens(self, moment: Moment) -> bool:
        """Tell whether the rule's hours include a moment, whether or not it is valid then."""
        return moment.within(self.hours)


#: By door or zone, then by group.
_Index = Mapping[str, Mapping[str, tuple[ReadyRule, ...]]]


class CompiledRules:
    """All rules at one version; safe to be asked by many threads."""

    def __init__(self, configuration: AccessConfiguration) -> None:
        self.configuration = configuration
        # rules that are switched off count as if they were not there
        ready = _ready(
            [rule for _, rule in sorted(configuration.rules.items()) if rule.enabled], configuration.calendars
        )
        self._by_door = _index(ready, lambda rule: rule.doors)
        self._by_zone = _index(ready, lambda rule: rule.zones)

    @property
    def version(self) -> int:
        """The version of the configuration."""
        return self.configuration.version

    def door(self, door_id: str | None) -> Door | None:
        """Look a door up."""
        return None if door_id is None else self.configuration.doors.get(door_id)

    def covering(self, door: Door, groups: Iterable[str]) -> Iterator[ReadyRule]:
        """Find the rules that let somebody of these groups, or everyone, pass a door at some time.

        A rule that names several of the groups, or both the door and its zone, comes several times.
        """
        wanted = (EVERYONE, *groups)
        for rules in (self._by_door.get(door.door_id), self._by_zone.get(door.zone_id)):
            if rules:
                for group in wanted:
                    yield from rules.get(group, ())

    def naming(self, door: Door) -> list[ReadyRule]:
        """List the rules that name a door or its zone, also those that are switched off, by id."""
        rules = [
            rule
            for _, rule in sorted(self.configuration.rules.items())
            if door.door_id in rule.doors or door.zone_id in rule.zones
        ]
        return _ready(rules, self.configuration.calendars)


def _ready(rules: Iterable[Rule], calendars: Mapping[str, HolidayCalendar]) -> list[ReadyRule]:
    known: dict[Hours, Hours] = {}
    ready: list[ReadyRule] = []
    for rule in rules:
        hours = Hours.of(rule, calendars)
        ready.append(ReadyRule.of(rule, known.setdefault(hours, hours)))
    return ready


def _index(rules: Iterable[ReadyRule], places: Callable[[Rule], Iterable[str]]) -> _Index:
    index: defaultdict[str, defaultdict[str, list[ReadyRule]]] = defaultdict(lambda: defaultdict(list))
    for ready in rules:
        for place in places(ready.rule):
            for group in ready.rule.groups:
                index[place][group].append(ready)
    return {
        place: {group: tuple(ready) for group, ready in groups.items()} for place, groups in index.items()
    }
