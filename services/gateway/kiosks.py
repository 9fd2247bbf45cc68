"""The kiosks registered: how they get their tokens, and lose them."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from services.aws.kiosks import KioskChanged, KioskUnknown
from services.contracts.kiosks import PAIRING_CODE_VALIDITY, ROTATION_GRACE, Kiosk, PairingCode
from services.contracts.tokens import KioskToken
from services.gateway.kiosk_bodies import NewKiosk
from services.gateway.problems import (
    KIOSK_CHANGED,
    KIOSK_EXISTS,
    TOKEN_CHANGED,
    UNKNOWN_KIOSK,
    WRONG_PAIRING_CODE,
    Problem,
)

#: What none of our ids exceeds; DynamoDB refuses to look for keys of more than 2,048 bytes.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ID_BYTES = 4
#: How often a change is begun anew because somebody else's came first.
_ATTEMPTS = 5


class KioskRecords(Protocol):
    """Where kiosks are written down."""

    def add(self, kiosk: Kiosk) -> bool:
        """Register one; False if the id is taken."""
        ...

    def get(self, kiosk_id: str) -> Kiosk | None:
        """Look one up."""
        ...

    def page(self, position: str | None, limit: int) -> tuple[list[Kiosk], str | None]:
        """List some, from a position on; with the position of the rest."""
        ...

    def change(self, kiosk: Kiosk, fields: Mapping[str, Any]) -> Kiosk:
        """Change one that nobody changed since it was read."""
        ...

    def remove(self, kiosk_id: str) -> bool:
        """Remove one; False if there is none."""
        ...

    def revoke(self, kiosk_id: str) -> bool:
        """End its tokens and code; False if there is none."""
        ...

    def offer(self, kiosk_id: str, code_digest: str, until: datetime) -> bool:
        """Let it be paired with a code; False if there is none."""
        ...

    def offered(self, code_digest: str) -> str | None:
        """Find the kiosk that a code was made for."""
        ...

    def pair(self, token: KioskToken, code_digest: str, now: datetime) -> bool:
        """Give it its token for its code; False if that does not work any more."""
        ...

    def rotate(self, kiosk: Kiosk, shown: KioskToken, token: KioskToken, shown_until: datetime) -> bool:
        """Give it a new token; False if its token was changed meanwhile."""
        ...


@dataclass(frozen=True)
class OfferedCode:
    """A pairing code, and how long it works."""

    kiosk_id: str
    code: PairingCode
    until: datetime


@dataclass(frozen=True)
class KioskRegister:
    """The kiosks registered."""

    kiosks: KioskRecords
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def register(self, new: NewKiosk) -> tuple[Kiosk, OfferedCode]:
        """Register a kiosk, which has no token before it is paired.

        Raises
        ------
        Problem
            If the id is taken.
        """
        kiosk = Kiosk(
            kiosk_id=new.kiosk_id or f"kiosk-{secrets.token_hex(_ID_BYTES)}",
            name=new.name,
            door_id=new.door_id,
            signed_frames_only=new.signed_frames_only,
            created_at=self.now(),
        )
        if not self.kiosks.add(kiosk):
            raise Problem(
                KIOSK_EXISTS,
                f"There is a kiosk {kiosk.kiosk_id} already. Choose another id, or make a new code for it.",
            )
        offered = self.offer(kiosk.kiosk_id)
        return kiosk.model_copy(update={"pairing_code_until": offered.until}), offered

    def find(self, kiosk_id: str) -> Kiosk:
        """Look a kiosk up.

        Raises
        ------
        Problem
            If there is none.
        """
        kiosk = self.kiosks.get(kiosk_id) if _ID.fullmatch(kiosk_id) else None
        if kiosk is None:
            raise _unknown()
        return kiosk

    def page(self, position: str | None, limit: int) -> tuple[list[Kiosk], str | None]:
        """List some kiosks, from a position on; with the position of the rest."""
        return self.kiosks.page(position, limit)

    def change(self, kiosk_id: str, fields: Mapping[str, Any], version: int | None) -> Kiosk:
        """Change a kiosk.

        Parameters
        ----------
        version : int, optional
            The one that is to be changed; whichever stands if None.

        Raises
        ------
        Problem
            If there is no such kiosk, or it has another version.
        """
        for _ in range(_ATTEMPTS):
            kiosk = self.find(kiosk_id)
            if version is not None and kiosk.version != version:
                break
            try:
                return self.kiosks.change(kiosk, fields) if fields else kiosk
            except KioskUnknown as error:
                raise _unknown() from error
            except KioskChanged:
                continue
        raise Problem(
            KIOSK_CHANGED, "Somebody else changed the kiosk meanwhile. Read it again and try again."
        )

    def remove(self, kiosk_id: str) -> None:
        """Remove a kiosk; its token opens nothing any more.

        Raises
        ------
        Problem
            If there is no such kiosk.
        """
        self.find(kiosk_id)
        if not self.kiosks.remove(kiosk_id):
            raise _unknown()

    def revoke(self, kiosk_id: str) -> Kiosk:
        """End a kiosk's token and code; it stays registered and can be paired anew.

        Raises
        ------
        Problem
            If there is no such kiosk.
        """
        self.find(kiosk_id)
        if not self.kiosks.revoke(kiosk_id):
            raise _unknown()
        return self.find(kiosk_id)

    def offer(self, kiosk_id: str) -> OfferedCode:
        """Make a code to pair a kiosk with; the token that it has ends when the code is used.

        Raises
        ------
        Problem
            If there is no such kiosk.
        """
        code, until = PairingCode.create(), self.now() + PAIRING_CODE_VALIDITY
        if not _ID.fullmatch(kiosk_id) or not self.kiosks.offer(kiosk_id, code.digest(), until):
            raise _unknown()
        return OfferedCode(kiosk_id, code, until)

    def pair(self, typed: str) -> tuple[Kiosk, KioskToken]:
        """Exchange a pairing code for a token.

        Raises
        ------
        Problem
            If the code does not work, or any more.
        """
        try:
            digest = PairingCode.parse(typed).digest()
        except ValueError as error:
            raise _wrong_code() from error
        kiosk_id = self.kiosks.offered(digest)
        if kiosk_id is None:
            raise _wrong_code()
        token = KioskToken.create(kiosk_id)
        if not self.kiosks.pair(token, digest, self.now()):
            raise _wrong_code()
        return self.find(kiosk_id), token

    def rotate(self, shown: KioskToken) -> tuple[KioskToken, datetime]:
        """Give a kiosk a new token for the one that it shows, which works a minute longer.

        Returns
        -------
        KioskToken
        datetime
            When the shown one ends.

        Raises
        ------
        Problem
            If the token was changed or revoked meanwhile.
        """
        now = self.now()
        kiosk = self.find(shown.kiosk_id)
        token, until = KioskToken.create(shown.kiosk_id), now + ROTATION_GRACE
        if not kiosk.accepts(shown, now) or not self.kiosks.rotate(kiosk, shown, token, until):
            raise Problem(TOKEN_CHANGED, "The kiosk's token was changed meanwhile. Use the newest one.")
        return token, until


def _unknown() -> Problem:
    return Problem(UNKNOWN_KIOSK, "There is no such kiosk. Check the id, or register the kiosk.")


def _wrong_code() -> Problem:
    return Problem(WRONG_PAIRING_CODE, "The code does not work, or not any more. Have a new one made.")
