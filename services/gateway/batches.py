"""Batches as programs submit them, and what became of every file."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO, StringIO

from services.aws.archives import BATCH_PREFIX, place_of
from services.aws.forms import UploadForm
from services.aws.submissions import FILES_A_PART
from services.batches.archive import Archive
from services.batches.items import Refusal, UnreadableBatch
from services.batches.report import COLUMNS, REFUSED, Line
from services.contracts.domain import Enrollment, EnrollmentStatus
from services.contracts.submissions import Submission, SubmittedFile
from services.gateway.collaborators import Archives, Outcomes, Submissions
from services.gateway.problems import FORBIDDEN_SOURCE, INVALID_BATCH, UNKNOWN_BATCH, Problem
from services.gateway.uuid7 import uuid7

_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
#: Parts of a batch that are counted at the same time.
_PARTS_AT_ONCE = 8
#: Parts that are gone through at once for files that came to nothing.
_PARTS_GONE_THROUGH = 20
_TROUBLED = frozenset({REFUSED, EnrollmentStatus.REJECTED, EnrollmentStatus.FAILED, EnrollmentStatus.HELD})
#: Enough of a digest to tell two archives apart.
_DIGEST_LETTERS = 32


@dataclass(frozen=True)
class BatchProgress:
    """How a batch stands.

    Attributes
    ----------
    counts : mapping of str to int
        Files by what became of them: an enrollment's status, or ``refused``.
    """

    submission: Submission
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Batches:
    """The batches that were submitted here.

    Attributes
    ----------
    buckets : tuple of str
        Those beside the stack's own that batches may be read from.
    """

    submissions: Submissions
    archives: Archives
    outcomes: Outcomes
    buckets: tuple[str, ...] = ()

    def submit_archive(self, name: str, data: bytes, submitted_by: str) -> Submission:
        """Take in an archive; the same one sent again is the same batch.

        Raises
        ------
        Problem
            If it is none, or one that unpacks to far more than it holds.
        """
        try:
            Archive(name, BytesIO(data), len(data))
        except UnreadableBatch as error:
            raise Problem(INVALID_BATCH, f"{error}.") from error
        source = self.archives.url_of_upload(sha256(data).hexdigest()[:_DIGEST_LETTERS], name)
        self.archives.put(source, data)
        return self.submissions.submit(source, name, submitted_by, datetime.now(UTC))

    def upload_form(self, name: str, max_bytes: int, seconds: int) -> tuple[str, UploadForm]:
        """Make a form by which an archive goes into S3, and tell the source that it then is."""
        source = self.archives.url_of_upload(str(uuid7()), name)
        return source, self.archives.form(source, max_bytes, seconds)

    def submit(self, source: str, submitted_by: str) -> Submission:
        """Have a batch read that lies in S3.

        Raises
        ------
        Problem
            If nobody allowed batches from there.
        """
        bucket, key = place_of(source)
        own = bucket == self.archives.bucket
        allowed = key.startswith(BATCH_PREFIX) if own else bucket in self.buckets
        if not allowed or ".." in key.split("/"):
            raise Problem(
                FORBIDDEN_SOURCE,
                f"Batches are read below s3://{self.archives.bucket}/{BATCH_PREFIX}, and from buckets that "
                "the operator names in FACEGATE_BATCH_BUCKETS. Put the photos there.",
            )
        return self.submissions.submit(source, source, submitted_by, datetime.now(UTC))

    def find(self, batch_id: str) -> Submission:
        """Look a batch up.

        Raises
        ------
        Problem
            If none was submitted here with this id.
        """
        submission = self.submissions.get(batch_id) if _ID.fullmatch(batch_id) else None
        if submission is None:
            raise Problem(
                UNKNOWN_BATCH,
                "No batch submitted to the API has this id. The command line reports its own itself.",
            )
        return submission

    def page(self, position: str | None, limit: int) -> tuple[list[Submission], str | None]:
        """List the batches, the last submitted first, from a position on."""
        return self.submissions.page(position, limit)

    def progress(self, batch_id: str) -> BatchProgress:
        """Count what became of a batch's files.

        Raises
        ------
        Problem
            If there is no such batch.
        """
        submission = self.find(batch_id)
        parts = range(0, submission.files_read, FILES_A_PART)
        counts: Counter[str] = Counter()
        with ThreadPoolExecutor(_PARTS_AT_ONCE) as pool:
            for lines in pool.map(lambda first: self._lines(submission, first), parts):
                counts.update(line.status for line in lines)
        return BatchProgress(submission, counts)

    def lines(self, submission: Submission, position: int, limit: int) -> list[Line]:
        """Tell of up to so many files, from a position on."""
        lines: list[Line] = []
        first = position - position % FILES_A_PART
        while len(lines) < limit and first < submission.files_read:
            lines += self._lines(submission, first)[max(0, position - first) :]
            first += FILES_A_PART
        return lines[:limit]

    def troubled_lines(self, submission: Submission, position: int, limit: int) -> tuple[list[Line], int]:
        """Tell of files that came to nothing, from a position on; a part of the batch at a time.

        Returns
        -------
        list of Line
            At most `limit`; fewer, or none, where so few of the files gone through are such.
        int
            The position of the rest.
        """
        troubled: list[Line] = []
        for _ in range(_PARTS_GONE_THROUGH):
            lines = self.lines(submission, position, FILES_A_PART)
            for line in lines:
                if len(troubled) == limit:
                    return troubled, position
                position += 1
                if line.status in _TROUBLED:
                    troubled.append(line)
            if not lines:
                return troubled, submission.files_read
        return troubled, position

    def csv(self, submission: Submission) -> Iterator[str]:
        """Write the report as a CSV file, a part at a time."""
        yield _csv([tuple(COLUMNS)])
        for first in range(0, submission.files_read, FILES_A_PART):
            yield _csv([line.cells for line in self._lines(submission, first)])

    def _lines(self, submission: Submission, first: int) -> list[Line]:
        files = self.submissions.files(submission, first)
        known = self.outcomes.of({file.enrollment_id for file in files if file.enrollment_id})
        return [_line(file, known) for file in files]


def _line(file: SubmittedFile, known: Mapping[str, Enrollment]) -> Line:
    if file.enrollment_id is None:
        return Line.of_refusal(Refusal(file.file, file.refusal or ""))
    enrollment = known.get(file.enrollment_id)
    if enrollment is None or enrollment.status is EnrollmentStatus.RECEIVED:
        return Line.of_pending(file.file, file.enrollment_id)
    if file.finished_before is not None and enrollment.finished_at == file.finished_before:
        return Line.of_pending(file.file, file.enrollment_id)
    return Line.of_enrollment(file.file, enrollment)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
