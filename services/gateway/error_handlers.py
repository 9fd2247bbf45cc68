"""Every error as a problem document (RFC 9457)."""

import json
from collections.abc import Mapping
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


def handle_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(AwsUnavailable, _unavailable)
    app.register_error_handler(Overloaded, _overloaded)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def overloaded_answer(app: Flask) -> Response:
    """Make what a frame is answered that would be decided too late."""
    with app.test_request_context("/v1/recognitions", method="POST"):
        return _overloaded(Overloaded())


def _problem(problem: Problem) -> Response:
    g.outcome = problem.type.slug
    return _document(
        {"type": problem.type.uri, "title": problem.type.title, "detail": problem.detail},
        problem.type.status,
        problem.headers,
    )


def _unavailable(error: AwsUnavailable) -> Response:
    _log.warning("aws_unavailable", error=str(error))
    return _problem(
        Problem(
            UNAVAILABLE,
            "AWS cannot be reached or is throttling, so this could not be done and no door opens. Try again.",
            {"Retry-After": _RETRY_AFTER_SECONDS},
        )
    )


def _overloaded(_error: Overloaded) -> Response:
    return _problem(
        Problem(
            OVERLOADED,
            "This frame would be decided too late to open the door. Nothing was queued; send a new one.",
            {"Retry-After": _RETRY_AFTER_OVERLOAD_SECONDS},
        )
    )


def _http_error(error: HTTPException) -> Response:
    """Answer what Flask itself refuses: 404, 405 and their like."""
    status = error.code or 500
    allowed = [
        (name, value) for name, value in error.get_headers() if name.lower() in {"allow", "retry-after"}
    ]
    return _document(
        # about:blank: the status says it all (RFC 9457, section 4.2.1)
        {"type": "about:blank", "title": error.name, "detail": error.description or error.name},
        status,
        dict(allowed),
    )


def _unexpected(error: Exception) -> Response:
    error_id = uuid4().hex
    g.outcome = INTERNAL.slug
    _log.error("internal_error", error_id=error_id, exc_info=error)
    return _document(
        {
            "type": INTERNAL.uri,
            "title": INTERNAL.title,
            "detail": f"Something went wrong on our side. Tell the operator error id {error_id}.",
            "error_id": error_id,
        },
        INTERNAL.status,
        {},
    )


def _document(members: Mapping[str, str], status: int, headers: Mapping[str, str]) -> Response:
    body = {**members, "status": int(status), "instance": request.path}
    response = Response(json.dumps(body), status, mimetype="application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers)
    return response
