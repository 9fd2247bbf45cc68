"""Where processes write what they did: a pulse each, and slots of time in which all are added up."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from services.aws.errors import translated
from services.aws.items import attribute, from_item, to_item
from services.contracts.operations import DayUsed, Pulse, Resolution, Slot, Stock
from services.operations.spans import begin_of
from services.operations.tally import BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.aws.connection import Aws

#: How long figures are kept.
KEPT = {Resolution.MINUTE: timedelta(hours=6), Resolution.TEN_MINUTES: timedelta(days=4)}
DAYS_KEPT = timedelta(days=400)
#: A process that died is forgotten; that it died is seen much sooner.
_PULSES_KEPT = timedelta(days=1)
#: What was counted longer ago says nothing of now.
_STOCK_HOLDS = timedelta(days=40)
_PROCESSES, _DAYS, _STOCK = "process", "day", "stock"
_SLOT = "%Y-%m-%dT%H:%MZ"
#: An update's expression may have 4 KB.
_MOST_COUNTS_AT_ONCE = 100
_KEYS = frozenset({"series", "slot", "expires_at"})


class PulseStore:
    """The table of figures."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.operations_table_name

    def write(self, pulse: Pulse) -> None:
        """Write a process's pulse in its last one's place, and add its counts to those of its time.

        A call that is tried again, because its answer was lost, adds twice: figures are no accounts.

        Raises
        ------
        AwsError
            If not everything could be written.
        """
        item = to_item(pulse) | {
            "series": attribute(_PROCESSES),
            "slot": attribute(pulse.process_id),
            "expires_at": _expiry(pulse.at, _PULSES_KEPT),
        }
        with translated("writing a pulse"):
            self._dynamodb.put_item(TableName=self._table, Item=item)
        for resolution, kept in KEPT.items():
            began_at = begin_of(pulse.at, timedelta(minutes=resolution.minutes))
            self._add(resolution, began_at.strftime(_SLOT), pulse.counts, _expiry(began_at, kept))
        day = pulse.at.astimezone(UTC).date()
        self._add(_DAYS, day.isoformat(), _without_histograms(pulse.counts), _expiry(pulse.at, DAYS_KEPT))

    def remove(self, process_id: str) -> None:
        """Forget a process that ended in good order.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        key = {"series": attribute(_PROCESSES), "slot": attribute(process_id)}
        with translated("removing a pulse"):
            self._dynamodb.delete_item(TableName=self._table, Key=key)

    def pulses(self) -> list[Pulse]:
        """Read the last pulse of each process, also of those that died not long ago.

        Raises
        ------
        AwsError
            If the table cannot be read.
        """
        items = self._items("series = :series", {":series": attribute(_PROCESSES)})
        return [from_item(Pulse, item) for item in items]

    def slots(self, resolution: Resolution, first: datetime, last: datetime) -> list[Slot]:
        """Read slots that began in a time, those in which something was counted.

        Raises
        ------
        AwsError
            If the table cannot be read.
        """
        items = self._between(resolution, first.strftime(_SLOT), last.strftime(_SLOT))
        return [
            Slot(
                began_at=datetime.strptime(item["slot"]["S"], _SLOT).replace(tzinfo=UTC), counts=_counts(item)
            )
            for item in items
        ]

    def days(self, first: date, last: date) -> list[DayUsed]:
        """Read what was used from one day to another, on days on which something was.

        Raises
        ------
        AwsError
            If the table cannot be read.
        """
        items = self._between(_DAYS, first.isoformat(), last.isoformat())
        return [DayUsed(day=date.fromisoformat(item["slot"]["S"]), counts=_counts(item)) for item in items]

    def claim_stock_taking(self, day: date) -> bool:
        """Be the one who counts what is kept on a day; False if another is, or was.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated("claiming a day's stock-taking"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=self._of_day(_STOCK, day),
                    ConditionExpression="attribute_not_exists(series)",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def write_stock(self, stock: Stock) -> None:
        """Write what is kept.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated("writing what is kept"):
            self._dynamodb.put_item(
                TableName=self._table, Item=to_item(stock) | self._of_day(_STOCK, stock.day)
            )

    def stock(self, day: date) -> Stock | None:
        """Read what was kept when it was last counted; None if that is too long ago, or never was.

        Raises
        ------
        AwsError
            If the table cannot be read.
        """
        items = self._between(_STOCK, (day - _STOCK_HOLDS).isoformat(), day.isoformat())
        # a claim without figures is of one who counts still, or died of it
        counted = [from_item(Stock, item) for item in items if "photos" in item]
        return counted[-1] if counted else None

    def _of_day(self, series: str, day: date) -> dict[str, Any]:
        midnight = datetime.combine(day, datetime.min.time(), UTC)
        return {
            "series": attribute(series),
            "slot": attribute(day.isoformat()),
            "expires_at": _expiry(midnight, DAYS_KEPT),
        }

    def _add(self, series: str, slot: str, counts: Mapping[str, int], expires_at: Any) -> None:
        names = iter(counts)
        while some := tuple(islice(names, _MOST_COUNTS_AT_ONCE)):
            with translated("adding figures up"):
                self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"series": attribute(series), "slot": attribute(slot)},
                    UpdateExpression="SET expires_at = :expires_at ADD "
                    + ", ".join(f"#{index} :{index}" for index in range(len(some))),
                    ExpressionAttributeNames={f"#{index}": name for index, name in enumerate(some)},
                    ExpressionAttributeValues={
                        ":expires_at": expires_at,
                        **{f":{index}": attribute(counts[name]) for index, name in enumerate(some)},
                    },
                )

    def _between(self, series: str, first: str, last: str) -> "Iterator[dict[str, Any]]":
        return self._items(
            "series = :series AND slot BETWEEN :first AND :last",
            {":series": attribute(series), ":first": attribute(first), ":last": attribute(last)},
        )

    def _items(self, condition: str, values: dict[str, Any]) -> "Iterator[dict[str, Any]]":
        start: dict[str, Any] = {}
        while True:
            with translated("reading figures"):
                page = self._dynamodb.query(
                    TableName=self._table,
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    **start,
                )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _counts(item: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(value["N"]) for name, value in item.items() if name not in _KEYS}


def _without_histograms(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: times for name, times in counts.items() if BUCKET not in name}


def _expiry(instant: datetime, kept: timedelta) -> Any:
    return attribute(int((instant + kept).timestamp()))
