"""What makes a door act: where its orders go, and what they say."""

import secrets
from base64 import b64decode, b64encode
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.contracts.domain import Identifier

#: How the secrets of webhooks begin, as Standard Webhooks has it.
_SECRET_PREFIX = "whsec_"  # noqa: S105  # no secret, but how one begins
_SECRET_BYTES = 32


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Webhook(_Record):
    """An HTTP endpoint that opens the door when it gets a signed POST.

    Attributes
    ----------
    url : str
        https; http where the operator of Facegate allows it.
    """

    kind: Literal["webhook"] = "webhook"
    url: Annotated[str, StringConstraints(max_length=1000, pattern=r"^https?://[^\s@\\#]+$")]


class Queue(_Record):
    """A queue of SQS that the door's controller takes from."""

    kind: Literal["sqs"] = "sqs"
    queue_url: Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://[^\s]+$")]


class EventBus(_Record):
    """A bus of EventBridge, whose rules lead on to the door."""

    kind: Literal["eventbridge"] = "eventbridge"
    event_bus: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/:-]{1,256}$")]


#: Where a door's orders go.
Target = Annotated[Webhook | Queue | EventBus, Field(discriminator="kind")]


class DoorAction(_Record):
    """What a door does when somebody may pass.

    Attributes
    ----------
    secret : str, optional
        A webhook's, ``whsec_`` and base64, which its orders are signed with.
    opened, failed : int
        How many orders arrived, and how many did not in time.
    last_failure : str, optional
        Why the last one that failed did.
    """

    door_id: Identifier
    target: Target
    secret: str | None = Field(default=None, repr=False)
    updated_at: AwareDatetime
    opened: int = Field(default=0, ge=0)
    failed: int = Field(default=0, ge=0)
    last_opened_at: AwareDatetime | None = None
    last_failed_at: AwareDatetime | None = None
    last_failure: str | None = None
    version: int = Field(default=1, ge=1)


class Command(StrEnum):
    """What a door is told to do."""

    #: Once, for somebody who may pass.
    OPEN = "door.open"
    #: Until it is told otherwise: an emergency.
    HOLD_OPEN = "door.hold_open"
    #: Shut as usual again.
    RELEASE = "door.release"


class DoorOrder(_Record):
    """What is sent to a door.

    Attributes
    ----------
    order_id : str
        The recognition's id, or made of the emergency's: whoever gets it twice does it once.
    valid_until : datetime
        Whoever gets it later does nothing.
    recognition_id, kiosk_id, person_id : str, optional
        For whom and where, if it is for somebody.
    """

    order_id: str
    command: Command
    door_id: str
    ordered_at: AwareDatetime
    valid_until: AwareDatetime
    recognition_id: str | None = None
    kiosk_id: str | None = None
    person_id: str | None = None

    def text(self) -> str:
        """Write it as it is sent: JSON with ``type``, ``timestamp`` and ``data``."""
        return _Sent(
            type=self.command,
            timestamp=self.ordered_at,
            data=self.model_dump(mode="json", exclude={"command", "ordered_at"}, exclude_none=True),
        ).model_dump_json()


class _Sent(_Record):
    type: Command
    timestamp: AwareDatetime
    data: dict[str, str]


def new_secret() -> str:
    """Make a webhook's secret: 32 random bytes."""
    return _SECRET_PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """Tell the bytes that orders are signed with."""
    return b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
