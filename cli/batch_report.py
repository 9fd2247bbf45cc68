"""What became of every file of a batch: a CSV file line by line, and a table at the end."""

import csv
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.batches.items import Refusal, UnreadableBatch
from services.contracts.domain import Enrollment, EnrollmentStatus

_COLUMNS = ("file", "status", "reason", "detail", "full name", "person id", "enrollment id")
#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLOURS = {"indexed": "green", "held": "yellow", "received": "yellow"}
REFUSED = "refused"
_SHOWN_AS_COUNTS = (EnrollmentStatus.INDEXED, EnrollmentStatus.RECEIVED)
#: So many files are told of on the terminal; a report file has them all.
_MOST_SHOWN = 1000


class ReportUnwritable(UnreadableBatch):
    """The report's file cannot be written, so the batch is not begun."""


@dataclass(frozen=True)
class Line:
    """One file of the batch.

    Attributes
    ----------
    status : str
        An enrollment's status, or ``refused`` for what was not even sent.
    reason : str
        A word for programs; empty where all went well.
    detail : str
        Sentences for people.
    """

    file: str
    status: str
    reason: str = ""
    detail: str = ""
    full_name: str = ""
    person_id: str = ""
    enrollment_id: str = ""

    @classmethod
    def of_refusal(cls, refusal: Refusal) -> Self:
        """Tell of what was not sent."""
        return cls(refusal.file, REFUSED, detail=refusal.sentence)

    @classmethod
    def of_enrollment(cls, file: str, enrollment: Enrollment) -> Self:
        """Tell of a finished enrollment; it may have come with another file, or with another batch."""
        sentences = [enrollment.rejection.sentence] if enrollment.rejection else []
        sentences += [enrollment.detail] if enrollment.detail else []
        first = enrollment.file
        if first is not None and first.split() != file.split():
            sentences.append(f"It is the same picture as {first}.")
        return cls(
            file,
            enrollment.status.value,
            enrollment.rejection.value if enrollment.rejection else "",
            " ".join(sentences),
            enrollment.full_name or "",
            enrollment.person_id or "",
            enrollment.enrollment_id,
        )

    @classmethod
    def of_pending(cls, file: str, enrollment_id: str) -> Self:
        """Tell of what nobody finished yet."""
        return cls(
            file, EnrollmentStatus.RECEIVED.value, detail="Not finished yet.", enrollment_id=enrollment_id
        )


class _Writer(Protocol):
    def writerow(self, row: tuple[str, ...], /) -> object: ...


class Report:
    """Counts every file and remembers the first of those that became no face."""

    def __init__(self, lines: _Writer | None = None) -> None:
        self._lines = lines
        self._counts: Counter[str] = Counter()
        self._troubles: list[Line] = []

    def add(self, line: Line) -> None:
        """Take one file's outcome."""
        self._counts[line.status] += 1
        if line.status not in _SHOWN_AS_COUNTS and len(self._troubles) < _MOST_SHOWN:
            self._troubles.append(line)
        if self._lines is not None:
            self._lines.writerow(
                tuple(
                    map(
                        _no_formula,
                        (
                            line.file,
                            line.status,
                            line.reason,
                            line.detail,
                            line.full_name,
                            line.person_id,
                            line.enrollment_id,
                        ),
                    )
                )
            )

    @property
    def complete(self) -> bool:
        """Whether every file is a face now."""
        return self._counts.total() == self._counts[EnrollmentStatus.INDEXED]

    def show(self, console: Console) -> None:
        """Print the troubles, each with its reason, and the counts."""
        if self._troubles:
            table = Table("file", "status", "reason", box=None, pad_edge=False)
            for line in self._troubles:
                colour = _COLOURS.get(line.status, "red")
                said = f"{line.reason}: {line.detail}" if line.reason else line.detail
                table.add_row(escape(line.file), f"[{colour}]{line.status}[/]", escape(said))
            console.print(table)
        untold = self._counts.total() - sum(self._counts[status] for status in _SHOWN_AS_COUNTS)
        if untold > _MOST_SHOWN:
            console.print(f"… and {untold - _MOST_SHOWN} more; --report FILE.csv tells of every file")
        counts = (f"{count} {status}" for status, count in sorted(self._counts.items()))
        console.print(", ".join(counts) or "no files", f"({self._counts.total()} in all)")


@contextmanager
def opened_report(path: Path | None) -> Generator[Report]:
    """Make a report, written to a CSV file line by line, so that an interruption leaves its part.

    Raises
    ------
    ReportUnwritable
        If the file cannot be.
    """
    if path is None:
        yield Report()
        return
    try:
        opened = path.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise ReportUnwritable(f"the report {path} cannot be written: {error.strerror}") from error
    with opened as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        yield Report(writer)


def _no_formula(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
