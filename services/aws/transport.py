"""kombu's SQS transport, but a message that nobody can read is put aside instead of ending the worker.

Everything that kombu and Celery do with a message before a thread takes it happens inside
`GuardedChannel._on_messages_ready`: decoding the envelope, telling the task, checking its headers. A message
from elsewhere can break each of these, and a broken event loop ends the worker.
"""

from contextlib import suppress
from typing import Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from kombu.transport.SQS import Channel, Transport

from services.aws.dead_letters import DeadLetterQueue
from services.aws.errors import AwsError

log = structlog.stdlib.get_logger(__name__)


class Unreadable(Exception):
    """The message is none that this worker takes; says why."""


class GuardedChannel(Channel):
    """Hands messages on, and puts aside those that break on the way."""

    dead_letters: DeadLetterQueue

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
