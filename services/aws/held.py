"""What an operator decides about a photo that was held because the face resembles another person.

The console, the API and the command line decide alike, so it stands here and not in the enroll worker.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from services.aws.enrollments import EnrollmentStore, Written
from services.aws.face_index import FaceIndex, UnlikeUser, UserMatchSettings
from services.aws.photos import PhotoStore
from services.contracts.domain import Enrollment, EnrollmentStatus, Face, Person, Resemblance
from services.contracts.reasons import RejectionReason

if TYPE_CHECKING:
    from services.aws.connection import Aws


class Resolution(StrEnum):
    """Whose photo it is."""

    MERGE = "merge"
    KEEP_BOTH = "keep_both"
    REJECT = "reject"


class NotHeld(Exception):
    """There is no such enrollment, or it does not wait for an operator."""


class CannotResolve(Exception):
    """The photo cannot become that person's; the message says why."""


class HeldPhotos:
    """The photos that wait for an operator.

    Parameters
    ----------
    user_match_threshold : float
        Least similarity in percent to the person's other photos, as for every photo.
    """

    def __init__(
        self,
        photos: PhotoStore,
        faces: FaceIndex,
        enrollments: EnrollmentStore,
        *,
        user_match_threshold: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._photos = photos
        self._faces = faces
        self._enrollments = enrollments
        self._threshold = user_match_threshold
        self._now = now

    @classmethod
    def connect(cls, aws: "Aws") -> "HeldPhotos":
        """Plug the stack's parts together."""
        threshold = UserMatchSettings().user_match_threshold
        return cls(PhotoStore(aws), FaceIndex(aws), EnrollmentStore(aws), user_match_threshold=threshold)

    def all(self) -> list[Enrollment]:
        """List them, the longest waiting first.

        Raises
        ------
        AwsError
            If the table cannot be read.
        """
        return sorted(self._enrollments.held(), key=lambda enrollment: enrollment.received_at)

    def resolve(self, enrollment_id: str, resolution: Resolution) -> Enrollment:
        """Do what an operator decided.

        Parameters
        ----------
        resolution : Resolution
            MERGE: the photo is the other person's. KEEP_BOTH: they are two people who look alike, and it is
            the one's whom it was given for. REJECT: it is nobody's photo. Where the other person was deleted
            since, it cannot be theirs.

        Returns
        -------
        Enrollment
            As it stands now: indexed or rejected.

        Raises
        ------
        NotHeld
            If it does not wait for an operator, or another one was faster.
        CannotResolve
            If the face does not resemble that person's other photos, or the person was deleted.
        AwsError
            If AWS fails; deciding the same once more takes it up again.
        """
        held = self._enrollments.get(enrollment_id)
        if held is None or held.status is not EnrollmentStatus.HELD:
            raise NotHeld(_not_held(enrollment_id, held))
        if held.face_id is None or held.person_id is None or held.full_name is None:
            raise NotHeld(f"enrollment {enrollment_id} does not say whose photo it is")
        if resolution is Resolution.REJECT:
            return self._reject(held, held.face_id, held.person_id)
        if resolution is Resolution.MERGE:
            if held.held_for is None:
                raise CannotResolve(
                    "the person whom the face resembled was deleted; keep or reject the photo"
                )
            done = self._give_to(held, held.held_for.person_id, held.held_for.full_name)
            # the face that was indexed for the person it was first given for
            self._faces.delete([held.face_id])
            self._photos.discard_versions(held.key)
            return done
        return self._give_to(held, held.person_id, held.full_name)

    def _reject(self, held: Enrollment, face_id: str, person_id: str) -> Enrollment:
        # the same photo sent twice may own it already
        if self._enrollments.face(face_id) is None:
            self._faces.remove(face_id, person_id)
        rejected = self._ended(
            held,
            EnrollmentStatus.REJECTED,
            rejection=RejectionReason.OTHER_PERSON,
            detail=_belongs_to(held.held_for),
            face_id=None,
        )
        if not self._enrollments.save_held(rejected):
            raise NotHeld(f"enrollment {held.enrollment_id} was resolved by somebody else just now")
        self._photos.discard_versions(held.key)
        return rejected

    def _give_to(self, held: Enrollment, person_id: str, full_name: str) -> Enrollment:
        jpeg = self._photos.kept(held.key)
        # Indexed once more: the collection then names its person, and gives the same face if it has it.
        face_id = self._faces.index(jpeg, person_id).face_id
        if face_id is None:
            raise CannotResolve("no face is found in the photo any more")
        try:
            self._faces.associate(face_id, person_id, self._threshold)
        except UnlikeUser as unlike:
            if face_id != held.face_id:
                self._faces.delete([face_id])
            raise CannotResolve(
                f"the face does not resemble the other photos of {full_name}; reject it instead"
            ) from unlike
        now = self._now()
        kept = self._photos.keep(jpeg, person_id, held.enrollment_id)
        done = self._ended(
            held,
            EnrollmentStatus.INDEXED,
            person_id=person_id,
            full_name=full_name,
            face_id=face_id,
            key=kept.key,
        )
        face = Face(
            face_id=face_id,
            person_id=person_id,
            full_name=full_name,
            enrollment_id=held.enrollment_id,
            indexed_at=now,
        )
        person = Person(person_id=person_id, full_name=full_name, created_at=now)
        written = self._enrollments.finish_indexed(done, face, person, was_held=True)
        if written is Written.DONE:
            return done
        if written is Written.PERSON_DELETED:
            self._faces.remove(face_id, person_id)
            self._faces.delete_user(person_id)
        if written is not Written.FINISHED_BEFORE and kept.key != held.key:
            self._photos.discard_versions(kept.key)
        raise self._not_given(written, held, full_name)

    def _not_given(self, written: Written, held: Enrollment, full_name: str) -> Exception:
        if written is Written.FINISHED_BEFORE:
            return NotHeld(f"enrollment {held.enrollment_id} was resolved by somebody else just now")
        if written is Written.FACE_TAKEN:
            return CannotResolve(f"{full_name} has the same photo already; reject this one")
        return CannotResolve(f"{full_name} was deleted; reject the photo")

    def _ended(self, held: Enrollment, status: EnrollmentStatus, **fields: Any) -> Enrollment:
        cleared = {"held_for": None, "detail": None}
        return held.model_copy(update={**cleared, **fields, "status": status, "finished_at": self._now()})


def _belongs_to(other: Resemblance | None) -> str | None:
    return other and f"The face belongs to {other.full_name} already ({other.similarity:.1f} %)."


def _not_held(enrollment_id: str, standing: Enrollment | None) -> str:
    if standing is None:
        return f"there is no enrollment {enrollment_id}; the list of held photos has those that wait"
    return f"enrollment {enrollment_id} does not wait for an operator: it is {standing.status.value}"
