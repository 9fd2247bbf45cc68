"""Whom the frames of one visitor resemble: the collection's matches with the people behind them."""

from collections.abc import Sequence
from enum import StrEnum

from services.contracts.domain import FaceMatch, Person, UserMatch
from services.contracts.messages import FrameSource
from services.recognize.collaborators import FaceSearch, People
from services.recognize.deadline import Deadline
from services.recognize.doorway import Doorway
from services.recognize.policy import PersonMatch
from services.recognize.timings import Timings


class SearchKind(StrEnum):
    """What of the collection a frame is compared with.

    A *user* is all photos of a person together, a *face* is one of them.
    """

    USERS = "users"
    FACES = "faces"
    #: Users; and where none suffices the faces of no user too: a second search, waited and paid for.
    BOTH = "both"


class VisitorSearch:
    """The search for one visitor in one frame after the other; nobody is looked up twice."""

    def __init__(
        self,
        kind: SearchKind,
        faces: FaceSearch,
        people: People,
        doorway: Doorway,
        *,
        deadline: Deadline,
        timings: Timings,
    ) -> None:
        self._kind = kind
        self._faces = faces
        self._people = people
        self._doorway = doorway
        self._deadline = deadline
        self._timings = timings
        #: Whom the tables know, by person id and by face id; None for nobody.
        self._known: dict[str, Person | None] = {}
        self._owners: dict[str, Person | None] = {}

    def matches(self, frame: FrameSource) -> list[PersonMatch]:
        """Find whom the frame's largest face resembles.

        Returns
        -------
        list of PersonMatch
            In any order. A user or face without a person in the tables is left out: its enrollment never
            finished or its person was deleted.

        Raises
        ------
        NoFaceInImage, UnreadableImage
            As they say.
        TooLate
            If the deadline passed.
        """
        if self._kind is SearchKind.FACES:
            return self._among_faces(frame)
        users = self._among_users(frame)
        if self._kind is SearchKind.USERS or any(self._doorway.policy.suffices(match) for match in users):
            return users
        return users + self._among_faces(frame, of_users=False)

    def _among_users(self, frame: FrameSource) -> list[PersonMatch]:
        with self._timings.step("search_ms"):
            users = self._deadline.call(
                self._faces.search_users, frame, self._doorway.policy.search_threshold
            )
        with self._timings.step("people_ms"):
            self._deadline.call(self._read_people, users)
        return [
            PersonMatch(person, user.similarity) for user in users if (person := self._known[user.person_id])
        ]

    def _among_faces(self, frame: FrameSource, *, of_users: bool = True) -> list[PersonMatch]:
        with self._timings.step("search_ms"):
            found = self._deadline.call(self._faces.search, frame, self._doorway.policy.search_threshold)
        faces = [face for face in found if of_users or face.user_id is None]
        with self._timings.step("people_ms"):
            self._deadline.call(self._read_owners, faces)
        return [
            PersonMatch(person, face.similarity, face.face_id)
            for face in faces
            if (person := self._owners[face.face_id])
        ]

    def _read_people(self, users: Sequence[UserMatch]) -> None:
        unread = {user.person_id for user in users} - self._known.keys()
        if unread:
            found = self._people.people(unread)
            self._doorway.learn(found.state)
            self._known |= dict.fromkeys(unread) | found.people

    def _read_owners(self, faces: Sequence[FaceMatch]) -> None:
        unread = [face for face in faces if face.face_id not in self._owners]
        if unread:
            known = [person for person in self._known.values() if person]
            found = self._people.people_by_face(unread, known)
            self._doorway.learn(found.state)
            self._owners |= dict.fromkeys(face.face_id for face in unread) | found.people
            self._known |= {person.person_id: person for person in found.people.values()}
