"""What a month has cost so far, and what it will cost if it goes on like that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from services.contracts.operations import DayUsed, Stock
from services.operations.figures import calls_of, summed
from services.operations.measures import DECIDED, ENROLLED, UPLOADED_FRAMES, CallEnd
from services.prices import CostLine, Prices, Usage, estimate
from services.prices.usage import HOURS_A_MONTH
from services.prices.workload import Workload, usage_of

_DAYS_A_MONTH = HOURS_A_MONTH / 24
#: Operations that are charged by the image.
_IMAGE_OPERATIONS = (
    "SearchUsersByImage",
    "SearchFacesByImage",
    "IndexFaces",
    "SearchFaces",
    "AssociateFaces",
)
#: The stack's own.
_KEYS = 1
#: Of less than an hour no month can be foretold.
_LEAST = timedelta(hours=1)
_GB = 1e9


@dataclass(frozen=True)
class Month:
    """A month of UTC that is not over.

    Attributes
    ----------
    first, end : datetime
        When it began, and when the next one does.
    """

    first: datetime
    now: datetime
    end: datetime

    @classmethod
    def of(cls, now: datetime) -> Self:
        """Tell in which month an instant is."""
        utc = now.astimezone(UTC)
        first = utc.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return cls(first, utc, (first + timedelta(days=32)).replace(day=1))


@dataclass(frozen=True)
class Bill:
    """What a month costs at list prices, without machines and network.

    Attributes
    ----------
    since : datetime
        From when on there are figures: the month's beginning, or the day on which counting began.
    """

    month: Month
    since: datetime
    stock: Stock | None
    so_far: Sequence[CostLine]
    forecast: Sequence[CostLine]

    @classmethod
    def of(
        cls, month: Month, days: Sequence[DayUsed], stock: Stock | None, processes: int, prices: Prices
    ) -> Self:
        """Reckon up what was counted.

        Parameters
        ----------
        days : sequence of DayUsed
            The month's, as far as there are any.
        stock : Stock, optional
            What is kept; taken for the same all the month.
        processes : int
            How many poll their queues; taken for the same all the month.
        """
        since = max(month.first, _midnight(days[0])) if days else month.now
        if not days:
            return cls(month, since, stock, (), ())
        counts = summed([used.counts for used in days])
        so_far = max(month.now - since, _LEAST)
        growth = max((month.end - since) / so_far, 1.0)
        used = _usage(counts, stock, processes, so_far)
        return cls(
            month,
            since,
            stock,
            so_far=estimate(used, prices),
            forecast=estimate(_usage(counts, stock, processes, so_far, growth), prices),
        )


def _midnight(used: DayUsed) -> datetime:
    return datetime.combine(used.day, datetime.min.time(), UTC)


def _usage(
    counts: dict[str, int], stock: Stock | None, processes: int, period: timedelta, growth: float = 1.0
) -> Usage:
    """Tell what was used in a period, or in one `growth` times as long if it goes on like that."""
    hours = period / timedelta(hours=1) * growth
    decisions = _all(counts, DECIDED) * growth
    photos = _all(counts, ENROLLED) * growth
    uploads = photos + counts.get(UPLOADED_FRAMES, 0) * growth
    workload = Workload(
        decisions_a_day=decisions / _DAYS_A_MONTH,
        photos_a_day=photos / _DAYS_A_MONTH,
        lambda_runs_a_day=uploads / _DAYS_A_MONTH,
        people=stock.users if stock else 0,
        photos=stock.photos if stock else 0,
        photo_gb=stock.photo_bytes / _GB if stock else 0,
        processes=processes * hours / HOURS_A_MONTH,
    )
    images = sum(calls_of(counts, operation, CallEnd.DONE) for operation in _IMAGE_OPERATIONS)
    return replace(
        usage_of(workload),
        hours=hours,
        face_images=images * growth,
        vectors=stock.faces + stock.users if stock else 0,
        keys=_KEYS,
    )


def _all(counts: dict[str, int], beginning: str) -> int:
    return sum(times for name, times in counts.items() if name.startswith(beginning))
