"""kombu's SQS transport, but done jobs are deleted together and unreadable messages are put aside.

Everything that kombu and Celery do with a message before a thread takes it happens inside
`GuardedChannel._on_messages_ready`: decoding the envelope, telling the task, checking its headers. A message
from elsewhere can break each of these, and a broken event loop ends the worker.
"""

from contextlib import suppress
from typing import Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from kombu.transport.SQS import Channel, Transport

from services.aws.acknowledgements import Acknowledgements
from services.aws.dead_letters import DeadLetterQueue
from services.aws.errors import AwsError

log = structlog.stdlib.get_logger(__name__)

#: A worker that is busy lets messages gather for so long, so that one call brings several.
_GATHERING_SECONDS = 0.01


class Unreadable(Exception):
    """The message is none that this worker takes; says why."""


class GuardedChannel(Channel):
    """Hands messages on, puts aside those that break on the way, and deletes those that are done."""

    dead_letters: DeadLetterQueue
    #: kombu's event loop; its stubs do not know it.
    hub: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._acknowledgements: dict[str, Acknowledgements] = {}

    def _loop1(self, queue: str, _: Any = None) -> None:
        """Look for messages again: at once, or in a moment when jobs are under way that more may join."""
        qos: Any = self.qos
        if self.has_room() and qos.can_consume_max_estimate() != qos.prefetch_count:
            self.hub.call_later(_GATHERING_SECONDS, self._schedule_queue, queue)
        else:
            self.hub.call_soon(self._schedule_queue, queue)

    def _schedule_queue(self, queue: str) -> None:
        """Ask for messages when there is room for several: a call costs as much for one as for ten.

        The loop comes here again with everything that happens, so also when a job is done.
        """
        if self.has_room():
            kombu: Any = super()
            kombu._schedule_queue(queue)
        else:
            self.hub.call_soon(self._schedule_queue, queue)

    def has_room(self) -> bool:
        """Tell whether half of what the worker takes is free; the other half keeps its threads busy."""
        qos: Any = self.qos
        room: int | None = qos.can_consume_max_estimate()
        return room is None or 2 * room >= qos.prefetch_count

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:  # noqa: ARG002  # kombu's signature
        """Make room for another message at once; this one is deleted soon, together with others."""
        received: Any = self.qos.get(delivery_tag).delivery_info
        self.qos.ack(delivery_tag)
        url = received["sqs_queue"]
        if url not in self._acknowledgements:
            queue: Any = self.canonical_queue_name(received["routing_key"])
            self._acknowledgements[url] = Acknowledgements(self.sqs(queue=queue), url, self.hub)
        self._acknowledgements[url].add(received["sqs_message"]["ReceiptHandle"])
        if self.closed:
            self._flush()

    def close(self) -> None:
        """Close it, with nothing left to delete."""
        super().close()
        self._flush()

    def _flush(self) -> None:
        for acknowledgements in self._acknowledgements.values():
            acknowledgements.flush()

    def _on_messages_ready(self, queue: str, qname: str, messages: dict[str, Any]) -> None:
        kombu: Any = self  # its stubs do not know the methods of its own that this one replaces
        for received in messages.get("Messages") or ():
            try:
                payload = kombu._message_to_python(received, qname, queue)
                # kombu acknowledges by this name; a message sent to another queue first carries that one's.
                payload["properties"]["delivery_info"]["routing_key"] = qname
                kombu.connection._callbacks[qname](payload)
            except Exception as error:  # noqa: BLE001  # whatever it is, the worker goes on and nothing is lost
                self._put_aside(queue, qname, received, error)

    def _put_aside(self, queue_url: str, queue_name: str, received: dict[str, Any], error: Exception) -> None:
        reason = (
            str(error) if isinstance(error, Unreadable) else f"malformed: {type(error).__name__}: {error}"
        )
        receipt = received["ReceiptHandle"]
        log.error("message_put_aside", message_id=received["MessageId"], reason=reason)
        try:
            self.dead_letters.send(received["Body"], reason)
            self.sqs(queue=queue_name).delete_message(QueueUrl=queue_url, ReceiptHandle=receipt)
        except (AwsError, BotoCoreError, ClientError) as unreachable:
            # It comes back by itself when its visibility timeout is over.
            log.warning("message_left_in_queue", message_id=received["MessageId"], error=str(unreachable))
        with suppress(KeyError):  # it may have broken before it was counted as prefetched
            self.qos.get(receipt)
            self.qos.ack(receipt)


def guarded_transport(dead_letters: DeadLetterQueue) -> type[Transport]:
    """Make the transport whose unreadable messages end in this dead-letter queue."""
    channel = type("Channel", (GuardedChannel,), {"dead_letters": dead_letters})
    return type("Transport", (Transport,), {"Channel": channel})
