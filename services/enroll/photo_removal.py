"""Removing one photo of a person, who stays; done again, it removes what is left, or nothing."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from services.contracts.domain import Deletion, Enrollment, Face, Removed
from services.contracts.messages import RemovePhotoJob
from services.enroll.deletion import UnknownDeletion

log = structlog.stdlib.get_logger(__name__)


class Receipts(Protocol):
    """What was removed, as it is written down."""

    def get(self, deletion_id: str) -> Deletion | None:
        """Look a receipt up."""
        ...

    def note(self, deletion: Deletion, kind: Removed, count: int) -> None:
        """Write on the receipt how many there were."""
        ...


class MarkedPhotos(Protocol):
    """The photos that are to be removed."""

    def marked(self, deletion_id: str, enrollment_id: str) -> Enrollment | None:
        """Find the photo of a deletion; None if nothing of it is left."""
        ...

    def give_up_face(self, photo: Enrollment) -> None:
        """Remove the person's claim of the photo's face, and count their photo out."""
        ...

    def finish(self, deletion_id: str, enrollment_id: str, now: datetime) -> None:
        """Remove what is personal from the enrollment, and date the receipt."""
        ...


class Faces(Protocol):
    """The collection."""

    def remove(self, face_id: str, person_id: str) -> None:
        """Take a face from its person's user and out of the collection."""
        ...


class Claims(Protocol):
    """Whose photo gave which face."""

    def face(self, face_id: str) -> Face | None:
        """Look up whose face it is."""
        ...


class Versions(Protocol):
    """The bucket."""

    def of_enrollment(self, enrollment: Enrollment) -> Collection[Any]:
        """List all versions of a photo, as it was uploaded and as it is kept."""
        ...

    def remove(self, person_id: str, found: Sequence[Any]) -> None:
        """Delete them for good."""
        ...


class PhotoRemovalService:
    """Removes photos, each from collection, bucket and tables."""

    def __init__(
        self,
        *,
        receipts: Receipts,
        photos: MarkedPhotos,
        faces: Faces,
        claims: Claims,
        versions: Versions,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._receipts = receipts
        self._photos = photos
        self._faces = faces
        self._claims = claims
        self._versions = versions
        self._now = now

    def handle(self, job: RemovePhotoJob) -> None:
        """Remove a photo; killed anywhere, the next delivery goes on.

        The face leaves the collection first: from then on the photo opens no door.

        Raises
        ------
        UnknownDeletion
            If nobody asked for it.
        AwsError
            If AWS fails; the job can then be done again from the start.
        """
        receipt = self._receipts.get(job.deletion_id)
        if receipt is None:
            raise UnknownDeletion(f"there is no receipt {job.deletion_id}")
        if receipt.finished_at is not None:
            log.info("photo_removed_before", deletion_id=job.deletion_id)
            return
        photo = self._photos.marked(job.deletion_id, job.enrollment_id)
        if photo is not None:
            self._remove_face(receipt, photo)
            versions = sorted(self._versions.of_enrollment(photo))
            self._receipts.note(receipt, Removed.PHOTOS, len(versions))
            self._versions.remove(job.person_id, versions)
        self._photos.finish(job.deletion_id, job.enrollment_id, self._now())
        log.info("photo_removed", deletion_id=job.deletion_id, enrollment_id=job.enrollment_id)

    def _remove_face(self, receipt: Deletion, photo: Enrollment) -> None:
        if photo.face_id is None or photo.person_id is None:
            return
        claim = self._claims.face(photo.face_id)
        # the same picture sent twice gave one face, which is the other photo's
        if claim is not None and claim.enrollment_id != photo.enrollment_id:
            return
        self._receipts.note(receipt, Removed.FACES, 1)
        self._faces.remove(photo.face_id, photo.person_id)
        if claim is not None:
            self._photos.give_up_face(photo)
