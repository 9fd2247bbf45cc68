"""The dead-letter queue, where everything ends that could not be read or done, with the reason."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.aws.errors import translated

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: Message attributes; SQS's own redrive carries none, so an operator can tell the two apart.
REASON = "FacegateReason"
FAILED_AT = "FacegateFailedAt"
_LONGEST_REASON = 1024


class DeadLetterQueue:
    """Keeps a message's body exactly as it was, so that it can be sent again."""

    def __init__(self, aws: "Aws", queue_url: str) -> None:
        self._sqs = aws.sqs
        self._url = queue_url

    def send(self, body: str, reason: str) -> None:
        """Put a message aside.

        Parameters
        ----------
        body : str
            The SQS body as it was received.
        reason : str
            Why, in a sentence; cut at 1,024 characters.

        Raises
        ------
        AwsError
            If it could not be put aside; the message must then stay where it was.
        """
        with translated("putting a message into the dead-letter queue"):
            self._sqs.send_message(
                QueueUrl=self._url,
                MessageBody=body,
                MessageAttributes={
                    REASON: {"DataType": "String", "StringValue": reason[:_LONGEST_REASON]},
                    FAILED_AT: {"DataType": "String", "StringValue": datetime.now(UTC).isoformat()},
                },
            )
