"""Receipts of deletions, and the mark on a person that keeps everybody from adding to them."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from services.aws.errors import cancellation_reasons, translated
from services.aws.items import attribute, from_item, sortable, to_item
from services.aws.jobs import JobQueue
from services.aws.patience import patiently
from services.aws.people import PersonUnknown
from services.aws.updates import update_where
from services.contracts.domain import Deletion, PersonStatus, Removed
from services.contracts.messages import DeletePersonJob, RemovePhotoJob

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: Longer than a photo's job can wait in its queue, which is 14 days (SQS's most).
MARK_KEPT = timedelta(days=30)
_STATUS = {"#status": "status"}
_DELETING = attribute(PersonStatus.DELETING.value)
#: Photos of the same person that are finished just now cancel our transaction.
_PATIENCE_SECONDS = 10


class DeletionStore:
    """Deletions by id; a person has at most one that is not finished."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.deletions_table_name
        self._people = aws.outputs.people_table_name
        self._jobs = JobQueue(aws, aws.outputs.enroll_queue_url)

    def request(self, person_id: str, requested_by: str, now: datetime) -> Deletion:
        """Have a person deleted: nobody recognises or changes them from now on, and the job is queued.

        Asked for again before it is finished, it is the same deletion, and its job is queued once more.

        Raises
        ------
        PersonUnknown
            If there is no such person.
        AwsError
            If the tables cannot be written, or the job not be queued; then ask again.
        """
        deletion = Deletion(
            deletion_id=str(uuid4()), person_id=person_id, requested_at=now, requested_by=requested_by
        )
        if not self._mark(deletion):
            return self.resume(self._standing(person_id), person_id, requested_by, now)
        self.send_job(deletion)
        return deletion

    def resume(self, deletion_id: str, person_id: str, requested_by: str, now: datetime) -> Deletion:
        """Have a deletion done whose job was lost; a receipt that was lost too is written anew.

        Raises
        ------
        AwsError
            If the table cannot be written, or the job not be queued.
        """
        lost = Deletion(
            deletion_id=deletion_id, person_id=person_id, requested_at=now, requested_by=requested_by
        )
        deletion = self.get(deletion_id) or self._written(lost)
        self.send_job(deletion)
        return deletion

    def send_job(self, deletion: Deletion) -> None:
        """Queue the job of a deletion; done twice, it changes nothing.

        Raises
        ------
        AwsError
            If the queue does not take it.
        """
        fields = {
            "deletion_id": deletion.deletion_id,
            "person_id": deletion.person_id,
            "requested_at": deletion.requested_at,
        }
        if deletion.enrollment_id is None:
            self._jobs.send(DeletePersonJob.model_validate(fields))
        else:
            self._jobs.send(RemovePhotoJob.model_validate(fields | {"enrollment_id": deletion.enrollment_id}))

    def get(self, deletion_id: str) -> Deletion | None:
        """Look a receipt up.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        item = self._read(self._table, "deletion_id", deletion_id)
        return from_item(Deletion, item) if item else None

    def begin(self, deletion: Deletion) -> bool:
        """Keep everybody from adding to the person while they are removed.

        Returns
        -------
        bool
            False if a photo that came after the deletion brought the person back.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"beginning deletion {deletion.deletion_id}"):
            return update_where(
                self._dynamodb,
                self._people,
                {"person_id": attribute(deletion.person_id)},
                condition="deletion_id = :id AND (attribute_not_exists(#status) OR #status = :deleting)",
                expression="SET #status = :deleting",
                values={":id": attribute(deletion.deletion_id), ":deleting": _DELETING},
            )

    def note(self, deletion: Deletion, kind: Removed, count: int) -> None:
        """Write on the receipt how many there were.

        Of an unfinished deletion the first count stands, which is complete; what is found after it was
        finished is added.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        first = "SET #kind = if_not_exists(#kind, :count)"
        with translated(f"counting for deletion {deletion.deletion_id}"):
            self._dynamodb.update_item(
                TableName=self._table,
                Key={"deletion_id": attribute(deletion.deletion_id)},
                UpdateExpression=first if deletion.finished_at is None else "ADD #kind :count",
                ExpressionAttributeNames={"#kind": kind.value},
                ExpressionAttributeValues={":count": attribute(count)},
            )

    @patiently(_PATIENCE_SECONDS)
    def finish(self, deletion: Deletion, now: datetime) -> None:
        """Replace the person by a mark without personal data, and date the receipt; both or neither.

        The mark refuses photos from before the deletion was first finished, and goes by itself after 30 days.

        Raises
        ------
        AwsError
            If the tables cannot be written.
        """
        # a second look must not refuse who was submitted between the first and itself
        deleted_at = deletion.finished_at or now
        mark = {
            "person_id": attribute(deletion.person_id),
            "deletion_id": attribute(deletion.deletion_id),
            "deleted_at": attribute(sortable(deleted_at)),
            "expires_at": attribute(int((deleted_at + MARK_KEPT).timestamp())),
        }
        writes = [
            {
                "Put": {
                    "TableName": self._people,
                    "Item": mark,
                    "ConditionExpression": "deletion_id = :id AND #status = :deleting",
                    "ExpressionAttributeNames": _STATUS,
                    "ExpressionAttributeValues": {":id": mark["deletion_id"], ":deleting": _DELETING},
                }
            },
            {
                "Update": {
                    "TableName": self._table,
                    "Key": {"deletion_id": mark["deletion_id"]},
                    "UpdateExpression": "SET finished_at = if_not_exists(finished_at, :now)",
                    "ExpressionAttributeValues": {":now": attribute(now.isoformat())},
                }
            },
        ]
        # Where the condition does not hold another worker, with the same job, has just finished it.
        with translated(f"finishing deletion {deletion.deletion_id}"), self._unless_refused():
            self._dynamodb.transact_write_items(TransactItems=writes)  # type: ignore[arg-type]  # plain dicts

    @patiently(_PATIENCE_SECONDS)
    def _mark(self, deletion: Deletion) -> bool:
        """Mark the person and write the receipt; False if the person is not there or marked already."""
        writes = [
            {
                "Update": {
                    "TableName": self._people,
                    "Key": {"person_id": attribute(deletion.person_id)},
                    "UpdateExpression": (
                        "SET #status = :deleting, deletion_id = :id, updated_at = :now ADD version :one"
                    ),
                    "ConditionExpression": "attribute_exists(full_name) AND #status <> :deleting",
                    "ExpressionAttributeNames": _STATUS,
                    "ExpressionAttributeValues": {
                        ":deleting": _DELETING,
                        ":id": attribute(deletion.deletion_id),
                        ":now": attribute(deletion.requested_at.isoformat()),
                        ":one": attribute(1),
                    },
                }
            },
            {
                "Put": {
                    "TableName": self._table,
                    "Item": _receipt(deletion),
                }
            },
        ]
        with translated(f"requesting the deletion of person {deletion.person_id}"):
            refused = True
            with self._unless_refused():
                self._dynamodb.transact_write_items(TransactItems=writes)  # type: ignore[arg-type]
                refused = False
        return not refused

    def _written(self, deletion: Deletion) -> Deletion:
        with translated(f"writing receipt {deletion.deletion_id}"):
            self._dynamodb.put_item(TableName=self._table, Item=_receipt(deletion))
        return deletion

    def _standing(self, person_id: str) -> str:
        """Tell the id of the deletion that a person is marked with."""
        person = self._read(self._people, "person_id", person_id) or {}
        if person.get("status") != _DELETING or "full_name" not in person:
            raise PersonUnknown(person_id)
        return person["deletion_id"]["S"]

    @contextmanager
    def _unless_refused(self) -> Generator[None]:
        """Pass over a transaction whose first write's condition does not hold."""
        try:
            yield
        except ClientError as error:
            if cancellation_reasons(error)[:1] != ["ConditionalCheckFailed"]:
                raise

    def _read(self, table: str, key: str, value: str) -> dict[str, Any] | None:
        with translated(f"reading {key} {value}"):
            answer = self._dynamodb.get_item(
                TableName=table, Key={key: attribute(value)}, ConsistentRead=True
            )
        return answer.get("Item")


def _receipt(deletion: Deletion) -> dict[str, Any]:
    """Shape a receipt as it is before anything is counted: the first count stands."""
    return {name: value for name, value in to_item(deletion).items() if name not in set(Removed)}
