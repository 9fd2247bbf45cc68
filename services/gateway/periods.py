"""Periods that lists and exports are asked for: days, in UTC."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from services.gateway.openapi import Parameter
from services.gateway.problems import INVALID_PERIOD, INVALID_QUERY, Problem

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CENTURY = range(2000, 2100)
_DATE = {"type": "string", "format": "date"}
_REFUSED = (INVALID_QUERY, INVALID_PERIOD)
#: What a period is declared with.
PERIOD = (
    Parameter("from", "query", "The first day, in UTC.", _DATE, _REFUSED, required=True),
    Parameter("to", "query", "The last day, in UTC; the first if left out.", _DATE, _REFUSED),
)


def days_of(query: Mapping[str, str], most: int) -> tuple[date, date]:
    """Read the first and the last day of a period.

    Raises
    ------
    Problem
        If it has no days, or more than `most`.
    """
    first = _day(query, "from")
    last = _day(query, "to") if "to" in query else first
    if not 0 <= (last - first).days < most:
        raise Problem(
            INVALID_PERIOD, f"The last day is before the first, or more than {most - 1} days after it."
        )
    return first, last


def instants_of(first: date, last: date) -> tuple[datetime, datetime]:
    """Tell when days begin, and the first instant behind them."""
    begin, end = (
        datetime.combine(day, datetime.min.time(), UTC) for day in (first, last + timedelta(days=1))
    )
    return begin, end


def _day(query: Mapping[str, str], name: str) -> date:
    text = query.get(name, "")
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise Problem(INVALID_QUERY, f"'{name}' is no day. Write it like 2026-01-31.")
    if day.year not in _CENTURY:
        raise Problem(INVALID_PERIOD, f"'{name}' is no day of this century.")
    return day
