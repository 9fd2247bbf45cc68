"""What is kept about a person, shown to whoever may look at photos."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from services.aws.photos import PhotoMissing
from services.contracts.domain import Person
from services.contracts.ids import KEPT_PREFIX
from services.gateway.people import Register
from services.gateway.problems import UNKNOWN_ENROLLMENT, Problem


class KeptPhotos(Protocol):
    """The bucket's kept photos."""

    def kept(self, key: str) -> bytes:
        """Read a kept photo."""
        ...


class Archives(Protocol):
    """Collects everything about people."""

    def archive(self, person: Person) -> Iterator[bytes]:
        """Make a ZIP of everything about a person, bit by bit."""
        ...


@dataclass(frozen=True)
class PersonalData:
    """Photos and exports of people."""

    register: Register
    photos: KeptPhotos
    archives: Archives

    def photo(self, person_id: str, enrollment_id: str) -> bytes:
        """Read a person's photo as it is kept, a JPEG.

        Raises
        ------
        Problem
            If there is no such photo of this person, or it is not kept.
        """
        enrollment = self.register.enrollment(enrollment_id)
        if enrollment.person_id == person_id and enrollment.key.startswith(KEPT_PREFIX):
            try:
                return self.photos.kept(enrollment.key)
            except PhotoMissing:
                # removed a moment ago
                pass
        raise Problem(
            UNKNOWN_ENROLLMENT,
            "This person has no photo with this id that is kept. GET the person's photos has them.",
        )

    def archive(self, person_id: str) -> Iterator[bytes]:
        """Make a ZIP of everything about a person.

        Raises
        ------
        Problem
            If there is no such person.
        """
        return self.archives.archive(self.register.find(person_id))
