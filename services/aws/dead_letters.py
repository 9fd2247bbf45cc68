"""The dead-letter queue, where everything ends that could not be read or done, with the reason.

SQS has no way to look at messages without receiving them, which hides them from everybody else. So they are
received for a moment, told, and given back at once; two who look at the same time wait for each other.
"""

import random
import time
from collections.abc import Callable, Generator, Mapping, Set
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.aws.errors import translated
from services.aws.jobs import JobQueue
from services.contracts.dead_letters import (
    DeadLetter,
    DeadLetterQueueName,
    Redriven,
    contents_of,
    parsed,
    reason_within,
)
from services.contracts.failed_events import FailedEvent

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: Message attributes; SQS's own redrive carries none, so an operator can tell the two apart.
REASON = "FacegateReason"
FAILED_AT = "FacegateFailedAt"
_LONGEST_REASON = 1024
#: Whoever is killed in the middle gives the messages back so much later.
_HIDDEN_SECONDS = 30
_BATCH = 10
#: How long is looked for messages or sent again; far less than they are hidden.
_PATIENCE = timedelta(seconds=8)
#: Two who look at the same time begin anew after so long at random: one has looked when the other begins.
_LONGEST_PAUSE_SECONDS = 1.5
_NOT_FOUND = "No message with this id lies there, or not any more, or somebody else has it just now."
_NOTHING_TO_DO = "The event names no photo that could be enrolled; frames have been of no use for long."


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


class DeadLetterGone(Exception):
    """There is no such message, or not any more."""


class CannotRedrive(Exception):
    """Sending the message again would do nothing; says why."""


@dataclass(frozen=True)
class Counts:
    """How many messages there are, as far as SQS knows.

    Attributes
    ----------
    hidden : int
        Those that somebody looks at right now.
    """

    visible: int
    hidden: int

    @property
    def messages(self) -> int:
        """All of them."""
        return self.visible + self.hidden


