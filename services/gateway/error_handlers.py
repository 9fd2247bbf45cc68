"""Every error as a problem document (RFC 9457)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from services.aws.errors import AwsUnavailable
from services.gateway.admission import Overloaded
from services.gateway.problems import INTERNAL, OVERLOADED, UNAVAILABLE, Problem

_log = structlog.stdlib.get_logger(__name__)

_RETRY_AFTER_SECONDS = "2"
_RETRY_AFTER_OVERLOAD_SECONDS = "1"


@dataclass(frozen=True)
class ErrorAnswer:
    """What a request is answered that ends in an error.

    Attributes
    ----------
    kind : str
        The problem's type: the page that explains it; or ``about:blank``, if the status says it all.
    error_id : str, optional
        Of an unexpected error, to be found in the log.
    """

    kind: str
    title: str
    detail: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    error_id: str | None = None


def handle_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(HTTPException, lambda error: _document(answer_for(error)))
    app.register_error_handler(Exception, lambda error: _document(answer_for(error)))


def overloaded_answer(app: Flask) -> Response:
    """Make what a frame is answered that would be decided too late."""
    with app.test_request_context("/v1/recognitions", method="POST"):
        return _document(answer_for(Overloaded()))


def answer_for(error: Exception) -> ErrorAnswer:
    """Tell what an error is answered with; one that nobody expected is logged."""
    if isinstance(error, HTTPException):
        return _http_error(error)
    problem = _problem_of(error)
    if problem is None:
        return _unexpected(error)
    g.outcome = problem.type.slug
    kind = problem.type
    return ErrorAnswer(kind.uri, kind.title, problem.detail, kind.status, problem.headers)


def _problem_of(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, AwsUnavailable):
        _log.warning("aws_unavailable", error=str(error))
        return Problem(
            UNAVAILABLE,
            "AWS cannot be reached or is throttling, so this could not be done and no door opens. Try again.",
            {"Retry-After": _RETRY_AFTER_SECONDS},
        )
    if isinstance(error, Overloaded):
        return Problem(
            OVERLOADED,
            "This frame would be decided too late to open the door. Nothing was queued; send a new one.",
            {"Retry-After": _RETRY_AFTER_OVERLOAD_SECONDS},
        )
    return None


def _http_error(error: HTTPException) -> ErrorAnswer:
    """Answer what Flask itself refuses: 404, 405 and their like."""
    kept = {"allow", "retry-after"}
    headers = {name: value for name, value in error.get_headers() if name.lower() in kept}
    # about:blank: the status says it all (RFC 9457, section 4.2.1)
    return ErrorAnswer("about:blank", error.name, error.description or error.name, error.code or 500, headers)


def _unexpected(error: Exception) -> ErrorAnswer:
    error_id = uuid4().hex
    g.outcome = INTERNAL.slug
    _log.error("internal_error", error_id=error_id, exc_info=error)
    return ErrorAnswer(
        INTERNAL.uri,
        INTERNAL.title,
        f"Something went wrong on our side. Tell the operator error id {error_id}.",
        INTERNAL.status,
        error_id=error_id,
    )


def _document(answer: ErrorAnswer) -> Response:
    body = {"type": answer.kind, "title": answer.title, "detail": answer.detail}
    if answer.error_id is not None:
        body["error_id"] = answer.error_id
    told = {**body, "status": int(answer.status), "instance": request.path}
    response = Response(json.dumps(told), answer.status, mimetype="application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(answer.headers)
    return response
