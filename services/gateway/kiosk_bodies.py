"""Kiosks as operators and as kiosks themselves see them, in JSON."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.contracts.access import Title
from services.contracts.domain import Identifier
from services.contracts.kiosks import Kiosk, KioskId, PairingCode

#: A kiosk says about every half minute that it lives; one that has missed some is silent.
SILENT_AFTER = timedelta(minutes=2)


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewKiosk(_Input):
    """What a kiosk is registered from.

    Attributes
    ----------
    kiosk_id : str, optional
        Made by the gateway if left out.
    signed_frames_only : bool
        Whether its frames have to be signed.
    """

    kiosk_id: KioskId | None = None
    name: Title | None = None
    door_id: Identifier
    signed_frames_only: bool = False


class KioskChange(_Input):
    """What is to change of a kiosk; what is left out stays (RFC 7396)."""

    name: Title | None = None
    # stands where it was left out, and is never read then
    door_id: Identifier = "unchanged"
    signed_frames_only: bool = False

    def fields(self) -> dict[str, Any]:
        """Tell the fields that were given, with their new values."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class PairingOrder(_Input):
    """A pairing code as somebody typed it."""

    code: Annotated[str, Field(min_length=1, max_length=32)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class KioskBody(_Body):
    """A kiosk as operators see it.

    Attributes
    ----------
    paired_at : datetime or None
        When it got its token by a code; None if its token was revoked or given to it in another way.
    has_token : bool
        Whether it can have frames recognised.
    pairing_code_until : datetime or None
        How long its pairing code works, if it has one.
    last_contact_at : datetime or None
        About when it showed its token last, to half a minute.
    silent_since : datetime or None
        The same, if that is more than two minutes ago.
    clock_skew_seconds : float or None
        How far its clock was ahead then, if it says its time.
    """

    kiosk_id: str
    name: str | None
    door_id: str
    signed_frames_only: bool
    has_token: bool
    created_at: AwareDatetime
    paired_at: AwareDatetime | None
    pairing_code_until: AwareDatetime | None
    last_contact_at: AwareDatetime | None
    silent_since: AwareDatetime | None
    clock_skew_seconds: float | None

    @classmethod
    def of(cls, kiosk: Kiosk, now: datetime, **more: Any) -> Self:
        """Pick what to show of `kiosk`."""
        contact, code_until = kiosk.last_contact_at, kiosk.pairing_code_until
        return cls(
            kiosk_id=kiosk.kiosk_id,
            name=kiosk.name,
            door_id=kiosk.door_id,
            signed_frames_only=kiosk.signed_frames_only,
            has_token=kiosk.token_sha256 is not None,
            created_at=kiosk.created_at,
            paired_at=kiosk.paired_at,
            pairing_code_until=code_until if code_until and code_until > now else None,
            last_contact_at=contact,
            silent_since=contact if contact and now - contact > SILENT_AFTER else None,
            clock_skew_seconds=kiosk.clock_skew,
            **more,
        )


class KiosksBody(_Body):
    """A page of the list of kiosks, in no particular order."""

    kiosks: list[KioskBody]
    next_cursor: str | None


class RegisteredKioskBody(KioskBody):
    """A kiosk that was registered, with the code to pair it, which is shown this once."""

    pairing_code: str


class PairingCodeBody(_Body):
    """A code to pair a kiosk with, shown this once."""

    kiosk_id: str
    pairing_code: str
    pairing_code_until: AwareDatetime

    @classmethod
    def of(cls, kiosk_id: str, code: PairingCode, until: datetime) -> Self:
        """Show a code."""
        return cls(kiosk_id=kiosk_id, pairing_code=str(code), pairing_code_until=until)


class KioskTokenBody(_Body):
    """A kiosk's token, shown this once.

    Attributes
    ----------
    previous_token_until : datetime or None
        How long the token before it still works.
    """

    kiosk_id: str
    door_id: str
    token: str
    previous_token_until: AwareDatetime | None = None


class OwnKioskBody(_Body):
    """A kiosk as it sees itself.

    Attributes
    ----------
    time : datetime
        The gateway's.
    """

    kiosk_id: str
    name: str | None
    door_id: str
    signed_frames_only: bool
    time: AwareDatetime
