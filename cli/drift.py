"""What collection and tables say differently of the same faces and people: a pure comparison."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from services.aws.census import Census
from services.contracts.domain import PersonStatus


class DriftKind(StrEnum):
    """What is wrong."""

    FACE_OF_NOBODY = "face of nobody"
    FACE_GONE = "face gone"
    FACE_OUTSIDE_USER = "face outside its user"
    USER_OF_NOBODY = "user of nobody"
    PHOTOS_MISCOUNTED = "photos miscounted"


@dataclass(frozen=True)
class Drift:
    """One thing that is wrong.

    Attributes
    ----------
    subject : str
        Id of the face, user or person.
    person_id : str, optional
        Whom it is about, if it is about somebody.
    counted : int, optional
        How many photos there really are.
    """

    kind: DriftKind
    subject: str
    person_id: str | None = None
    counted: int | None = None

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
}


def find_drift(census: Census) -> Iterator[Drift]:
    """Compare what the collection has with what the tables say.

    People who are being deleted or whose photos are on their way are left out: of them something is always
    half written.
    """
    deleting = {
        person.person_id for person in census.people.values() if person.status is PersonStatus.DELETING
    }
    unsettled = census.busy | deleting
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
    # a claim of a face that is gone counts: mending it counts it down
    photos = Counter(face.person_id for face in claims)
    for person_id in sorted(census.people.keys() - unsettled):
        if census.people[person_id].photos != photos[person_id]:
            yield Drift(DriftKind.PHOTOS_MISCOUNTED, person_id, person_id, photos[person_id])
