"""Who may pass where and when: zones, doors, rules, holidays and lockdowns."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Annotated, NamedTuple, Self
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from services.contracts.domain import Identifier, Instant, Person

#: The group that every active person belongs to, without being put into it.
EVERYONE = "everyone"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MINUTES_A_DAY = 24 * 60
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_HOLIDAY = re.compile(r"(?:(?P<year>[0-9]{4})-)?(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
_LEAP_YEAR = 2000

Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"),
]
#: Groups travel in one line, with commas between.
Group = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^,;|\x00-\x1f\x7f]+$"),
]


class AccessKind(StrEnum):
    """What the configuration of access control is made of."""

    ZONE = "zone"
    DOOR = "door"
    RULE = "rule"
    HOLIDAYS = "holidays"


def minutes_of(interval: str) -> tuple[int, int]:
    """Read an interval of wall-clock time.

    Returns
    -------
    tuple of int
        Minutes since the midnight at which its day began: when it begins, and when it has ended, which is
        more than a day's minutes where it passes midnight.
    """
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in interval.split("-"))
    return start, end if end > start else end + MINUTES_A_DAY


def _not_empty(interval: str) -> str:
    start, _, end = interval.partition("-")
    if start == end:
        raise ValueError("it ends when it begins; the whole day is 00:00-24:00")
    return interval


def _ordered(intervals: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(intervals)))


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_time_zone(name: str) -> str:
    if name not in _time_zones():
        raise ValueError("there is no such time zone; use IANA's name, as in Europe/Berlin")
    return name


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


#: ``HH:MM-HH:MM`` of wall-clock time, without its end. One that ends before it begins passes midnight and
#: belongs to the day on which it begins.
Interval = Annotated[
    str,
    StringConstraints(pattern=rf"^{_CLOCK}-({_CLOCK}|24:00)$"),
    AfterValidator(_not_empty),
]
Intervals = Annotated[tuple[Interval, ...], Field(max_length=12), AfterValidator(_ordered)]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_known_time_zone)]
Groups = Annotated[tuple[Group, ...], Field(min_length=1, max_length=50), AfterValidator(_distinct)]
Doors = Annotated[tuple[Identifier, ...], Field(max_length=100), AfterValidator(_distinct)]
Zones = Annotated[tuple[Identifier, ...], Field(max_length=50), AfterValidator(_distinct)]
Calendars = Annotated[tuple[Identifier, ...], Field(max_length=10), AfterValidator(_distinct)]
#: Percent; the least similarity with which a door opens.
Threshold = Annotated[float, Field(ge=50, le=100)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Zone(_Record):
    """An area that doors lead into."""

    zone_id: Identifier
    name: Title
    version: int = Field(default=1, ge=1)


class Door(_Record):
    """What a decision opens; belongs to one zone.

    Attributes
    ----------
    threshold : float, optional
        Least similarity in percent at this door; the recognize workers' where it has none.
    """

    door_id: Identifier
    name: Title
    zone_id: Identifier
    threshold: Threshold | None = None
    version: int = Field(default=1, ge=1)


class Schedule(_Record):
    """The hours of a week, by weekday; none on a weekday that has none."""

    # a misspelt weekday must not mean none
    model_config = ConfigDict(extra="forbid")

    monday: Intervals = ()
    tuesday: Intervals = ()
    wednesday: Intervals = ()
    thursday: Intervals = ()
    friday: Intervals = ()
    saturday: Intervals = ()
    sunday: Intervals = ()

    @property
    def week(self) -> tuple[tuple[str, ...], ...]:
        """The intervals of Monday to Sunday."""
        return (
            self.monday,
            self.tuesday,
            self.wednesday,
            self.thursday,
            self.friday,
            self.saturday,
            self.sunday,
        )


_WHOLE_DAY: tuple[str, ...] = ("00:00-24:00",)
ALWAYS = Schedule(**dict.fromkeys(WEEKDAYS, _WHOLE_DAY))


class Rule(_Record):
    """Which groups may pass which doors, when.

    Attributes
    ----------
    groups : tuple of str
        Whoever belongs to one of them may; `EVERYONE` means all active people.
    doors, zones : tuple of str
        Ids; a zone means all doors that belong to it at the time of asking.
    schedule : Schedule
        In the wall-clock time of `time_zone`.
    time_zone : str
        IANA's name.
    valid_from, valid_until : datetime, optional
        The rule counts from the first on, and not any more from the second on.
    calendars : tuple of str
        Ids of holiday calendars; on a day that one of them names `holiday_hours` hold in place of the
        weekday's.
    holiday_hours : tuple of str
        None where holidays are closed.
    enabled : bool
        One that is switched off counts as if it were not there.
    """

    rule_id: Identifier
    name: Title
    groups: Groups
    doors: Doors = ()
    zones: Zones = ()
    schedule: Schedule = ALWAYS
    time_zone: TimeZone = "UTC"
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    calendars: Calendars = ()
    holiday_hours: Intervals = ()
    enabled: bool = True
    version: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not (self.doors or self.zones):
            raise ValueError("the rule names neither a door nor a zone")
        return self

    @model_validator(mode="after")
    def _is_valid_some_time(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("valid_until is not after valid_from")
        return self

    @model_validator(mode="after")
    def _has_hours_for_holidays_it_knows(self) -> Self:
        if self.holiday_hours and not self.calendars:
            raise ValueError("holiday_hours without calendars never hold")
        return self


def _a_day(text: str) -> str:
    found = _HOLIDAY.fullmatch(text)
    if found is None:
        raise ValueError("write the day as 2027-12-24, or as 12-24 for every year")
    date(int(found["year"] or _LEAP_YEAR), int(found["month"]), int(found["day"]))
    return text


class Holiday(_Record):
    """A day that is not like others of its weekday.

    Attributes
    ----------
    day : str
        ``YYYY-MM-DD``, or ``MM-DD`` of every year.
    """

    name: Title
    day: Annotated[str, StringConstraints(pattern=r"^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$"), AfterValidator(_a_day)]


class HolidayCalendar(_Record):
    """The holidays of a country, or of a house."""

    calendar_id: Identifier
    name: Title
    holidays: Annotated[tuple[Holiday, ...], Field(max_length=400)] = ()
    version: int = Field(default=1, ge=1)


#: A part of the configuration.
AccessRecord = Zone | Door | Rule | HolidayCalendar


def kind_of(record: AccessRecord) -> AccessKind:
    """Tell what a record is."""
    match record:
        case Zone():
            return AccessKind.ZONE
        case Door():
            return AccessKind.DOOR
        case Rule():
            return AccessKind.RULE
        case HolidayCalendar():
            return AccessKind.HOLIDAYS


def id_of(record: AccessRecord) -> str:
    """Tell a record's id."""
    match record:
        case Zone():
            return record.zone_id
        case Door():
            return record.door_id
        case Rule():
            return record.rule_id
        case HolidayCalendar():
            return record.calendar_id


