"""Records of the trail as files: JSON lines to verify elsewhere, CSV to read in a spreadsheet."""

import csv
import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from io import StringIO

from services.audit.chain import Listed
from services.audit.verification import read_record

#: What a spreadsheet would run as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    "at",
    "kind",
    "actor",
    "what",
    "target",
    "outcome",
    "details",
    "personal",
    "erased",
    "chain",
    "seq",
    "hash",
)


class ExportFormat(StrEnum):
    """The form of an export."""

    #: One JSON object a line, with the text that was hashed.
    JSONL = "jsonl"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """As HTTP calls it."""
        return {ExportFormat.JSONL: "application/jsonl", ExportFormat.CSV: "text/csv"}[self]


def export(records: Iterable[Listed], form: ExportFormat) -> Iterator[str]:
    """Write records, line by line."""
    return _jsonl(records) if form is ExportFormat.JSONL else _csv(records)


def personal_of(listed: Listed) -> dict[str, str]:
    """Read the personal part of a record, without its salt; empty where there is none or it was altered."""
    try:
        personal = json.loads(listed.link.personal or "{}")
    except ValueError:
        return {}
    return (
        {name: value for name, value in personal.items() if name != "salt"}
        if isinstance(personal, dict)
        else {}
    )


def _jsonl(records: Iterable[Listed]) -> Iterator[str]:
    for listed in records:
        link = listed.link
        line = {
            "chain": listed.chain,
            "place": link.place,
            "text": link.text,
            "hash": link.hash,
            "personal": link.personal,
            "erased": link.erased,
        }
        yield json.dumps(line, ensure_ascii=False) + "\n"


def _csv(records: Iterable[Listed]) -> Iterator[str]:
    yield _csv_line(_COLUMNS)
    for listed in records:
        record = read_record(listed.link.text)
        details = json.dumps(record.details, ensure_ascii=False) if record and record.details else ""
        personal = personal_of(listed)
        yield _csv_line(
            (
                record.at.isoformat() if record else "",
                record.kind if record else "unreadable",
                record.actor if record else "",
                record.what if record else "",
                (record and record.target) or "",
                (record and record.outcome) or "",
                details,
                json.dumps(personal, ensure_ascii=False) if personal else "",
                "yes" if listed.link.erased else "",
                listed.chain,
                str(record.seq) if record else "",
                listed.link.hash,
            )
        )


def _csv_line(cells: Iterable[str]) -> str:
    line = StringIO()
    csv.writer(line).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return line.getvalue()
