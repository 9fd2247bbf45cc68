"""Which processes live, what they do, and how long jobs wait now."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict

from services.contracts.operations import Pulse, QueueName, Service
from services.operations.figures import QueueFigures, summed
from services.operations.histogram import percentile
from services.operations.measures import ANSWERED_MS, TURNED_AWAY, waited_ms
from services.operations.tally import histogram

#: Without a pulse for so many intervals a process counts as dead.
_MISSED = 3


class Process(BaseModel):
    """A process that lives.

    Attributes
    ----------
    seen_at : datetime
        When it told last what it does.
    per_minute : float
        Jobs that a worker ended, or frames that a gateway answered or turned away, since its pulse before.
    """

    model_config = ConfigDict(frozen=True)

    process_id: str
    service: Service
    host: str
    pid: int
    started_at: datetime
    seen_at: datetime
    per_minute: float

    @classmethod
    def of(cls, pulse: Pulse) -> Self:
        """Read it from its last pulse."""
        return cls(
            process_id=pulse.process_id,
            service=pulse.service,
            host=pulse.host,
            pid=pulse.pid,
            started_at=pulse.started_at,
            seen_at=pulse.at,
            per_minute=round(_worked(pulse) / pulse.seconds * 60, 1),
        )


class QueueNow(BaseModel):
    """A queue at this moment.

    Attributes
    ----------
    waiting : int or None
        How many jobs wait; None if no gateway that lives has looked.
    oldest_seconds : float or None
        About how long the oldest has waited; None if none waits, or nobody looked.
    workers : int
        Processes that live and take jobs from it.
    """

    model_config = ConfigDict(frozen=True)

    queue: QueueName
    waiting: int | None
    oldest_seconds: float | None
    workers: int


def living(pulses: Iterable[Pulse], now: datetime) -> list[Pulse]:
    """Pick the processes that live, in the order of services, hosts and their starts."""
    alive = [pulse for pulse in pulses if now - pulse.at <= timedelta(seconds=_MISSED * pulse.interval)]
    order = list(Service)
    return sorted(alive, key=lambda pulse: (order.index(pulse.service), pulse.host, pulse.started_at))


def queue_now(queue: QueueName, pulses: Sequence[Pulse], now: datetime) -> QueueNow:
    """Tell how a queue stands.

    SQS does not say how old its oldest message is. While none is taken it has waited since a gateway first
    saw jobs wait, or since the last one was taken, whichever is later; to the latter comes what those had
    waited that were taken then.

    Parameters
    ----------
    pulses : sequence of Pulse
        Of all processes, also of those that died: they may have been the last to take a job.
    """
    alive = living(pulses, now)
    looks = [(pulse.at, seen) for pulse in alive for seen in pulse.queues if seen.queue is queue]
    workers = sum(pulse.service == queue for pulse in alive)
    if not looks:
        return QueueNow(queue=queue, waiting=None, oldest_seconds=None, workers=workers)
    _, last = max(looks, key=lambda look: look[0])
    oldest = None
    if last.waiting:
        since = min(seen.waiting_since for _, seen in looks if seen.waiting_since is not None)
        oldest = min((now - since).total_seconds(), _since_last_taken(queue, pulses, now))
    return QueueNow(
        queue=queue,
        waiting=last.waiting,
        oldest_seconds=None if oldest is None else round(max(0.0, oldest), 1),
        workers=workers,
    )


def _since_last_taken(queue: QueueName, pulses: Sequence[Pulse], now: datetime) -> float:
    workers = [pulse for pulse in pulses if pulse.service == queue]
    taken = [pulse.last_job_at for pulse in workers if pulse.last_job_at is not None]
    if not taken:
        return float("inf")
    counts = summed([pulse.counts for pulse in workers])
    waited = percentile(histogram(counts, waited_ms(queue)), 100) or 0.0
    return (now - max(taken)).total_seconds() + waited / 1000


def _worked(pulse: Pulse) -> int:
    if pulse.service is Service.GATEWAY:
        answered = histogram(pulse.counts, ANSWERED_MS)
        return sum(answered.values()) + pulse.counts.get(TURNED_AWAY, 0)
    queue = QueueFigures.of(pulse.counts, QueueName(pulse.service))
    return queue.done + queue.left + queue.put_aside
