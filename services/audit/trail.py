"""Verifying the trail of some days: seals, chains, records, and the decisions that they are about."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from services.audit.chain import Link, Opening, place_of
from services.audit.decisions import PERSONAL, disagreements
from services.audit.verification import (
    ChainVerifier,
    Fault,
    Finding,
    KeptSeal,
    compare_chains,
    read_record,
    verify_seals,
)
from services.contracts.audit import AuditKind, AuditRecord, Head, hash_of
from services.contracts.domain import Decision

#: DynamoDB reads so many items with one call.
_AT_A_TIME = 100


class Trail(Protocol):
    """Where the trail is kept."""

    def openings(self, first: date, last: date) -> Sequence[Opening]:
        """List the openings of the chains of some days."""
        ...

    def links(self, chain: str) -> Iterable[Link]:
        """Read the records of a chain, in the order of their places."""
        ...

    def seals(self) -> Iterable[KeptSeal]:
        """Read all seals, the first day's first."""
        ...

    def holds(self, places: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """Read the texts of the records that lie at some places, up to 100."""
        ...


@dataclass(frozen=True)
class StandingDecision:
    """A decision as it stands, and where it says that its record lies.

    Attributes
    ----------
    decision : Decision, optional
        None where what stands there is none.
    chain, place : str, optional
        None where it names no record.
    """

    recognition_id: str
    decision: Decision | None
    chain: str | None
    place: str | None


class Decisions(Protocol):
    """Where decisions are kept."""

    @property
    def retention(self) -> timedelta:
        """How long."""
        ...

    def standing(self, recognition_ids: Sequence[str]) -> Mapping[str, StandingDecision]:
        """Read some, up to 100, by their ids."""
        ...

    def decided_between(self, first: date, last: date) -> Iterable[StandingDecision]:
        """Read all of some days, in no order."""
        ...


@dataclass
class Verification:
    """What was found.

    Attributes
    ----------
    records, chains, erased : int
        How many were read; and of the records, how many had their personal part erased with a person.
    expired : list of date
        Days whose records have left by themselves; their seals were verified.
    unsealed : list of date
        Days that have no seal yet: the end of a chain is not held by anything but what follows it.
    last_seal : KeptSeal, optional
        Its hash, noted elsewhere, holds everything before it.
    """

    findings: list[Finding] = field(default_factory=list)
    records: int = 0
    chains: int = 0
    erased: int = 0
    expired: list[date] = field(default_factory=list)
    unsealed: list[date] = field(default_factory=list)
    last_seal: KeptSeal | None = None


class TrailVerifier:
    """Verifies days of the trail.

    Parameters
    ----------
    trail : Trail
        Where it is kept.
    decisions : Decisions
        What its records of decisions are compared with.
    now : datetime
        What has expired by then is not missed.
    """

    def __init__(self, trail: Trail, decisions: Decisions, now: datetime) -> None:
        self._trail = trail
        self._decisions = decisions
        self._now = now
        self._found = Verification()

    def verify(self, first: date, last: date, anchor: str | None = None) -> Verification:
        """Verify some days, and all seals.

        Parameters
        ----------
        anchor : str, optional
            The hash of a seal that was noted elsewhere.

        Raises
        ------
        AwsError
            If the tables cannot be read.
        """
        seals = list(self._trail.seals())
        self._found = found = Verification(last_seal=seals[-1] if seals else None)
        found.findings += verify_seals(seals, anchor)
        # the day after tells where chains of the last day ended
        openings = self._trail.openings(first, last + timedelta(days=1))
        promised = [opening.says.follows for opening in openings if opening.says.follows]
        day = first
        while day <= last:
            of_day = [opening for opening in openings if opening.says.day == day]
            self._verify_day(day, of_day, [seal for seal in seals if seal.says.day == day], promised)
            day += timedelta(days=1)
        # what was decided before the trail began has no record
        held = [
            day
            for day in self._days(first, last)
            if day not in found.expired and openings and day >= openings[0].says.day
        ]
        if held:
            self._verify_decisions(held[0], held[-1])
        return found

    def _days(self, first: date, last: date) -> Iterator[date]:
        return (first + timedelta(days=number) for number in range((last - first).days + 1))

    def _verify_day(
        self, day: date, openings: Sequence[Opening], seals: Sequence[KeptSeal], promised: Sequence[Head]
    ) -> None:
        found = self._found
        sealed = {head.chain: head for seal in seals for head in seal.says.chains}
        if not seals:
            found.unsealed.append(day)
        elif sealed and seals[0].says.expires_on <= self._now.date():
            found.expired.append(day)
            return
        else:
            found.findings += compare_chains(sealed.values(), openings)
        for opening in openings:
            chain = opening.says.chain
            ends = [head for head in promised if head.chain == chain]
            self._verify_chain(opening, sealed.get(chain), ends)

    def _verify_chain(self, opening: Opening, sealed: Head | None, promised: Sequence[Head]) -> None:
        verifier = ChainVerifier(opening)
        hashes: dict[int, str] = {head.seq: head.hash for head in promised}
        decided: list[tuple[AuditRecord, Link]] = []
        for link in self._trail.links(opening.says.chain):
            record = verifier.read(link)
            self._found.records += 1
            if record is None:
                continue
            if hashes.pop(record.seq, link.hash) != link.hash:
                verifier.check.report(Fault.ALTERED, record.seq, "the chain that follows names another hash")
            if record.kind is AuditKind.DECISION:
                decided.append((record, link))
                if len(decided) == _AT_A_TIME:
                    self._compare_decisions(decided)
                    decided.clear()
        self._compare_decisions(decided)
        check = verifier.end(sealed)
        for seq in sorted(hashes):
            if sealed is None:
                check.report(Fault.MISSING, seq, "it is not there, and the chain that follows names it")
        self._found.findings += check.findings
        self._found.erased += check.erased
        self._found.chains += 1

    def _compare_decisions(self, decided: Sequence[tuple[AuditRecord, Link]]) -> None:
        standing = self._decisions.standing([record.target or "" for record, _ in decided])
        for record, link in decided:
            found = standing.get(record.target or "")
            if found is None:
                if record.at + self._decisions.retention - timedelta(days=1) > self._now:
                    self._report(record, Fault.DECISION_MISSING, f"decision {record.target} is not there")
                continue
            differing = _differing(found, record, link)
            if differing:
                fields = ", ".join(differing)
                self._report(record, Fault.DECISION_ALTERED, f"decision {record.target} has another {fields}")

    def _verify_decisions(self, first: date, last: date) -> None:
        """Look for decisions that no record tells of."""
        some: list[StandingDecision] = []
        for found in self._decisions.decided_between(first, last):
            some.append(found)
            if len(some) == _AT_A_TIME:
                self._find_records(some)
                some.clear()
        self._find_records(some)

    def _find_records(self, some: Sequence[StandingDecision]) -> None:
        texts = self._trail.holds(
            [(found.chain, found.place) for found in some if found.chain and found.place]
        )
        for found in some:
            record = read_record(texts.get((found.chain or "", found.place or ""), ""))
            if record is None or record.target != found.recognition_id:
                detail = f"no record tells of decision {found.recognition_id}"
                chain = found.chain or "no chain"
                self._found.findings.append(Finding(Fault.DECISION_WITHOUT_RECORD, chain, None, detail))

    def _report(self, record: AuditRecord, fault: Fault, detail: str) -> None:
        self._found.findings.append(Finding(fault, record.chain, record.seq, detail))


def _differing(found: StandingDecision, record: AuditRecord, link: Link) -> list[str]:
    if found.decision is None:
        return ["form"]
    differing = disagreements(found.decision, record)
    if (found.chain, found.place) != (record.chain, place_of(record)):
        differing.append("record")
    if found.decision.person_deleted_at is None and hash_of(link.personal or "") == record.personal_sha256:
        personal = json.loads(link.personal or "{}")
        differing += [
            name for name in sorted(PERSONAL) if getattr(found.decision, name) != personal.get(name)
        ]
    return differing
