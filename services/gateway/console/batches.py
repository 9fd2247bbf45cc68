"""The pages of batches: what was submitted, how it goes on, and what became of every file."""

from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from services.contracts.domain import Scope
from services.contracts.submissions import Submission
from services.gateway.batch_bodies import BatchBody
from services.gateway.batches import Batches
from services.gateway.console.guard import console_blueprint
from services.gateway.cursors import Cursors
from services.gateway.settings import GatewaySettings

_BATCHES_ON_A_PAGE = 25
_FILES_ON_A_PAGE = 100


def batches_pages(batches: Batches, settings: GatewaySettings) -> Blueprint:
    """Make the blueprint of ``/console/batches``."""
    blueprint = console_blueprint("batches_pages", Scope.BATCHES_WRITE)

    @blueprint.get("/batches")
    def submitted() -> str:
        return render_template(
            "console/batches/batches.html", most_bytes=settings.max_archive_bytes, **_page(batches)
        )

    @blueprint.get("/batches/rows")
    def rows() -> str:
        return render_template("console/batches/rows.html", **_page(batches))

    @blueprint.get("/batches/<batch_id>")
    def batch(batch_id: str) -> str:
        progress = batches.progress(batch_id)
        return render_template(
            "console/batches/batch.html",
            batch=BatchBody.of(progress),
            submitted_by=progress.submission.submitted_by,
            **_report(batches, progress.submission),
        )

    @blueprint.get("/batches/<batch_id>/progress")
    def progress(batch_id: str) -> Response:
        batch = BatchBody.of(batches.progress(batch_id))
        response = make_response(render_template("console/batches/progress.html", batch=batch))
        if batch.status in {"finished", "unreadable"}:
            response.headers["HX-Trigger"] = "batch-finished"
        return response

    @blueprint.get("/batches/<batch_id>/report")
    def report(batch_id: str) -> str:
        submission = batches.find(batch_id)
        return render_template(
            "console/batches/report.html", batch_id=batch_id, **_report(batches, submission)
        )

    return blueprint


def _page(batches: Batches) -> dict[str, Any]:
    cursors = Cursors(g.principal, "console batches")
    position = cursors.read(request.args.get("cursor"))
    submissions, following = batches.page(position, _BATCHES_ON_A_PAGE)
    cursor = cursors.write(following)
    return {"batches": submissions, "more": cursor and url_for("batches_pages.rows", cursor=cursor)}


def _report(batches: Batches, submission: Submission) -> dict[str, Any]:
    """Tell of some files: all, or those alone that came to nothing."""
    troubled = "troubled" in request.args
    cursors = Cursors(g.principal, f"console report {submission.batch_id} {submission.run} {troubled}")
    position = int(cursors.read(request.args.get("cursor")) or 0)
    if troubled:
        lines, following = batches.troubled_lines(submission, position, _FILES_ON_A_PAGE)
    else:
        lines = batches.lines(submission, position, _FILES_ON_A_PAGE)
        following = position + len(lines)
    more = following < submission.files_read and (bool(lines) or troubled)
    cursor = cursors.write(str(following)) if more else None
    return {
        "lines": lines,
        "troubled": troubled,
        "more": cursor
        and url_for(
            "batches_pages.report",
            batch_id=submission.batch_id,
            cursor=cursor,
            troubled="yes" if troubled else None,
        ),
    }
