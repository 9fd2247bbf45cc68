"""Kiosks: what is known of them, and the codes by which they get their tokens."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import scrypt
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.contracts.domain import Identifier
from services.contracts.tokens import KioskToken

#: How long after a rotation the token before it still works, so that a lost answer locks no kiosk out.
ROTATION_GRACE = timedelta(seconds=60)
#: How long an operator has to walk to the kiosk and type its code.
PAIRING_CODE_VALIDITY = timedelta(minutes=15)
#: What a kiosk's token can carry as the kiosk's id.
KioskId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$")]

#: Crockford's base 32: no letter that is taken for a digit, and no U.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # pragma: allowlist secret
_CODE = re.compile(f"[{_ALPHABET}]{{8}}")
_TAKEN_FOR = str.maketrans("OIL", "011", "- ")
_LONGEST_TYPED = 32


class Kiosk(BaseModel):
    """A device standing at one door, with a token once it is paired.

    Attributes
    ----------
    name : str, optional
        What operators call it.
    token_sha256 : str, optional
        SHA-256 of the token, 64 hexadecimal digits. The token itself is shown once and not kept. None before
        the kiosk is paired and after its token was revoked.
    previous_token_sha256 : str, optional
        Of the token before the last rotation, which works until `previous_token_until`.
    signed_frames_only : bool
        Whether frames have to be signed with time and nonce, so that none is taken twice.
    pairing_code_until : datetime, optional
        How long the pairing code works that was made last; None if there is none, or it was used.
    last_contact_at : datetime, optional
        About when it last showed its token, to half a minute.
    clock_skew : float, optional
        Seconds that its clock was ahead of ours then; None if it does not say its time.
    version : int
        Counts the changes of name, door and signing.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kiosk_id: Identifier
    name: str | None = None
    door_id: Identifier
    token_sha256: str | None = Field(default=None, repr=False)
    previous_token_sha256: str | None = Field(default=None, repr=False)
    previous_token_until: AwareDatetime | None = None
    signed_frames_only: bool = False
    created_at: AwareDatetime
    paired_at: AwareDatetime | None = None
    pairing_code_until: AwareDatetime | None = None
    last_contact_at: AwareDatetime | None = None
    clock_skew: float | None = None
    version: int = Field(default=1, ge=1)

    @property
    def may_upload(self) -> bool:
        """Whether frames count that are put into S3 for it, which show no token and have no signature."""
        return self.token_sha256 is not None and not self.signed_frames_only

    def accepts(self, token: KioskToken, now: datetime) -> bool:
        """Whether a token is this kiosk's: the last one, or for a minute the one before it."""
        if self.token_sha256 is not None and token.matches(self.token_sha256):
            return True
        return (
            self.previous_token_sha256 is not None
            and self.previous_token_until is not None
            and now < self.previous_token_until
            and token.matches(self.previous_token_sha256)
        )


@dataclass(frozen=True)
class PairingCode:
    """Eight characters (40 bits) that an operator reads out or types; exchanged once for a kiosk's token.

    Attributes
    ----------
    characters : str
        Of Crockford's base 32, without the hyphen.
    """

    characters: str = field(repr=False)

    @classmethod
    def create(cls) -> Self:
        """Make a fresh code."""
        return cls("".join(secrets.choice(_ALPHABET) for _ in range(8)))

    @classmethod
    def parse(cls, typed: str) -> Self:
        """Read a code as somebody typed it: in any case, with or without hyphen, O for 0, I and L for 1.

        Raises
        ------
        ValueError
            If it is none. The message does not repeat it.
        """
        characters = typed.upper().translate(_TAKEN_FOR) if len(typed) <= _LONGEST_TYPED else ""
        if not _CODE.fullmatch(characters):
            raise ValueError("a pairing code reads XXXX-XXXX")
        return cls(characters)

    def __str__(self) -> str:
        return f"{self.characters[:4]}-{self.characters[4:]}"

    def digest(self) -> str:
        """Make what is stored of it: 64 hexadecimal digits.

        40 bits are too few for a plain hash: whoever read the table could try all codes within the quarter of
        an hour that one works. With scrypt (N = 2^14, r = 8, p = 1; RFC 7914) each try takes some 50 ms and
        16 MB. The salt is the same for all, because the code alone has to lead to its kiosk.
        """
        salted = scrypt(self.characters.encode(), salt=b"facegate pairing code", n=2**14, r=8, p=1, dklen=32)
        return salted.hex()
