"""Removing a person from everywhere; done again, it removes what has come since, or nothing."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from services.contracts.domain import Deletion, Removed
from services.contracts.messages import DeletePersonJob

log = structlog.stdlib.get_logger(__name__)

#: SQS's longest delay. By then everything has ended that read the person before the deletion was asked
#: for: recognitions, whose decisions name the person, and photos on their way.
LOOK_AGAIN_AFTER_SECONDS = 900


class Place(Protocol):
    """One kind of thing that is kept of people."""

    def find(self, person_id: str) -> Sequence[Any]:
        """Find all that is there of a person."""
        ...

    def remove(self, person_id: str, found: Sequence[Any]) -> None:
        """Remove what was found; what is gone already is not an error."""
        ...


class Deletions(Protocol):
    """The receipts, and the mark on the person that keeps others from adding anything."""

    def get(self, deletion_id: str) -> Deletion | None:
        """Look a receipt up."""
        ...

    def begin(self, deletion: Deletion) -> bool:
        """Keep everybody from adding to the person; False if the person has come back since the deletion."""
        ...

    def note(self, deletion: Deletion, kind: Removed, count: int) -> None:
        """Write on the receipt how many there were."""
        ...

    def finish(self, deletion: Deletion, now: datetime) -> None:
        """Replace the person by a mark without personal data, and date the receipt."""
        ...


class JobSender(Protocol):
    """The queue, from the sender's side."""

    def send(self, job: DeletePersonJob, *, delay_seconds: int) -> None:
        """Queue a job for later."""
        ...


class UnknownDeletion(Exception):
    """There is no receipt for the job: nobody asked for this deletion."""


class DeletionService:
    """Removes people.

    Parameters
    ----------
    places : mapping of Removed to Place
        In the order in which they are emptied: photos are found by their enrollments, so those come after.
    """

    def __init__(
        self,
        deletions: Deletions,
        places: Mapping[Removed, Place],
        jobs: JobSender,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._deletions = deletions
        self._places = places
        self._jobs = jobs
        self._now = now

    def handle(self, job: DeletePersonJob) -> None:
        """Remove a person; killed anywhere, the next delivery goes on.

        Raises
        ------
        UnknownDeletion
            If nobody asked for it.
        AwsError
            If AWS fails; the job can then be done again from the start.
        """
        deletion = self._deletions.get(job.deletion_id)
        if deletion is None:
            raise UnknownDeletion(f"there is no receipt {job.deletion_id}")
        if not self._deletions.begin(deletion):
            log.info("deleted_before", deletion_id=deletion.deletion_id)
            return
        if deletion.finished_at is None:
            # First of all: a worker that is killed anywhere after it leaves a job that is done again.
            self._jobs.send(job, delay_seconds=LOOK_AGAIN_AFTER_SECONDS)
        removed = {kind.value: self._empty(kind, place, deletion) for kind, place in self._places.items()}
        self._deletions.finish(deletion, self._now())
        log.info("person_deleted", deletion_id=deletion.deletion_id, **removed)

    def _empty(self, kind: Removed, place: Place, deletion: Deletion) -> int:
        found = place.find(deletion.person_id)
        # Noted before they are removed: the next delivery after a kill finds fewer; the first count stands.
        self._deletions.note(deletion, kind, len(found))
        place.remove(deletion.person_id, found)
        return len(found)
