"""Whose face it is: the tables of faces and people, read many at a time."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from services.aws.errors import AwsUnavailable, translated
from services.aws.items import attribute, from_item
from services.contracts.domain import Face, Person

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: The faces table is keyed and named as the plain Rekognition-with-S3 workflow does it.
FACE_ATTRIBUTES = {"face_id": "RekognitionId", "full_name": "FullName"}
#: BatchGetItem's own limit on keys.
MOST_KEYS = 100
_ROUNDS = 3


class Directory:
    """People by the faces that the collection found."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._faces = aws.outputs.faces_table_name
        self._people = aws.outputs.people_table_name

    def people_by_face(self, face_ids: Collection[str], known: Collection[Person] = ()) -> dict[str, Person]:
        """Look up the person behind each face, in two reads however many there are.

        Parameters
        ----------
        face_ids : collection of str
            At most 100 of Rekognition's FaceIds.
        known : collection of Person, optional
            People read just now, who are not read again.

        Returns
        -------
        dict of str to Person
            By face id; a face that no person has (its enrollment was interrupted or its person deleted)
            is missing.

        Raises
        ------
        AwsError
            If the tables cannot be asked.
        """
        if not face_ids:
            return {}
        faces = [
            from_item(Face, item, rename=FACE_ATTRIBUTES)
            for item in self._batch_get(self._faces, "RekognitionId", face_ids)
        ]
        people = {person.person_id: person for person in known}
        unread = {face.person_id for face in faces} - people.keys()
        for item in self._batch_get(self._people, "person_id", unread):
            person = from_item(Person, item)
            people[person.person_id] = person
        return {face.face_id: people[face.person_id] for face in faces if face.person_id in people}

    def _batch_get(self, table: str, key: str, values: Collection[str]) -> list[dict[str, Any]]:
        if not values:
            return []
        keys = [{key: attribute(value)} for value in sorted(values)]
        wanted: Any = {table: {"Keys": keys, "ConsistentRead": True}}
        items: list[dict[str, Any]] = []
        with translated(f"reading {len(keys)} items of {table}"):
            for _ in range(_ROUNDS):
                answer = self._dynamodb.batch_get_item(RequestItems=wanted)
                items += answer["Responses"].get(table, [])
                wanted = answer.get("UnprocessedKeys")
                if not wanted:
                    return items
        raise AwsUnavailable(f"{table} left keys unread {_ROUNDS} times")
