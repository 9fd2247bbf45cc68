"""Celery's consumer, but it says what it refuses and wakes up when a thread has done its job."""

from collections.abc import Callable
from contextlib import suppress
from socket import socketpair
from typing import TYPE_CHECKING, Any

from celery.worker.consumer import Consumer

from services.aws.transport import Unreadable

if TYPE_CHECKING:
    from kombu.message import Message


class WakeUp:
    """Rouses kombu's event loop from another thread.

    The loop sleeps until a socket or a timer has something for it, seconds long; what a thread hands it
    meanwhile is not noticed, and no more messages are fetched until then.
    """

    def __init__(self, hub: Any) -> None:
        self._bell, self._heard = socketpair()
        self._bell.setblocking(False)
        self._heard.setblocking(False)
        hub.add_reader(self._heard, self._heard.recv, 4096)

    def __call__(self) -> None:
        """Rouse it."""
        with suppress(BlockingIOError):  # enough wake-ups wait to be heard
            self._bell.send(b".")


class JobConsumer(Consumer):
    """Celery's consumer, but what it would delete unread is put aside by the transport."""

    #: Celery's event loop, and kombu's consumer of the queue; the stubs do not know them.
    hub: Any
    task_consumer: Any

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[["Message"], None]:
        """Start listening to wake-ups with every new connection, which empties the event loop."""
        self._wake_up = WakeUp(self.hub)
        return super().create_task_handler(*args, **kwargs)

    def call_soon(self, p: Any, *args: Any, **kwargs: Any) -> Any:
        """Have the event loop do something, and wake it: a thread that is done acknowledges with this."""
        soon = super().call_soon(self._do_and_look_again, p, *args, **kwargs)
        self._wake_up()
        return soon

    def _do_and_look_again(self, p: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Do it, and rouse the loop once more where that made room for messages.

        In the same round kombu may have looked for room before this, and would look again only when
        something else happens.
        """
        p(*args, **kwargs)
        # none any more while the worker stops
        if self.task_consumer is not None and self.task_consumer.channel.has_room():
            self._wake_up()

    def on_decode_error(self, message: "Message", exc: Exception) -> None:  # noqa: ARG002  # Celery's signature
        """Refuse a message whose content type or encoding nobody reads."""
        raise Unreadable(f"cannot be decoded: {exc}")

    def on_unknown_message(self, body: Any, message: "Message") -> None:  # noqa: ARG002
        """Refuse what is no task at all."""
        raise Unreadable("not a Celery message")

    def on_unknown_task(self, body: Any, message: "Message", exc: Exception) -> None:  # noqa: ARG002
        """Refuse a task that this worker does not know."""
        raise Unreadable(f"unknown task {str(message.headers.get('task'))[:100]!r}")

    def on_invalid_task(self, body: Any, message: "Message", exc: Exception) -> None:  # noqa: ARG002
        """Refuse a task whose headers or arguments are malformed."""
        raise Unreadable(f"malformed task: {exc}")
