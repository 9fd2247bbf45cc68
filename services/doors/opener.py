"""Opening doors for those who may pass, beside the decisions and never in their way."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Lock
from types import TracebackType
from typing import Protocol, Self

import structlog

from services.contracts.audit import AuditEntry, AuditKind
from services.contracts.domain import Decision
from services.contracts.doors import Command, DoorAction, DoorOrder
from services.contracts.reasons import Outcome
from services.doors.sending import OrderSender, Sent

_log = structlog.stdlib.get_logger(__name__)

#: A door's new action holds for everybody within two seconds.
ACTIONS_BELIEVED_SECONDS = 2.0


class DoorActions(Protocol):
    """What doors do, and where it is noted what became of it."""

    def all(self) -> Mapping[str, DoorAction]:
        """Read the actions of all doors, by door."""
        ...

    def note(self, door_id: str, at: datetime, problem: str | None) -> None:
        """Count an order that arrived, or one that did not and why."""
        ...


class Recorder(Protocol):
    """The audit trail."""

    def record(self, entry: AuditEntry) -> str:
        """Write a record."""
        ...


class DoorOpener:
    """Sends orders to open, in threads of its own; leaving it waits for those under way.

    Parameters
    ----------
    at_once : int
        Orders sent at the same time; others wait, and count as failed where they waited too long.
    useful : timedelta
        How long after its decision an order is worth sending.
    timer : callable
        Seconds from any beginning, for what is known of doors' actions.
    """

    def __init__(
        self,
        actions: DoorActions,
        sender: OrderSender,
        trail: Recorder,
        *,
        at_once: int,
        useful: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._actions = actions
        self._sender = sender
        self._trail = trail
        self._useful = useful
        self._now = now
        self._timer = timer
        self._threads = ThreadPoolExecutor(at_once, "door-opener")
        self._known: Mapping[str, DoorAction] = {}
        self._read_at = float("-inf")
        self._reading = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=True)

    def granted(self, decision: Decision) -> None:
        """Open the door of a decision that grants and that this process wrote just now.

        Whoever calls this for a decision that another process wrote opens a door twice. Returns at once; a
        process that is killed before the order is sent opens no door, and nobody does it in its place.
        """
        if decision.outcome is not Outcome.GRANTED or decision.door_id is None:
            raise ValueError(f"decision {decision.recognition_id} opens no door")
        if self._are_known() and decision.door_id not in self._known:
            return
        order = DoorOrder(
            order_id=decision.recognition_id,
            command=Command.OPEN,
            door_id=decision.door_id,
            ordered_at=decision.decided_at,
            valid_until=decision.decided_at + self._useful,
            recognition_id=decision.recognition_id,
            kiosk_id=decision.kiosk_id,
            person_id=decision.person_id,
        )
        self._threads.submit(self._carry_out, order)

    def _are_known(self) -> bool:
        return self._timer() - self._read_at < ACTIONS_BELIEVED_SECONDS

    def _carry_out(self, order: DoorOrder) -> None:
        try:
            action = self._action_of(order.door_id)
            if action is None:
                return
            sent = self._sender.send(order, action)
        except Exception as error:  # noqa: BLE001  # in a thread of the pool nobody else would hear of it
            _log.exception("door_not_opened", door_id=order.door_id, recognition_id=order.order_id)
            sent = Sent(0, type(error).__name__)
        self._report(order, sent)

    def _action_of(self, door_id: str) -> DoorAction | None:
        with self._reading:
            if not self._are_known():
                began = self._timer()
                self._known = self._actions.all()
                self._read_at = began
        return self._known.get(door_id)

    def _report(self, order: DoorOrder, sent: Sent) -> None:
        at = self._now()
        told = {"door_id": order.door_id, "recognition_id": order.order_id, "attempts": sent.attempts}
        took = round((at - order.ordered_at).total_seconds() * 1000, 1)
        if sent.problem is None:
            _log.info("door_opened", **told, ms=took)
        else:
            _log.error("door_not_opened", **told, ms=took, problem=sent.problem)
        try:
            self._actions.note(order.door_id, at, sent.problem)
            if sent.problem is not None:
                self._trail.record(_failure(order, sent))
        except Exception:  # noqa: BLE001  # what became of the order stands in the log already
            _log.exception("door_order_not_noted", **told)


def _failure(order: DoorOrder, sent: Sent) -> AuditEntry:
    return AuditEntry(
        kind=AuditKind.ACTION,
        actor=f"door {order.door_id}",
        what=order.command,
        target=order.order_id,
        outcome="failed",
        details={"attempts": sent.attempts, "problem": sent.problem},
    )
