"""What the enroll service needs of the world outside, so that tests can stand in for it."""

from datetime import datetime
from typing import Protocol

from services.aws.enrollments import Written
from services.aws.face_index import IndexedPhoto
from services.aws.photos import UploadedPhoto
from services.contracts.domain import Enrollment, Face, FaceMatch, Person
from services.contracts.messages import StoredObject


class Photos(Protocol):
    """The bucket."""

    def read(self, photo: StoredObject, max_bytes: int) -> UploadedPhoto:
        """Read an uploaded photo with its metadata."""
        ...

    def keep(self, jpeg: bytes, person_id: str, enrollment_id: str) -> StoredObject:
        """Keep a person's photo."""
        ...

    def discard(self, photo: StoredObject) -> None:
        """Delete a version of a photo for good."""
        ...


class FaceIndex(Protocol):
    """The collection."""

    def index(self, jpeg: bytes, person_id: str) -> IndexedPhoto:
        """Put the photo's most prominent face into the collection."""
        ...

    def resembling(self, face_id: str, threshold: float) -> list[FaceMatch]:
        """Search for faces like one of the collection's own."""
        ...

    def associate(self, face_id: str, person_id: str, threshold: float) -> None:
        """Make the face one of the person's user."""
        ...

    def delete(self, face_ids: list[str]) -> None:
        """Take faces of no user out of the collection."""
        ...

    def remove(self, face_id: str, person_id: str) -> None:
        """Take a face from its person's user and out of the collection."""
        ...

    def delete_user(self, person_id: str) -> None:
        """Delete the person's user; none there is not an error."""
        ...


class Enrollments(Protocol):
    """Where enrollments are kept, each finished once."""

    def get(self, enrollment_id: str) -> Enrollment | None:
        """Look one up."""
        ...

    def face(self, face_id: str) -> Face | None:
        """Look up whose face it is."""
        ...

    def full_name(self, person_id: str) -> str | None:
        """Look up a person's name."""
        ...

    def is_deleted(self, person_id: str, asked_for_at: datetime) -> bool:
        """Tell whether a person was deleted, or is to be, after a photo was asked for."""
        ...

    def save(self, enrollment: Enrollment) -> bool:
        """Note where one is, unless it is finished."""
        ...

    def finish_indexed(self, enrollment: Enrollment, face: Face, person: Person) -> Written:
        """Write face, person and finished enrollment together."""
        ...
