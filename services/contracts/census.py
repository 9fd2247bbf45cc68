"""All that enrollment has written, as it was found: what the collection has and what the tables say of it."""

from dataclasses import dataclass
from datetime import datetime

from services.contracts.domain import Deletion, Enrollment, Face, Person
from services.contracts.messages import StoredObject


@dataclass(frozen=True)
class CollectedFace:
    """A face as the collection has it.

    Attributes
    ----------
    indexed_for : str, optional
        The person whom it was indexed for.
    user_id : str, optional
        The user that it is part of.
    """

    face_id: str
    indexed_for: str | None
    user_id: str | None


@dataclass(frozen=True)
class DeletionMark:
    """What keeps everybody from adding to a person who is being deleted.

    Attributes
    ----------
    since : datetime
        When the deletion was asked for, or done the first time.
    """

    person_id: str
    deletion_id: str
    since: datetime


@dataclass(frozen=True)
class LostUpload:
    """A photo in the bucket that nobody has begun to enrol.

    Attributes
    ----------
    put_at : datetime
        By S3's clock.
    """

    enrollment_id: str
    photo: StoredObject
    put_at: datetime


@dataclass(frozen=True)
class Census:
    """All that was there, read one after the other.

    Attributes
    ----------
    collected : dict of str to CollectedFace
        The collection's faces by id.
    users : frozenset of str
        The collection's users.
    faces : dict of str to Face
        The table's faces by id.
    people : dict of str to Person
        By id.
    held : frozenset of str
        Ids of faces whose photos wait for an operator; no table says whose they are.
    on_their_way : tuple of Enrollment
        Photos on their way in, and out: one that is out names nobody.
    marks : tuple of DeletionMark
        Of the people who are being deleted, or were and are looked for once more.
    deletions : tuple of Deletion
        Those of people and of photos that are not finished.
    uploads : tuple of LostUpload
        Photos in the bucket of which no table knows.
    taken_at : datetime
        When reading began.
    """

    collected: dict[str, CollectedFace]
    users: frozenset[str]
    faces: dict[str, Face]
    people: dict[str, Person]
    held: frozenset[str]
    on_their_way: tuple[Enrollment, ...]
    marks: tuple[DeletionMark, ...]
    deletions: tuple[Deletion, ...]
    uploads: tuple[LostUpload, ...]
    taken_at: datetime
