"""Sending one order, again and again while it is worth something."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from tenacity import RetryError, Retrying, retry_if_exception_type, stop_before_delay, wait_random_exponential

from services.contracts.doors import DoorAction, DoorOrder, EventBus, Queue, Webhook
from services.doors.errors import Refused, Unreachable
from services.doors.webhooks import WebhookSender

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 1.0
#: With less time left no other attempt is begun: it would only fail for lack of it.
_SHORTEST_ATTEMPT_SECONDS = 0.25


class AwsTargets(Protocol):
    """Queues and event buses."""

    def send_to_queue(self, order: DoorOrder, queue: Queue) -> None:
        """Send an order to a queue once; `Unreachable` or `Refused` if that fails."""
        ...

    def put_event(self, order: DoorOrder, bus: EventBus) -> None:
        """Send an order to an event bus once; `Unreachable` or `Refused` if that fails."""
        ...


@dataclass(frozen=True)
class Sent:
    """What became of an order.

    Attributes
    ----------
    problem : str, optional
        Why it did not arrive; None if it did.
    """

    attempts: int
    problem: str | None = None


class OrderSender:
    """Sends orders to wherever doors' actions lead.

    Parameters
    ----------
    attempt_seconds : float
        How long one attempt may take.
    """

    def __init__(
        self,
        webhooks: WebhookSender,
        targets: AwsTargets,
        attempt_seconds: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._webhooks = webhooks
        self._targets = targets
        self._attempt_seconds = attempt_seconds
        self._now = now

    def send(self, order: DoorOrder, action: DoorAction) -> Sent:
        """Send an order until it is taken, refused, or worth nothing any more."""
        left = (order.valid_until - self._now()).total_seconds()
        if left <= 0:
            return Sent(0, "it was too late before the first attempt")
        attempts = Retrying(
            retry=retry_if_exception_type(Unreachable),
            wait=wait_random_exponential(multiplier=_FIRST_PAUSE_SECONDS, max=_LONGEST_PAUSE_SECONDS),
            stop=stop_before_delay(left - _SHORTEST_ATTEMPT_SECONDS),
        )
        try:
            attempts(self._send_once, order, action)
        except RetryError as error:
            return Sent(_made(attempts), str(error.last_attempt.exception()))
        except Refused as error:
            return Sent(_made(attempts), str(error))
        return Sent(_made(attempts))

    def _send_once(self, order: DoorOrder, action: DoorAction) -> None:
        match action.target:
            case Webhook() as webhook:
                left = (order.valid_until - self._now()).total_seconds()
                timeout = max(_SHORTEST_ATTEMPT_SECONDS, min(self._attempt_seconds, left))
                self._webhooks.send(order, webhook, action.secret or "", timeout)
            case Queue() as queue:
                self._targets.send_to_queue(order, queue)
            case EventBus() as bus:
                self._targets.put_event(order, bus)


def _made(attempts: Retrying) -> int:
    return int(attempts.statistics["attempt_number"])
