"""Telling SQS of jobs that are done, several with one call."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import structlog
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef

log = structlog.stdlib.get_logger(__name__)

#: DeleteMessageBatch's own limit.
_MOST_IN_A_CALL = 10
#: Seconds that the first of a few waits for more. A worker killed meanwhile does these jobs once more, which
#: changes nothing: each is written once.
_PATIENCE_SECONDS = 0.5


class Appointment(Protocol):
    """What the event loop is to do later."""

    def cancel(self) -> None:
        """Leave it."""
        ...


class Clock(Protocol):
    """The event loop, as far as it is needed here."""

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Appointment:
        """Call it once after so many seconds."""
        ...


class Acknowledgements:
    """Deletes the messages of done jobs from one queue.

    Parameters
    ----------
    sqs : SQSClient
        Asked in the event loop's thread.
    queue_url : str
        The jobs' queue.
    clock : Clock
        The event loop.
    """

    def __init__(self, sqs: "SQSClient", queue_url: str, clock: Clock) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._clock = clock
        self._receipts: list[str] = []
        self._appointment: Appointment | None = None

    def add(self, receipt: str) -> None:
        """Delete the message with this receipt handle, soon."""
        self._receipts.append(receipt)
        if len(self._receipts) >= _MOST_IN_A_CALL:
            self.flush()
        elif len(self._receipts) == 1:
            self._appointment = self._clock.call_later(_PATIENCE_SECONDS, self.flush)

    def flush(self) -> None:
        """Delete what waits, now. What SQS does not delete it delivers again, so nothing is raised."""
        receipts, self._receipts = self._receipts, []
        if self._appointment is not None:
            # Else it would come in the middle of the next few, and send those off too early.
            self._appointment.cancel()
            self._appointment = None
        if not receipts:
            return
        entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(receipts)
        ]
        try:
            answer = self._sqs.delete_message_batch(QueueUrl=self._queue_url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            log.warning("jobs_not_acknowledged", jobs=len(receipts), error=str(error))
            return
        for failed in answer.get("Failed", []):
            log.warning("job_not_acknowledged", error=f"{failed['Code']}: {failed.get('Message', '')}")
