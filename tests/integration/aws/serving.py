"""A real Celery worker in a process of its own, and its queues."""

import multiprocessing
import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from services.aws.connection import Aws, AwsSettings
from services.aws.errors import AwsUnavailable
from services.aws.worker import JobKind, WorkerQueue, run_worker
from services.contracts.messages import (
    DELETE_PERSON_TASK,
    RECOGNIZE_TASK,
    DeletePersonJob,
    InlineFrame,
    RecognizeJob,
)
from services.contracts.operations import QueueName
from services.logs import configure_logs
from services.operations.measures import QueueMeasures
from services.operations.tally import Tally

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DELIVERIES = 2


def job(recognition_id="r-1", data=b"jpeg"):
    return RecognizeJob(
        recognition_id=recognition_id,
        kiosk_id="kiosk-1",
        frames=(InlineFrame(data=data),),
        received_at=NOW,
        deadline=NOW + timedelta(seconds=8),
    )


def receive(aws, url, count=1, patience=20.0):
    """Wait for messages and take them off the queue."""
    found, deadline = [], time.monotonic() + patience
    while len(found) < count and time.monotonic() < deadline:
        answer = aws.sqs.receive_message(
            QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        for message in answer.get("Messages", []):
            aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(message)
    return found


def messages(aws, url):
    """Count a queue's messages, also those that a worker has and did not delete."""
    asked = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=asked)
    return sum(map(int, answer["Attributes"].values()))


def _serve(outputs, log):
    """A real Celery worker whose handlers tell what they were given through the enroll queue."""
    import boto3

    descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, 2)
    configure_logs("test")
    aws = Aws(boto3.Session(), AwsSettings(), outputs)

    def handle(job):
        if job.recognition_id.startswith("broken"):
            raise ValueError("a bug")
        if job.recognition_id.startswith("throttled"):
            raise AwsUnavailable("slow down")
        aws.sqs.send_message(QueueUrl=outputs.enroll_queue_url, MessageBody=job.model_dump_json())

    def delete(job):
        if job.person_id == "broken":
            raise ValueError("a bug")
        if job.person_id == "unreadable":
            TypeAdapter(int).validate_python("Ada Lovelace")
        aws.sqs.send_message(QueueUrl=outputs.enroll_queue_url, MessageBody=job.model_dump_json())

    def given_up(job, reason):
        text = f"given up {job.deletion_id}: {reason}"
        aws.sqs.send_message(QueueUrl=outputs.enroll_queue_url, MessageBody=text)

    queue = WorkerQueue(
        outputs.recognize_queue_url,
        outputs.recognize_dead_letter_queue_url,
        visibility_timeout=1,
        deliveries=DELIVERIES,
    )
    kinds = [
        JobKind(RECOGNIZE_TASK, RecognizeJob, handle),
        JobKind(DELETE_PERSON_TASK, DeletePersonJob, delete, given_up),
    ]
    measures = QueueMeasures(Tally(), QueueName.RECOGNIZE)
    run_worker(aws, queue, kinds, measures=measures, concurrency=2)


@contextmanager
def worker(aws, log):
    """Serve the recognize queue, logging to a file, until the block ends."""
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(aws.outputs, log))
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join(10)
        if process.is_alive():
            process.kill()
            process.join()
