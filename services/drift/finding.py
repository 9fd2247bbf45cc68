"""What collection and tables say differently of the same faces and people: a pure comparison."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.contracts.census import Census, LostUpload
from services.contracts.domain import Enrollment, EnrollmentStatus, PersonStatus

#: Twice as long as a job is tried at most: five deliveries, 180 s after one another.
_OVERDUE = timedelta(minutes=30)
#: A photo that was announced may be sent later, and its job wait behind those of a large batch.
_NEVER_BEGUN = timedelta(days=1)


class DriftKind(StrEnum):
    """What is wrong."""

    FACE_OF_NOBODY = "face of nobody"
    FACE_GONE = "face gone"
    FACE_OUTSIDE_USER = "face outside its user"
    USER_OF_NOBODY = "user of nobody"
    PHOTOS_MISCOUNTED = "photos miscounted"
    ENROLLMENT_STUCK = "enrollment stuck"
    DELETION_STUCK = "deletion stuck"
    UPLOAD_LOST = "upload lost"


@dataclass(frozen=True)
class Drift:
    """One thing that is wrong.

    Attributes
    ----------
    subject : str
        Id of the face, user, person, enrollment or deletion.
    person_id : str, optional
        Whom it is about, if it is about somebody.
    counted : int, optional
        How many photos there really are.
    upload : LostUpload, optional
        What lies in the bucket.
    """

    kind: DriftKind
    subject: str
    person_id: str | None = None
    counted: int | None = None
    upload: LostUpload | None = None

    @property
    def sentence(self) -> str:
        """What is wrong, in words, and how it is mended."""
        return _SENTENCES[self.kind].format(drift=self)


_SENTENCES = {
    DriftKind.FACE_OF_NOBODY: "The collection has face {drift.subject}, which is nobody's: it is taken out.",
    DriftKind.FACE_GONE: (
        "Person {drift.person_id} claims face {drift.subject}, which the collection does not have: "
        "the claim is removed, and the photo's enrollment fails."
    ),
    DriftKind.FACE_OUTSIDE_USER: (
        "Face {drift.subject} is not part of the user of its person {drift.person_id}: it becomes part of it."
    ),
    DriftKind.USER_OF_NOBODY: "The collection has user {drift.subject}, who is no person: it is deleted.",
    DriftKind.PHOTOS_MISCOUNTED: "Person {drift.subject} has {drift.counted} photos; another count is noted.",
    DriftKind.ENROLLMENT_STUCK: (
        "Enrollment {drift.subject} was received long ago, and no worker has it any more: it fails, and its "
        "photo can be sent again."
    ),
    DriftKind.DELETION_STUCK: (
        "Deletion {drift.subject} of person {drift.person_id} was asked for long ago and is not finished: "
        "its job is queued once more."
    ),
    DriftKind.UPLOAD_LOST: (
        "Somebody put a photo into S3 long ago, and no worker heard of it: its enrollment {drift.subject} is "
        "queued."
    ),
}


def standing_drift(take_census: Callable[[], Census]) -> list[Drift]:
    """Find what differs now and did a moment ago: what photos on their way leave half written settles.

    Parameters
    ----------
    take_census : callable
        Reads all; called once more if anything differs.
    """
    found = list(find_drift(take_census()))
    if not found:
        return []
    still = set(find_drift(take_census()))
    return [drift for drift in found if drift in still]


def find_drift(census: Census) -> Iterator[Drift]:
    """Compare what the collection has with what the tables say, and find what nobody goes on with.

    People who are being deleted or whose photos are on their way are otherwise left out: of them something
    is always half written.
    """
    deleting = {
        person.person_id for person in census.people.values() if person.status is PersonStatus.DELETING
    }
    stuck = {one.enrollment_id for one in census.on_their_way if _is_stuck(one, census.taken_at)}
    busy = {one.person_id for one in census.on_their_way if one.enrollment_id not in stuck}
    unsettled = deleting | {person_id for person_id in busy if person_id is not None}
    yield from _between_collection_and_tables(census, unsettled)
    yield from (
        Drift(DriftKind.ENROLLMENT_STUCK, one.enrollment_id, one.person_id)
        for one in census.on_their_way
        if one.enrollment_id in stuck
    )
    yield from _stuck_deletions(census)
    yield from (
        Drift(DriftKind.UPLOAD_LOST, upload.enrollment_id, upload=upload)
        for upload in census.uploads
        if census.taken_at - upload.put_at > _NEVER_BEGUN
    )


def _between_collection_and_tables(census: Census, unsettled: set[str]) -> Iterator[Drift]:
    for collected in census.collected.values():
        known = collected.face_id in census.faces or collected.face_id in census.held
        if not known and collected.indexed_for not in unsettled:
            yield Drift(DriftKind.FACE_OF_NOBODY, collected.face_id, collected.user_id)
    claims = [face for face in census.faces.values() if face.person_id not in unsettled]
    for face in claims:
        collected = census.collected.get(face.face_id)
        if collected is None:
            yield Drift(DriftKind.FACE_GONE, face.face_id, face.person_id)
        elif collected.user_id != face.person_id:
            yield Drift(DriftKind.FACE_OUTSIDE_USER, face.face_id, face.person_id)
    for user_id in sorted(census.users - census.people.keys() - unsettled):
        yield Drift(DriftKind.USER_OF_NOBODY, user_id)
    # a claim of a face that is gone is still counted on the person: mending it counts it down
    noted = Counter(face.person_id for face in claims)
    photos = Counter(face.person_id for face in claims if face.face_id in census.collected)
    for person_id in sorted(census.people.keys() - unsettled):
        if census.people[person_id].photos != noted[person_id]:
            yield Drift(DriftKind.PHOTOS_MISCOUNTED, person_id, person_id, photos[person_id])


def _is_stuck(enrollment: Enrollment, now: datetime) -> bool:
    if enrollment.status is not EnrollmentStatus.RECEIVED:
        return False  # a photo that is being removed has a deletion
    never_begun = enrollment.begun_at is None and not enrollment.attempts
    patience = _NEVER_BEGUN if never_begun else _OVERDUE
    return now - (enrollment.begun_at or enrollment.received_at) > patience


def _stuck_deletions(census: Census) -> Iterator[Drift]:
    for deletion in census.deletions:
        if census.taken_at - deletion.requested_at > _OVERDUE:
            yield Drift(DriftKind.DELETION_STUCK, deletion.deletion_id, deletion.person_id)
    # a receipt that was lost, or is finished: then it is the second look that never ended
    unfinished = {deletion.deletion_id for deletion in census.deletions}
    for mark in census.marks:
        if mark.deletion_id not in unfinished and census.taken_at - mark.since > _OVERDUE:
            yield Drift(DriftKind.DELETION_STUCK, mark.deletion_id, mark.person_id)
