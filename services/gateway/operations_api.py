"""The API of the machinery: how it does, how it did, and what that costs."""

from http import HTTPStatus

from flask import Blueprint, Response, request

from services.contracts.domain import Scope
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.json_answer import json_answer
from services.gateway.openapi import Answer, Parameter, operation
from services.gateway.operations import CostsBody, HistoryBody, OperationsBody, OperationsDesk
from services.gateway.problems import INVALID_QUERY, Problem
from services.operations.spans import LONGEST_HOURS

_USUAL_HOURS = 24
_HOURS = Parameter(
    "hours",
    "query",
    f"How far to look back, {_USUAL_HOURS} if left out.",
    {"type": "integer", "minimum": 1, "maximum": LONGEST_HOURS, "default": _USUAL_HOURS},
    (INVALID_QUERY,),
)


def operations_api(desk: OperationsDesk, authenticator: PrincipalAuthenticator) -> Blueprint:
    """Make the blueprint of ``/v1/operations`` and ``/v1/costs``."""
    blueprint = Blueprint("operations_api", __name__, url_prefix="/v1")
    authenticator.guard(blueprint, reading=Scope.OPERATIONS_READ, writing=Scope.OPERATIONS_WRITE)

    @blueprint.get("/operations")
    @operation(
        "Tell how the machinery does now",
        Answer(HTTPStatus.OK, "Queues, processes that live, and the last five minutes.", OperationsBody),
        description="A process that died is missing after three of its pulses.",
    )
    def now() -> Response:
        return json_answer(desk.now())

    @blueprint.get("/operations/history")
    @operation(
        "Tell how the machinery did",
        Answer(HTTPStatus.OK, "A point for each step of time, the oldest first.", HistoryBody),
        description="Steps are a minute up to two hours back, ten minutes up to a day, else half an hour.",
        parameters=(_HOURS,),
    )
    def history() -> Response:
        return json_answer(desk.history(hours_of(request.args.get("hours"))))

    @blueprint.get("/costs")
    @operation(
        "Tell what this month costs",
        Answer(HTTPStatus.OK, "What it has cost so far, and what it will.", CostsBody),
        description="At list prices and as far as the processes count what they use; machines and network "
        "are left out.",
    )
    def costs() -> Response:
        return json_answer(desk.costs())

    return blueprint


def hours_of(text: str | None) -> int:
    """Read how far to look back.

    Raises
    ------
    Problem
        If it is no number of hours that are kept.
    """
    if text is None:
        return _USUAL_HOURS
    hours = int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else 0
    if not 1 <= hours <= LONGEST_HOURS:
        raise Problem(INVALID_QUERY, f"'hours' is a whole number from 1 to {LONGEST_HOURS}.")
    return hours
