"""Putting records one behind the other, each with the hash of the one before."""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime

from services.contracts.audit import AuditEntry, AuditRecord, ChainOpening, Head, hash_of

_SALT_BYTES = 16
_NAME_BYTES = 6


@dataclass(frozen=True)
class Link:
    """A record as it is kept.

    Attributes
    ----------
    place : str
        Where in its chain: the time of day and the number, so that sorted places are in order.
    text : str
        The record as JSON.
    hash : str
        The text's SHA-256.
    personal : str, optional
        The personal part as JSON, with its salt; its SHA-256 stands in the record.
    erased : bool
        Whether the personal part was erased with the person.
    """

    place: str
    text: str
    hash: str
    personal: str | None = None
    erased: bool = False


@dataclass(frozen=True)
class Listed:
    """A record where it lies, whatever it says of itself."""

    chain: str
    link: Link

    @property
    def position(self) -> str:
        """Where a list goes on behind it."""
        return f"{self.chain}#{self.link.place}"


@dataclass(frozen=True)
class Opening:
    """A chain's opening as it is kept: the text, and what it says."""

    text: str
    says: ChainOpening

    @property
    def head(self) -> Head:
        """The end of the chain while nothing is in it."""
        return Head(chain=self.says.chain, seq=0, hash=hash_of(self.text))


def open_chain(writer: str, now: datetime, expires_on: date, follows: Head | None = None) -> Opening:
    """Begin a chain of this day with a name of its own.

    Parameters
    ----------
    writer : str
        The kind of process.
    follows : Head, optional
        Where the same process's chain before it ended.
    """
    day = now.astimezone(UTC).date()
    says = ChainOpening(
        chain=f"{day}/{writer}-{secrets.token_hex(_NAME_BYTES)}",
        day=day,
        writer=writer,
        opened_at=now,
        expires_on=expires_on,
        follows=follows,
    )
    return Opening(says.model_dump_json(exclude_none=True), says)


def link(head: Head, entry: AuditEntry, at: datetime) -> tuple[Link, Head]:
    """Put an entry behind the end of a chain.

    Parameters
    ----------
    at : datetime
        Not before the record that the chain ends with.

    Returns
    -------
    tuple of Link and Head
        The record, and the end of the chain with it.
    """
    personal = _salted(entry.personal) if entry.personal else None
    record = AuditRecord(
        chain=head.chain,
        seq=head.seq + 1,
        at=at.astimezone(UTC),
        kind=entry.kind,
        actor=entry.actor,
        what=entry.what,
        target=entry.target,
        outcome=entry.outcome,
        details=entry.details,
        personal_sha256=hash_of(personal) if personal else None,
        previous=head.hash,
    )
    text = record.model_dump_json(exclude_none=True)
    end = Head(chain=head.chain, seq=record.seq, hash=hash_of(text))
    return Link(place_of(record), text, end.hash, personal), end


def place_of(record: AuditRecord) -> str:
    """Tell where in its chain a record lies."""
    return f"{record.at.astimezone(UTC):%H:%M:%S.%f}#{record.seq:08d}"


def _salted(personal: dict[str, str]) -> str:
    """Shape a personal part: without the salt, names could be guessed from the hash that outlives them."""
    return json.dumps({**personal, "salt": secrets.token_hex(_SALT_BYTES)}, ensure_ascii=False)
