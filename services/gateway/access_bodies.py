"""Zones, doors, rules, holidays and lockdowns as the API takes and gives them, in JSON."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from services.access.explanation import Explanation, RuleStanding
from services.contracts.access import (
    ALWAYS,
    Calendars,
    Door,
    Doors,
    Groups,
    Holiday,
    HolidayCalendar,
    Intervals,
    Lockdown,
    Rule,
    Schedule,
    Threshold,
    TimeZone,
    Title,
    Zone,
    Zones,
)
from services.contracts.domain import Identifier, Instant
from services.contracts.reasons import DecisionReason, Outcome


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewZone(_Input):
    """What a zone is made from."""

    zone_id: Identifier
    name: Title


class ZoneChange(_Input):
    """What is to change of a zone; what is left out stays (RFC 7396)."""

    name: Title = Field(default_factory=str)


class NewDoor(_Input):
    """What a door is made from.

    Attributes
    ----------
    threshold : float or None
        Least similarity in percent at this door; that of all doors without one.
    """

    door_id: Identifier
    name: Title
    zone_id: Identifier
    threshold: Threshold | None = None


class DoorChange(_Input):
    """What is to change of a door; what is left out stays (RFC 7396).

    Attributes
    ----------
    threshold : float or None
        Least similarity in percent at this door; null for that of all doors.
    """

    name: Title = Field(default_factory=str)
    zone_id: Identifier = Field(default_factory=str)
    threshold: Threshold | None = None


class NewRule(_Input):
    """What a rule is made from.

    Attributes
    ----------
    groups : list of str
        Whoever belongs to one of them may pass; ``everyone`` means all active people.
    doors, zones : list of str
        Ids of which one at least is given; a zone means all of its doors.
    schedule : Schedule
        ``HH:MM-HH:MM`` in the time of `time_zone`, by weekday; always, if left out.
    time_zone : str
        IANA's name.
    valid_from, valid_until : datetime or None
        The rule counts from the first on, and not any more from the second on.
    calendars : list of str
        Ids of holiday calendars.
    holiday_hours : list of str
        What holds on their days in place of the weekday's hours; nothing, if left out.
    enabled : bool
        A rule that is switched off counts as if it were not there.
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


class RuleChange(_Input):
    """What is to change of a rule; what is left out stays (RFC 7396), and the schedule changes as a whole."""

    name: Title = Field(default_factory=str)
    groups: Groups = Field(default_factory=tuple)
    doors: Doors = ()
    zones: Zones = ()
    schedule: Schedule = ALWAYS
    time_zone: TimeZone = "UTC"
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    calendars: Calendars = ()
    holiday_hours: Intervals = ()
    enabled: bool = True


class NewHoliday(Holiday):
    """A day that is not like others of its weekday.

    Attributes
    ----------
    day : str
        ``YYYY-MM-DD``, or ``MM-DD`` of every year.
    """

    model_config = ConfigDict(extra="forbid")


NewHolidays = Annotated[tuple[NewHoliday, ...], Field(max_length=400)]


class NewCalendar(_Input):
    """What a holiday calendar is made from."""

    calendar_id: Identifier
    name: Title
    holidays: NewHolidays = ()


class CalendarChange(_Input):
    """What is to change of a holiday calendar; what is left out stays, and its days change as a whole."""

    name: Title = Field(default_factory=str)
    holidays: NewHolidays = ()


class LockdownOrder(_Input):
    """Why something is locked."""

    reason: Title


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class ZonesBody(_Body):
    """A page of the list of zones."""

    zones: list[Zone]
    next_cursor: str | None


class DoorsBody(_Body):
    """A page of the list of doors."""

    doors: list[Door]
    next_cursor: str | None


class RulesBody(_Body):
    """A page of the list of rules."""

    rules: list[Rule]
    next_cursor: str | None


class CalendarsBody(_Body):
    """A page of the list of holiday calendars."""

    holidays: list[HolidayCalendar]
    next_cursor: str | None


class LockdownsBody(_Body):
    """A page of the list of lockdowns that stand."""

    lockdowns: list[Lockdown]
    next_cursor: str | None


class RuleExplanationBody(_Body):
    """What a rule for the door says about the person.

    Attributes
    ----------
    opens_next : datetime or None
        When it would let them pass, if that is within a month.
    """

    rule_id: str
    name: str
    standing: RuleStanding
    message: str
    opens_next: datetime | None


class ExplanationBody(_Body):
    """Whether a person passes a door at a moment, and why.

    Attributes
    ----------
    rule_id : str or None
        The rule that lets them pass.
    rules : list
        What each rule for the door says.
    """

    person_id: str
    door_id: str
    at: datetime
    outcome: Outcome
    reason: DecisionReason
    message: str
    rule_id: str | None
    rules: list[RuleExplanationBody]

    @classmethod
    def of(cls, explanation: Explanation, person_id: str, door_id: str, at: datetime) -> Self:
        """Show `explanation`."""
        return cls(
            person_id=person_id,
            door_id=door_id,
            at=at,
            outcome=explanation.passage.reason.outcome,
            reason=explanation.passage.reason,
            message=explanation.sentence,
            rule_id=explanation.passage.rule_id,
            rules=[
                RuleExplanationBody(
                    rule_id=rule.rule_id,
                    name=rule.name,
                    standing=rule.standing,
                    message=rule.sentence,
                    opens_next=rule.opens_next,
                )
                for rule in explanation.rules
            ],
        )