class Locked(StrEnum):
    """What a lockdown closes."""

    SITE = "site"
    ZONE = "zone"
    DOOR = "door"


class Lockdown(_Record):
    """A lockdown that stands: nobody passes, whatever the rules say.

    Attributes
    ----------
    target_id : str, optional
        The zone's or door's id; the site has none.
    locked_by : str
        The operator or program that asked for it.
    """

    target: Locked
    target_id: Identifier | None = None
    reason: Title
    locked_by: str
    locked_at: AwareDatetime


@dataclass(frozen=True)
class AccessState:
    """What a decision reads each time: whether its rules are the newest, and what is locked.

    Attributes
    ----------
    version : int
        Counts the changes of zones, doors, rules and holidays.
    """

    version: int = 0
    site_locked: bool = False
    locked_zones: frozenset[str] = frozenset()
    locked_doors: frozenset[str] = frozenset()


class Found(NamedTuple):
    """Whom a look-up found, and the state of access control that was read with them.

    Attributes
    ----------
    people : dict of str to Person
        By what they were looked up by.
    """

    people: dict[str, Person]
    state: AccessState


@dataclass(frozen=True)
class AccessConfiguration:
    """All zones, doors, rules and holiday calendars as they were at one version, each by id."""

    version: int = 0
    zones: Mapping[str, Zone] = field(default_factory=dict[str, Zone])
    doors: Mapping[str, Door] = field(default_factory=dict[str, Door])
    rules: Mapping[str, Rule] = field(default_factory=dict[str, Rule])
    calendars: Mapping[str, HolidayCalendar] = field(default_factory=dict[str, HolidayCalendar])
