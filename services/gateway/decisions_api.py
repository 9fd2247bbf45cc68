"""The API of decisions: who asked to pass which door, and what became of it, as the audit trail has it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

from flask import Blueprint, Response, g, request
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from services.audit.chain import Listed
from services.audit.export import personal_of
from services.audit.verification import read_record
from services.contracts.audit import AuditKind, AuditRecord
from services.contracts.domain import Matched, Scope
from services.contracts.reasons import DecisionReason, Outcome
from services.gateway.audit_api import Trail
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import Cursors, page_size
from services.gateway.json_answer import json_answer
from services.gateway.openapi import Answer, Parameter, operation
from services.gateway.openapi_fields import PAGE
from services.gateway.periods import PERIOD, days_of, instants_of
from services.gateway.problems import INVALID_CURSOR, INVALID_QUERY, Problem
from services.gateway.schemas import VisitorBody

_MOST_DAYS = 31
#: Records read for a page at most, so that a filter that little passes holds up nobody.
_MOST_READ = 2000
_READ_AT_A_TIME = 200
_LONGEST_DOOR = 100
_DOOR = Parameter(
    "door_id",
    "query",
    "Decisions at this door alone.",
    {"type": "string", "maxLength": _LONGEST_DOOR},
    (INVALID_QUERY,),
)
_OUTCOME = Parameter(
    "outcome",
    "query",
    "Decisions with this outcome alone.",
    {"enum": [outcome.value for outcome in Outcome]},
    (INVALID_QUERY,),
)


class RecordedDecisionBody(BaseModel):
    """A decision as the audit trail has it.

    Attributes
    ----------
    person : VisitorBody or None
        Whom the visitor was taken for, also where the door stayed shut; None where nobody was, or once they
        are erased.
    similarity, threshold : float
        Percentages, 0 to 100; the similarity is the best match's, also when it did not suffice.
    erased : bool
        Whether the person was erased since.
    """

    model_config = ConfigDict(frozen=True)

    recognition_id: str
    outcome: Outcome
    reason: DecisionReason
    kiosk_id: str
    door_id: str | None
    person: VisitorBody | None
    matched: Matched | None
    similarity: float | None
    threshold: float
    frames: int
    agreed: int | None
    rule_id: str | None
    received_at: AwareDatetime
    decided_at: AwareDatetime
    erased: bool

    @classmethod
    def of(cls, record: AuditRecord, listed: Listed) -> Self:
        """Show what a record tells of a decision."""
        personal = personal_of(listed)
        person = VisitorBody.model_validate(personal) if "person_id" in personal else None
        told: dict[str, Any] = {name: record.details.get(name) for name in cls.model_fields}
        return cls.model_validate(
            told
            | {
                "recognition_id": record.target,
                "outcome": record.outcome,
                "kiosk_id": record.actor.removeprefix("kiosk "),
                "person": person,
                "erased": listed.link.erased,
            }
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


@dataclass(frozen=True)
class _Wanted:
    door_id: str | None
    outcome: str | None

    def has(self, record: AuditRecord) -> bool:
        return (
            record.kind is AuditKind.DECISION
            and (self.door_id is None or record.details.get("door_id") == self.door_id)
            and self.outcome in {None, record.outcome}
        )


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
        wanted = _wanted()
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
                record = read_record(listed.link.text)
                if record is not None and wanted.has(record):
                    found += _shown(record, listed)
            else:
                position = None
        except ValueError as error:
            raise Problem(INVALID_CURSOR, "The cursor leads nowhere. Leave it out to begin anew.") from error
        return json_answer(DecisionsBody(decisions=found, next_cursor=cursors.write(position)))

    return blueprint


def _shown(record: AuditRecord, listed: Listed) -> list[RecordedDecisionBody]:
    try:
        return [RecordedDecisionBody.of(record, listed)]
    except ValidationError:
        # it was altered since: a verification names it
        return []


def _wanted() -> _Wanted:
    door_id, outcome = request.args.get("door_id"), request.args.get("outcome")
    if door_id is not None and len(door_id) > _LONGEST_DOOR:
        raise Problem(INVALID_QUERY, f"No door's id has more than {_LONGEST_DOOR} characters.")
    if outcome is not None and outcome not in set(Outcome):
        raise Problem(INVALID_QUERY, f"An outcome is one of {', '.join(Outcome)}.")
    return _Wanted(door_id, outcome)
