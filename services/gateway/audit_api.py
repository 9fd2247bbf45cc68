"""The API of the audit trail: listed, exported, verified."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from itertools import islice
from typing import Protocol

from flask import Blueprint, Response, g, request, stream_with_context

from services.audit.chain import Listed
from services.audit.export import ExportFormat, export
from services.audit.trail import Verification
from services.contracts.domain import Scope
from services.gateway.audit import Recorder, look
from services.gateway.audit_bodies import AuditBody, AuditRecordBody, VerificationBody
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import Cursors, page_size
from services.gateway.decision_feed import DecisionFeed
from services.gateway.json_answer import json_answer
from services.gateway.openapi import Answer, Parameter, operation
from services.gateway.openapi_fields import CONTENT_DISPOSITION, PAGE
from services.gateway.periods import PERIOD, days_of, instants_of
from services.gateway.problems import INVALID_CURSOR, INVALID_QUERY, Problem

MOST_DAYS = 366
MOST_DAYS_VERIFIED = 31
_HASH = re.compile(r"[0-9a-f]{64}")
_FORMAT = Parameter(
    "format",
    "query",
    "One JSON object a line, with the text that was hashed; or CSV.",
    {"enum": [form.value for form in ExportFormat], "default": ExportFormat.JSONL.value},
    (INVALID_QUERY,),
)
_ANCHOR = Parameter(
    "anchor",
    "query",
    "The hash of a seal that was noted elsewhere: it has to be among the trail's seals.",
    {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    (INVALID_QUERY,),
)


class Trail(Protocol):
    """The trail, as it is read."""

    def between(
        self, begin: datetime, end: datetime, after: str | None = None, at_a_time: int | None = None
    ) -> Iterator[Listed]:
        """List records by time, those of all chains together."""
        ...


class Verifier(Protocol):
    """Verifies days of the trail."""

    def verify(self, first: date, last: date, anchor: str | None = None) -> Verification:
        """Verify some days, and all seals."""
        ...


@dataclass(frozen=True)
class AuditDesk:
    """Where everything is recorded, and what auditors ask of.

    Attributes
    ----------
    verifier : callable
        Makes one for a verification, which is of a moment.
    feed : DecisionFeed
        Tells of decisions as they are made.
    """

    recorder: Recorder
    trail: Trail
    verifier: Callable[[datetime], Verifier]
    feed: DecisionFeed
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def audit_api(desk: AuditDesk, authenticator: PrincipalAuthenticator) -> Blueprint:
    """Make the blueprint of ``/v1/audit``."""
    blueprint = Blueprint("audit_api", __name__, url_prefix="/v1/audit")
    authenticator.guard(blueprint, reading=Scope.AUDIT_READ, writing=Scope.AUDIT_READ)

    @blueprint.get("")
    @look
    @operation(
        "List what was decided and done",
        Answer(HTTPStatus.OK, "A page of the trail, by time.", AuditBody),
        parameters=(*PERIOD, *PAGE),
    )
    def records() -> Response:
        first, last = days_of(request.args, MOST_DAYS)
        cursors = Cursors(g.principal, f"audit {first} {last}")
        after, size = cursors.read(request.args.get("cursor")), page_size(request.args)
        try:
            # one more tells whether there is more
            found = list(islice(desk.trail.between(*instants_of(first, last), after, size + 1), size + 1))
        except ValueError as error:
            raise Problem(INVALID_CURSOR, "The cursor leads nowhere. Leave it out to begin anew.") from error
        shown = found[:size]
        body = AuditBody(
            records=[AuditRecordBody.of(listed) for listed in shown],
            next_cursor=cursors.write(shown[-1].position) if len(found) > size else None,
        )
        return json_answer(body)

    @blueprint.get("/export")
    @look
    @operation(
        "Export what was decided and done",
        Answer(HTTPStatus.OK, "JSON lines.", ExportFormat.JSONL.media_type, (CONTENT_DISPOSITION,)),
        Answer(HTTPStatus.OK, "CSV.", ExportFormat.CSV.media_type, (CONTENT_DISPOSITION,)),
        parameters=(*PERIOD, _FORMAT),
    )
    def export_records() -> Response:
        first, last = days_of(request.args, MOST_DAYS)
        form = _form(request.args.get("format", ExportFormat.JSONL.value))
        lines = export(desk.trail.between(*instants_of(first, last)), form)
        response = Response(stream_with_context(lines), mimetype=form.media_type)
        response.headers["Content-Disposition"] = f'attachment; filename="audit-{first}-{last}.{form}"'
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.get("/verification")
    @look
    @operation(
        "Verify what was recorded",
        Answer(HTTPStatus.OK, "What was found.", VerificationBody),
        description=f"Reads all records of up to {MOST_DAYS_VERIFIED} days, and the table of decisions.",
        parameters=(*PERIOD, _ANCHOR),
    )
    def verification() -> Response:
        first, last = days_of(request.args, MOST_DAYS_VERIFIED)
        anchor = anchor_of(request.args.get("anchor"))
        return json_answer(VerificationBody.of(desk.verifier(desk.now()).verify(first, last, anchor)))

    return blueprint


def _form(text: str) -> ExportFormat:
    try:
        return ExportFormat(text)
    except ValueError as error:
        raise Problem(INVALID_QUERY, "The format is jsonl or csv.") from error


def anchor_of(text: str | None) -> str | None:
    """Read the hash of a seal that was noted elsewhere.

    Raises
    ------
    Problem
        If it is none.
    """
    if text is not None and not _HASH.fullmatch(text):
        raise Problem(INVALID_QUERY, "The anchor is a seal's hash: 64 hexadecimal digits.")
    return text
