"""Batches that were given to the API: what each was made from, and what every file of it became."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import TypeAdapter

from services.aws.errors import AwsError, cancellation_reasons, translated
from services.aws.items import attribute, from_item
from services.aws.jobs import JobQueue
from services.aws.positions import following, start_at
from services.contracts.ids import batch_id_of
from services.contracts.messages import ReadBatchJob
from services.contracts.submissions import Submission, SubmittedFile

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: Files told of by one item; all of them together stay far below DynamoDB's 400 KB.
FILES_A_PART = 100
#: File names may be people's, and nobody asks for a report for longer.
_PARTS_KEPT = timedelta(days=30)
_FILES = TypeAdapter(list[SubmittedFile])
_ATTEMPTS = 3
#: The index has one partition with all that were submitted; the items that tell of files are not in it.
_BY_SUBMISSION, _SUBMITTED = "by-submission", "batch"
_PLACE = ("batch_id", "submitted_at")


class SubmissionStore:
    """The table of batches, where they were submitted by the API: an item each, and one for 100 files."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.batches_table_name
        self._jobs = JobQueue(aws, aws.outputs.enroll_queue_url)

    def submit(self, source: str, name: str, submitted_by: str, now: datetime) -> Submission:
        """Have a batch read: the job is queued.

        Submitted again while it is read, it is the same submission, and its job is queued once more;
        afterwards it is read anew.

        Raises
        ------
        AwsError
            If the table cannot be written, or the job not be queued; then submit it again.
        """
        batch_id = batch_id_of(source)
        for _ in range(_ATTEMPTS):
            standing = self.get(batch_id)
            if standing is not None and standing.read_at is None:
                self.send_job(standing)
                return standing
            submission = Submission(
                batch_id=batch_id,
                name=name,
                source=source,
                run=standing.run + 1 if standing else 1,
                submitted_by=submitted_by,
                submitted_at=now,
            )
            if self._begin(submission):
                self.send_job(submission)
                return submission
        raise AwsError(f"batch {batch_id} was submitted by others {_ATTEMPTS} times")

    def get(self, batch_id: str) -> Submission | None:
        """Look one up; None if the batch was not given to the API.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        item = self._read(batch_id)
        return from_item(Submission, item) if item and "source" in item else None

    def page(self, position: str | None, limit: int) -> tuple[list[Submission], str | None]:
        """List the batches that were given to the API, the last submitted first.

        Parameters
        ----------
        position : str, optional
            Where the list goes on.

        Returns
        -------
        list of Submission
            At most `limit`.
        str or None
            The position of the rest; None if there is none.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": _BY_SUBMISSION,
            "KeyConditionExpression": "kind = :submitted",
            "ExpressionAttributeValues": {":submitted": attribute(_SUBMITTED)},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        request |= start_at(position, _PLACE, {"kind": _SUBMITTED})
        with translated("listing batches"):
            answer = self._dynamodb.query(**request)
        return [from_item(Submission, item) for item in answer["Items"]], following(answer, _PLACE)

    def files(self, submission: Submission, first: int) -> list[SubmittedFile]:
        """Tell what became of up to 100 files when they were read.

        Parameters
        ----------
        first : int
            How many files come before them, a multiple of 100.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        item = self._read(_part(submission, first))
        # removed after a month
        return _FILES.validate_json(item["files"]["S"]) if item else []

    def add_files(
        self, submission: Submission, files: Sequence[SubmittedFile], now: datetime
    ) -> Submission | None:
        """Write down what became of the next files; they and how far the batch is read, both or neither.

        Returns
        -------
        Submission or None
            As it stands now; None if another worker read them meanwhile.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        read = submission.files_read + len(files)
        text = json.dumps(_FILES.dump_python(list(files), mode="json", exclude_none=True), ensure_ascii=False)
        part = {
            "batch_id": attribute(_part(submission, submission.files_read)),
            "files": attribute(text),
            "expires_at": attribute(int((now + _PARTS_KEPT).timestamp())),
        }
        progress: dict[str, Any] = {
            "TableName": self._table,
            "Key": {"batch_id": attribute(submission.batch_id)},
            "UpdateExpression": "SET files_read = :read, photos = :read",
            "ConditionExpression": f"{_THIS_RUN} AND files_read = :before",
            "ExpressionAttributeNames": _RUN,
            "ExpressionAttributeValues": {
                ":read": attribute(read),
                ":before": attribute(submission.files_read),
                ":run": attribute(submission.run),
            },
        }
        writes: list[Any] = [{"Update": progress}, {"Put": {"TableName": self._table, "Item": part}}]
        with translated(f"noting files of batch {submission.batch_id}"):
            try:
                self._dynamodb.transact_write_items(TransactItems=writes)
            except ClientError as error:
                if cancellation_reasons(error)[:1] != ["ConditionalCheckFailed"]:
                    raise
                return None
        return submission.model_copy(update={"files_read": read})

    def finish(self, batch_id: str, run: int, now: datetime, problem: str | None = None) -> None:
        """Note that reading ended; done already is not an error.

        Parameters
        ----------
        problem : str, optional
            Why it ended before all was read.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        expression, values = "SET read_at = :now", {":now": attribute(now.isoformat())}
        if problem is not None:
            expression += ", problem = :problem"
            values[":problem"] = attribute(problem)
        with translated(f"finishing the reading of batch {batch_id}"):
            try:
                self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"batch_id": attribute(batch_id)},
                    UpdateExpression=expression,
                    ConditionExpression=_THIS_RUN,
                    ExpressionAttributeNames=_RUN,
                    ExpressionAttributeValues=values | {":run": attribute(run)},
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return

    def send_job(self, submission: Submission) -> None:
        """Queue the job that reads on; done twice, it changes nothing.

        Raises
        ------
        AwsError
            If the queue does not take it.
        """
        job = ReadBatchJob(batch_id=submission.batch_id, run=submission.run, position=submission.files_read)
        self._jobs.send(job)

    def _begin(self, submission: Submission) -> bool:
        with translated(f"submitting batch {submission.batch_id}"):
            try:
                self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"batch_id": attribute(submission.batch_id)},
                    UpdateExpression=(
                        "SET #name = :name, #source = :source, #run = :run, submitted_by = :by, "
                        "kind = :kind, submitted_at = :now, files_read = :none, photos = :none, "
                        "created_at = if_not_exists(created_at, :now) REMOVE read_at, problem"
                    ),
                    ConditionExpression="attribute_not_exists(#run) OR #run = :before",
                    ExpressionAttributeNames=_RUN | {"#name": "name", "#source": "source"},
                    ExpressionAttributeValues={
                        ":kind": attribute(_SUBMITTED),
                        ":name": attribute(submission.name),
                        ":source": attribute(submission.source),
                        ":run": attribute(submission.run),
                        ":before": attribute(submission.run - 1),
                        ":by": attribute(submission.submitted_by),
                        ":now": attribute(submission.submitted_at.isoformat()),
                        ":none": attribute(0),
                    },
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _read(self, key: str) -> dict[str, Any] | None:
        with translated(f"reading batch {key}"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"batch_id": attribute(key)}, ConsistentRead=True
            )
        return answer.get("Item")


_RUN = {"#run": "run"}
_THIS_RUN = "#run = :run AND attribute_not_exists(read_at)"


def _part(submission: Submission, first: int) -> str:
    """Tell the key of an item with files; no batch's id has its characters."""
    return f"{submission.batch_id}#{submission.run}#{first}"
