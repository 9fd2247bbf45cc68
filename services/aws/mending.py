"""Bringing collection and tables together again where they differ."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from services.aws.deletions import DeletionStore
from services.aws.enrollments import EnrollmentStore
from services.aws.errors import translated
from services.aws.face_index import FaceIndex, UserMatchSettings
from services.aws.items import attribute
from services.aws.jobs import JobQueue
from services.aws.updates import update_where
from services.contracts.census import LostUpload
from services.contracts.domain import EnrollmentStatus
from services.contracts.messages import EnrollJob

if TYPE_CHECKING:
    from services.aws.connection import Aws

_FACE_GONE = "Its face was not in the collection any more. Send the photo again."
_LOST = "No worker finished it, however often it was tried. Send the photo again."


class Mending:
    """What can be put right; each done twice changes nothing more."""

    def __init__(self, aws: "Aws") -> None:
        self._threshold = UserMatchSettings().user_match_threshold
        self._index = FaceIndex(aws)
        self._deletions = DeletionStore(aws)
        self._enrollments = EnrollmentStore(aws)
        self._jobs = JobQueue(aws, aws.outputs.enroll_queue_url)
        self._dynamodb = aws.dynamodb
        self._faces_table = aws.outputs.faces_table_name
        self._people_table = aws.outputs.people_table_name
        self._enrollments_table = aws.outputs.enrollments_table_name

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
        self._index.delete_user(user_id)

    def associate(self, face_id: str, person_id: str) -> None:
        """Make a face part of its person's user.

        Raises
        ------
        UnlikeUser
            If it does not resemble the person's other faces.
        AwsError
            If the collection refuses.
        """
        self._index.associate(face_id, person_id, self._threshold)

    def give_up(self, face_id: str, person_id: str) -> None:
        """Remove a person's claim of a face that is gone; its enrollment has failed, as it turns out.

        Raises
        ------
        AwsError
            If the tables cannot be written.
        """
        with translated(f"removing the claim of face {face_id}"):
            answer = self._dynamodb.delete_item(
                TableName=self._faces_table, Key={"RekognitionId": attribute(face_id)}, ReturnValues="ALL_OLD"
            )
        claim: dict[str, Any] | None = answer.get("Attributes")
        if not claim:
            return
        with translated(f"counting a photo of person {person_id} out"):
            update_where(
                self._dynamodb,
                self._people_table,
                {"person_id": attribute(person_id)},
                condition="photos > :none",
                expression="ADD photos :change",
                values={":none": attribute(0), ":change": attribute(-1)},
            )
        self._fail_indexed(claim["enrollment_id"]["S"])

    def _fail_indexed(self, enrollment_id: str) -> None:
        known = self._enrollments.get(enrollment_id)
        failed = EnrollmentStatus.FAILED.value
        progress = {":progress": attribute(f"{failed}#{enrollment_id}")} if known and known.batch_id else {}
        with translated(f"noting that enrollment {enrollment_id} failed"):
            update_where(
                self._dynamodb,
                self._enrollments_table,
                {"enrollment_id": attribute(enrollment_id)},
                condition="#status = :indexed",
                expression=(
                    f"SET #status = :failed, detail = :detail{', #progress = :progress' if progress else ''} "
                    "REMOVE face_id"
                ),
                values={
                    ":indexed": attribute(EnrollmentStatus.INDEXED.value),
                    ":failed": attribute(failed),
                    ":detail": attribute(_FACE_GONE),
                }
                | progress,
            )

    def count_photos(self, person_id: str, photos: int) -> None:
        """Note how many photos a person has.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"counting the photos of person {person_id}"):
            update_where(
                self._dynamodb,
                self._people_table,
                {"person_id": attribute(person_id)},
                condition="attribute_exists(full_name)",
                expression="SET photos = :photos",
                values={":photos": attribute(photos)},
            )

    def fail(self, enrollment_id: str) -> None:
        """End an enrollment that no worker has any more; should its job come after all, it is still done.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        known = self._enrollments.get(enrollment_id)
        if known is None or known.status is not EnrollmentStatus.RECEIVED:
            return
        failed = {"status": EnrollmentStatus.FAILED, "detail": _LOST, "finished_at": datetime.now(UTC)}
        self._enrollments.save(known.model_copy(update=failed))

    def enroll(self, upload: LostUpload) -> None:
        """Queue the job of a photo in the bucket; should the first one come after all, it is done once.

        Raises
        ------
        AwsError
            If the queue does not take it.
        """
        job = EnrollJob(enrollment_id=upload.enrollment_id, photo=upload.photo, received_at=upload.put_at)
        self._jobs.send(job)

    def resume_deletion(self, deletion_id: str, person_id: str) -> None:
        """Have a deletion done whose job was lost.

        Raises
        ------
        AwsError
            If the job cannot be queued.
        """
        self._deletions.resume(deletion_id, person_id, "facegate check --mend", datetime.now(UTC))
