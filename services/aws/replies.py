"""The reply queue of one gateway process, and the worker's side of it."""

from typing import TYPE_CHECKING, Self
from uuid import uuid4

import structlog
from botocore.exceptions import ClientError
from pydantic import ValidationError

from services.aws.errors import error_code, translated
from services.contracts.messages import DecisionReply

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

    from services.aws.connection import Aws

log = structlog.stdlib.get_logger(__name__)

#: A reply is worth nothing after the longest wait; SQS keeps it no longer than its minimum.
_RETENTION_SECONDS = 60
_NO_SUCH_QUEUE = frozenset({"NonExistentQueue", "QueueDoesNotExist"})


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
                    "SqsManagedSseEnabled": "true",
                },
            )["QueueUrl"]
        return cls(sqs, url)

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
            if messages:
                self._sqs.delete_message_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": message.get("ReceiptHandle", "")}
                        for number, message in enumerate(messages)
                    ],
                )
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


def _read(body: str) -> DecisionReply | None:
    try:
        return DecisionReply.model_validate_json(body)
    except ValidationError as error:
        # The decision itself is in its table, so a reply that cannot be read loses nothing.
        log.warning("unreadable_reply", errors=error.error_count())
        return None
