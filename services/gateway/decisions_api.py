"""The API of decisions: who asked to pass which door, and what became of it, as the audit trail has it."""

from http import HTTPStatus

from flask import Blueprint, Response, g, request
from pydantic import BaseModel, ConfigDict

from services.contracts.domain import Scope
from services.contracts.reasons import Outcome
from services.gateway.audit_api import Trail
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import Cursors, page_size
from services.gateway.json_answer import json_answer
from services.gateway.openapi import Answer, Parameter, operation
from services.gateway.openapi_fields import PAGE
from services.gateway.periods import PERIOD, days_of, instants_of
from services.gateway.problems import INVALID_CURSOR, INVALID_QUERY, Problem
from services.gateway.recorded_decisions import (
    LONGEST_DOOR,
    RecordedDecisionBody,
    recorded_decision,
    wanted_of,
)

_MOST_DAYS = 31
#: Records read for a page at most, so that a filter that little passes holds up nobody.
_MOST_READ = 2000
_READ_AT_A_TIME = 200
_DOOR = Parameter(
    "door_id",
    "query",
    "Decisions at this door alone.",
    {"type": "string", "maxLength": LONGEST_DOOR},
    (INVALID_QUERY,),
)
_OUTCOME = Parameter(
    "outcome",
    "query",
    "Decisions with this outcome alone.",
    {"enum": [outcome.value for outcome in Outcome]},
    (INVALID_QUERY,),
)


class DecisionsBody(BaseModel):
    """A page of decisions, by time.

    Attributes
    ----------
    next_cursor : str or None
        Where it goes on; a page may have fewer decisions than were asked for, or none, and still go on.
    """

    model_config = ConfigDict(frozen=True)

    decisions: list[RecordedDecisionBody]
    next_cursor: str | None


def decisions_api(trail: Trail, authenticator: PrincipalAuthenticator) -> Blueprint:
    """Make the blueprint of ``/v1/decisions``."""
    blueprint = Blueprint("decisions_api", __name__, url_prefix="/v1/decisions")
    authenticator.guard(blueprint, reading=Scope.DECISIONS_READ, writing=Scope.DECISIONS_READ)

    @blueprint.get("")
    @operation(
        "List decisions",
        Answer(HTTPStatus.OK, "A page of them, the oldest first.", DecisionsBody),
        description=f"Up to {_MOST_DAYS} days. They are those of the audit trail.",
        parameters=(*PERIOD, _DOOR, _OUTCOME, *PAGE),
    )
    def decisions() -> Response:
        first, last = days_of(request.args, _MOST_DAYS)
        wanted = wanted_of(request.args)
        cursors = Cursors(g.principal, f"decisions {first} {last} {wanted}")
        after, size = cursors.read(request.args.get("cursor")), page_size(request.args)
        found: list[RecordedDecisionBody] = []
        position: str | None = None
        try:
            listing = trail.between(*instants_of(first, last), after, _READ_AT_A_TIME)
            for read, listed in enumerate(listing):
                if len(found) == size or read == _MOST_READ:
                    break
                position = listed.position
                decision = recorded_decision(listed)
                if decision is not None and wanted.has(decision):
                    found.append(decision)
            else:
                position = None
        except ValueError as error:
            raise Problem(INVALID_CURSOR, "The cursor leads nowhere. Leave it out to begin anew.") from error
        return json_answer(DecisionsBody(decisions=found, next_cursor=cursors.write(position)))

    return blueprint
