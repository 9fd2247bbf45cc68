"""What operators do with dead letters."""

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from services.aws.dead_letters import CannotRedrive, Counts, DeadLetterGone
from services.contracts.dead_letters import DeadLetter, DeadLetterQueueName, Redriven
from services.gateway.problems import NOT_REDRIVABLE, UNKNOWN_DEAD_LETTER, UNKNOWN_QUEUE, Problem

#: So many are sent again by one request; each takes a call to send and one to delete.
MOST_REDRIVEN = 200
_MESSAGE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class DeadLetters(Protocol):
    """The dead letters of one queue."""

    def count(self) -> Counts:
        """Count them."""
        ...

    def look(self, most: int) -> list[DeadLetter]:
        """Look at some, the longest there first."""
        ...

    def redrive(self, message_id: str) -> None:
        """Send one to the queue that it came from."""
        ...

    def redrive_all(self, most: int) -> Redriven:
        """Send many to the queue that they came from."""
        ...

    def delete(self, message_id: str) -> None:
        """Delete one for ever."""
        ...


@dataclass(frozen=True)
class DeadLetterDesk:
    """The dead letters of all queues."""

    queues: Mapping[DeadLetterQueueName, DeadLetters]

    def counts(self) -> dict[DeadLetterQueueName, int]:
        """Count those of every queue."""
        return {name: queue.count().messages for name, queue in self.queues.items()}

    def look(self, queue: str, most: int) -> tuple[int, Sequence[DeadLetter]]:
        """Look at some of a queue's; with how many there are.

        Raises
        ------
        Problem
            If there is no such queue.
        """
        letters = self._queue(queue)
        found = letters.look(most)
        return max(letters.count().messages, len(found)), found

    def redrive(self, queue: str, message_id: str) -> None:
        """Send one again.

        Raises
        ------
        Problem
            If there is no such queue or message, or sending it would do nothing.
        """
        letters = self._queue(queue)
        with _found(message_id):
            letters.redrive(message_id)

    def redrive_all(self, queue: str) -> Redriven:
        """Send many again.

        Raises
        ------
        Problem
            If there is no such queue.
        """
        return self._queue(queue).redrive_all(MOST_REDRIVEN)

    def delete(self, queue: str, message_id: str) -> None:
        """Delete one.

        Raises
        ------
        Problem
            If there is no such queue or message.
        """
        letters = self._queue(queue)
        with _found(message_id):
            letters.delete(message_id)

    def _queue(self, name: str) -> DeadLetters:
        for queue, letters in self.queues.items():
            if queue.value == name:
                return letters
        known = ", ".join(queue.value for queue in self.queues)
        raise Problem(UNKNOWN_QUEUE, f"No queue has this name. Those with dead letters are: {known}.")


@contextmanager
def _found(message_id: str) -> Generator[None]:
    # what can be none is not looked for through the whole queue
    gone = Problem(
        UNKNOWN_DEAD_LETTER,
        "No message with this id lies there any more, or somebody else has it just now. List them again.",
    )
    if not _MESSAGE_ID.fullmatch(message_id):
        raise gone
    try:
        yield
    except DeadLetterGone as error:
        raise gone from error
    except CannotRedrive as error:
        raise Problem(NOT_REDRIVABLE, f"{error} Delete the message.") from error