class DeadLetters:
    """The dead letters of one job queue, as they are looked at, sent again and deleted.

    Parameters
    ----------
    url, jobs_url : str
        SQS's URLs of the dead-letter queue and of the queue that they come from.
    patience : timedelta
        How long one of its methods takes at most, if others keep messages to themselves.
    pause : callable
        Waits so many seconds.
    """

    def __init__(
        self,
        aws: "Aws",
        url: str,
        jobs_url: str,
        patience: timedelta = _PATIENCE,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sqs = aws.sqs
        self._url = url
        self._jobs_url = jobs_url
        self._jobs = JobQueue(aws, jobs_url)
        self._patience = patience
        self._pause = pause

    def count(self) -> Counts:
        """Count them.

        Raises
        ------
        AwsError
            If the queue cannot be asked.
        """
        attributes = self._attributes()
        return Counts(
            int(attributes["ApproximateNumberOfMessages"]),
            int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        )

    def look(self, most: int) -> list[DeadLetter]:
        """Look at some, the longest there first; none of them is hidden afterwards.

        Raises
        ------
        AwsError
            If the queue cannot be asked.
        """
        kept = self._kept()
        found: list[DeadLetter] = []
        with closing(self._browse()) as messages:
            for message in messages:
                found.append(_letter(message, kept))
                if len(found) == most:
                    break
        return sorted(found, key=lambda letter: letter.sent_at)

    def find(self, message_id: str) -> DeadLetter:
        """Look at one.

        Raises
        ------
        DeadLetterGone
            If there is no such message.
        AwsError
            If the queue cannot be asked.
        """
        with closing(self._browse()) as messages:
            return _letter(_with_id(messages, message_id), self._kept())

    def redrive(self, message_id: str) -> None:
        """Send one to the queue that it came from; killed in the middle, it lies in both.

        Raises
        ------
        DeadLetterGone
            If there is no such message.
        CannotRedrive
            If that would do nothing.
        AwsError
            If it cannot be sent; it stays then.
        """
        with closing(self._browse()) as messages:
            message = _with_id(messages, message_id)
            self._send_again(message)

    def redrive_all(self, most: int) -> Redriven:
        """Send many of those that lie there now to the queue that they came from; call it until none is left.

        Raises
        ------
        AwsError
            If the queues cannot be asked; what was sent until then is sent.
        """
        # one that comes back while this goes on must not be sent round and round
        most = min(most, self.count().messages)
        gone: set[str] = set()
        refused: dict[str, str] = {}
        with closing(self._browse(gone)) as messages:
            for message in messages:
                try:
                    self._send_again(message)
                except CannotRedrive as reason:
                    refused[message["MessageId"]] = str(reason)
                else:
                    gone.add(message["MessageId"])
                if len(gone) >= most:
                    break
        return Redriven(redriven=len(gone), refused=refused, left=self.count().messages)

    def delete(self, message_id: str) -> None:
        """Delete one for ever.

        Raises
        ------
        DeadLetterGone
            If there is no such message.
        AwsError
            If the queue cannot be asked.
        """
        with closing(self._browse()) as messages:
            self._delete(_with_id(messages, message_id))

    def _send_again(self, message: Mapping[str, Any]) -> None:
        body = message["Body"]
        event = parsed(FailedEvent, body)
        if event is None:
            with translated("sending a dead letter again"):
                self._sqs.send_message(QueueUrl=self._jobs_url, MessageBody=body)
        else:
            jobs = event.jobs
            if not jobs:
                raise CannotRedrive(_NOTHING_TO_DO)
            for job in jobs:
                self._jobs.send(job)
        self._delete(message)

    def _browse(self, gone: Set[str] = frozenset()) -> Generator[Mapping[str, Any]]:
        """Receive every message once; all that were not deleted are given back when it is closed.

        Parameters
        ----------
        gone : set of str
            Ids of those that whoever goes through them has deleted.
        """
        end = time.monotonic() + self._patience.total_seconds()
        seen: set[str] = set()
        held: list[str] = []
        try:
            while self.count().messages > len(seen) - len(gone) and time.monotonic() < end:
                received = self._receive()
                held += [message["ReceiptHandle"] for message in received]
                for message in received:
                    if message["MessageId"] not in seen:
                        seen.add(message["MessageId"])
                        yield message
                if not received:
                    # another who looks holds the others, and waits for these
                    self._give_back(held)
                    held = []
                    self._pause(random.uniform(0, _LONGEST_PAUSE_SECONDS))  # noqa: S311  # nothing secret
        finally:
            self._give_back(held)

    def _receive(self) -> list[Any]:
        with translated("looking at dead letters"):
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=_HIDDEN_SECONDS,
                # SQS asks all its servers only where it may wait
                WaitTimeSeconds=1,
                AttributeNames=["All"],
                MessageAttributeNames=[REASON, FAILED_AT],
            )
        return answer.get("Messages", [])

    def _give_back(self, receipts: list[str]) -> None:
        for first in range(0, len(receipts), _BATCH):
            some = receipts[first : first + _BATCH]
            with translated("giving dead letters back"):
                # those that were deleted meanwhile are refused one by one, the others are given back
                self._sqs.change_message_visibility_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                        for number, receipt in enumerate(some)
                    ],
                )

    def _delete(self, message: Mapping[str, Any]) -> None:
        with translated("deleting a dead letter"):
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])

    def _kept(self) -> timedelta:
        return timedelta(seconds=int(self._attributes()["MessageRetentionPeriod"]))

    def _attributes(self) -> Mapping[Any, str]:
        with translated("counting dead letters"):
            answer = self._sqs.get_queue_attributes(
                QueueUrl=self._url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "MessageRetentionPeriod",
                ],
            )
        return answer["Attributes"]


def all_dead_letters(aws: "Aws") -> dict[DeadLetterQueueName, DeadLetters]:
    """Make those of every job queue."""
    outputs = aws.outputs
    return {
        DeadLetterQueueName.RECOGNIZE: DeadLetters(
            aws, outputs.recognize_dead_letter_queue_url, outputs.recognize_queue_url
        ),
        DeadLetterQueueName.ENROLL: DeadLetters(
            aws, outputs.enroll_dead_letter_queue_url, outputs.enroll_queue_url
        ),
    }


def _with_id(messages: Generator[Mapping[str, Any]], message_id: str) -> Mapping[str, Any]:
    for message in messages:
        if message["MessageId"] == message_id:
            return message
    raise DeadLetterGone(_NOT_FOUND)


def _letter(message: Mapping[str, Any], kept: timedelta) -> DeadLetter:
    body, known = message["Body"], message["Attributes"]
    said = {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()}
    sent_at = _instant(known["SentTimestamp"])
    first = known.get("ApproximateFirstReceiveTimestamp")
    return DeadLetter(
        message_id=message["MessageId"],
        reason=said.get(REASON) or reason_within(body),
        failed_at=_said_instant(said.get(FAILED_AT)),
        sent_at=sent_at,
        first_received_at=_instant(first) if first else None,
        expires_at=sent_at + kept,
        receives=int(known["ApproximateReceiveCount"]),
        size=len(body.encode()),
        contents=contents_of(body),
    )


def _said_instant(text: str | None) -> datetime | None:
    """Read an instant that anybody may have written who may send to the queue."""
    with suppress(ValueError):
        instant = datetime.fromisoformat(text or "")
        return instant if instant.tzinfo is not None else None
    return None


def _instant(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
