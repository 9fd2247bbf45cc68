"""Bringing collection and tables together again where they differ."""

from typing import TYPE_CHECKING, Any

from services.aws.errors import translated
from services.aws.face_index import FaceIndex
from services.aws.items import attribute
from services.aws.removal import FacesOfPerson
from services.contracts.domain import EnrollmentStatus

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: AssociateFaces' own default, in percent.
_USER_MATCH_THRESHOLD = 75.0


class Mending:
    """What can be put right; each done twice changes nothing more."""

    def __init__(self, aws: "Aws") -> None:
        self._index = FaceIndex(aws)
        self._of_person = FacesOfPerson(aws)
        self._dynamodb = aws.dynamodb
        self._faces = aws.outputs.faces_table_name
        self._people = aws.outputs.people_table_name
        self._enrollments = aws.outputs.enrollments_table_name

    def take_out(self, face_id: str, user_id: str | None) -> None:
        """Take a face out of its user, if it has one, and out of the collection.

        Raises
        ------
        AwsError
            If the collection refuses.
        """
        if user_id is None:
            self._index.delete([face_id])
        else:
            self._index.remove(face_id, user_id)

    def delete_user(self, user_id: str) -> None:
        """Delete a user of the collection.

        Raises
        ------
        AwsError
            If the collection refuses.
        """
        self._of_person.delete_user(user_id)

    def associate(self, face_id: str, person_id: str) -> None:
        """Make a face part of its person's user.

        Raises
        ------
        UnlikeUser
            If it does not resemble the person's other faces.
        AwsError
            If the collection refuses.
        """
        self._index.associate(face_id, person_id, _USER_MATCH_THRESHOLD)

    def give_up(self, face_id: str, person_id: str) -> None:
        """Remove a person's claim of a face that is gone; its enrollment has failed, as it turns out.

        Raises
        ------
        AwsError
            If the tables cannot be written.
        """
        with translated(f"removing the claim of face {face_id}"):
            answer = self._dynamodb.delete_item(
                TableName=self._faces, Key={"RekognitionId": attribute(face_id)}, ReturnValues="ALL_OLD"
            )
        claim = answer.get("Attributes")
        if not claim:
            return
        self._change(self._people, "person_id", person_id, "ADD photos :change", {":change": -1})
        enrollment_id = claim.get("enrollment_id", {}).get("S", "")
        self._change(
            self._enrollments,
            "enrollment_id",
            enrollment_id,
            "SET #status = :failed, detail = :detail REMOVE face_id",
            {
                ":failed": EnrollmentStatus.FAILED.value,
                ":detail": "Its face was not in the collection any more. Send the photo again.",
            },
        )

    def count_photos(self, person_id: str, photos: int) -> None:
        """Note how many photos a person has.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        self._change(self._people, "person_id", person_id, "SET photos = :photos", {":photos": photos})

    def _change(
        self, table: str, key: str, value: str, expression: str, values: dict[str, str | int]
    ) -> None:
        """Change an item that is there."""
        names: Any = {"ExpressionAttributeNames": {"#status": "status"}} if "#status" in expression else {}
        with translated(f"changing {value} in {table}"):
            try:
                self._dynamodb.update_item(
                    TableName=table,
                    Key={key: attribute(value)},
                    UpdateExpression=expression,
                    ConditionExpression=f"attribute_exists({key})",
                    ExpressionAttributeValues={name: attribute(new) for name, new in values.items()},
                    **names,
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return
