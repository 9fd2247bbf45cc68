"""The rules, ready to be asked: by door or zone, and by group."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.access.hours import Hours
from services.contracts.access import EVERYONE, AccessConfiguration, Door, HolidayCalendar, Rule


class Moment:
    """A moment, and what the clocks of time zones show at it."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._local: dict[ZoneInfo, datetime] = {}

    def local(self, zone: ZoneInfo) -> datetime:
        """Tell what the clocks of a time zone show."""
        local = self._local.get(zone)
        if local is None:
            local = self._local[zone] = self.at.astimezone(zone)
        return local


@dataclass(frozen=True)
class ReadyRule:
    """A rule with its hours and holidays looked up."""

    rule: Rule
    hours: Hours

    @classmethod
    def of(cls, rule: Rule, calendars: Mapping[str, HolidayCalendar]) -> "ReadyRule":
        """Make a rule ready."""
        return cls(rule, Hours.of(rule, calendars))

    def is_valid(self, at: datetime) -> bool:
        """Tell whether the rule counts at all."""
        rule = self.rule
        return (
            rule.enabled
            and (rule.valid_from is None or rule.valid_from <= at)
            and (rule.valid_until is None or at < rule.valid_until)
        )

    def opens(self, moment: Moment) -> bool:
        """Tell whether its hours include a moment."""
        return self.hours.include(moment.local(self.hours.zone))


#: By door or zone, then by group.
_Index = Mapping[str, Mapping[str, tuple[ReadyRule, ...]]]


class CompiledRules:
    """All rules at one version; safe to be asked by many threads."""

    def __init__(self, configuration: AccessConfiguration) -> None:
        self.configuration = configuration
        ready = [
            ReadyRule.of(rule, configuration.calendars) for _, rule in sorted(configuration.rules.items())
        ]
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
        """List the rules that name a door or its zone, by id."""
        found = {
            ready.rule.rule_id: ready
            for rules in (self._by_door.get(door.door_id, {}), self._by_zone.get(door.zone_id, {}))
            for group in rules.values()
            for ready in group
        }
        return [found[rule_id] for rule_id in sorted(found)]


def _index(rules: Iterable[ReadyRule], places: Callable[[Rule], Iterable[str]]) -> _Index:
    index: defaultdict[str, defaultdict[str, list[ReadyRule]]] = defaultdict(lambda: defaultdict(list))
    for ready in rules:
        for place in places(ready.rule):
            for group in ready.rule.groups:
                index[place][group].append(ready)
    return {
        place: {group: tuple(ready) for group, ready in groups.items()} for place, groups in index.items()
    }
