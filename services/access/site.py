"""The whole site, or a zone of it, as emergencies take it."""

from datetime import UTC, datetime

from services.access.changes import named
from services.access.register import AccessRegister, UnknownRecord
from services.contracts.access import AccessKind, Door, Locked

_REASON = "Emergency: all doors are locked."


class Site:
    """The doors there are, and the lock on all of them."""

    def __init__(self, register: AccessRegister) -> None:
        self._register = register

    def doors_of(self, zone_id: str | None) -> list[str]:
        """Tell the ids of a zone's doors, or of all.

        Raises
        ------
        UnknownRecord
            If there is no such zone.
        """
        if zone_id is not None and self._register.get(AccessKind.ZONE, zone_id) is None:
            raise UnknownRecord(f"there is no {named(AccessKind.ZONE, zone_id)}")
        doors = (door for door in self._register.all(AccessKind.DOOR) if isinstance(door, Door))
        return [door.door_id for door in doors if zone_id in {None, door.zone_id}]

    def lock(self, zone_id: str | None, ordered_by: str) -> None:
        """Let nobody in, from the next decision on."""
        now = datetime.now(UTC)
        self._register.lock(_target(zone_id), zone_id, reason=_REASON, locked_by=ordered_by, now=now)

    def unlock(self, zone_id: str | None) -> None:
        """Have the rules decide again."""
        self._register.unlock(_target(zone_id), zone_id)


def _target(zone_id: str | None) -> Locked:
    return Locked.SITE if zone_id is None else Locked.ZONE
