"""From counts to figures that people read."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict

from services.contracts.operations import QueueName, Slot
from services.contracts.reasons import DecisionReason, Outcome
from services.operations.histogram import percentile
from services.operations.measures import (
    ANSWERED_MS,
    CALLS,
    DECIDED,
    DECIDED_MS,
    ENROLLED,
    JOBS,
    QUEUED_MS,
    SEARCHED_MS,
    TURNED_AWAY,
    CallEnd,
    JobEnd,
    waited_ms,
    waiting,
)
from services.operations.tally import histogram


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True)


class Latency(_Figures):
    """How long something took, in milliseconds; None where it did not happen.

    Attributes
    ----------
    p50, p95 : float or None
        Half took no longer than the first, 19 of 20 no longer than the second; within 5 %.
    """

    p50: float | None
    p95: float | None

    @classmethod
    def of(cls, counts: Mapping[str, int], name: str) -> Self:
        """Read it from a histogram."""
        buckets = histogram(counts, name)
        return cls(p50=_tenths(percentile(buckets, 50)), p95=_tenths(percentile(buckets, 95)))


class RekognitionFigures(_Figures):
    """Calls of one of Rekognition's operations, each attempt counted."""

    operation: str
    calls: int
    throttled: int
    failed: int


class QueueFigures(_Figures):
    """A queue over some time.

    Attributes
    ----------
    most_waiting : int or None
        The most jobs that were seen waiting; None if nobody looked.
    waited_ms : Latency
        How long jobs had waited when a worker took them.
    """

    queue: QueueName
    most_waiting: int | None
    waited_ms: Latency
    done: int
    left: int
    put_aside: int

    @classmethod
    def of(cls, counts: Mapping[str, int], queue: QueueName) -> Self:
        """Read it from counts."""
        return cls(
            queue=queue,
            most_waiting=_whole(percentile(histogram(counts, waiting(queue)), 100)),
            waited_ms=Latency.of(counts, waited_ms(queue)),
            done=counts.get(f"{JOBS}{queue}:{JobEnd.DONE}", 0),
            left=counts.get(f"{JOBS}{queue}:{JobEnd.LEFT}", 0),
            put_aside=counts.get(f"{JOBS}{queue}:{JobEnd.PUT_ASIDE}", 0),
        )


class Figures(_Figures):
    """What was done in some time.

    Attributes
    ----------
    granted, denied : int
        Decisions.
    reasons : mapping of DecisionReason to int
        The same by reason, those that occurred alone.
    turned_away : int
        Frames refused with 503, because they would have been decided too late.
    answer_ms : Latency
        From a frame's arrival to the answer, of kiosks that waited for it.
    decision_ms : Latency
        From a frame's arrival to its decision; `queued_ms` and `searched_ms` are parts of it.
    enrollments : mapping of str to int
        What became of photos: ``indexed``, ``held``, or the reason of a refusal.
    """

    granted: int
    denied: int
    reasons: dict[DecisionReason, int]
    turned_away: int
    answer_ms: Latency
    decision_ms: Latency
    queued_ms: Latency
    searched_ms: Latency
    enrollments: dict[str, int]
    queues: list[QueueFigures]
    rekognition: list[RekognitionFigures]

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Self:
        """Read them from counts."""
        reasons = {
            reason: times for reason in DecisionReason if (times := counts.get(f"{DECIDED}{reason}", 0))
        }
        granted = sum(times for reason, times in reasons.items() if reason.outcome is Outcome.GRANTED)
        return cls(
            granted=granted,
            denied=sum(reasons.values()) - granted,
            reasons=reasons,
            turned_away=counts.get(TURNED_AWAY, 0),
            answer_ms=Latency.of(counts, ANSWERED_MS),
            decision_ms=Latency.of(counts, DECIDED_MS),
            queued_ms=Latency.of(counts, QUEUED_MS),
            searched_ms=Latency.of(counts, SEARCHED_MS),
            enrollments=_named(counts, ENROLLED),
            queues=[QueueFigures.of(counts, queue) for queue in QueueName],
            rekognition=_rekognition(counts),
        )

    @property
    def measured(self) -> bool:
        """Whether anything was counted at all, if only that nothing waits."""
        seen = any(queue.most_waiting is not None for queue in self.queues)
        return seen or bool(self.reasons or self.turned_away or self.enrollments or self.rekognition)


class Point(Figures):
    """What was done in one step of time.

    Attributes
    ----------
    began_at : datetime
        When the step began.
    """

    began_at: datetime

    @classmethod
    def at(cls, began_at: datetime, counts: Mapping[str, int]) -> Self:
        """Read a step's figures from its counts."""
        return cls(began_at=began_at, **dict(Figures.of(counts)))


def history(slots: Sequence[Slot], first: datetime, last: datetime, step: timedelta) -> list[Point]:
    """Make a point of each step, also of those in which nothing was counted.

    Parameters
    ----------
    first, last : datetime
        When the first and the last step begin.
    step : timedelta
        As long as a slot, or a whole number of slots.
    """
    steps = (last - first) // step + 1
    counted: list[dict[str, int]] = [{} for _ in range(steps)]
    for slot in slots:
        index = (slot.began_at - first) // step
        if 0 <= index < steps:
            add(counted[index], slot.counts)
    return [Point.at(first + index * step, counts) for index, counts in enumerate(counted)]


def add(total: dict[str, int], counts: Mapping[str, int]) -> None:
    """Add counts to a total."""
    for name, times in counts.items():
        total[name] = total.get(name, 0) + times


def summed(many: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Add counts up."""
    total: dict[str, int] = {}
    for counts in many:
        add(total, counts)
    return total


def calls_of(counts: Mapping[str, int], operation: str, *ends: CallEnd) -> int:
    """Count calls of one of Rekognition's operations that ended so."""
    return sum(counts.get(f"{CALLS}{operation}:{end}", 0) for end in ends)


def _rekognition(counts: Mapping[str, int]) -> list[RekognitionFigures]:
    operations = sorted({name.split(":")[0] for name in _named(counts, CALLS)})
    return [
        RekognitionFigures(
            operation=operation,
            calls=calls_of(counts, operation, *CallEnd),
            throttled=calls_of(counts, operation, CallEnd.THROTTLED),
            failed=calls_of(counts, operation, CallEnd.FAILED),
        )
        for operation in operations
    ]


def _named(counts: Mapping[str, int], beginning: str) -> dict[str, int]:
    return {
        name.removeprefix(beginning): times
        for name, times in sorted(counts.items())
        if name.startswith(beginning)
    }


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
