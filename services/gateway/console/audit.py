"""The pages of the audit trail: what was decided and done, and whether the trail still says so."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlencode

from flask import Blueprint, abort, g, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from services.contracts.audit import AuditKind
from services.contracts.domain import Scope
from services.gateway.audit import look
from services.gateway.audit_api import MOST_DAYS, MOST_DAYS_VERIFIED, AuditDesk, anchor_of
from services.gateway.audit_bodies import AuditRecordBody, VerificationBody
from services.gateway.console.guard import console_blueprint
from services.gateway.cursors import Cursors
from services.gateway.periods import days_of, instants_of
from services.gateway.problems import INVALID_CURSOR, INVALID_QUERY, Problem

_ON_A_PAGE = 50
#: Records read for a page at most, so that a filter that little passes holds up nobody.
_MOST_READ = 2000
_READ_AT_A_TIME = 200
_LONGEST_ACTOR = 200
#: A decision's record is written right behind it.
_BEFORE, _BEHIND = timedelta(seconds=5), timedelta(minutes=5)


@dataclass(frozen=True)
class Filter:
    """What an auditor looks for."""

    first: date
    last: date
    kind: AuditKind | None = None
    actor: str = ""

    @classmethod
    def of(cls, query: MultiDict[str, str]) -> Self:
        """Read it from a page's address; today, if that says nothing.

        Raises
        ------
        Problem
            If it is none that the page offers.
        """
        first, last = _period(query, MOST_DAYS)
        kind, actor = query.get("kind", ""), query.get("actor", "").strip()
        if kind and kind not in set(AuditKind):
            raise Problem(
                INVALID_QUERY, "There are no records of this kind. Choose one that the page offers."
            )
        if len(actor) > _LONGEST_ACTOR:
            raise Problem(INVALID_QUERY, f"Nobody has a name of more than {_LONGEST_ACTOR} characters.")
        return cls(first, last, AuditKind(kind) if kind else None, actor)

    @property
    def query(self) -> dict[str, str]:
        """Itself as a page's address has it."""
        asked = {"from": self.first, "to": self.last, "kind": self.kind or "", "actor": self.actor}
        return {name: str(value) for name, value in asked.items() if value}

    def has(self, record: AuditRecordBody) -> bool:
        """Whether a record is looked for; who did it counts from any place in their name."""
        return self.kind in {None, record.kind} and self.actor.lower() in (record.actor or "").lower()


def audit_pages(desk: AuditDesk) -> Blueprint:
    """Make the blueprint of ``/console/audit``."""
    blueprint = console_blueprint("audit_pages", Scope.AUDIT_READ)

    @blueprint.get("/audit")
    @look
    def audit() -> str:
        return render_template("console/audit/audit.html", kinds=tuple(AuditKind), **_found(desk))

    @blueprint.get("/audit/rows")
    @look
    def rows() -> str:
        template = "console/audit/rows.html" if "cursor" in request.args else "console/audit/found.html"
        return render_template(template, **_found(desk))

    @blueprint.get("/audit/decisions/<recognition_id>")
    @look
    def decision(recognition_id: str) -> str:
        at = _instant(request.args.get("at", ""))
        near = desk.trail.between(at - _BEFORE, at + _BEHIND, None, _READ_AT_A_TIME)
        records = (AuditRecordBody.of(listed) for listed in near)
        decided = (record for record in records if record.kind is AuditKind.DECISION)
        found = next((record for record in decided if record.target == recognition_id), None)
        return render_template("console/audit/record.html", record=found or abort(404))

    @blueprint.get("/audit/verification")
    @look
    def verification() -> str:
        first, last = _period(request.args, MOST_DAYS_VERIFIED)
        anchor = anchor_of(request.args.get("anchor") or None)
        found = VerificationBody.of(desk.verifier(desk.now()).verify(first, last, anchor))
        return render_template("console/audit/verification.html", found=found, first=first, last=last)

    return blueprint


def _found(desk: AuditDesk) -> dict[str, Any]:
    asked = Filter.of(request.args)
    cursors = Cursors(g.principal, f"audit page {asked}")
    after = cursors.read(request.args.get("cursor"))
    found: list[AuditRecordBody] = []
    position: str | None = None
    try:
        listing = desk.trail.between(*instants_of(asked.first, asked.last), after, _READ_AT_A_TIME)
        for read, listed in enumerate(listing):
            if len(found) == _ON_A_PAGE or read == _MOST_READ:
                break
            position = listed.position
            record = AuditRecordBody.of(listed)
            if asked.has(record):
                found.append(record)
        else:
            position = None
    except ValueError as error:
        raise Problem(INVALID_CURSOR, "The list goes on nowhere. Begin it anew.") from error
    cursor = cursors.write(position)
    address = f"{url_for('audit_pages.rows')}?{urlencode({**asked.query, 'cursor': cursor})}"
    return {"asked": asked, "records": found, "following": address if cursor else None}


def _period(query: MultiDict[str, str], most: int) -> tuple[date, date]:
    today = str(datetime.now(UTC).date())
    first = query.get("from") or today
    return days_of({"from": first, "to": query.get("to") or max(first, today)}, most)


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Problem(INVALID_QUERY, "'at' is no moment. Write it like 2026-01-31T12:00:00Z.") from error
    if at.tzinfo is None:
        raise Problem(INVALID_QUERY, "'at' lacks its offset to UTC. Write it like 2026-01-31T12:00:00Z.")
    return at
