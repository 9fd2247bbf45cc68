"""Slots of time, and which of them a look back over some hours needs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.contracts.operations import Resolution

LONGEST_HOURS = 72
_MINUTE, _TEN, _HALF_HOUR = timedelta(minutes=1), timedelta(minutes=10), timedelta(minutes=30)
#: Up to so many hours back minutes are looked at, and up to so many ten minutes each.
_BY_MINUTES, _BY_TENS = 2, 24


@dataclass(frozen=True)
class Span:
    """Steps of time, of as many as a chart shows.

    Attributes
    ----------
    resolution : Resolution
        Of the slots that are read.
    step : timedelta
        One slot, or several.
    first, last : datetime
        When the first and the last step begin; the last one is not over.
    """

    resolution: Resolution
    step: timedelta
    first: datetime
    last: datetime


def begin_of(instant: datetime, length: timedelta) -> datetime:
    """Tell when the step of a length began that an instant is in; steps of a day begin with its hours."""
    utc = instant.astimezone(UTC)
    midnight = utc.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (utc - midnight) // length * length


def span_of(hours: int, now: datetime) -> Span:
    """Choose the steps of the last hours."""
    resolution = Resolution.MINUTE if hours <= _BY_MINUTES else Resolution.TEN_MINUTES
    step = _MINUTE if hours <= _BY_MINUTES else _TEN if hours <= _BY_TENS else _HALF_HOUR
    last = begin_of(now, step)
    return Span(resolution, step, last - timedelta(hours=hours) + step, last)
