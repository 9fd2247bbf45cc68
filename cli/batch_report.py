"""What became of every file of a batch: a CSV file line by line, and a table at the end."""

import csv
from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.batches.items import UnreadableBatch
from services.batches.report import COLUMNS, Line
from services.contracts.domain import EnrollmentStatus

_COLOURS = {"indexed": "green", "held": "yellow", "received": "yellow"}
_SHOWN_AS_COUNTS = (EnrollmentStatus.INDEXED, EnrollmentStatus.RECEIVED)
#: So many files are told of on the terminal; a report file has them all.
_MOST_SHOWN = 1000


class ReportUnwritable(UnreadableBatch):
    """The report's file cannot be written, so the batch is not begun."""


class _Writer(Protocol):
    def writerow(self, row: Iterable[str], /) -> object: ...


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
            self._lines.writerow(line.cells)

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
        writer.writerow(COLUMNS)
        yield Report(writer)
