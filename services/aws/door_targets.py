"""Orders to doors by SQS and EventBridge."""

from typing import TYPE_CHECKING, Any

from services.aws.errors import AwsError, AwsUnavailable, translated
from services.contracts.doors import DoorOrder, EventBus, Queue
from services.doors.errors import Refused, Unreachable

if TYPE_CHECKING:
    from services.aws.connection import Aws

_SOURCE = "facegate"


class DoorTargets:
    """Queues and event buses; who may send to which is in the policies of the stack."""

    def __init__(self, aws: "Aws") -> None:
        self._sqs = aws.sqs
        self._events = aws.events

    def send_to_queue(self, order: DoorOrder, queue: Queue) -> None:
        """Send an order to a queue once.

        Raises
        ------
        Unreachable, Refused
            If it was not taken.
        """
        # of a FIFO queue: one door's orders in turn, and none twice
        in_turn: Any = (
            {"MessageGroupId": order.door_id, "MessageDeduplicationId": order.order_id}
            if queue.queue_url.endswith(".fifo")
            else {}
        )
        try:
            with translated("sending an order to a queue"):
                self._sqs.send_message(QueueUrl=queue.queue_url, MessageBody=order.text(), **in_turn)
        except AwsUnavailable as error:
            raise Unreachable(str(error)) from error
        except AwsError as error:
            raise Refused(str(error)) from error

    def put_event(self, order: DoorOrder, bus: EventBus) -> None:
        """Send an order to an event bus once.

        Raises
        ------
        Unreachable, Refused
            If it was not taken.
        """
        entry = {
            "EventBusName": bus.event_bus,
            "Source": _SOURCE,
            "DetailType": order.command.value,
            "Time": order.ordered_at,
            "Detail": order.text(),
        }
        try:
            with translated("sending an order to an event bus"):
                answer = self._events.put_events(Entries=[entry])
        except AwsUnavailable as error:
            raise Unreachable(str(error)) from error
        except AwsError as error:
            raise Refused(str(error)) from error
        if answer.get("FailedEntryCount"):
            # the bus is there and took the call: throttled, or failing inside
            raise Unreachable(str(answer["Entries"][0].get("ErrorCode")))
