"""From a photo to a face: index it, refuse it with a reason, and never do it twice."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import structlog

from services.aws.collection import ImageOutOfReach, IndexedPhoto, UnreadableImage
from services.aws.photos import PhotoMissing
from services.contracts.domain import Enrollment, EnrollmentStatus, Face, Person
from services.contracts.ids import person_id_of
from services.contracts.messages import EnrollJob, StoredObject
from services.contracts.reasons import RejectionReason

log = structlog.stdlib.get_logger(__name__)


class Photos(Protocol):
    """The bucket."""

    def full_name(self, photo: StoredObject) -> str | None:
        """Read the FullName that the photo was put with."""
        ...


class FaceIndex(Protocol):
    """The collection."""

    def index(self, photo: StoredObject, external_id: str) -> IndexedPhoto:
        """Put the photo's largest good face into the collection."""
        ...

    def delete(self, face_ids: list[str]) -> None:
        """Take faces out of the collection."""
        ...


class Enrollments(Protocol):
    """Where enrollments are kept, each finished once."""

    def get(self, enrollment_id: str) -> Enrollment | None:
        """Look one up."""
        ...

    def save(self, enrollment: Enrollment) -> bool:
        """Note that it was received or rejected, unless it is finished."""
        ...

    def finish_indexed(self, enrollment: Enrollment, face: Face, person: Person) -> bool:
        """Write face, person and finished enrollment together."""
        ...


class EnrollService:
    """Turns photos into faces of people; done twice, it changes nothing."""

    def __init__(
        self,
        photos: Photos,
        faces: FaceIndex,
        enrollments: Enrollments,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._photos = photos
        self._faces = faces
        self._enrollments = enrollments
        self._now = now

    def handle(self, job: EnrollJob) -> Enrollment:
        """Enrol one photo.

        Returns
        -------
        Enrollment
            Indexed or rejected; the standing one if this job was done before.

        Raises
        ------
        AwsError
            If AWS fails; the job can then be done again from the start.
        """
        known = self._enrollments.get(job.enrollment_id)
        if known is not None and known.finished:
            log.info("enrolled_before", enrollment_id=job.enrollment_id, status=known.status.value)
            return known
        received = Enrollment(
            enrollment_id=job.enrollment_id,
            status=EnrollmentStatus.RECEIVED,
            bucket=job.photo.bucket,
            key=job.photo.key,
            received_at=job.received_at,
        )
        self._enrollments.save(received)
        try:
            return self._enroll(received, job.photo)
        except UnreadableImage:
            return self._reject(received, RejectionReason.INVALID_IMAGE)
        except PhotoMissing:
            return self._reject(received, RejectionReason.PHOTO_MISSING)

    def _enroll(self, received: Enrollment, photo: StoredObject) -> Enrollment:
        full_name = self._photos.full_name(photo)
        if full_name is None:
            return self._reject(received, RejectionReason.NO_FULL_NAME)
        named = received.model_copy(update={"full_name": full_name})
        indexed = self._index(photo, person_id_of(full_name))
        if indexed.face_id is None:
            poor = indexed.poor_faces > 0
            return self._reject(named, RejectionReason.LOW_QUALITY if poor else RejectionReason.NO_FACE)
        if indexed.other_faces > 0:
            # Nobody can tell whose name it is; the face went in with the same call and goes out again.
            self._faces.delete([indexed.face_id])
            return self._reject(named, RejectionReason.SEVERAL_FACES)
        return self._finish(named, full_name, indexed.face_id)

    def _index(self, photo: StoredObject, external_id: str) -> IndexedPhoto:
        try:
            return self._faces.index(photo, external_id)
        except ImageOutOfReach:
            # Deleted meanwhile? If it is still there a right is missing, and the photo must not be given up.
            self._photos.full_name(photo)
            raise

    def _finish(self, enrollment: Enrollment, full_name: str, face_id: str) -> Enrollment:
        now = self._now()
        person = Person(person_id=person_id_of(full_name), full_name=full_name, created_at=now)
        done = enrollment.model_copy(
            update={
                "status": EnrollmentStatus.INDEXED,
                "person_id": person.person_id,
                "face_id": face_id,
                "finished_at": now,
            }
        )
        face = Face(
            face_id=face_id,
            person_id=person.person_id,
            full_name=full_name,
            enrollment_id=enrollment.enrollment_id,
            indexed_at=now,
        )
        if not self._enrollments.finish_indexed(done, face, person):
            return self._yield_to_the_other(done)
        log.info("enrolled", enrollment_id=done.enrollment_id, person_id=person.person_id, face_id=face_id)
        return done

    def _yield_to_the_other(self, mine: Enrollment) -> Enrollment:
        """Another delivery of the same job finished first: its face stands, a second one must go."""
        standing = self._enrollments.get(mine.enrollment_id)
        if standing is None:
            raise LookupError(f"enrollment {mine.enrollment_id} was finished and is gone now")
        if mine.face_id is not None and standing.face_id != mine.face_id:
            self._faces.delete([mine.face_id])
        return standing

    def _reject(self, enrollment: Enrollment, reason: RejectionReason) -> Enrollment:
        rejected = enrollment.model_copy(
            update={
                "status": EnrollmentStatus.REJECTED,
                "rejection": reason,
                "finished_at": self._now(),
            }
        )
        if not self._enrollments.save(rejected):
            return self._yield_to_the_other(rejected)
        log.info("photo_rejected", enrollment_id=enrollment.enrollment_id, reason=reason.value)
        return rejected
