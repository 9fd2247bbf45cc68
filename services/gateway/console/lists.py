"""Lists that are in memory, shown a part at a time."""

from collections.abc import Sequence
from typing import TypeVar

from flask import request, url_for

PART = 50
_LONGEST_SEARCH = 100

Item = TypeVar("Item")


def search_text() -> str:
    """Read what is searched for."""
    return request.args.get("q", "").strip()[:_LONGEST_SEARCH]


def part_of(items: Sequence[Item], endpoint: str) -> tuple[Sequence[Item], str | None]:
    """Take the part of a list that the request asks for.

    Parameters
    ----------
    endpoint : str
        What shows other parts.

    Returns
    -------
    sequence
    str or None
        Where the next part is; None at the end.
    """
    begin = max(0, request.args.get("begin", 0, type=int))
    end = begin + PART
    following = url_for(endpoint, q=search_text() or None, begin=end) if end < len(items) else None
    return items[begin:end], following
