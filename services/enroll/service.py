"""From a photo to a face of its person: refused with a reason, held for an operator, or indexed, once."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import structlog

from services.aws.collection import UnreadableImage
from services.aws.enrollments import Written
from services.aws.face_index import UnlikeUser
from services.aws.photos import PhotoMissing, UploadedPhoto
from services.contracts.domain import Enrollment, EnrollmentStatus, Face, Person, Resemblance
from services.contracts.ids import person_id_of
from services.contracts.messages import EnrollJob, StoredObject
from services.contracts.names import parse_full_name
from services.contracts.reasons import RejectionReason
from services.enroll.collaborators import Enrollments, FaceIndex, Photos
from services.enroll.preprocessing import Photo, UnusablePhoto, normalize
from services.enroll.quality import judge
from services.enroll.settings import EnrollSettings
from services.operations.measures import Measures

#: It names a folder of S3, and Rekognition's user.
_PERSON_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
log = structlog.stdlib.get_logger(__name__)

#: What is left of the enrollment of a photo whose person was deleted: ids and outcome.
_ERASED: dict[str, Any] = {
    "rejection": RejectionReason.PERSON_DELETED,
    "key": "",
    **dict.fromkeys(
        ("original_key", "detail", "full_name", "person_id", "face_id", "held_for", "sha256", "file")
    ),
}


class _Rejected(Exception):
    """The photo is refused; whatever of it went into the collection is out again."""

    def __init__(self, reason: RejectionReason, detail: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class _Named:
    """An enrollment whose person is known.

    Attributes
    ----------
    person : Person
        As a person who is new begins.
    """

    enrollment: Enrollment
    person: Person


class EnrollService:
    """Turns photos into faces of people; done twice, it changes nothing."""

    def __init__(
        self,
        *,
        photos: Photos,
        faces: FaceIndex,
        enrollments: Enrollments,
        settings: EnrollSettings,
        measures: Measures,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._photos = photos
        self._faces = faces
        self._enrollments = enrollments
        self._settings = settings
        self._measures = measures
        self._now = now

    def handle(self, job: EnrollJob) -> Enrollment:
        """Enrol one photo.

        Returns
        -------
        Enrollment
            Indexed, held or rejected; the standing one if this job was done before.

        Raises
        ------
        AwsError
            If AWS fails; the job can then be done again from the start.
        """
        known = self._enrollments.get(job.enrollment_id)
        if known is not None and _is_settled(known, job):
            log.info("enrolled_before", enrollment_id=job.enrollment_id, status=known.status.value)
            self._discard_original(known, job.photo)
            return known
        received = _received(known, job, self._now())
        try:
            uploaded = self._photos.read(job.photo, self._settings.max_bytes)
            received = _described(received, uploaded)
            self._enrollments.save(received)
            finished = self._enroll(self._named(received, uploaded), self._normalized(uploaded))
        except _Rejected as refused:
            finished = self._reject(received, refused.reason, refused.detail)
        except PhotoMissing:
            finished = self._reject(received, RejectionReason.PHOTO_MISSING)
        self._measures.enrolled(finished)
        self._discard_original(finished, job.photo)
        return finished

    def give_up(self, job: EnrollJob, reason: str) -> None:
        """Note that nobody tries again; the job itself is put aside and can be sent again.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        known = self._enrollments.get(job.enrollment_id)
        base = known or _received(None, job, self._now())
        self._enrollments.save(
            base.model_copy(
                update={
                    "status": EnrollmentStatus.FAILED,
                    "detail": reason,
                    "finished_at": self._now(),
                }
            )
        )

    def _normalized(self, uploaded: UploadedPhoto) -> Photo:
        if uploaded.data is None:
            size, most = uploaded.size / 1e6, self._settings.max_bytes / 1e6
            raise _Rejected(
                RejectionReason.TOO_LARGE, f"The file has {size:.0f} MB; {most:.0f} MB are the most."
            )
        try:
            return normalize(uploaded.data, self._settings.photo)
        except UnusablePhoto as unusable:
            raise _Rejected(unusable.reason, unusable.detail) from unusable

    def _named(self, received: Enrollment, uploaded: UploadedPhoto) -> _Named:
        full_name = uploaded.full_name
        if full_name is None and uploaded.person_id is not None:
            full_name = self._enrollments.full_name(uploaded.person_id)
        if full_name is None:
            raise _Rejected(RejectionReason.NO_FULL_NAME)
        try:
            full_name = parse_full_name(full_name)
        except ValueError as error:
            raise _Rejected(RejectionReason.NO_FULL_NAME, f"The name cannot be taken: {error}.") from error
        person_id = uploaded.person_id or person_id_of(full_name)
        if not _PERSON_ID.fullmatch(person_id):
            raise _Rejected(RejectionReason.NO_FULL_NAME, "The person-id has characters that no id has.")
        named = received.model_copy(update={"full_name": full_name, "person_id": person_id})
        person = Person(
            person_id=person_id,
            full_name=full_name,
            groups=uploaded.groups,
            external_id=uploaded.external_id,
            created_at=self._now(),
        )
        return _Named(named, person)

    def _enroll(self, named: _Named, photo: Photo) -> Enrollment:
        try:
            indexed = self._faces.index(photo.jpeg, named.person.person_id)
        except UnreadableImage as error:
            raise _Rejected(RejectionReason.INVALID_IMAGE) from error
        refusal = judge(indexed, (photo.width, photo.height), self._settings.quality)
        if refusal is not None or indexed.face_id is None:
            if indexed.face_id is not None:
                self._faces.delete([indexed.face_id])
            reason, detail = (refusal.reason, refusal.detail) if refusal else (RejectionReason.NO_FACE, None)
            return self._reject(named.enrollment, reason, detail)
        other = self._resembled(indexed.face_id, named.person.person_id)
        if other is not None:
            return self._hold(named, indexed.face_id, other, photo)
        try:
            self._faces.associate(
                indexed.face_id, named.person.person_id, self._settings.user_match_threshold
            )
        except UnlikeUser as unlike:
            self._faces.delete([indexed.face_id])
            return self._reject(named.enrollment, RejectionReason.UNLIKE_OTHER_PHOTOS, _unlike(unlike))
        return self._finish(named, indexed.face_id, photo)

    def _resembled(self, face_id: str, person_id: str) -> Resemblance | None:
        """Find another person whose face this is, unless it resembles the person's own photos more."""
        matches = self._faces.resembling(face_id, self._settings.duplicate_threshold)
        for match in matches:
            if match.user_id == person_id:
                return None
            owner = self._enrollments.face(match.face_id)
            if owner is None:
                continue  # held or just being enrolled: nobody's face
            if owner.person_id == person_id:
                return None
            return Resemblance(
                person_id=owner.person_id, full_name=owner.full_name, similarity=match.similarity
            )
        return None

    def _hold(self, named: _Named, face_id: str, other: Resemblance, photo: Photo) -> Enrollment:
        if self._is_of_deleted(named.enrollment):
            self._faces.delete([face_id])
            return self._reject(named.enrollment, RejectionReason.PERSON_DELETED)
        kept = self._photos.keep(photo.jpeg, named.person.person_id, named.enrollment.enrollment_id)
        held = self._ended(
            named.enrollment,
            EnrollmentStatus.HELD,
            key=kept.key,
            original_key=self._original(named.enrollment),
            face_id=face_id,
            held_for=other,
            detail=f"The face resembles {other.full_name} with {other.similarity:.1f} %.",
        )
        if not self._enrollments.save(held):
            return self._yield_to_the_other(held)
        log.info("photo_held", enrollment_id=held.enrollment_id, similarity=other.similarity)
        return held

    def _finish(self, named: _Named, face_id: str, photo: Photo) -> Enrollment:
        enrollment_id = named.enrollment.enrollment_id
        kept = self._photos.keep(photo.jpeg, named.person.person_id, enrollment_id)
        done = self._ended(
            named.enrollment,
            EnrollmentStatus.INDEXED,
            key=kept.key,
            original_key=self._original(named.enrollment),
            face_id=face_id,
        )
        face = Face(
            face_id=face_id,
            person_id=named.person.person_id,
            full_name=named.person.full_name,
            enrollment_id=enrollment_id,
            indexed_at=self._now(),
        )
        written = self._enrollments.finish_indexed(done, face, named.person)
        if written is Written.FINISHED_BEFORE:
            return self._yield_to_the_other(done)
        if written is Written.DONE:
            log.info("enrolled", enrollment_id=enrollment_id, person_id=face.person_id, face_id=face_id)
            return done
        self._photos.discard(kept)
        if written is Written.FACE_TAKEN:
            # Rekognition gave the face of an earlier photo: the two are the same picture of the same person
            return self._reject(named.enrollment, RejectionReason.SAME_PHOTO)
        self._faces.remove(face_id, named.person.person_id)
        # associating the face has made it anew
        self._faces.delete_user(named.person.person_id)
        return self._reject(named.enrollment, RejectionReason.PERSON_DELETED)

    def _yield_to_the_other(self, mine: Enrollment) -> Enrollment:
        """Another delivery of the same job finished first: its face stands, a second one must go."""
        standing = self._enrollments.get(mine.enrollment_id)
        if standing is None:
            raise LookupError(f"enrollment {mine.enrollment_id} was finished and is gone now")
        if mine.face_id is None or mine.person_id is None or standing.face_id == mine.face_id:
            return standing
        # the same photo that was sent before may own it
        if self._enrollments.face(mine.face_id) is None:
            self._faces.remove(mine.face_id, mine.person_id)
        return standing

    def _reject(
        self, enrollment: Enrollment, reason: RejectionReason, detail: str | None = None
    ) -> Enrollment:
        rejected = self._ended(enrollment, EnrollmentStatus.REJECTED, rejection=reason, detail=detail)
        if self._is_of_deleted(enrollment):
            rejected = rejected.model_copy(update=_ERASED)
        if not self._enrollments.save(rejected):
            return self._yield_to_the_other(rejected)
        log.info("photo_rejected", enrollment_id=enrollment.enrollment_id, reason=str(rejected.rejection))
        return rejected

    def _is_of_deleted(self, enrollment: Enrollment) -> bool:
        person_id = enrollment.person_id
        return person_id is not None and self._enrollments.is_deleted(person_id, enrollment.asked_for_at)

    def _ended(self, enrollment: Enrollment, status: EnrollmentStatus, **fields: Any) -> Enrollment:
        cleared = {"detail": None, "rejection": None}
        return enrollment.model_copy(
            update={**cleared, **fields, "status": status, "finished_at": self._now()}
        )

    def _original(self, enrollment: Enrollment) -> str | None:
        return enrollment.key if self._settings.keep_originals else None

    def _discard_original(self, finished: Enrollment, original: StoredObject) -> None:
        """Delete the upload once the photo is kept in its place; a rejected one stays to be looked at.

        Of a person who was deleted nothing stays.
        """
        kept_in_its_place = finished.status in {EnrollmentStatus.INDEXED, EnrollmentStatus.HELD}
        deleted = finished.rejection is RejectionReason.PERSON_DELETED
        if deleted or (kept_in_its_place and not self._settings.keep_originals):
            self._photos.discard(original)


