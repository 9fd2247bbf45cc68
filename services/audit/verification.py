"""Finding what was altered, taken out, put in or moved in the audit trail."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from pydantic import ValidationError

from services.audit.chain import Link, Opening, place_of
from services.contracts.audit import NO_SEAL, AuditRecord, Head, Seal, hash_of


class Fault(StrEnum):
    """What can be wrong with the trail."""

    ALTERED = "altered"
    MISSING = "missing"
    MISPLACED = "misplaced"
    INSERTED = "inserted"
    CHAIN_MISSING = "chain_missing"
    CHAIN_INSERTED = "chain_inserted"
    SEAL_BROKEN = "seal_broken"
    SEAL_MISSING = "seal_missing"
    DECISION_ALTERED = "decision_altered"
    DECISION_MISSING = "decision_missing"
    DECISION_WITHOUT_RECORD = "decision_without_record"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    chain : str
        The chain's name; a seal's day.
    seq : int, optional
        The record's number; None where it is about the chain as a whole.
    """

    fault: Fault
    chain: str
    seq: int | None
    detail: str

    def __str__(self) -> str:
        where = self.chain if self.seq is None else f"{self.chain} record {self.seq}"
        return f"{where}: {self.fault}: {self.detail}"


@dataclass
class ChainCheck:
    """What a chain was found to be.

    Attributes
    ----------
    head : Head
        Its end, as it was read.
    erased : int
        Records whose personal part was erased with a person.
    """

    head: Head
    erased: int = 0
    findings: list[Finding] = field(default_factory=list)

    def report(self, fault: Fault, seq: int | None, detail: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(fault, self.head.chain, seq, detail))


class ChainVerifier:
    """Reads the records of one chain in the order of their places; memory does not grow with them.

    Parameters
    ----------
    opening : Opening
        As it is kept.
    """

    def __init__(self, opening: Opening) -> None:
        self.check = ChainCheck(opening.head)

    def read(self, link: Link) -> AuditRecord | None:
        """Verify the next record.

        Returns
        -------
        AuditRecord or None
            The record, None where its text is none.
        """
        check, head = self.check, self.check.head
        record = read_record(link.text)
        if record is None:
            check.report(Fault.ALTERED, head.seq + 1, f"what lies at {link.place} is no record")
            check.head = Head(chain=head.chain, seq=head.seq + 1, hash=link.hash)
            return None
        if hash_of(link.text) != link.hash:
            # nothing that it says of itself counts; the hash that was written along does, so that one
            # alteration is told once
            check.report(Fault.ALTERED, head.seq + 1, "its text has another hash than was written with it")
            check.head = Head(chain=head.chain, seq=head.seq + 1, hash=link.hash)
            return record
        if (record.chain, place_of(record)) != (head.chain, link.place):
            check.report(Fault.MISPLACED, record.seq, f"it was written as {record.chain} {place_of(record)}")
        self._compare_personal(record, link)
        self._follow(record, link)
        return record

    def _follow(self, record: AuditRecord, link: Link) -> None:
        check, head = self.check, self.check.head
        expected = head.seq + 1
        if record.seq < expected:
            check.report(Fault.INSERTED, record.seq, f"it comes after record {head.seq}")
            return
        if record.seq > expected:
            last = record.seq - 1
            gap = f"record {expected} is" if last == expected else f"records {expected} to {last} are"
            check.report(Fault.MISSING, expected, f"{gap} not there")
        elif record.previous != head.hash:
            what = "the chain's opening" if head.seq == 0 else f"record {head.seq}"
            check.report(Fault.ALTERED, head.seq or None, f"{what} is not the one that was written first")
        check.head = Head(chain=head.chain, seq=record.seq, hash=link.hash)

    def _compare_personal(self, record: AuditRecord, link: Link) -> None:
        if link.personal is not None:
            if record.personal_sha256 != hash_of(link.personal):
                self.check.report(Fault.ALTERED, record.seq, "its personal part is not the one written")
        elif record.personal_sha256 is not None:
            if link.erased:
                self.check.erased += 1
            else:
                self.check.report(
                    Fault.MISSING, record.seq, "its personal part is not there, and was not erased"
                )

    def end(self, sealed: Head | None) -> ChainCheck:
        """Compare the chain with what the day's seal says of it; None if the day is not sealed."""
        check, head = self.check, self.check.head
        if sealed is not None:
            if head.seq < sealed.seq:
                check.report(
                    Fault.MISSING, head.seq + 1, f"records {head.seq + 1} to {sealed.seq} are not there"
                )
            elif head.seq > sealed.seq:
                check.report(
                    Fault.INSERTED, sealed.seq + 1, f"the chain was sealed with {sealed.seq} records"
                )
            elif head.hash != sealed.hash:
                check.report(
                    Fault.ALTERED, head.seq or None, "the chain's end is not the one that was sealed"
                )
        return check


def read_record(text: str) -> AuditRecord | None:
    """Read a record's text; None if it is none."""
    try:
        return AuditRecord.model_validate_json(text)
    except ValidationError:
        return None


def compare_chains(sealed: Iterable[Head], openings: Iterable[Opening]) -> Iterator[Finding]:
    """Compare the chains of a sealed day with those that its seals name."""
    named = {head.chain: head for head in sealed}
    there = {opening.says.chain for opening in openings}
    for chain in sorted(named.keys() - there):
        yield Finding(Fault.CHAIN_MISSING, chain, None, f"sealed with {named[chain].seq} records, not there")
    for chain in sorted(there - named.keys()):
        yield Finding(Fault.CHAIN_INSERTED, chain, None, "the day was sealed without it")


@dataclass(frozen=True)
class KeptSeal:
    """A seal as it is kept: the text, its hash, and what it says."""

    text: str
    hash: str
    says: Seal


def verify_seals(seals: Iterable[KeptSeal], anchor: str | None = None) -> Iterator[Finding]:
    """Verify all seals from the first on, in order.

    Parameters
    ----------
    anchor : str, optional
        The hash of a seal that was noted elsewhere: it has to be among them.
    """
    before: KeptSeal | None = None
    anchored = anchor is None
    for seal in seals:
        day = str(seal.says.day)
        anchored = anchored or seal.hash == anchor
        if hash_of(seal.text) != seal.hash:
            yield Finding(Fault.SEAL_BROKEN, day, None, "its text has another hash than was written with it")
        expected = _next_part(before.says) if before else None
        if expected is not None and (seal.says.day, seal.says.part) != expected:
            yield Finding(Fault.SEAL_MISSING, str(expected[0]), None, f"the seal before {day} is not there")
        elif seal.says.previous != (before.hash if before else NO_SEAL):
            broken = str(before.says.day) if before else day
            yield Finding(Fault.SEAL_BROKEN, broken, None, "it is not the one that was written first")
        before = seal
    if before is not None and before.says.part != before.says.parts:
        yield Finding(Fault.SEAL_MISSING, str(before.says.day), None, "its last part is not there")
    if not anchored:
        yield Finding(Fault.SEAL_BROKEN, "all", None, f"no seal has the hash {anchor}")


def _next_part(seal: Seal) -> tuple[date, int]:
    if seal.part < seal.parts:
        return seal.day, seal.part + 1
    return seal.day + timedelta(days=1), 1
