"""A configuration of access control in memory, and a house to try rules in."""

from datetime import UTC, datetime

from services.access.changes import changed
from services.access.rules import CompiledRules
from services.contracts.access import (
    AccessConfiguration,
    AccessState,
    Door,
    Locked,
    Rule,
    Zone,
)
from services.contracts.domain import Person

#: A Monday.
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
ADA = Person(person_id="ada", full_name="Ada Lovelace", groups=("staff",), created_at=NOW)
HOUSE = (
    Zone(zone_id="house", name="House"),
    Zone(zone_id="lab", name="Laboratory"),
    Door(door_id="front", name="Front door", zone_id="house"),
    Door(door_id="lab-door", name="Door of the laboratory", zone_id="lab"),
)


def configuration(*records, version=1):
    parts = {"zones": {}, "doors": {}, "rules": {}, "calendars": {}}
    for record in records:
        kind = {"Zone": "zones", "Door": "doors", "Rule": "rules", "HolidayCalendar": "calendars"}
        own = {"zones": "zone_id", "doors": "door_id", "rules": "rule_id", "calendars": "calendar_id"}
        part = kind[type(record).__name__]
        parts[part][getattr(record, own[part])] = record
    return AccessConfiguration(version, **parts)


def compiled(*records, version=1):
    return CompiledRules(configuration(*HOUSE, *records, version=version))


def rule(rule_id="r", **changes):
    fields = {"rule_id": rule_id, "name": f"Rule {rule_id}", "groups": ["staff"], "doors": ["front"]}
    return Rule.model_validate(fields | changes)


class InMemoryAccessStore:
    """Keeps what it is given; `before_write` is called before each write, as somebody else who is quicker."""

    def __init__(self, *records):
        self.configuration = configuration(*records, version=1 if records else 0)
        self.locked = {}
        self.loads = 0
        self.before_write = lambda: None

    def state(self):
        return AccessState(
            self.configuration.version,
            (Locked.SITE, None) in self.locked,
            frozenset(name for target, name in self.locked if target is Locked.ZONE),
            frozenset(name for target, name in self.locked if target is Locked.DOOR),
        )

    def load(self):
        self.loads += 1
        return self.configuration

    def write(self, changes, version):
        self.before_write()
        if version != self.configuration.version:
            return False
        after = changed(self.configuration, changes)
        self.configuration = AccessConfiguration(
            version + 1, after.zones, after.doors, after.rules, after.calendars
        )
        return True

    def lock(self, lockdown):
        places = {Locked.ZONE: self.configuration.zones, Locked.DOOR: self.configuration.doors}
        if lockdown.target_id is not None and lockdown.target_id not in places[lockdown.target]:
            return False
        self.locked[lockdown.target, lockdown.target_id] = lockdown
        return True

    def unlock(self, target, target_id):
        return self.locked.pop((target, target_id), None) is not None

    def lockdowns(self):
        return list(self.locked.values())