def _is_settled(known: Enrollment, job: EnrollJob) -> bool:
    """Whether nothing is left to do: not if it was given up, or its person erased and enrolled anew."""
    return known.status not in {EnrollmentStatus.RECEIVED, EnrollmentStatus.FAILED} and not _is_erased(
        known, job
    )


def _is_erased(known: Enrollment, job: EnrollJob) -> bool:
    ended = known.finished_at
    return known.person_id is None and ended is not None and ended < job.received_at


def _received(known: Enrollment | None, job: EnrollJob, now: datetime) -> Enrollment:
    """Take up what is known of the enrollment, or begin it; one attempt more."""
    begun = known if known is not None and not _is_erased(known, job) else None
    begun = begun or Enrollment(
        enrollment_id=job.enrollment_id,
        status=EnrollmentStatus.RECEIVED,
        bucket=job.photo.bucket,
        key=job.photo.key,
        received_at=job.received_at,
    )
    return begun.model_copy(
        update={
            "status": EnrollmentStatus.RECEIVED,
            "key": job.photo.key,
            "detail": None,
            "finished_at": None,
            "attempts": begun.attempts + 1,
            "begun_at": now,
        }
    )


def _described(received: Enrollment, uploaded: UploadedPhoto) -> Enrollment:
    """Add what the upload says of itself to what its uploader may have noted already."""
    named = uploaded.full_name and person_id_of(uploaded.full_name)
    said = {
        "full_name": uploaded.full_name,
        # also of a photo that is refused: by it a deletion finds what is kept of the person
        "person_id": uploaded.person_id or received.person_id or named,
        "batch_id": uploaded.batch_id,
        "file": uploaded.file,
        "submitted_at": uploaded.submitted_at,
        "sha256": None if uploaded.data is None else sha256(uploaded.data).hexdigest(),
    }
    return received.model_copy(update={name: value for name, value in said.items() if value is not None})


def _unlike(unlike: UnlikeUser) -> str | None:
    if unlike.similarity is None:
        return None
    return f"It resembles the person's other photos with {unlike.similarity:.1f} %."
