"""Moments and hours as they are typed."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import typer

from services.contracts.access import WEEKDAYS

_DAYS = {name[:3]: number for number, name in enumerate(WEEKDAYS)}
_PART = re.compile(r"(?P<days>[a-z,\-]+)\s+(?P<hours>.+)")
_HOW = "write always, or weekdays and hours as in 'mon-fri 08:00-18:00, sat 09:00-13:00 14:00-17:00'"


def parse_moment(text: str) -> datetime:
    """Read a date, or a date and time; in this machine's time zone, if it names none.

    Raises
    ------
    typer.BadParameter
        If it is none.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"{text!r} is no date or time; write 2027-01-31, or 2027-01-31T08:00+01:00"
        ) from error


def parse_schedule(text: str) -> dict[str, Any]:
    """Read the hours of a week: ``mon-fri 08:00-18:00, sat,sun 10:00-12:00 13:00-15:00``.

    Returns
    -------
    dict of str to list of str
        Intervals by weekday, as a `Schedule` is made of them; whether they are intervals it says itself.

    Raises
    ------
    typer.BadParameter
        If it is none.
    """
    week: dict[str, Any] = {}
    if text.strip().lower() == "always":
        return {name: ["00:00-24:00"] for name in WEEKDAYS}
    # days may be a list themselves: a comma divides parts where hours stand before it
    for part in re.split(r"(?<=\d)\s*[,;]\s*(?=[a-zA-Z])", text.strip()):
        found = _PART.fullmatch(part.strip().lower())
        if found is None:
            raise typer.BadParameter(_HOW)
        for day in _weekdays(found["days"]):
            week[day] = [*week.get(day, []), *re.split(r"[\s,]+", found["hours"].strip())]
    return week


def schedule_text(week: Sequence[Sequence[object]]) -> str:
    """Write the hours of a week as `parse_schedule` reads them.

    Parameters
    ----------
    week : sequence of sequences
        Intervals of each weekday, Monday first.
    """
    parts: list[str] = []
    for hours, days in groupby(zip(WEEKDAYS, week, strict=True), key=lambda day: " ".join(map(str, day[1]))):
        first, *others = [name[:3] for name, _ in days]
        if hours:
            parts.append(f"{first}-{others[-1]} {hours}" if others else f"{first} {hours}")
    return ", ".join(parts)


def _weekdays(text: str) -> list[str]:
    days: list[str] = []
    for span in text.split(","):
        first, _, last = span.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise typer.BadParameter(_HOW)
        begin, length = _DAYS[first], (_DAYS[last or first] - _DAYS[first]) % len(WEEKDAYS)
        days += [WEEKDAYS[(begin + number) % len(WEEKDAYS)] for number in range(length + 1)]
    return days
