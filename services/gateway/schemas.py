"""What the kiosk API answers, as JSON."""

from decimal import ROUND_FLOOR, Decimal
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.contracts.domain import Decision
from services.contracts.reasons import DecisionReason, Outcome

_SHOWN_STEP = Decimal("0.0001")


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class VisitorBody(_Body):
    """Who was let in."""

    person_id: str
    full_name: str


class DecisionBody(_Body):
    """A decision as its kiosk sees it.

    Attributes
    ----------
    message : str
        A sentence for the person at the door.
    person : VisitorBody or None
        Only when granted: a kiosk tells nobody whom a stranger resembles.
    similarity, threshold : float
        Percentages, 0 to 100. The similarity is rounded down to four decimals, never up: what fell just
        short of the threshold must not read as if it had reached it.
    frames : int
        How many pictures of the visitor were sent.
    agreed : int or None
        How many of those that were looked at showed the same person; looking ends when the outcome is
        known. None where no picture was judged.
    """

    recognition_id: str
    status: Literal["decided"] = "decided"
    outcome: Outcome
    reason: DecisionReason
    message: str
    person: VisitorBody | None
    similarity: float | None
    threshold: float
    frames: int
    agreed: int | None
    door_id: str | None
    kiosk_id: str
    received_at: AwareDatetime
    decided_at: AwareDatetime
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, decision: Decision) -> Self:
        """Pick what to show of `decision`."""
        person = None
        if decision.outcome is Outcome.GRANTED and decision.person_id and decision.full_name:
            person = VisitorBody(person_id=decision.person_id, full_name=decision.full_name)
        return cls(
            recognition_id=decision.recognition_id,
            outcome=decision.outcome,
            reason=decision.reason,
            message=f"Welcome, {person.full_name}." if person else decision.reason.sentence,
            person=person,
            similarity=None if decision.similarity is None else _shown(decision.similarity),
            threshold=decision.threshold,
            frames=decision.frames,
            agreed=decision.agreed,
            door_id=decision.door_id,
            kiosk_id=decision.kiosk_id,
            received_at=decision.received_at,
            decided_at=decision.decided_at,
            timings_ms=decision.timings_ms,
        )


class PendingBody(_Body):
    """A recognition that is not decided yet."""

    recognition_id: str
    status: Literal["pending"] = "pending"


def _shown(similarity: float) -> float:
    # by way of its digits: 99.7 times 10,000 may be a little less than 997,000
    return float(Decimal(repr(similarity)).quantize(_SHOWN_STEP, ROUND_FLOOR))
