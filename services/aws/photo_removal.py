"""Removing one photo of a person, who stays: its mark, its receipt, and what the tables say of it."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from services.aws.deletions import DeletionStore
from services.aws.enrollments import EnrollmentStore
from services.aws.errors import AwsError, cancellation_reasons, translated
from services.aws.items import attribute, sortable, to_item
from services.aws.patience import patiently
from services.contracts.domain import Deletion, Enrollment, EnrollmentStatus, Removed

if TYPE_CHECKING:
    from services.aws.connection import Aws

_REFUSED = "ConditionalCheckFailed"
#: Photos of the same person that are finished just now cancel our transactions.
_PATIENCE_SECONDS = 10
#: How often the photo is read anew because somebody changed it just now.
_ATTEMPTS = 3
_PERSONAL = (
    "original_key, full_name, face_id, sha256, #file, #rejection, detail, held_for, resembles, person_id, "
    "deletion_id"
)
_NAMES = {"#status": "status", "#progress": "progress", "#key": "key", "#file": "file"} | {
    "#rejection": "rejection"
}


class PhotoUnknown(Exception):
    """The person has no such photo, or not any more."""


class PhotoOnItsWay(Exception):
    """The photo is just being enrolled; it can be removed when that is finished."""


class PhotoRemovalStore:
    """Photos that are to be removed, each with a receipt among the deletions."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._enrollments_table = aws.outputs.enrollments_table_name
        self._faces_table = aws.outputs.faces_table_name
        self._people_table = aws.outputs.people_table_name
        self._deletions_table = aws.outputs.deletions_table_name
        self._deletions = DeletionStore(aws)
        self._enrollments = EnrollmentStore(aws)

    def request(self, person_id: str, enrollment_id: str, requested_by: str, now: datetime) -> Deletion:
        """Have a photo removed; the job is queued.

        Asked for again before it is finished, it is the same deletion, and its job is queued once more.

        Raises
        ------
        PhotoUnknown
            If the person has no such photo.
        PhotoOnItsWay
            If its enrollment is not finished.
        AwsError
            If the tables cannot be written, or the job not be queued; then ask again.
        """
        for _ in range(_ATTEMPTS):
            photo = self._enrollments.get(enrollment_id)
            if photo is None or photo.person_id != person_id:
                raise PhotoUnknown(f"person {person_id} has no photo {enrollment_id}")
            if not photo.finished:
                raise PhotoOnItsWay(f"photo {enrollment_id} is being enrolled")
            deletion = self._standing(photo) or Deletion(
                deletion_id=str(uuid4()),
                person_id=person_id,
                enrollment_id=enrollment_id,
                requested_at=now,
                requested_by=requested_by,
            )
            if photo.deletion_id is not None or self._mark(photo, deletion):
                self._deletions.send_job(deletion)
                return deletion
        raise AwsError(f"photo {enrollment_id} was changed by others {_ATTEMPTS} times")

    def marked(self, deletion_id: str, enrollment_id: str) -> Enrollment | None:
        """Find the photo that a deletion is to remove; None if nothing of it is left.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        photo = self._enrollments.get(enrollment_id)
        if photo is None or photo.deletion_id != deletion_id or photo.person_id is None:
            return None
        return photo

    @patiently(_PATIENCE_SECONDS)
    def give_up_face(self, photo: Enrollment) -> None:
        """Remove the person's claim of the photo's face, and count their photo out, both or neither.

        Raises
        ------
        AwsError
            If the tables cannot be written.
        """
        claim: Any = {
            "TableName": self._faces_table,
            "Key": {"RekognitionId": attribute(photo.face_id)},
            "ConditionExpression": "enrollment_id = :enrollment",
            "ExpressionAttributeValues": {":enrollment": attribute(photo.enrollment_id)},
        }
        count = {
            "TableName": self._people_table,
            "Key": {"person_id": attribute(photo.person_id)},
            "UpdateExpression": "ADD photos :less",
            # of a person who was deleted meanwhile nothing is counted
            "ConditionExpression": "attribute_exists(full_name) AND photos >= :one",
            "ExpressionAttributeValues": {":less": attribute(-1), ":one": attribute(1)},
        }
        refused = self._write("giving up a face", [{"Delete": claim}, {"Update": count}])
        if refused == [False, True]:
            self._write("giving up a face", [{"Delete": claim}])

    @patiently(_PATIENCE_SECONDS)
    def finish(self, deletion_id: str, enrollment_id: str, now: datetime) -> None:
        """Remove what is personal from the enrollment, and date the receipt; both or neither.

        From now on the same photo may be sent again, as a new one.

        Raises
        ------
        AwsError
            If the tables cannot be written.
        """
        used = ("#key", "#file", "#rejection")
        strip = {
            "TableName": self._enrollments_table,
            "Key": {"enrollment_id": attribute(enrollment_id)},
            "UpdateExpression": f"SET #key = :nothing, finished_at = :now REMOVE {_PERSONAL}",
            "ConditionExpression": "deletion_id = :id",
            "ExpressionAttributeNames": {name: _NAMES[name] for name in used},
            "ExpressionAttributeValues": {
                ":nothing": attribute(""),
                ":now": attribute(sortable(now)),
                ":id": attribute(deletion_id),
            },
        }
        date: dict[str, Any] = {
            "TableName": self._deletions_table,
            "Key": {"deletion_id": attribute(deletion_id)},
            "UpdateExpression": (
                "SET finished_at = if_not_exists(finished_at, :now), "
                "enrollments = if_not_exists(enrollments, :one)"
            ),
            "ExpressionAttributeValues": {":now": attribute(now.isoformat()), ":one": attribute(1)},
        }
        refused = self._write("finishing the removal of a photo", [{"Update": strip}, {"Update": date}])
        if refused:
            # its person was deleted meanwhile and the photo sent anew, or another worker was faster
            self._write("finishing the removal of a photo", [{"Update": date}])

    def _mark(self, photo: Enrollment, deletion: Deletion) -> bool:
        """Mark the photo and write the receipt; False if somebody changed the photo just now."""
        values = {
            ":removed": attribute(EnrollmentStatus.REMOVED.value),
            ":id": attribute(deletion.deletion_id),
            ":person": attribute(photo.person_id),
            ":seen": attribute(photo.status.value),
        }
        names = ["#status"]
        expression = "SET #status = :removed, deletion_id = :id"
        if photo.batch_id is not None:
            names.append("#progress")
            expression += ", #progress = :progress"
            progress = f"{EnrollmentStatus.REMOVED.value}#{photo.enrollment_id}"
            values[":progress"] = attribute(progress)
        mark = {
            "TableName": self._enrollments_table,
            "Key": {"enrollment_id": attribute(photo.enrollment_id)},
            "UpdateExpression": expression,
            "ConditionExpression": (
                "person_id = :person AND #status = :seen AND attribute_not_exists(deletion_id)"
            ),
            "ExpressionAttributeNames": {name: _NAMES[name] for name in names},
            "ExpressionAttributeValues": values,
        }
        # the first count that is noted stands
        counts = {kind.value for kind in Removed}
        receipt = {name: value for name, value in to_item(deletion).items() if name not in counts}
        writes = [{"Update": mark}, {"Put": {"TableName": self._deletions_table, "Item": receipt}}]
        return self._write(f"marking photo {photo.enrollment_id}", writes) == []

    def _standing(self, photo: Enrollment) -> Deletion | None:
        return None if photo.deletion_id is None else self._deletions.get(photo.deletion_id)

    def _write(self, action: str, writes: list[Any]) -> list[bool]:
        """Write all or nothing; tell which conditions did not hold, nothing if all did."""
        with translated(action):
            try:
                self._dynamodb.transact_write_items(TransactItems=writes)
            except ClientError as error:
                refused = [reason == _REFUSED for reason in cancellation_reasons(error)]
                if any(refused):
                    return refused
                raise
        return []
