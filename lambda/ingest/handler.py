"""The Lambda's entrance: an S3 event in, one SQS message for each object out."""

import logging
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import islice
from typing import Any

import boto3

from ingest.jobs import ENROLL_TASK, RECOGNIZE_TASK, Job, NotAJobError, job_of
from ingest.messages import message_body

logger = logging.getLogger(__name__)

#: As many as SendMessageBatch takes.
_BATCH = 10


class SendingFailedError(Exception):
    """SQS refused messages; raised so that Lambda tries the event again, which repeats harmlessly."""


@dataclass(frozen=True)
class Ingest:
    """Sends the jobs of S3 events to their queues.

    Attributes
    ----------
    sqs : botocore client
        SQS.
    queue_urls : mapping of str to str
        From a task's name to its queue's URL.
    frame_deadline : timedelta
        How long after its upload a frame is worth deciding about.
    """

    sqs: Any
    queue_urls: Mapping[str, str]
    frame_deadline: timedelta

    def __call__(self, event: Mapping[str, Any]) -> dict[str, int]:
        """Send every job of one event; return how many were sent and how many records skipped."""
        if event.get("Event") == "s3:TestEvent":
            logger.info("S3 tested the notification of bucket %s", event.get("Bucket"))
            return {"sent": 0, "skipped": 0}
        by_task: dict[str, list[Job]] = defaultdict(list)
        skipped = 0
        for record in event["Records"]:
            try:
                job = job_of(record, self.frame_deadline)
            except NotAJobError as reason:
                skipped += 1
                logger.warning("Skipped the object %r: %s", record["s3"]["object"]["key"], reason)
            else:
                by_task[job.task].append(job)
        for task, jobs in by_task.items():
            self._send(jobs, self.queue_urls[task])
        return {"sent": sum(map(len, by_task.values())), "skipped": skipped}

    def _send(self, jobs: list[Job], queue_url: str) -> None:
        remaining = iter(jobs)
        failed: list[Mapping[str, Any]] = []
        while batch := list(islice(remaining, _BATCH)):
            entries = [
                {"Id": str(number), "MessageBody": message_body(job, queue_url)}
                for number, job in enumerate(batch)
            ]
            answer = self.sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
            failed += answer.get("Failed", [])
        logger.info("Sent %d of %d jobs to %s", len(jobs) - len(failed), len(jobs), queue_url)
        if failed:
            reasons = sorted({f"{entry['Code']}: {entry.get('Message', '')}" for entry in failed})
            raise SendingFailedError(f"{len(failed)} of {len(jobs)} messages were refused: {reasons}")


@cache
def bootstrap() -> Ingest:
    """Plug the parts together from the environment, once a process."""
    return Ingest(
        sqs=boto3.client("sqs"),
        queue_urls={
            ENROLL_TASK: os.environ["ENROLL_QUEUE_URL"],
            RECOGNIZE_TASK: os.environ["RECOGNIZE_QUEUE_URL"],
        },
        frame_deadline=timedelta(seconds=float(os.environ["FRAME_DEADLINE_SECONDS"])),
    )


def handler(event: Mapping[str, Any], _context: object) -> dict[str, int]:
    """Take an event from Lambda."""
    return bootstrap()(event)
