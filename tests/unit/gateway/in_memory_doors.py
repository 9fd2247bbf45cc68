"""Doors that act, and emergencies, of a gateway under test."""

from typing import Any

from services.access.site import Site
from services.contracts.doors import DoorAction, DoorOrder, EventBus, Queue
from services.contracts.emergencies import Emergency
from services.doors.emergencies import Emergencies
from services.doors.errors import Refused
from services.doors.sending import OrderSender
from services.doors.webhooks import WebhookSender
from services.gateway.access import AccessControl
from services.gateway.door_actions import DoorActions
from services.gateway.emergencies import EmergencyDesk


class InMemoryDoors:
    """What doors do, what they were told, and the emergencies."""

    def __init__(self) -> None:
        self.actions: dict[str, DoorAction] = {}
        self.told: list[tuple[str, str]] = []
        self.deaf: set[str] = set()
        self.emergencies: dict[str, Emergency] = {}

    def parts(self, access: AccessControl) -> dict[str, Any]:
        sender = OrderSender(WebhookSender(plain_http=True), self, 2.0)
        emergencies = Emergencies(self, Site(access.register), self, sender, at_once=4)
        return {
            "door_actions": DoorActions(self.as_actions, access, plain_http=True),
            "emergencies": EmergencyDesk(emergencies, access, self),
        }

    @property
    def as_actions(self) -> "InMemoryActions":
        return InMemoryActions(self.actions)

    def all(self) -> dict[str, DoorAction]:
        return dict(self.actions)

    def send_to_queue(self, order: DoorOrder, queue: Queue) -> None:
        if order.door_id in self.deaf:
            raise Refused("access denied")
        self.told.append((order.door_id, order.command.value))

    def put_event(self, order: DoorOrder, bus: EventBus) -> None:
        raise AssertionError((order, bus))

    def add(self, emergency: Emergency) -> bool:
        return self.emergencies.setdefault(emergency.emergency_id, emergency) is emergency

    def save(self, emergency: Emergency) -> None:
        self.emergencies[emergency.emergency_id] = emergency

    def get(self, emergency_id: str) -> Emergency | None:
        return self.emergencies.get(emergency_id)

    def page(self, position: str | None, limit: int) -> tuple[list[Emergency], str | None]:
        ids = sorted((one for one in self.emergencies if position is None or one < position), reverse=True)
        return [self.emergencies[one] for one in ids[:limit]], ids[limit - 1] if len(ids) > limit else None


class InMemoryActions:
    def __init__(self, actions: dict[str, DoorAction]) -> None:
        self.actions = actions

    def get(self, door_id: str) -> DoorAction | None:
        return self.actions.get(door_id)

    def put(self, action: DoorAction, seen: int | None) -> bool:
        standing = self.actions.get(action.door_id)
        if (standing.version if standing else None) != seen:
            return False
        self.actions[action.door_id] = action
        return True

    def remove(self, door_id: str) -> bool:
        return self.actions.pop(door_id, None) is not None
