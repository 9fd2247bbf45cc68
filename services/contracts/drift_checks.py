"""Checks for drift that run in a gateway, and what they found."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

#: A check that has said nothing for so long has died with its gateway.
_ABANDONED_AFTER = timedelta(minutes=2)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class CheckStatus(StrEnum):
    """How far a check is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    #: Its gateway ended before it did.
    ABANDONED = "abandoned"


class Difference(_Record):
    """One thing that collection and tables say differently.

    Attributes
    ----------
    kind : str
        One of `services.drift.finding.DriftKind`.
    subject : str
        Id of the face, user, person, enrollment or deletion.
    person_id : str, optional
        Whom it is about, if it is about somebody.
    sentence : str
        What is wrong, and how it would be mended.
    """

    kind: str
    subject: str
    person_id: str | None = None
    sentence: str


class DriftCheck(_Record):
    """A check.

    Attributes
    ----------
    told_at : datetime
        When its gateway last said how far it is.
    read : int
        How many faces, people, enrollments and so on have been read; more are to come while it runs.
    counts : mapping of str to int
        How many differences there are of each kind.
    differences : tuple of Difference
        The first of them.
    problem : str, optional
        Why it failed.
    """

    check_id: str
    status: CheckStatus = CheckStatus.RUNNING
    requested_by: str
    started_at: AwareDatetime
    told_at: AwareDatetime
    finished_at: AwareDatetime | None = None
    read: int = 0
    counts: Mapping[str, int] = Field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    problem: str | None = None

    def seen_at(self, now: datetime) -> "DriftCheck":
        """Tell how it stands at a time: who says nothing for long runs no more."""
        if self.status is CheckStatus.RUNNING and now - self.told_at > _ABANDONED_AFTER:
            return self.model_copy(update={"status": CheckStatus.ABANDONED})
        return self
