"""Enrolling a batch: send, wait for the outcomes, report."""

import socket
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from cli.batch_report import Report, opened_report
from cli.connection import console
from services.aws.batches import BatchStore
from services.aws.connection import Aws
from services.aws.outcomes import MOST_IDS, Outcomes
from services.aws.prefixes import Prefix
from services.aws.uploads import Sent, Uploads
from services.batches.items import BatchItem, Refusal
from services.batches.report import Line
from services.batches.source import open_source
from services.contracts.domain import Batch, Enrollment
from services.contracts.ids import batch_id_of

_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 1.0
#: How often all pending photos are looked at, not only those sent first.
_EVERYTHING_SECONDS = 5.0
#: What is asked for takes from what is waited for: so many times as long as a look took, nobody looks again.
_REST = 9


class Source(Protocol):
    """A batch that can be counted and gone through."""

    def __iter__(self) -> Iterator[BatchItem | Refusal]: ...

    def count(self) -> int:
        """Count items and refusals."""
        ...


def is_batch(place: str) -> bool:
    """Whether it is more than a single photo."""
    return place.startswith("s3://") or Path(place).is_dir() or Path(place).suffix.lower() in {".csv", ".zip"}


def run_batch(connection: Callable[[], Aws], place: str, report: Path | None, patience: float) -> bool:
    """Send every photo of a batch that was not enrolled before; wait, and report what became of each.

    Parameters
    ----------
    connection : callable
        Connects to AWS.
    report : Path, optional
        Where to write a CSV line for every file.
    patience : float
        Seconds to wait without any photo being finished.

    Returns
    -------
    bool
        Whether every file is a face now.

    Raises
    ------
    UnreadableBatch
        If it cannot be read as a whole, or its report not be written.
    AwsError
        If AWS refuses; run again, it goes on where it stopped.
    """
    aws = connection()
    with _opened(aws, place) as source, opened_report(report) as lines:
        # what is no batch is said before anything is sent
        total = source.count()
        batch = _batch(place, total)
        BatchStore(aws).announce(batch)
        progress = _progress(console)
        run = BatchRun(Outcomes(aws), lines, progress, total, patience)
        try:
            with progress:
                run.go(Uploads(aws, batch.batch_id).send(source))
        except KeyboardInterrupt:
            console.print("stopped")
        finally:
            lines.show(console)
            if not run.done:
                console.print("Not all is finished. The same command goes on where this one stopped.")
    return run.done and lines.complete


@contextmanager
def _opened(aws: Aws, place: str) -> Generator[Source]:
    if place.startswith("s3://"):
        yield Prefix(aws, place)
        return
    with open_source(Path(place)) as source:
        yield source


def _batch(place: str, photos: int) -> Batch:
    """Name a batch after its place, so that one that is run again is the same batch."""
    in_s3 = place.startswith("s3://")
    name = place if in_s3 else str(Path(place).resolve())
    identity = name if in_s3 else f"{socket.gethostname()}:{name}"
    return Batch(batch_id=batch_id_of(identity), name=name, photos=photos, created_at=datetime.now(UTC))


class BatchRun:
    """One pass through a batch.

    Attributes
    ----------
    done : bool
        Whether every photo was sent and finished.
    """

    def __init__(
        self, outcomes: Outcomes, report: Report, progress: Progress, total: int, patience: float
    ) -> None:
        self._outcomes = outcomes
        self._report = report
        self._progress = progress
        self._patience = patience
        self.done = False
        self._pending: deque[Sent] = deque()
        self._sending = progress.add_task("sent", total=total)
        self._enrolling = progress.add_task("finished", total=total)
        self._moved_at = time.monotonic()
        self._pause = _SHORTEST_PAUSE_SECONDS
        self._look_at = self._moved_at
        self._look_at_all = self._moved_at + _EVERYTHING_SECONDS

    def go(self, sent: Iterable[Sent | Refusal]) -> None:
        """Report every file once, whatever happens."""
        try:
            for photo in sent:
                self._take(photo)
                if time.monotonic() >= self._look_at:
                    self._look()
            self._moved_at = time.monotonic()
            while self._pending and time.monotonic() - self._moved_at < self._patience:
                time.sleep(max(0.0, self._look_at - time.monotonic()))
                self._look()
            self.done = not self._pending
        finally:
            for photo in self._pending:
                self._report.add(Line.of_pending(photo.file, photo.enrollment_id))

    def _take(self, photo: Sent | Refusal) -> None:
        self._progress.advance(self._sending)
        if isinstance(photo, Refusal):
            self._finish(Line.of_refusal(photo))
        elif photo.known is not None and photo.is_outcome(photo.known):
            self._finish(Line.of_enrollment(photo.file, photo.known))
        else:
            self._pending.append(photo)

    def _finish(self, line: Line) -> None:
        self._report.add(line)
        self._progress.advance(self._enrolling)
        self._moved_at = time.monotonic()

    def _look(self) -> None:
        """Ask for outcomes, oldest first; where a hundred have none, the later ones hardly will."""
        began = time.monotonic()
        everything = began >= self._look_at_all
        unfinished: list[Sent] = []
        heard = False
        while self._pending:
            some = [self._pending.popleft() for _ in range(min(MOST_IDS, len(self._pending)))]
            finished = self._finished(some)
            unfinished += [photo for photo in some if photo.enrollment_id not in finished]
            for photo in some:
                if photo.enrollment_id in finished:
                    self._finish(Line.of_enrollment(photo.file, finished[photo.enrollment_id]))
            heard = heard or bool(finished)
            if not finished and not everything:
                break
        self._pending.extendleft(reversed(unfinished))
        ended = time.monotonic()
        rest = _REST * (ended - began)
        if everything:
            self._look_at_all = ended + max(_EVERYTHING_SECONDS, rest)
        self._pause = _SHORTEST_PAUSE_SECONDS if heard else min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
        self._look_at = ended + max(self._pause, min(rest, _LONGEST_PAUSE_SECONDS))

    def _finished(self, photos: list[Sent]) -> dict[str, Enrollment]:
        by_id = {photo.enrollment_id: photo for photo in photos}
        found = self._outcomes.of(by_id)
        return {name: enrollment for name, enrollment in found.items() if by_id[name].is_outcome(enrollment)}


class _Rate(TextColumn):
    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f}/s", style="progress.data.speed")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>8}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=console,
        # a log file wants the report alone
        disable=not console.is_terminal,
    )
