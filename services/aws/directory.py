"""Whose face it is: the tables of faces and people, read many at a time, and with them what is locked."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from services.aws.access import STATE_KEY, state_from_item
from services.aws.errors import AwsUnavailable, translated
from services.aws.items import attribute, from_item
from services.aws.people import person_from_item
from services.contracts.access import Found
from services.contracts.domain import Face, FaceMatch, Person

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: The faces table is keyed and named as the plain Rekognition-with-S3 workflow does it.
FACE_ATTRIBUTES = {"face_id": "RekognitionId", "full_name": "FullName"}
#: BatchGetItem's own limit on keys.
MOST_KEYS = 100
#: The state of access control is read with them.
_MOST_LOOKED_UP = MOST_KEYS - 1
_ROUNDS = 3


class Directory:
    """People by their ids, and by the faces that the collection found.

    Each read tells the state of access control too, so that a decision costs no further call for it.
    """

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._faces = aws.outputs.faces_table_name
        self._people = aws.outputs.people_table_name
        self._access = aws.outputs.access_table_name

    def people(self, person_ids: Collection[str]) -> Found:
        """Look up people in one read.

        Parameters
        ----------
        person_ids : collection of str
            1 to 99, no id twice.

        Returns
        -------
        Found
            By person id; whom the table does not have is missing.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        return self._read((), person_ids)[1]

    def people_by_face(self, matches: Collection[FaceMatch], known: Collection[Person] = ()) -> Found:
        """Look up the person behind each face: in one read, or two where the collection misnames them.

        Parameters
        ----------
        matches : collection of FaceMatch
            1 to 99.
        known : collection of Person, optional
            People read just now, who are not read again.

        Returns
        -------
        Found
            By face id; a face that no person has (its enrollment was interrupted or its person deleted)
            is missing.

        Raises
        ------
        AwsError
            If the tables cannot be asked.
        """
        people = {person.person_id: person for person in known}
        face_ids = {match.face_id for match in matches}
        named = {match.external_id for match in matches if match.external_id} - people.keys()
        faces, read = self._read(face_ids, sorted(named)[: _MOST_LOOKED_UP - len(face_ids)])
        people |= read.people
        unread = {face.person_id for face in faces} - people.keys()
        if unread:
            read = self._read((), unread)[1]
            people |= read.people
        owners = {face.face_id: people[face.person_id] for face in faces if face.person_id in people}
        return Found(owners, read.state)

    def _read(self, face_ids: Collection[str], person_ids: Collection[str]) -> tuple[list[Face], Found]:
        """Read faces, people and the state of access control with one call."""
        keys = {
            self._faces: [{"RekognitionId": attribute(face_id)} for face_id in face_ids],
            self._people: [{"person_id": attribute(person_id)} for person_id in person_ids],
            self._access: [STATE_KEY],
        }
        items = self._batch_get(keys)
        faces = [from_item(Face, item, rename=FACE_ATTRIBUTES) for item in items[self._faces]]
        people = map(person_from_item, items[self._people])
        return faces, Found(
            {person.person_id: person for person in people if person is not None},
            state_from_item(next(iter(items[self._access]), None)),
        )

    def _batch_get(self, keys: dict[str, list[Any]]) -> dict[str, list[dict[str, Any]]]:
        """Read items by their keys; both by table."""
        items: dict[str, list[dict[str, Any]]] = {table: [] for table in keys}
        wanted: Any = {table: {"Keys": some, "ConsistentRead": True} for table, some in keys.items() if some}
        with translated(f"reading items of {', '.join(wanted)}"):
            for _ in range(_ROUNDS):
                if not wanted:
                    return items
                answer = self._dynamodb.batch_get_item(RequestItems=wanted)
                for table, found in answer["Responses"].items():
                    items[table] += found
                wanted = answer.get("UnprocessedKeys")
        if wanted:
            raise AwsUnavailable(f"{', '.join(wanted)} left keys unread {_ROUNDS} times")
        return items
