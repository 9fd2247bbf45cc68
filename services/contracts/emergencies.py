"""Emergencies: all doors opened, all doors locked, and the end of it."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.contracts.domain import Identifier
from services.contracts.doors import Command


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class EmergencyAction(StrEnum):
    """What all doors of the site, or of a zone, are to do."""

    #: Stand open, for everybody.
    OPEN_ALL = "open_all"
    #: Open for nobody.
    LOCK_ALL = "lock_all"
    #: What they did before.
    END = "end"

    @property
    def command(self) -> Command:
        """What doors that act are told."""
        return Command.HOLD_OPEN if self is EmergencyAction.OPEN_ALL else Command.RELEASE


class DoorState(StrEnum):
    """What became of an emergency at a door."""

    WAITING = "waiting"
    ARRIVED = "arrived"
    FAILED = "failed"
    #: There is nothing that it could be told: it only opens where a decision is read.
    NO_ACTION = "no_action"


class EmergencyDoor(_Record):
    """What became of an emergency at one door.

    Attributes
    ----------
    problem : str, optional
        Why its order did not arrive.
    """

    door_id: Identifier
    state: DoorState
    attempts: int = 0
    problem: str | None = None


class Emergency(_Record):
    """An emergency that was confirmed.

    Attributes
    ----------
    zone_id : str, optional
        None means the whole site.
    doors : tuple of EmergencyDoor
        Those of the zone or site when it was ordered.
    finished_at : datetime, optional
        When the last order had arrived or failed.
    """

    emergency_id: Identifier
    action: EmergencyAction
    zone_id: Identifier | None = None
    ordered_by: str
    ordered_at: AwareDatetime
    doors: tuple[EmergencyDoor, ...] = ()
    finished_at: AwareDatetime | None = None
