"""Everything that programs and operators change, and every look at a photo, on record before it is done."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, current_app, g, request
from pydantic import JsonValue
from werkzeug.exceptions import HTTPException

from services.aws.errors import AwsError
from services.contracts.audit import AuditEntry, AuditKind
from services.gateway.problems import UNAVAILABLE, Problem

_log = structlog.stdlib.get_logger(__name__)

View = TypeVar("View", bound=Callable[..., Any])
_LOOK = "facegate_look"
_API = "/v1/"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: What a path names a person by: erased with them.
_PERSONAL = frozenset({"person_id"})
_RETRY_AFTER_SECONDS = "2"


class Recorder(Protocol):
    """The audit trail, as it is written."""

    def record(self, entry: AuditEntry) -> str:
        """Write a record, and tell where it stands."""
        ...


def look(view: View) -> View:
    """Mark a route that only reads, but reads what nobody is to see unseen; stands above its declaration."""
    setattr(view, _LOOK, True)
    return view


def record_actions(app: Flask, recorder: Recorder) -> None:
    """Have actions and looks recorded, whatever blueprint they are in; called when all are registered.

    A record that cannot be written refuses the action. What became of it is a second record; where that one
    cannot be written the first stands alone, and the log says so.
    """
    for endpoint in recorded_endpoints(app):
        app.view_functions[endpoint] = _recorded(app.view_functions[endpoint], recorder)
    app.after_request(lambda response: _follow(response, recorder))


def recorded_endpoints(app: Flask) -> set[str]:
    """Tell the endpoints whose requests are recorded, where it is no kiosk that makes them."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if hasattr(app.view_functions[rule.endpoint], _LOOK)
        or (rule.rule.startswith(_API) and (rule.methods or set()) - _SAFE)
    }


def _recorded(view: Callable[..., Any], recorder: Recorder) -> Callable[..., Any]:
    @wraps(view)
    def recorded(**arguments: str) -> Any:
        # of a kiosk's requests the decisions are the records
        if "kiosk" not in g:
            g.audit_place = _begin(AuditKind.LOOK if hasattr(view, _LOOK) else AuditKind.ACTION, recorder)
        return view(**arguments)

    return recorded


def _begin(kind: AuditKind, recorder: Recorder) -> str:
    # what a token alone tells of whom it is about stands in no path
    parameters = {**g.get("acts_on", {}), **(request.view_args or {})}
    entry = AuditEntry(
        kind=kind,
        actor=_actor(),
        what=_what(),
        details={"address": request.remote_addr} | _impersonal("path", parameters),
        personal=_personal(parameters),
    )
    try:
        return recorder.record(entry)
    except AwsError as error:
        _log.error("action_refused_without_record", what=entry.what, error=str(error))
        raise Problem(
            UNAVAILABLE,
            "The audit trail cannot be written, so nothing was done. Try again a little later.",
            {"Retry-After": _RETRY_AFTER_SECONDS},
        ) from error


def _follow(response: Response, recorder: Recorder) -> Response:
    place = g.get("audit_place")
    if place is None:
        return response
    made = _made(response.headers.get("Location"))
    # the logs call a refused request's problem its outcome
    problem: dict[str, JsonValue] = (
        {"problem": g.outcome} if response.status_code >= 400 and "outcome" in g else {}
    )
    entry = AuditEntry(
        kind=AuditKind.OUTCOME,
        actor=_actor(),
        what=_what(),
        target=place,
        outcome=str(response.status_code),
        details=problem | _impersonal("made", made),
        personal=_personal(made),
    )
    try:
        recorder.record(entry)
    except AwsError as error:
        _log.error("outcome_not_recorded", what=entry.what, target=place, error=str(error))
    return response


def _made(location: str | None) -> dict[str, str]:
    """Tell the ids of what was made, from where it can be found."""
    adapter = current_app.create_url_adapter(request)
    if location is None or adapter is None:
        return {}
    try:
        _, arguments = adapter.match(urlsplit(location).path, method="GET")
    except HTTPException:
        return {}
    return {name: str(value) for name, value in arguments.items()}


def _actor() -> str:
    principal = g.get("principal")
    return principal.name if principal is not None else "nobody known"


def _what() -> str:
    rule = request.url_rule
    return f"{request.method} {rule.rule if rule else request.path}"


def _impersonal(name: str, parameters: dict[str, str]) -> dict[str, JsonValue]:
    kept: dict[str, JsonValue] = {key: value for key, value in parameters.items() if key not in _PERSONAL}
    return {name: kept} if kept else {}


def _personal(parameters: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if name in _PERSONAL}
