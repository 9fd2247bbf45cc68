"""What became of every file of a batch: a line for each, the same wherever it is told."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from services.batches.items import Refusal
from services.contracts.domain import Enrollment, EnrollmentStatus

#: The report's columns as a CSV file has them, and the lines' attributes.
COLUMNS: Mapping[str, str] = {
    "file": "file",
    "status": "status",
    "reason": "reason",
    "detail": "detail",
    "full name": "full_name",
    "person id": "person_id",
    "enrollment id": "enrollment_id",
}
#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
REFUSED = "refused"


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
        """Tell of an enrollment that was begun; it may have come with another file or batch."""
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

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as a CSV file has it, in the order of `COLUMNS`; no cell reads as a formula."""
        said = asdict(self)
        return tuple(_no_formula(said[attribute]) for attribute in COLUMNS.values())


def _no_formula(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
