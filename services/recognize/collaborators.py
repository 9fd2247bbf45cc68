"""What the recognize worker needs of the outside world."""

from collections.abc import Collection, Sequence
from typing import Protocol

from services.contracts.access import Found
from services.contracts.domain import Decision, FaceMatch, Person, UserMatch
from services.contracts.kiosks import Kiosk
from services.contracts.messages import DecisionReply, InlineFrame, StoredObject


class FaceSearch(Protocol):
    """The collection."""

    def search(self, image: InlineFrame | StoredObject, threshold: float) -> list[FaceMatch]:
        """Search the picture's largest face among single faces."""
        ...

    def search_users(self, image: InlineFrame | StoredObject, threshold: float) -> list[UserMatch]:
        """Search the picture's largest face among users."""
        ...


class People(Protocol):
    """Who is enrolled, whose face it is, and, read along with them, what is locked."""

    def people(self, person_ids: Collection[str]) -> Found:
        """Look people up by their ids."""
        ...

    def people_by_face(self, matches: Collection[FaceMatch], known: Collection[Person]) -> Found:
        """Look up the person behind each face, and read none of those who are known already."""
        ...


class Kiosks(Protocol):
    """The registered kiosks."""

    def get(self, kiosk_id: str) -> Kiosk | None:
        """Look a kiosk up."""
        ...


class Decisions(Protocol):
    """Where decisions are kept, each written once."""

    def record(self, decision: Decision) -> bool:
        """Write it unless there is one already."""
        ...

    def get(self, recognition_id: str) -> Decision | None:
        """Look one up."""
        ...


class Doors(Protocol):
    """The doors, and whatever opens them."""

    def granted(self, decision: Decision) -> None:
        """Open the door of a decision that was written just now; returns at once."""
        ...


class DeniedFrames(Protocol):
    """Where pictures of visitors who were denied are kept for a while."""

    def keep(self, decision: Decision, frames: Sequence[InlineFrame | StoredObject]) -> None:
        """Keep the frames of a decision."""
        ...


class Replies(Protocol):
    """The way back to the gateway process that waits."""

    def send(self, queue_url: str, reply: DecisionReply) -> None:
        """Send the decision."""
        ...
