"""The API of batches: submitted as a ZIP archive or as a place in S3, and reported file by file."""

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from flask import Blueprint, Response, g, request, stream_with_context, url_for

from services.aws.archives import CONTENT_TYPE
from services.contracts.domain import Scope
from services.contracts.submissions import Submission
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.batch_bodies import (
    ARCHIVE_NAME,
    ArchiveToUpload,
    ArchiveUploadBody,
    BatchBody,
    BatchInS3,
    FileBody,
    ReportBody,
)
from services.gateway.batches import Batches, BatchProgress
from services.gateway.bodies_at_once import Room
from services.gateway.cursors import Cursors, page_size
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.openapi import Answer, Parameter, RequestBody, json_of, operation, problems_of
from services.gateway.openapi_fields import CONTENT_DISPOSITION, LOCATION, PAGE
from services.gateway.problems import (
    FORBIDDEN_SOURCE,
    INVALID_QUERY,
    TOO_MANY_ARCHIVES,
    UNKNOWN_BATCH,
    Problem,
)
from services.gateway.request_body import ARCHIVE, read_body
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog

#: How long a form puts its archive into S3.
_UPLOAD_SECONDS = 3600
_USUAL_NAME = "batch.zip"
_NAME = re.compile(ARCHIVE_NAME)

_ARCHIVE_NAME = Parameter(
    "name",
    "query",
    "What the archive is called; of a body that is one.",
    {"type": "string", "pattern": ARCHIVE_NAME, "default": _USUAL_NAME},
    (INVALID_QUERY,),
)


def batches_api(
    batches: Batches, authenticator: PrincipalAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of ``/v1/batches``."""
    blueprint = Blueprint("batches_api", __name__, url_prefix="/v1/batches")
    authenticator.guard(blueprint, reading=Scope.BATCHES_WRITE, writing=Scope.BATCHES_WRITE)
    watchdog, patience = Watchdog(settings.photo_timeout), Watchdog(settings.archive_timeout)
    room = Room(settings.archives_taken_at_once, TOO_MANY_ARCHIVES, "archives")

    @blueprint.post("")
    @operation(
        "Submit a batch of photos",
        Answer(HTTPStatus.ACCEPTED, "The batch, which the worker reads.", BatchBody, (LOCATION,)),
        description="A ZIP archive, or where one or a prefix lies in S3.",
        takes=RequestBody(
            {**json_of(BatchInS3).content, CONTENT_TYPE: {}},
            (*json_of(BatchInS3).problems, *problems_of(ARCHIVE)),
        ),
        parameters=(_ARCHIVE_NAME,),
        problems=(FORBIDDEN_SOURCE, TOO_MANY_ARCHIVES),
    )
    def submit() -> Response:
        submitter = g.principal.name
        name = _archive_name(request.args.get("name", _USUAL_NAME))
        if request.mimetype != CONTENT_TYPE:
            return _accepted(batches.submit(read_json(request, BatchInS3, watchdog).source, submitter))
        with room.taken():
            data = read_body(request, settings.max_archive_bytes, patience, ARCHIVE)
            return _accepted(batches.submit_archive(name, data, submitter))

    @blueprint.post("/uploads")
    @operation(
        "Make a form that puts an archive into S3",
        Answer(HTTPStatus.OK, "The form, good for an hour.", ArchiveUploadBody),
        takes=json_of(ArchiveToUpload),
    )
    def upload() -> Response:
        wanted = read_json(request, ArchiveToUpload, watchdog)
        expires_at = datetime.now(UTC) + timedelta(seconds=_UPLOAD_SECONDS)
        source, form = batches.upload_form(wanted.name, settings.max_uploaded_archive_bytes, _UPLOAD_SECONDS)
        return json_answer(
            ArchiveUploadBody(
                url=form.url,
                fields=form.fields,
                source=source,
                max_bytes=settings.max_uploaded_archive_bytes,
                expires_at=expires_at,
            )
        )

    @blueprint.get("/<batch_id>")
    @operation(
        "Show how a batch stands",
        Answer(HTTPStatus.OK, "The batch.", BatchBody),
        problems=(UNKNOWN_BATCH,),
    )
    def show(batch_id: str) -> Response:
        return json_answer(BatchBody.of(batches.progress(batch_id)))

    @blueprint.get("/<batch_id>/report")
    @operation(
        "List what became of a batch's files",
        Answer(HTTPStatus.OK, "A page of the list.", ReportBody),
        parameters=PAGE,
        problems=(UNKNOWN_BATCH,),
    )
    def report(batch_id: str) -> Response:
        submission = batches.find(batch_id)
        cursors = Cursors(g.principal, f"report {batch_id} {submission.run}")
        position, size = int(cursors.read(request.args.get("cursor")) or 0), page_size(request.args)
        lines = batches.lines(submission, position, size)
        more = position + len(lines) < submission.files_read and lines
        body = ReportBody(
            files=[FileBody.of(line) for line in lines],
            next_cursor=cursors.write(str(position + len(lines)) if more else None),
        )
        return json_answer(body)

    @blueprint.get("/<batch_id>/report.csv")
    @operation(
        "Download what became of a batch's files",
        Answer(HTTPStatus.OK, "A line for every file.", "text/csv", (CONTENT_DISPOSITION,)),
        problems=(UNKNOWN_BATCH,),
    )
    def report_csv(batch_id: str) -> Response:
        lines = stream_with_context(batches.csv(batches.find(batch_id)))
        response = Response(lines, mimetype="text/csv")
        response.headers["Content-Disposition"] = f'attachment; filename="batch-{batch_id}.csv"'
        response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


def _accepted(submission: Submission) -> Response:
    response = json_answer(BatchBody.of(BatchProgress(submission, {})), HTTPStatus.ACCEPTED)
    response.headers["Location"] = url_for("batches_api.show", batch_id=submission.batch_id)
    return response


def _archive_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Problem(
            INVALID_QUERY, "The name is no file's that ends in .zip. Leave it out, or give a plain one."
        )
    return name
