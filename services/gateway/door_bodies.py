"""What doors do, and emergencies, in JSON."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.contracts.domain import Identifier
from services.contracts.doors import DoorAction, Target
from services.contracts.emergencies import Emergency, EmergencyAction


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class ActionOrder(_Input):
    """What a door is to do.

    Attributes
    ----------
    new_secret : bool
        Whether a webhook that has a secret gets another; it gets its first one in any case.
    """

    target: Target
    new_secret: bool = False


class DoorActionBody(_Body):
    """What a door does, and how well.

    Attributes
    ----------
    secret : str or None
        A webhook's, if it was made just now; it is shown this once.
    opened, failed : int
        How many orders arrived, and how many did not in time.
    """

    door_id: str
    target: Target
    secret: str | None
    updated_at: AwareDatetime
    opened: int
    failed: int
    last_opened_at: AwareDatetime | None
    last_failed_at: AwareDatetime | None
    last_failure: str | None

    @classmethod
    def of(cls, action: DoorAction, *, with_secret: bool = False) -> Self:
        """Pick what to show of `action`."""
        shown: dict[str, Any] = action.model_dump(exclude={"secret", "version"})
        return cls(**shown, secret=action.secret if with_secret else None)


class EmergencyProposal(_Input):
    """What all doors of the site, or of a zone, are to do."""

    action: EmergencyAction
    zone_id: Identifier | None = None


class ProposedEmergencyBody(_Body):
    """An emergency that waits to be confirmed, by whoever asked for it.

    Attributes
    ----------
    doors : int
        How many it is about.
    confirmation : str
        What to send to confirm it.
    """

    emergency_id: str
    action: EmergencyAction
    zone_id: str | None
    doors: int
    confirmation: str
    confirm_until: datetime


class EmergencyConfirmation(_Input):
    """The second step of an emergency."""

    confirmation: Annotated[str, Field(min_length=1, max_length=1000)]


class EmergenciesBody(_Body):
    """A page of the list of emergencies, the newest first."""

    emergencies: list[Emergency]
    next_cursor: str | None
