"""Batches as the API takes and gives them, in JSON."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from services.batches.report import Line
from services.contracts.domain import EnrollmentStatus
from services.gateway.batches import BatchProgress

#: What stands at the end of an archive's key in S3, and in its report.
ARCHIVE_NAME = r"^[^/\\\x00-\x1f\x7f]{1,200}\.[zZ][iI][pP]$"
_SOURCE = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\x00-\x1f\x7f]{1,1000}$"


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BatchInS3(_Input):
    """A batch that lies in S3.

    Attributes
    ----------
    source : str
        ``s3://bucket/prefix``, or the URL of a ZIP archive.
    """

    source: Annotated[str, StringConstraints(max_length=1100, pattern=_SOURCE)]


class ArchiveToUpload(_Input):
    """An archive that its owner will put into S3."""

    name: Annotated[str, StringConstraints(pattern=ARCHIVE_NAME)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class ArchiveUploadBody(_Body):
    """A form that puts an archive into S3.

    Attributes
    ----------
    url : str
        Where to post it to, as multipart/form-data.
    fields : dict of str to str
        To be sent with it, all of them and before the file, which is called ``file``.
    source : str
        What to submit when S3 has it.
    """

    url: str
    fields: dict[str, str]
    source: str
    max_bytes: int
    expires_at: AwareDatetime


class CountsBody(_Body):
    """Files by what became of them.

    Attributes
    ----------
    received : int
        On their way.
    refused : int
        Not even sent: the report says why.
    """

    received: int = 0
    indexed: int = 0
    held: int = 0
    rejected: int = 0
    failed: int = 0
    removed: int = 0
    refused: int = 0


class BatchBody(_Body):
    """How a batch stands.

    Attributes
    ----------
    status : str
        ``reading`` while its files are gone through, ``enrolling`` while photos are on their way,
        ``finished`` when every file has an outcome; ``unreadable`` if not all of it could be read.
    message : str
        The same, for a person; with file or line where the batch could not be read.
    files : int
        How many were read so far.
    """

    batch_id: str
    name: str
    source: str
    status: Literal["reading", "enrolling", "finished", "unreadable"]
    message: str
    files: int
    counts: CountsBody
    submitted_at: AwareDatetime
    read_at: AwareDatetime | None

    @classmethod
    def of(cls, progress: BatchProgress) -> Self:
        """Show `progress`."""
        submission, counts = progress.submission, progress.counts
        waiting = counts.get(EnrollmentStatus.RECEIVED.value, 0)
        status: Literal["reading", "enrolling", "finished", "unreadable"]
        if submission.read_at is None:
            status, message = "reading", f"{submission.files_read} files were read so far."
        elif submission.problem is not None:
            status, message = "unreadable", submission.problem
        elif waiting:
            status, message = "enrolling", f"{waiting} of {submission.files_read} photos are on their way."
        else:
            status, message = "finished", f"All of {submission.files_read} files have an outcome."
        return cls(
            batch_id=submission.batch_id,
            name=submission.name,
            source=submission.source,
            status=status,
            message=message,
            files=submission.files_read,
            counts=CountsBody(**counts),
            submitted_at=submission.submitted_at,
            read_at=submission.read_at,
        )


class FileBody(_Body):
    """A file of a batch, and what became of it.

    Attributes
    ----------
    status : str
        An enrollment's status, or ``refused``.
    reason : str or None
        Why it was rejected, for a program.
    """

    file: str
    status: str
    reason: str | None
    message: str | None
    full_name: str | None
    person_id: str | None
    enrollment_id: str | None

    @classmethod
    def of(cls, line: Line) -> Self:
        """Show `line`."""
        return cls(
            file=line.file,
            status=line.status,
            reason=line.reason or None,
            message=line.detail or None,
            full_name=line.full_name or None,
            person_id=line.person_id or None,
            enrollment_id=line.enrollment_id or None,
        )


class ReportBody(_Body):
    """A page of the list of a batch's files."""

    files: list[FileBody]
    next_cursor: str | None
