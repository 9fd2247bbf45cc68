"""The reply queue of one gateway process, the worker's side of it, and what is known of all reply queues."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import structlog
from botocore.exceptions import ClientError
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from services.aws.errors import error_code, translated
from services.contracts.messages import DecisionReply

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

    from services.aws.connection import Aws

log = structlog.stdlib.get_logger(__name__)

#: A reply is worth nothing after the longest wait; SQS keeps it no longer than its minimum.
_RETENTION_SECONDS = 60
#: A reply that was received stays invisible until it is gone by its age: nothing needs to delete it, which
#: saves a call a decision.
_INVISIBLE_SECONDS = 2 * _RETENTION_SECONDS
_NO_SUCH_QUEUE = frozenset({"NonExistentQueue", "QueueDoesNotExist"})
#: Tag of a reply queue: when its gateway last said that it lives. By it a queue is known as ours, too.
_HEARTBEAT = "facegate:alive-at"
_TIMES = TypeAdapter(AwareDatetime)
#: As many as one call gives. There are more only where a thousand were killed, and each sweep makes room.
_MOST_LISTED = 1000


class ReplyQueue:
    """A queue that one process makes for itself at its start and removes at its end."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self.url = url

    @classmethod
    def open(cls, aws: "Aws") -> Self:
        """Create a queue with a name of its own.

        Raises
        ------
        AwsError
            If SQS refuses.
        """
        sqs = aws.long_polling_sqs()
        with translated("creating the reply queue"):
            url = sqs.create_queue(
                QueueName=f"{aws.outputs.reply_queue_prefix}{uuid4().hex}",
                Attributes={
                    "MessageRetentionPeriod": str(_RETENTION_SECONDS),
                    "VisibilityTimeout": str(_INVISIBLE_SECONDS),
                    "SqsManagedSseEnabled": "true",
                },
                tags=_heartbeat(),
            )["QueueUrl"]
        return cls(sqs, url)

    def beat(self) -> None:
        """Say that the process that made the queue lives.

        Raises
        ------
        AwsError
            If SQS cannot be asked, or the queue is gone.
        """
        with translated("tagging the reply queue"):
            self._sqs.tag_queue(QueueUrl=self.url, Tags=_heartbeat())

    def receive(self, wait_seconds: int) -> list[DecisionReply]:
        """Take the replies that came, waiting for the first one.

        Parameters
        ----------
        wait_seconds : int
            How long to wait when there is none, 0 to 20.

        Raises
        ------
        AwsError
            If SQS cannot be asked.
        """
        with translated("receiving replies"):
            messages = self._sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_seconds
            ).get("Messages", [])
        return [reply for message in messages if (reply := _read(message.get("Body", ""))) is not None]

    def close(self) -> None:
        """Remove the queue.

        Raises
        ------
        AwsError
            If SQS cannot be asked.
        """
        with translated("removing the reply queue"):
            self._sqs.delete_queue(QueueUrl=self.url)


class ReplyQueues:
    """The reply queues of all gateway processes of the stack."""

    def __init__(self, aws: "Aws") -> None:
        self._sqs = aws.sqs
        self._prefix = aws.outputs.reply_queue_prefix

    def heartbeats(self, most: int) -> Iterator[tuple[str, datetime]]:
        """Tell when the gateways behind the queues last said that they live.

        Queues without this tag are passed over: another stack's queue may begin with the same letters.

        Parameters
        ----------
        most : int
            Look at so many queues and no more; chance says which, so that in time each is looked at.

        Yields
        ------
        tuple of str and datetime
            A queue's URL, and its heartbeat.

        Raises
        ------
        AwsError
            If SQS cannot be asked.
        """
        with translated("listing the reply queues"):
            listed = self._sqs.list_queues(QueueNamePrefix=self._prefix, MaxResults=_MOST_LISTED)
        urls = listed.get("QueueUrls", [])
        for url in random.sample(urls, min(most, len(urls))):
            heartbeat = self._tags(url).get(_HEARTBEAT)
            try:
                yield url, _TIMES.validate_python(heartbeat)
            except ValidationError:
                continue

    def remove(self, url: str) -> None:
        """Remove a queue; one that is gone already is no error.

        Raises
        ------
        AwsError
            If SQS cannot be asked.
        """
        with translated("removing a reply queue"):
            try:
                self._sqs.delete_queue(QueueUrl=url)
            except ClientError as error:
                if error_code(error) not in _NO_SUCH_QUEUE:
                    raise

    def _tags(self, url: str) -> dict[str, str]:
        with translated("reading a reply queue's tags"):
            try:
                return self._sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
            except ClientError as error:
                if error_code(error) not in _NO_SUCH_QUEUE:
                    raise
                # its gateway removed it meanwhile
                return {}


class ReplySender:
    """The worker's side."""

    def __init__(self, aws: "Aws") -> None:
        self._sqs = aws.sqs

    def send(self, queue_url: str, reply: DecisionReply) -> None:
        """Answer the gateway process that waits; one that is gone is not an error.

        Raises
        ------
        AwsError
            If SQS refuses for another reason.
        """
        with translated("sending a reply"):
            try:
                self._sqs.send_message(QueueUrl=queue_url, MessageBody=reply.model_dump_json())
            except ClientError as error:
                if error_code(error) not in _NO_SUCH_QUEUE:
                    raise
                log.info("reply_queue_gone", recognition_id=reply.decision.recognition_id)


def _heartbeat() -> dict[str, str]:
    return {_HEARTBEAT: datetime.now(UTC).isoformat(timespec="seconds")}


def _read(body: str) -> DecisionReply | None:
    try:
        return DecisionReply.model_validate_json(body)
    except ValidationError as error:
        # The decision itself is in its table, so a reply that cannot be read loses nothing.
        log.warning("unreadable_reply", errors=error.error_count())
        return None
