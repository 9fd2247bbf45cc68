"""Writing the audit trail: a chain for each process and day, several records with one call."""

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.audit.chain import Link, Opening, link, open_chain
from services.aws.errors import AwsError, AwsUnavailable, cancellation_reasons, error_code, translated
from services.aws.items import attribute
from services.contracts.audit import AuditEntry, Head

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: Where the openings of all chains are listed.
CHAINS = "chains"
#: TransactWriteItems takes 100: records that each have an item beside them, and an opening.
_MOST_RECORDS = 49
_CONDITION_FAILED = "ConditionalCheckFailed"
_ATTEMPTS = 5
_LONGEST_PAUSE_SECONDS = 0.05
_ACTION = "writing the audit trail"


class AuditSettings(BaseSettings):
    """Settings of the audit trail, each ``FACEGATE_AUDIT_`` plus its name in capitals.

    Attributes
    ----------
    retention_days : int
        How long records are kept; all of a day leave together. Seals stay.
    """

    model_config = SettingsConfigDict(env_prefix="FACEGATE_AUDIT_", frozen=True)

    retention_days: int = Field(default=365, ge=1, le=36500)


@dataclass
class _Pending:
    """An entry on its way into the trail."""

    entry: AuditEntry
    beside: dict[str, Any] | None
    settled: bool = False
    refused: bool = False
    error: AwsError | None = None
    place: str = ""

    def settle(self, *, place: str = "", refused: bool = False, error: AwsError | None = None) -> None:
        self.place, self.refused, self.error, self.settled = place, refused, error, True


@dataclass(frozen=True)
class _Chain:
    """The chain that is being written, and its end as far as it is known."""

    opening: Opening
    head: Head


@dataclass(frozen=True)
class _Attempt:
    """One call's writes, where each record is among them, and what is so when they stand."""

    writes: list[dict[str, Any]]
    records_at: list[int]
    links: list[Link]
    chain: _Chain
    at: datetime


