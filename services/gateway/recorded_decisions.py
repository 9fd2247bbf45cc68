"""Decisions as the audit trail has them, and which of them somebody wants to see."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from services.audit.chain import Listed
from services.audit.export import personal_of
from services.audit.verification import read_record
from services.contracts.audit import AuditKind, AuditRecord
from services.contracts.domain import Matched
from services.contracts.reasons import DecisionReason, Outcome
from services.gateway.problems import INVALID_QUERY, Problem
from services.gateway.schemas import VisitorBody

LONGEST_DOOR = 100
#: A machine's clock may be ahead by so much: AWS refuses calls beyond a quarter of an hour.
CLOCKS_AHEAD = timedelta(minutes=15)
_NEWEST = 50
#: How far back the newest are looked for, each time further: a busy site has them in the last minute.
_LOOKS_BACK = tuple(timedelta(minutes=minutes) for minutes in (1, 10, 60, 6 * 60, 24 * 60, 7 * 24 * 60))
#: Records read for them, after which it is looked no further back.
_MOST_READ = 5000
_READ_AT_A_TIME = 500


class Trail(Protocol):
    """The audit trail, as it is read."""

    def between(
        self, begin: datetime, end: datetime, after: str | None = None, at_a_time: int | None = None
    ) -> Iterator[Listed]:
        """List records by time, those of all chains together."""
        ...


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


@dataclass(frozen=True)
class Wanted:
    """Which decisions somebody wants to see.

    Attributes
    ----------
    door_id, outcome : str, optional
        Those at this door, or with this outcome, alone.
    """

    door_id: str | None = None
    outcome: str | None = None

    def has(self, decision: RecordedDecisionBody) -> bool:
        """Whether a decision is one of them."""
        return self.door_id in {None, decision.door_id} and self.outcome in {None, decision.outcome}


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """Read what is wanted from a query.

    Raises
    ------
    Problem
        If no decision could be so.
    """
    door_id, outcome = query.get("door_id"), query.get("outcome")
    if door_id is not None and len(door_id) > LONGEST_DOOR:
        raise Problem(INVALID_QUERY, f"No door's id has more than {LONGEST_DOOR} characters.")
    if outcome is not None and outcome not in set(Outcome):
        raise Problem(INVALID_QUERY, f"An outcome is one of {', '.join(Outcome)}.")
    return Wanted(door_id, outcome)


def recorded_decision(listed: Listed) -> RecordedDecisionBody | None:
    """Read a record; None if it is no decision's, or was altered since: a verification names those."""
    record = read_record(listed.link.text)
    if record is None or record.kind is not AuditKind.DECISION:
        return None
    try:
        return RecordedDecisionBody.of(record, listed)
    except ValidationError:
        return None


@dataclass(frozen=True)
class NewestDecisions:
    """The newest decisions that somebody wants to see, the very newest first.

    Attributes
    ----------
    since : datetime
        How far back was looked.
    """

    decisions: list[RecordedDecisionBody]
    since: datetime


def newest_decisions(trail: Trail, wanted: Wanted, now: datetime) -> NewestDecisions:
    """Find the newest decisions of the last week, as far as that does not take long.

    Raises
    ------
    AwsError
        If the trail cannot be read.
    """
    found: list[RecordedDecisionBody] = []
    begin, end, read = now, now + CLOCKS_AHEAD, 0
    for back in _LOOKS_BACK:
        begin = now - back
        listing = list(trail.between(begin, end, None, _READ_AT_A_TIME))
        decisions = (recorded_decision(listed) for listed in listing)
        found = [one for one in decisions if one is not None and wanted.has(one)] + found
        read, end = read + len(listing), begin
        if len(found) >= _NEWEST or read >= _MOST_READ:
            break
    return NewestDecisions(found[: -_NEWEST - 1 : -1], begin)
