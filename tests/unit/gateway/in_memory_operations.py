"""What processes wrote of themselves, in memory."""

from datetime import UTC, date, datetime, timedelta

from services.contracts.operations import (
    DayUsed,
    Pulse,
    QueueName,
    QueueSeen,
    Resolution,
    Service,
    Slot,
    Stock,
)
from services.gateway.operations import OperationsDesk
from services.prices import list_prices

NOW = datetime(2026, 11, 16, 12, 0, 30, tzinfo=UTC)


def pulse(service: Service, ago: float = 5, **more: object) -> Pulse:
    """A process's last pulse, so many seconds old."""
    fields = {
        "process_id": f"{service}-1",
        "service": service,
        "host": "host",
        "pid": 7,
        "started_at": NOW - timedelta(hours=1),
        "interval": 15,
        "at": NOW - timedelta(seconds=ago),
        "seconds": 15,
        "counts": {},
    }
    return Pulse.model_validate(fields | more)


def seen(queue: QueueName, waiting: int, since: float | None = None) -> QueueSeen:
    """A queue that a gateway sees, on which jobs wait since so many seconds."""
    waiting_since = None if since is None else NOW - timedelta(seconds=since)
    return QueueSeen(queue=queue, waiting=waiting, waiting_since=waiting_since)


class InMemoryPulses:
    """Nothing, until a test says what; read anew each time."""

    def __init__(self) -> None:
        self.alive: list[Pulse] = []
        self.minutes: list[Slot] = []
        self.tens: list[Slot] = []
        self.used: list[DayUsed] = []
        self.kept: Stock | None = None
        self.desk = OperationsDesk(self, prices=list_prices(), now=lambda: NOW, read_seconds=0)

    def pulses(self) -> list[Pulse]:
        return self.alive

    def slots(self, resolution: Resolution, first: datetime, last: datetime) -> list[Slot]:
        slots = self.minutes if resolution is Resolution.MINUTE else self.tens
        return [slot for slot in slots if first <= slot.began_at <= last]

    def days(self, first: date, last: date) -> list[DayUsed]:
        return [used for used in self.used if first <= used.day <= last]

    def stock(self, day: date) -> Stock | None:
        return self.kept
