"""Reading JSON that programs send."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from flask import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.gateway.problems import INVALID_BODY, INVALID_FIELDS, UNSUPPORTED_BODY_TYPE, Problem
from services.gateway.request_body import JSON, read_body
from services.gateway.watchdog import Watchdog

_MOST_BYTES = 64 * 1024
_MOST_COMPLAINTS = 5
_LONGEST_PLACE = 60
_TYPES = frozenset({"application/json", "application/merge-patch+json"})

Body = TypeVar("Body", bound=BaseModel)


def read_json(request: Request, kind: type[Body], watchdog: Watchdog) -> Body:
    """Read a request's body as an object of a kind; no value is taken for another type than it has.

    Raises
    ------
    Problem
        If it is no JSON, too large or too slow, or not of this kind. Values are not repeated: they may be
        personal.
    """
    if request.mimetype not in _TYPES:
        raise Problem(UNSUPPORTED_BODY_TYPE, "The body is not sent as JSON. Send it as application/json.")
    body = read_body(request, _MOST_BYTES, watchdog, JSON)
    try:
        return kind.model_validate_json(body, strict=True)
    except ValidationError as error:
        complaints = error.errors(include_url=False, include_input=False, include_context=False)
    if complaints[0]["type"] == "json_invalid":
        raise Problem(INVALID_BODY, "The body is not JSON in UTF-8. Send one JSON object.")
    raise Problem(INVALID_FIELDS, f"{_told(complaints)} Nothing was changed.")


def made(kind: type[Body], fields: Mapping[str, Any]) -> Body:
    """Make an object of fields that a request gave, and perhaps of others.

    Raises
    ------
    Problem
        If they do not go together.
    """
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        complaints = error.errors(include_url=False, include_input=False, include_context=False)
    raise Problem(INVALID_FIELDS, f"{_told(complaints)} Nothing was changed.")


def _told(complaints: Sequence[ErrorDetails]) -> str:
    told = "; ".join(
        f"{'.'.join(map(str, complaint['loc']))[:_LONGEST_PLACE] or 'the body'}: {complaint['msg']}"
        for complaint in complaints[:_MOST_COMPLAINTS]
    )
    return f"{told}."