class AuditLog:
    """The trail, as one process writes it; shared by its threads.

    Whoever finds nobody writing writes at once, everything that waits: under load several records share a
    call, and nobody waits for a timer. When it is not known whether a call was carried out, its records are
    the old chain's end or are not there, and a new chain begins that names the last one known.

    Parameters
    ----------
    writer : str
        The kind of process, for the chains' names.
    retention : timedelta, optional
        How long records are kept; the environment's setting if not given.
    """

    def __init__(
        self,
        aws: "Aws",
        writer: str,
        retention: timedelta | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.audit_table_name
        self._writer = writer
        self._retention = retention or timedelta(days=AuditSettings().retention_days)
        self._now = now
        self._queue: deque[_Pending] = deque()
        self._writing = Lock()
        self._chain: _Chain | None = None
        self._last_known: Head | None = None
        self._latest = datetime.min.replace(tzinfo=UTC)

    def record(self, entry: AuditEntry) -> str:
        """Write a record.

        Returns
        -------
        str
            Where it stands, ``<chain>#<place>``, for the record of what became of it.

        Raises
        ------
        AwsError
            If it cannot be written, or it is not known whether it was.
        """
        return self._settled(_Pending(entry, None)).place

    def record_beside(self, entry: AuditEntry, put: dict[str, Any]) -> bool:
        """Write a record and an item of another table together, both or neither.

        Parameters
        ----------
        put : dict
            DynamoDB's ``Put`` with a condition; the record's ``audit_chain`` and ``audit_place`` are added to
            its item.

        Returns
        -------
        bool
            False if the condition does not hold: neither is written then.

        Raises
        ------
        AwsError
            If they cannot be written, or it is not known whether they were.
        """
        return not self._settled(_Pending(entry, put)).refused

    def _settled(self, pending: _Pending) -> _Pending:
        self._queue.append(pending)
        with self._writing:
            while not pending.settled:
                some = [self._queue.popleft() for _ in range(min(len(self._queue), _MOST_RECORDS))]
                try:
                    self._write(some)
                finally:
                    # whatever ended this thread, the others wait for an answer
                    _fail(some, AwsUnavailable(f"{_ACTION}: it was broken off"))
        if pending.error is not None:
            raise pending.error
        return pending

    def _write(self, some: Sequence[_Pending]) -> None:
        """Write entries in as many calls as it takes, and settle each."""
        rest = list(some)
        for attempt in range(1, _ATTEMPTS + 1):
            if not rest:
                return
            try:
                rest = self._try(rest)
            except _Contended:
                time.sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS * attempt))  # noqa: S311  # no secret
            except AwsUnavailable as error:
                _fail(rest, error)
            except AwsError as error:
                if len(rest) == 1:
                    _fail(rest, error)
                # one of them is not as DynamoDB takes it, and the others need not suffer for it
                for pending in rest:
                    if not pending.settled:
                        self._write([pending])
            rest = [pending for pending in rest if not pending.settled]
        _fail(rest, AwsUnavailable(f"{_ACTION}: others' writes came first {_ATTEMPTS} times"))

    def _try(self, some: Sequence[_Pending]) -> list[_Pending]:
        """Write entries with one call; return those that are still to be written."""
        attempt = self._attempt(some)
        writes: Any = attempt.writes
        try:
            self._dynamodb.transact_write_items(TransactItems=writes)
        except ClientError as error:
            return self._after(error, attempt, some)
        except BotoCoreError as error:
            self._leave_chain()
            raise AwsUnavailable(f"{_ACTION}: {error}") from error
        self._stands(attempt, some)
        return []

    def _attempt(self, some: Sequence[_Pending]) -> _Attempt:
        # clocks are set back now and then; a chain's times are not
        at = max(self._now(), self._latest)
        chain = self._chain_of(at)
        head, opening = chain.head, chain.opening
        expiry = attribute(_midnight(opening.says.expires_on))
        writes: list[dict[str, Any]] = []
        # listed with its first record: a chain that is listed has one
        if head.seq == 0:
            writes.append(_put(self._table, _registration(opening, expiry)))
        links: list[Link] = []
        records_at: list[int] = []
        for pending in some:
            made, head = link(head, pending.entry, at)
            links.append(made)
            if pending.beside is not None:
                where = {"audit_chain": attribute(head.chain), "audit_place": attribute(made.place)}
                writes.append({"Put": {**pending.beside, "Item": pending.beside["Item"] | where}})
            records_at.append(len(writes))
            writes.append(_put(self._table, _item(head.chain, made, pending.entry, expiry)))
        return _Attempt(writes, records_at, links, _Chain(opening, head), at)

    def _chain_of(self, at: datetime) -> _Chain:
        day = at.astimezone(UTC).date()
        if self._chain is not None and self._chain.opening.says.day != day:
            self._leave_chain()
        if self._chain is None:
            opening = open_chain(self._writer, at, day + self._retention, self._last_known)
            self._chain = _Chain(opening, opening.head)
        return self._chain

    def _leave_chain(self) -> None:
        """Begin another with the next record: the day is over, or this one's end is not known."""
        if self._chain is not None and self._chain.head.seq > 0:
            self._last_known = self._chain.head
        self._chain = None

    def _stands(self, attempt: _Attempt, some: Sequence[_Pending]) -> None:
        self._chain, self._latest = attempt.chain, attempt.at
        for pending, made in zip(some, attempt.links, strict=True):
            pending.settle(place=f"{attempt.chain.head.chain}#{made.place}")

    def _after(self, error: ClientError, attempt: _Attempt, some: Sequence[_Pending]) -> list[_Pending]:
        """Settle what a refused call says about some entries; return the others."""
        if error_code(error) != "TransactionCanceledException":
            if _in_doubt(error):
                self._leave_chain()
            with translated(_ACTION):
                raise error
        reasons = cancellation_reasons(error)
        opening = [0] if attempt.records_at[0] > (some[0].beside is not None) else []
        if any(reasons[index] == _CONDITION_FAILED for index in (*opening, *attempt.records_at)):
            return self._taken(attempt, some)
        for pending, index in zip(some, attempt.records_at, strict=True):
            if pending.beside is not None and reasons[index - 1] == _CONDITION_FAILED:
                pending.settle(refused=True)
        rest = [pending for pending in some if not pending.settled]
        if len(rest) == len(some):
            try:
                with translated(_ACTION):
                    raise error
            except AwsUnavailable as unavailable:
                raise _Contended(str(unavailable)) from error
        return rest

    def _taken(self, attempt: _Attempt, some: Sequence[_Pending]) -> list[_Pending]:
        """Look what stands where ours were to be: ours, if the answer to the first try was lost."""
        last = attempt.links[-1]
        key = {"chain": attribute(attempt.chain.head.chain), "place": attribute(last.place)}
        with translated("reading the audit trail"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        if answer.get("Item", {}).get("hash") == attribute(last.hash):
            self._stands(attempt, some)
            return []
        self._leave_chain()
        return list(some)


class _Contended(AwsUnavailable):
    """Another transaction had one of the items; nothing was written."""


def _in_doubt(error: ClientError) -> bool:
    """Whether the call may have been carried out, or may yet be."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return status >= 500 or error_code(error) == "TransactionInProgressException"


def _fail(some: Sequence[_Pending], error: AwsError) -> None:
    for pending in some:
        if not pending.settled:
            pending.settle(error=error)


def _midnight(day: date) -> int:
    return int(datetime.combine(day, datetime.min.time(), UTC).timestamp())


def _put(table: str, item: dict[str, Any]) -> dict[str, Any]:
    # over what is there nothing is ever written
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(place)"}}


def _registration(opening: Opening, expiry: Any) -> dict[str, Any]:
    return {
        "chain": attribute(CHAINS),
        "place": attribute(opening.says.chain),
        "text": attribute(opening.text),
        "expires_at": expiry,
    }


def _item(chain: str, made: Link, entry: AuditEntry, expiry: Any) -> dict[str, Any]:
    item = {
        "chain": attribute(chain),
        "place": attribute(made.place),
        "text": attribute(made.text),
        "hash": attribute(made.hash),
        "expires_at": expiry,
    }
    if made.personal is not None:
        item["personal"] = attribute(made.personal)
    if person_id := entry.personal.get("person_id"):
        item["person_id"] = attribute(person_id)
    return item
