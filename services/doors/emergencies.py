"""Opening or locking all doors at once, and telling what became of it at each."""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from services.contracts.doors import DoorAction, DoorOrder
from services.contracts.emergencies import DoorState, Emergency, EmergencyAction, EmergencyDoor
from services.doors.sending import OrderSender, Sent

_log = structlog.stdlib.get_logger(__name__)

#: An emergency's order is worth more than a visitor's, who has gone after some seconds.
ORDER_USEFUL = timedelta(seconds=30)
#: How often it is written down how far it is.
_SAVED_EVERY_SECONDS = 1.0


class EmergencyRecords(Protocol):
    """Where emergencies are written down."""

    def add(self, emergency: Emergency) -> bool:
        """Write one down; False if that was done before."""
        ...

    def save(self, emergency: Emergency) -> None:
        """Write down how far it is."""
        ...


class House(Protocol):
    """The doors there are, and the lock on all of them."""

    def doors_of(self, zone_id: str | None) -> list[str]:
        """Tell the ids of a zone's doors, or of all."""
        ...

    def lock(self, zone_id: str | None, ordered_by: str) -> None:
        """Let nobody in by any decision, from the next on; does nothing where it is locked."""
        ...

    def unlock(self, zone_id: str | None) -> None:
        """Have the rules decide again; does nothing where it is not locked."""
        ...


class ActionsOfDoors(Protocol):
    """What doors do."""

    def all(self) -> Mapping[str, DoorAction]:
        """Read the actions of all doors, by door."""
        ...


class Emergencies:
    """Carries emergencies out.

    Parameters
    ----------
    at_once : int
        Orders sent at the same time.
    """

    def __init__(
        self,
        records: EmergencyRecords,
        house: House,
        actions: ActionsOfDoors,
        sender: OrderSender,
        *,
        at_once: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._records = records
        self._house = house
        self._actions = actions
        self._sender = sender
        self._at_once = at_once
        self._now = now

    def begin(
        self, emergency_id: str, action: EmergencyAction, zone_id: str | None, ordered_by: str
    ) -> Emergency | None:
        """Lock or unlock, and write the emergency down; doors that act are told by `carry_out`.

        Returns
        -------
        Emergency or None
            None if it was begun before.
        """
        doors = self._house.doors_of(zone_id)
        # first what counts at once, everywhere, and may be done twice
        if action is EmergencyAction.LOCK_ALL:
            self._house.lock(zone_id, ordered_by)
        if action is EmergencyAction.END:
            self._house.unlock(zone_id)
        actions = self._actions.all()
        emergency = Emergency(
            emergency_id=emergency_id,
            action=action,
            zone_id=zone_id,
            ordered_by=ordered_by,
            ordered_at=self._now(),
            doors=tuple(
                EmergencyDoor(
                    door_id=door_id,
                    state=DoorState.WAITING if door_id in actions else DoorState.NO_ACTION,
                )
                for door_id in sorted(doors)
            ),
        )
        return emergency if self._records.add(emergency) else None

    def carry_out(self, emergency: Emergency) -> Emergency:
        """Tell all doors that act what to do, and write down what became of it.

        Returns
        -------
        Emergency
            As it is when the last order has arrived or failed.
        """
        actions = self._actions.all()
        doors = {door.door_id: door for door in emergency.doors}
        waiting = [door_id for door_id, door in doors.items() if door.state is DoorState.WAITING]
        with ThreadPoolExecutor(self._at_once, "emergency") as threads:
            under_way: dict[Future[EmergencyDoor], str] = {
                threads.submit(self._tell, emergency, door_id, actions.get(door_id)): door_id
                for door_id in waiting
            }
            left = set(under_way)
            while left:
                done, left = wait(left, _SAVED_EVERY_SECONDS, FIRST_COMPLETED)
                doors |= {under_way[one]: one.result() for one in done}
                if done and left:
                    self._records.save(_with_doors(emergency, doors))
        finished = _with_doors(emergency, doors).model_copy(update={"finished_at": self._now()})
        self._records.save(finished)
        failed = sorted(door.door_id for door in finished.doors if door.state is DoorState.FAILED)
        say = _log.error if failed else _log.info
        say(
            "emergency_carried_out",
            emergency_id=emergency.emergency_id,
            action=emergency.action.value,
            zone_id=emergency.zone_id,
            failed=failed,
        )
        return finished

    def _tell(self, emergency: Emergency, door_id: str, action: DoorAction | None) -> EmergencyDoor:
        if action is None:
            return EmergencyDoor(door_id=door_id, state=DoorState.NO_ACTION)
        order = DoorOrder(
            order_id=f"{emergency.emergency_id}.{door_id}",
            command=emergency.action.command,
            door_id=door_id,
            ordered_at=emergency.ordered_at,
            valid_until=emergency.ordered_at + ORDER_USEFUL,
        )
        try:
            sent = self._sender.send(order, action)
        except Exception as error:  # noqa: BLE001  # one door must not keep the others from being told
            _log.exception("emergency_order_failed", door_id=door_id)
            sent = Sent(0, type(error).__name__)
        state = DoorState.ARRIVED if sent.problem is None else DoorState.FAILED
        return EmergencyDoor(door_id=door_id, state=state, attempts=sent.attempts, problem=sent.problem)


def _with_doors(emergency: Emergency, doors: Mapping[str, EmergencyDoor]) -> Emergency:
    return emergency.model_copy(update={"doors": tuple(doors[door_id] for door_id in sorted(doors))})
