"""The table of enrollments, and the one write that finishes one."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from services.aws.directory import FACE_ATTRIBUTES
from services.aws.errors import cancellation_reasons, translated
from services.aws.items import attribute, from_item, to_item
from services.contracts.domain import Enrollment, EnrollmentStatus, Face, Person

if TYPE_CHECKING:
    from services.aws.connection import Aws

_UNFINISHED = "attribute_not_exists(enrollment_id) OR #status = :received"


class EnrollmentStore:
    """Enrollments by id; each is finished once."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.enrollments_table_name
        self._faces = aws.outputs.faces_table_name
        self._people = aws.outputs.people_table_name

    def get(self, enrollment_id: str) -> Enrollment | None:
        """Look an enrollment up.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated(f"reading enrollment {enrollment_id}"):
            answer = self._dynamodb.get_item(
                TableName=self._table,
                Key={"enrollment_id": attribute(enrollment_id)},
                ConsistentRead=True,
            )
        item = answer.get("Item")
        return from_item(Enrollment, item) if item else None

    def save(self, enrollment: Enrollment) -> bool:
        """Note that an enrollment was received or rejected, unless it is finished already.

        Returns
        -------
        bool
            Whether it was written by this call.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"saving enrollment {enrollment.enrollment_id}"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=to_item(enrollment),
                    ConditionExpression=_UNFINISHED,
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues={":received": attribute(EnrollmentStatus.RECEIVED.value)},
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def finish_indexed(self, enrollment: Enrollment, face: Face, person: Person) -> bool:
        """Write face, person and finished enrollment together or not at all.

        A person who is there already keeps status and birth; the newest spelling of the name stands.

        Returns
        -------
        bool
            Whether it was written by this call; False if the enrollment was finished before, and then
            the face belongs to nobody and must go from the collection.

        Raises
        ------
        AwsError
            If the tables cannot be written.
        """
        with translated(f"finishing enrollment {enrollment.enrollment_id}"):
            try:
                self._dynamodb.transact_write_items(
                    TransactItems=[
                        {
                            "Put": {
                                "TableName": self._table,
                                "Item": to_item(enrollment),
                                "ConditionExpression": _UNFINISHED,
                                "ExpressionAttributeNames": {"#status": "status"},
                                "ExpressionAttributeValues": {
                                    ":received": attribute(EnrollmentStatus.RECEIVED.value)
                                },
                            }
                        },
                        {"Put": {"TableName": self._faces, "Item": to_item(face, rename=FACE_ATTRIBUTES)}},
                        {
                            "Update": {
                                "TableName": self._people,
                                "Key": {"person_id": attribute(person.person_id)},
                                "UpdateExpression": (
                                    "SET full_name = :name, #status = if_not_exists(#status, :status), "
                                    "created_at = if_not_exists(created_at, :created)"
                                ),
                                "ExpressionAttributeNames": {"#status": "status"},
                                "ExpressionAttributeValues": {
                                    ":name": attribute(person.full_name),
                                    ":status": attribute(person.status.value),
                                    ":created": attribute(person.created_at.isoformat()),
                                },
                            }
                        },
                    ]
                )
            except ClientError as error:
                if _finished_before(error):
                    return False
                raise
        return True


def _finished_before(error: ClientError) -> bool:
    return cancellation_reasons(error)[:1] == ["ConditionalCheckFailed"]
