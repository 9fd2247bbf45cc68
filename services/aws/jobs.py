"""Sending jobs: the body that a Celery worker takes, sent without Celery.

A plain ``SendMessage`` costs half of importing Celery and is not base64-encoded twice, so a frame
travels in 1.4 times its size instead of 2.4 times.
"""

from typing import TYPE_CHECKING

from pydantic_core import to_json

from services.aws.errors import translated
from services.contracts.messages import (
    DELETE_PERSON_TASK,
    ENROLL_TASK,
    READ_BATCH_TASK,
    RECOGNIZE_TASK,
    REMOVE_PHOTO_TASK,
    RESOLVE_HELD_TASK,
    DeletePersonJob,
    EnrollJob,
    ReadBatchJob,
    RecognizeJob,
    RemovePhotoJob,
    ResolveHeldJob,
)

if TYPE_CHECKING:
    from services.aws.connection import Aws

Job = RecognizeJob | EnrollJob | DeletePersonJob | RemovePhotoJob | ReadBatchJob | ResolveHeldJob


def celery_body(task: str, job_id: str, argument: str, queue_name: str) -> str:
    """Build the message of Celery's protocol 2 with one text argument.

    The Lambda builds the same body from the standard library alone.
    """
    envelope = {
        "body": to_json([[argument], {}, {}]).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": task,
            "id": job_id,
            "root_id": job_id,
            # What Celery shows of the arguments in logs; they hold pictures.
            "argsrepr": "(job)",
            "kwargsrepr": "{}",
        },
        "properties": {
            "correlation_id": job_id,
            "delivery_tag": job_id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue_name},
        },
    }
    return to_json(envelope).decode()


def queue_name(queue_url: str) -> str:
    """Cut the queue's name from the end of its URL."""
    return queue_url.rsplit("/", 1)[-1]


class JobQueue:
    """One of the two job queues, from the sender's side."""

    def __init__(self, aws: "Aws", queue_url: str) -> None:
        self._sqs = aws.sqs
        self._url = queue_url
        self._name = queue_name(queue_url)

    def send(self, job: Job, *, delay_seconds: int = 0) -> None:
        """Queue a job.

        Parameters
        ----------
        delay_seconds : int
            Until a worker may see it; 900 are SQS's most.

        Raises
        ------
        AwsError
            If the queue does not take it.
        """
        task, job_id = _task_and_id(job)
        body = celery_body(task, job_id, job.model_dump_json(), self._name)
        with translated(f"sending job {job_id}"):
            self._sqs.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay_seconds)

    def depth(self) -> int:
        """Count the jobs that wait, as far as SQS knows.

        Raises
        ------
        AwsError
            If the queue cannot be asked.
        """
        with translated("reading the queue's depth"):
            answer = self._sqs.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
            )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def _task_and_id(job: Job) -> tuple[str, str]:
    match job:
        case RecognizeJob():
            return RECOGNIZE_TASK, job.recognition_id
        case EnrollJob():
            return ENROLL_TASK, job.enrollment_id
        case DeletePersonJob():
            return DELETE_PERSON_TASK, job.deletion_id
        case RemovePhotoJob():
            return REMOVE_PHOTO_TASK, job.deletion_id
        case ResolveHeldJob():
            return RESOLVE_HELD_TASK, f"{job.enrollment_id}-{job.resolution}"
        case ReadBatchJob():
            return READ_BATCH_TASK, f"{job.batch_id}-{job.run}-{job.position}"
