"""When a rule's hours are: wall-clock time of its time zone.

A clock on the wall beside the door says whether it is open. So in the hour that is shown twice when summer
time ends both times count, and the hour that is skipped when it begins has no moment at all. An interval
has its beginning and not its end. One that passes midnight belongs to the day on which it begins, also
where the next day is a holiday.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from services.contracts.access import MINUTES_A_DAY, HolidayCalendar, Rule, minutes_of

#: From when minutes since midnight begin to when they have ended, of one day.
Spans = tuple[tuple[int, int], ...]

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


class WallClock(NamedTuple):
    """What a clock on the wall shows.

    Attributes
    ----------
    minute : int
        Since midnight.
    """

    today: date
    yesterday: date
    minute: int

    @classmethod
    def at(cls, local: datetime) -> Self:
        """Read a moment in a time zone."""
        today = local.date()
        return cls(today, today - _DAY, local.hour * 60 + local.minute)


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a rule, ready to be asked; many rules have the same.

    Attributes
    ----------
    week : tuple of Spans
        Of Monday to Sunday.
    holiday : Spans
        Of days that are holidays.
    dated, yearly : frozenset
        The holidays: dates, and months with days.
    """

    zone: ZoneInfo
    week: tuple[Spans, ...]
    holiday: Spans
    dated: frozenset[date]
    yearly: frozenset[tuple[int, int]]

    @classmethod
    def of(cls, rule: Rule, calendars: Mapping[str, HolidayCalendar]) -> Self:
        """Read the hours of a rule and the calendars that it names."""
        days = [
            holiday.day
            for calendar_id in rule.calendars
            for holiday in (calendars[calendar_id].holidays if calendar_id in calendars else ())
        ]
        return cls(
            zone=ZoneInfo(rule.time_zone),
            week=tuple(_spans(intervals) for intervals in rule.schedule.week),
            holiday=_spans(rule.holiday_hours),
            dated=frozenset(date.fromisoformat(day) for day in days if len(day) > len("MM-DD")),
            yearly=frozenset((int(day[:2]), int(day[3:])) for day in days if len(day) == len("MM-DD")),
        )

    def of_day(self, day: date) -> Spans:
        """Tell what begins on a day."""
        if (self.dated and day in self.dated) or (self.yearly and (day.month, day.day) in self.yearly):
            return self.holiday
        return self.week[day.weekday()]

    def include(self, clock: WallClock) -> bool:
        """Tell whether what a clock in the rule's time zone shows is within."""
        minute = clock.minute
        for start, end in self.of_day(clock.today):
            if start <= minute < end:
                return True
        late = minute + MINUTES_A_DAY
        return any(late < end for _, end in self.of_day(clock.yesterday))

    def next_opening(self, after: datetime, days: int) -> datetime | None:
        """Find when they begin next.

        Parameters
        ----------
        after : datetime
            A moment outside of them, with time zone.
        days : int
            How many days to look ahead.

        Returns
        -------
        datetime or None
            In the rule's time zone.
        """
        first = after.astimezone(self.zone).date()
        for number in range(days + 1):
            for moment in sorted(self._possible_openings(first + number * _DAY)):
                local = moment.astimezone(self.zone)
                if moment > after and self.include(WallClock.at(local)):
                    return local
        return None

    def _possible_openings(self, day: date) -> Iterable[datetime]:
        begins, ends = self._midnight(day), self._midnight(day + _DAY)
        if ends - begins == _DAY:
            # midnight too: a day that was left out altogether may have begun a night that lasts into this one
            return [begins, *(begins + start * _MINUTE for start, _ in self.of_day(day))]
        # a clock that is put forward or back may open a door at any minute
        return [begins + number * _MINUTE for number in range((ends - begins) // _MINUTE)]

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


def _spans(intervals: Iterable[str]) -> Spans:
    return tuple(minutes_of(interval) for interval in intervals)
