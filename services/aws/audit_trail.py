"""Reading the audit trail, and sealing its days."""

import heapq
import re
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import ValidationError

from services.audit.chain import Link, Listed, Opening
from services.audit.verification import KeptSeal
from services.aws.audit import CHAINS
from services.aws.errors import AwsUnavailable, error_code, translated
from services.aws.items import attribute
from services.contracts.audit import ChainOpening, Head, Seal

if TYPE_CHECKING:
    from services.aws.connection import Aws

_SEALS = "seals"
_READING = "reading the audit trail"
_CHAIN_NAME = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]/.+")
_SEAL_PLACE = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]#[0-9]{4}")
_PLACE = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}#(?P<seq>[0-9]{8,})")
#: Sorts behind every place of a day.
_END_OF_DAY = "~"


class AuditTrail:
    """The trail, as those read it who verify, list or seal it."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.audit_table_name

    def openings(self, first: date, last: date) -> list[Opening]:
        """List the openings of the chains of some days, sorted by name.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        return [_opening(row) for row in self._rows(CHAINS, f"{first}/", f"{last}/{_END_OF_DAY}")]

    def first_day(self) -> date | None:
        """Tell the earliest day that has a chain; None if there is none.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        names = (row["place"]["S"] for row in self._rows(CHAINS, "", _END_OF_DAY, page=1))
        # whatever somebody put there has no day
        return next((_day_of(name) for name in names if _CHAIN_NAME.fullmatch(name)), None)

    def links(self, chain: str) -> Iterator[Link]:
        """Read the records of a chain, in the order of their places.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        return (_link(row) for row in self._rows(chain, "", _END_OF_DAY))

    def chains_of(self, day: date, writer: str) -> list[str]:
        """Name the chains that a kind of process began on a day.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        begins = f"{day}/{writer}-"
        return [row["place"]["S"] for row in self._rows(CHAINS, begins, f"{begins}{_END_OF_DAY}")]

    def behind(self, chain: str, place: str) -> Iterator[Listed]:
        """List the records of a chain behind a place or a time of day, in order.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        rows = self._rows(chain, place, _END_OF_DAY)
        return (Listed(chain, _link(row)) for row in rows if row["place"]["S"] > place)

    def end(self, opening: Opening) -> Head:
        """Tell where a chain ends now.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        chain = opening.says.chain
        for row in self._rows(chain, "", _END_OF_DAY, page=1, backwards=True):
            # by its place: the text may have been altered, and to find that is the verification's business
            if found := _PLACE.fullmatch(row["place"]["S"]):
                return Head(chain=chain, seq=int(found["seq"]), hash=_text(row, "hash"))
        return opening.head

    def holds(self, places: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Read the texts of the records that lie at some places, up to 100.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        keys = [{"chain": attribute(chain), "place": attribute(place)} for chain, place in set(places)]
        if not keys:
            return {}
        wanted: Any = {self._table: {"Keys": keys, "ConsistentRead": True}}
        with translated(_READING):
            answer = self._dynamodb.batch_get_item(RequestItems=wanted)
        if answer.get("UnprocessedKeys"):
            raise AwsUnavailable("the audit trail left keys unread")
        rows: Any = answer["Responses"][self._table]
        return {(row["chain"]["S"], row["place"]["S"]): _text(row, "text") for row in rows}

    def between(
        self, begin: datetime, end: datetime, after: str | None = None, at_a_time: int | None = None
    ) -> Iterator[Listed]:
        """List records by time, those of all chains together.

        Parameters
        ----------
        begin, end : datetime
            The first instant that counts, and the first that does not.
        after : str, optional
            The `Listed.position` of the record to go on behind.
        at_a_time : int, optional
            How many are read with one call, where not all are wanted.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        ValueError
            If `after` is no position.
        """
        begin, end = begin.astimezone(UTC), end.astimezone(UTC)
        behind = _position(after) if after else None
        day = max(begin.date(), behind[0]) if behind else begin.date()
        while day <= end.date():
            low = _place(begin) if day == begin.date() else ""
            high = _place(end) if day == end.date() else _END_OF_DAY
            if behind and day == behind[0]:
                low = max(low, behind[1])
            for listed in self._of_day(day, low, high, at_a_time):
                if not (behind and day == behind[0] and (listed.link.place, listed.chain) <= behind[1:]):
                    yield listed
            day += timedelta(days=1)

    def _of_day(self, day: date, low: str, high: str, at_a_time: int | None) -> Iterator[Listed]:
        if low >= high:
            return iter(())
        chains = [opening.says.chain for opening in self.openings(day, day)]
        return heapq.merge(
            *(self._listed(chain, low, high, at_a_time) for chain in chains),
            key=lambda listed: (listed.link.place, listed.chain),
        )

    def _listed(self, chain: str, low: str, high: str, at_a_time: int | None) -> Iterator[Listed]:
        return (Listed(chain, _link(row)) for row in self._rows(chain, low, high, page=at_a_time))

    def of_person(self, person_id: str) -> Iterator[Listed]:
        """List the records that name a person.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated(_READING):
            pages = self._dynamodb.get_paginator("query").paginate(
                TableName=self._table,
                IndexName="by-person",
                KeyConditionExpression="person_id = :person",
                ExpressionAttributeValues={":person": attribute(person_id)},
            )
            for page in pages:
                rows: Any = page["Items"]
                for row in rows:
                    key: Any = {"chain": row["chain"], "place": row["place"]}
                    answer = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
                    if item := answer.get("Item"):
                        yield Listed(row["chain"]["S"], _link(item))

    def seals(self) -> Iterator[KeptSeal]:
        """Read all seals, the first day's first.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        rows = self._rows(_SEALS, "", _END_OF_DAY)
        return (_seal(row) for row in rows if _SEAL_PLACE.fullmatch(row["place"]["S"]))

    def last_seal(self) -> KeptSeal | None:
        """Read the last seal; None if no day is sealed.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        rows = self._rows(_SEALS, "", _END_OF_DAY, page=1, backwards=True)
        return next((_seal(row) for row in rows if _SEAL_PLACE.fullmatch(row["place"]["S"])), None)

    def add_seal(self, seal: KeptSeal) -> bool:
        """Write a seal unless there is one of its day and part.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        item = {
            "chain": attribute(_SEALS),
            "place": attribute(f"{seal.says.day}#{seal.says.part:04d}"),
            "text": attribute(seal.text),
            "hash": attribute(seal.hash),
        }
        with translated(f"sealing {seal.says.day}"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(place)"
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def _rows(
        self, chain: str, low: str, high: str, *, page: int | None = None, backwards: bool = False
    ) -> Iterator[dict[str, Any]]:
        bounds: Any = {"PageSize": page} if page else {}
        # DynamoDB takes no empty text as a bound
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="chain = :chain AND place BETWEEN :low AND :high",
            ExpressionAttributeValues={
                ":chain": attribute(chain),
                ":low": attribute(low or " "),
                ":high": attribute(high),
            },
            ConsistentRead=True,
            ScanIndexForward=not backwards,
            PaginationConfig=bounds,
        )
        with translated(_READING):
            for some in pages:
                yield from some["Items"]


def _text(row: dict[str, Any], name: str) -> str:
    """Read an attribute that every row has, unless somebody took it away."""
    return row.get(name, {}).get("S", "")


def _link(row: dict[str, Any]) -> Link:
    return Link(
        place=row["place"]["S"],
        text=_text(row, "text"),
        hash=_text(row, "hash"),
        personal=_text(row, "personal") if "personal" in row else None,
        erased="erased_at" in row,
    )


def _opening(row: dict[str, Any]) -> Opening:
    """Read an opening; of one that was altered the name counts, and its hash tells that it was."""
    text, name = _text(row, "text"), row["place"]["S"]
    try:
        says = ChainOpening.model_validate_json(text)
    except ValidationError:
        says = None
    if says is None or (says.chain, says.day) != (name, _day_of(name)):
        day = _day_of(name)
        midnight = datetime.combine(day, time.min, UTC)
        says = ChainOpening(chain=name, day=day, writer="altered", opened_at=midnight, expires_on=day)
    return Opening(text, says)


def _seal(row: dict[str, Any]) -> KeptSeal:
    """Read a seal; of one that was altered the place counts, and what it calls the one before fits none."""
    text, place = _text(row, "text"), row["place"]["S"]
    try:
        says = Seal.model_validate_json(text)
    except ValidationError:
        says = None
    if says is None or f"{says.day}#{says.part:04d}" != place:
        day, part = _day_of(place), int(place[-4:])
        says = Seal(day=day, part=part, parts=part, chains=(), expires_on=day, previous="")
    return KeptSeal(text, _text(row, "hash"), says)


def _day_of(name: str) -> date:
    return date.fromisoformat(name[:10])


def _place(instant: datetime) -> str:
    return f"{instant:%H:%M:%S.%f}"


def _position(text: str) -> tuple[date, str, str]:
    chain, _, place = text.partition("#")
    day = _day_of(chain)
    time.fromisoformat(place.partition("#")[0])
    return day, place, chain
