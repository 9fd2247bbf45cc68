"""Where a list that is read a page at a time goes on: the last item's key, as text."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from services.aws.items import attribute


def start_at(position: str | None, names: Sequence[str], fixed: Mapping[str, str] | None = None) -> Any:
    """Make what a query or scan goes on from; nothing where it begins.

    Parameters
    ----------
    position : str or None
        As `following` returned it.
    names : sequence of str
        The attributes of the key that the position holds, in order; all are text.
    fixed : mapping of str to str, optional
        The others, which are the same for the whole list.
    """
    if position is None:
        return {}
    key = dict(zip(names, json.loads(position), strict=True)) | dict(fixed or {})
    return {"ExclusiveStartKey": {name: attribute(value) for name, value in key.items()}}


def following(answer: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Tell the position of what comes behind an answer; None if that was all."""
    last = answer.get("LastEvaluatedKey")
    return json.dumps([last[name]["S"] for name in names]) if last else None
