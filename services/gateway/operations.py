"""How the machinery does: now, over the last days, and at what cost."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from threading import Condition
from typing import Protocol, Self

from cachetools import TTLCache, cached
from pydantic import BaseModel, ConfigDict

from services.contracts.operations import DayUsed, Pulse, QueueName, Resolution, Slot, Stock
from services.operations.bill import Bill, Month
from services.operations.figures import Figures, Point, history, summed
from services.operations.processes import Process, QueueNow, living, queue_now
from services.operations.spans import LONGEST_HOURS, begin_of, span_of
from services.prices import CostLine, Prices

#: What many consoles ask for at once is read once in so many seconds.
_READ_SECONDS = 5.0
_RECENT = timedelta(minutes=5)
_MINUTE = timedelta(minutes=1)


class Pulses(Protocol):
    """What the processes wrote of themselves."""

    def pulses(self) -> list[Pulse]:
        """Read the last pulse of each process."""
        ...

    def slots(self, resolution: Resolution, first: datetime, last: datetime) -> list[Slot]:
        """Read what was done in slots that began in a time."""
        ...

    def days(self, first: date, last: date) -> list[DayUsed]:
        """Read what was used a day."""
        ...

    def stock(self, day: date) -> Stock | None:
        """Read what was kept when it was last counted."""
        ...


class OperationsBody(BaseModel):
    """How the machinery does now.

    Attributes
    ----------
    recent : Figures
        Of the last five minutes.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    queues: list[QueueNow]
    processes: list[Process]
    recent: Figures


class HistoryBody(BaseModel):
    """How the machinery did.

    Attributes
    ----------
    step_seconds : int
        From one point to the next. The last one is not over.
    """

    model_config = ConfigDict(frozen=True)

    step_seconds: int
    points: list[Point]

    @property
    def measured(self) -> bool:
        """Whether anything was counted at all."""
        return any(point.measured for point in self.points)


class CostLineBody(BaseModel):
    """One line of a bill.

    Attributes
    ----------
    usd : float
        US dollars.
    """

    model_config = ConfigDict(frozen=True)

    service: str
    what: str
    quantity: float
    unit: str
    usd: float


class SumBody(BaseModel):
    """What something costs in all, and line by line."""

    model_config = ConfigDict(frozen=True)

    usd: float
    lines: list[CostLineBody]

    @classmethod
    def of(cls, lines: Sequence[CostLine]) -> Self:
        """Add lines up."""
        bodies = [CostLineBody(**line._asdict()) for line in lines]
        return cls(usd=sum(line.usd for line in lines), lines=bodies)


class CostsBody(BaseModel):
    """What this month costs at list prices, as far as the processes counted it; without machines and network.

    Attributes
    ----------
    since : datetime
        From when on this month's figures are: its beginning, or the day on which counting began.
    until : datetime
        Up to when the costs so far reach.
    ends : datetime
        Up to when the forecast reaches, should it go on as until now.
    photos, photo_bytes, faces : int or None
        What is kept, as it was last counted; None before it was.
    price_region, prices_as_of : str
        Of the list of prices.
    """

    model_config = ConfigDict(frozen=True)

    since: datetime
    until: datetime
    ends: datetime
    so_far: SumBody
    forecast: SumBody
    photos: int | None
    photo_bytes: int | None
    faces: int | None
    price_region: str
    prices_as_of: str

    @classmethod
    def of(cls, bill: Bill, prices: Prices) -> Self:
        """Show a bill."""
        stock = bill.stock
        return cls(
            since=bill.since,
            until=bill.month.now,
            ends=bill.month.end,
            so_far=SumBody.of(bill.so_far),
            forecast=SumBody.of(bill.forecast),
            photos=stock and stock.photos,
            photo_bytes=stock and stock.photo_bytes,
            faces=stock and stock.faces,
            price_region=prices.region,
            prices_as_of=prices.as_of,
        )


class OperationsDesk:
    """Tells operators how the machinery does."""

    def __init__(
        self,
        pulses: Pulses,
        *,
        prices: Prices,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        read_seconds: float = _READ_SECONDS,
    ) -> None:
        self._pulses = pulses
        self._prices = prices
        self._clock = now
        self._now = cached(TTLCache(1, read_seconds), condition=Condition())(self._read_now)
        self._history = cached(TTLCache(LONGEST_HOURS, read_seconds), condition=Condition())(
            self._read_history
        )
        self._costs = cached(TTLCache(1, read_seconds), condition=Condition())(self._read_costs)

    def now(self) -> OperationsBody:
        """Tell how it does now.

        Raises
        ------
        AwsError
            If the figures cannot be read.
        """
        return self._now()

    def history(self, hours: int) -> HistoryBody:
        """Tell how it did in the last hours, up to `LONGEST_HOURS`.

        Raises
        ------
        AwsError
            If the figures cannot be read.
        """
        return self._history(hours)

    def costs(self) -> CostsBody:
        """Tell what this month has cost so far, and what it will.

        Raises
        ------
        AwsError
            If the figures cannot be read.
        """
        return self._costs()

    def _read_now(self) -> OperationsBody:
        now, pulses = self._clock(), self._pulses.pulses()
        minutes = self._pulses.slots(Resolution.MINUTE, begin_of(now, _MINUTE) - _RECENT + _MINUTE, now)
        return OperationsBody(
            at=now,
            queues=[queue_now(queue, pulses, now) for queue in QueueName],
            processes=[Process.of(pulse) for pulse in living(pulses, now)],
            recent=Figures.of(summed([minute.counts for minute in minutes])),
        )

    def _read_history(self, hours: int) -> HistoryBody:
        span = span_of(hours, self._clock())
        slots = self._pulses.slots(span.resolution, span.first, span.last + span.step)
        return HistoryBody(
            step_seconds=int(span.step.total_seconds()),
            points=history(slots, span.first, span.last, span.step),
        )

    def _read_costs(self) -> CostsBody:
        now = self._clock()
        month = Month.of(now)
        days = self._pulses.days(month.first.date(), now.date())
        processes = len(living(self._pulses.pulses(), now))
        bill = Bill.of(month, days, self._pulses.stock(now.date()), processes, self._prices)
        return CostsBody.of(bill, self._prices)
