"""The audit trail as programs see it."""

from datetime import date
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

from services.audit.chain import Listed
from services.audit.export import personal_of
from services.audit.trail import Verification
from services.audit.verification import Fault, read_record
from services.contracts.audit import AuditKind


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class AuditRecordBody(_Body):
    """A record of the audit trail.

    Attributes
    ----------
    place : str
        Where in its chain.
    kind : str or None
        With all else that the record says None, where what lies there is no record: ask for a verification.
    personal : dict of str to str
        Whom it names, until they are erased.
    hash : str
        SHA-256 of the record's text, 64 hexadecimal digits.
    """

    chain: str
    place: str
    seq: int | None
    at: AwareDatetime | None
    kind: AuditKind | None
    actor: str | None
    what: str | None
    target: str | None
    outcome: str | None
    details: dict[str, JsonValue]
    personal: dict[str, str]
    erased: bool
    hash: str

    @classmethod
    def of(cls, listed: Listed) -> Self:
        """Show a record as it lies there."""
        record = read_record(listed.link.text)
        return cls(
            chain=listed.chain,
            place=listed.link.place,
            seq=record.seq if record else None,
            at=record.at if record else None,
            kind=record.kind if record else None,
            actor=record.actor if record else None,
            what=record.what if record else None,
            target=record.target if record else None,
            outcome=record.outcome if record else None,
            details=record.details if record else {},
            personal=personal_of(listed),
            erased=listed.link.erased,
            hash=listed.link.hash,
        )


class AuditBody(_Body):
    """A page of the audit trail, by time."""

    records: list[AuditRecordBody]
    next_cursor: str | None


class FindingBody(_Body):
    """One thing that is wrong with the trail.

    Attributes
    ----------
    seq : int or None
        The record's number; None where it is about the chain as a whole.
    """

    fault: Fault
    chain: str
    seq: int | None
    detail: str


class SealBody(_Body):
    """The last seal.

    Attributes
    ----------
    hash : str
        Noted elsewhere, it holds everything before it: give it as ``anchor`` later.
    """

    day: date
    hash: str


class VerificationBody(_Body):
    """What a verification found.

    Attributes
    ----------
    intact : bool
        Whether nothing is wrong.
    erased : int
        How many records named a person who was erased since.
    expired : list of date
        Days whose records have left by themselves.
    unsealed : list of date
        Days without a seal yet: nothing holds their last records.
    """

    intact: bool
    findings: list[FindingBody]
    records: int
    chains: int
    erased: int
    expired: list[date]
    unsealed: list[date]
    last_seal: SealBody | None

    @classmethod
    def of(cls, found: Verification) -> Self:
        """Show what was found."""
        seal = found.last_seal
        return cls(
            intact=not found.findings,
            findings=[
                FindingBody(fault=finding.fault, chain=finding.chain, seq=finding.seq, detail=finding.detail)
                for finding in found.findings
            ],
            records=found.records,
            chains=found.chains,
            erased=found.erased,
            expired=found.expired,
            unsealed=found.unsealed,
            last_seal=SealBody(day=seal.says.day, hash=seal.hash) if seal else None,
        )
