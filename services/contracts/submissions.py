"""Batches that programs submit, and what became of each file when it was read."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Submission(_Record):
    """A batch that was given to the API, and how far it was read.

    Attributes
    ----------
    batch_id : str
        Made of the source, so that what is submitted again is the same batch.
    source : str
        An ``s3://`` URL: of a ZIP archive, or of a prefix.
    run : int
        How often it was submitted; what an earlier run tells does not count any more.
    submitted_at : datetime
        When this run was.
    files_read : int
        So far.
    read_at : datetime, optional
        When reading ended.
    problem : str, optional
        Why it ended before all was read, in a sentence that names file or line.
    """

    batch_id: str
    name: str
    source: str
    run: int = Field(ge=1)
    submitted_by: str
    submitted_at: AwareDatetime
    files_read: int = Field(default=0, ge=0)
    read_at: AwareDatetime | None = None
    problem: str | None = None


class SubmittedFile(_Record):
    """A file of a submitted batch: sent to be enrolled, or refused.

    Attributes
    ----------
    enrollment_id : str, optional
        None if it was refused.
    finished_before : datetime, optional
        When its enrollment was finished that it was sent anew for: it had failed, or its person been deleted.
        What was finished at that time says nothing of it.
    refusal : str, optional
        Why it was not sent, and the way out.
    """

    file: str
    enrollment_id: str | None = None
    finished_before: AwareDatetime | None = None
    refusal: str | None = None
