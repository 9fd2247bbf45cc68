"""Reading a batch that was given to the API: its photos are sent to be enrolled, a part at a time."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol

import structlog

from services.aws.submissions import FILES_A_PART
from services.aws.uploads import Sent
from services.batches.items import BatchItem, Refusal, UnreadableBatch
from services.contracts.messages import ReadBatchJob
from services.contracts.submissions import Submission, SubmittedFile

log = structlog.stdlib.get_logger(__name__)

#: Then the job makes room for others and goes on behind them; also, nothing extends a message's visibility.
_LONGEST_SECONDS = 20.0
MOST_FILES = 100_000


class Submissions(Protocol):
    """The batches submitted, and how far each is read."""

    def get(self, batch_id: str) -> Submission | None:
        """Look one up."""
        ...

    def add_files(
        self, submission: Submission, files: Sequence[SubmittedFile], now: datetime
    ) -> Submission | None:
        """Write down what became of the next files; None if another worker read them meanwhile."""
        ...

    def finish(self, batch_id: str, run: int, now: datetime, problem: str | None = None) -> None:
        """Note that reading ended."""
        ...

    def send_job(self, submission: Submission) -> None:
        """Queue the job that reads on."""
        ...


class Source(Protocol):
    """A batch that can be gone through from anywhere."""

    def rest(self, position: int) -> Iterator[BatchItem | Refusal]:
        """Go through it without its first items."""
        ...


class Sources(Protocol):
    """Where batches lie."""

    def opened(self, url: str) -> AbstractContextManager[Source]:
        """Open one."""
        ...

    def discard(self, url: str) -> None:
        """Remove what was sent to be read once."""
        ...


class Uploads(Protocol):
    """The way of a batch's photos into the bucket."""

    def send(self, items: Iterable[BatchItem | Refusal]) -> Iterator[Sent | Refusal]:
        """Send what was not enrolled before; one answer for each item."""
        ...


class BatchReadingService:
    """Reads batches.

    Parameters
    ----------
    uploads : callable
        Makes the way into the bucket for one submission.
    clock : callable
        Seconds from any beginning.
    """

    def __init__(
        self,
        submissions: Submissions,
        sources: Sources,
        uploads: Callable[[Submission], Uploads],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._submissions = submissions
        self._sources = sources
        self._uploads = uploads
        self._now = now
        self._clock = clock

    def handle(self, job: ReadBatchJob) -> None:
        """Read on; killed anywhere, the next delivery goes on with the part that was not written down.

        Raises
        ------
        AwsError
            If AWS fails; the job can then be done again.
        """
        submission = self._submissions.get(job.batch_id)
        if submission is None or submission.run != job.run:
            log.info("batch_submitted_anew", batch_id=job.batch_id)
            return
        if submission.read_at is not None:
            self._sources.discard(submission.source)
            return
        if submission.files_read > job.position:
            # whoever read them may have been killed before it queued what follows
            self._submissions.send_job(submission)
            return
        try:
            ended = self._read(submission)
        except UnreadableBatch as error:
            self._end(submission, str(error))
        else:
            if ended:
                self._end(submission)

    def give_up(self, job: ReadBatchJob, reason: str) -> None:
        """Note that nobody reads on by itself; submitted again, the batch is read anew.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        self._submissions.finish(job.batch_id, job.run, self._now(), f"Reading was given up: {reason}")

    def _read(self, submission: Submission) -> bool:
        """Read for a while; tell whether the end was reached."""
        until = self._clock() + _LONGEST_SECONDS
        uploads = self._uploads(submission)
        with self._sources.opened(submission.source) as source:
            items = source.rest(submission.files_read)
            while some := list(islice(items, FILES_A_PART)):
                if submission.files_read + len(some) > MOST_FILES:
                    raise UnreadableBatch(f"it has more than {MOST_FILES} files; divide it")
                files = sorted(map(_told, uploads.send(some)), key=lambda file: file.file)
                read = self._submissions.add_files(submission, files, self._now())
                if read is None:
                    return False
                submission = read
                if self._clock() >= until:
                    self._submissions.send_job(submission)
                    return False
        return True

    def _end(self, submission: Submission, problem: str | None = None) -> None:
        self._submissions.finish(submission.batch_id, submission.run, self._now(), problem)
        self._sources.discard(submission.source)
        log.info("batch_read", batch_id=submission.batch_id, problem=problem)


def _told(answer: Sent | Refusal) -> SubmittedFile:
    if isinstance(answer, Refusal):
        return SubmittedFile(file=answer.file, refusal=answer.sentence)
    return SubmittedFile(
        file=answer.file,
        enrollment_id=answer.enrollment_id,
        finished_before=answer.known.finished_at if answer.anew and answer.known else None,
    )
