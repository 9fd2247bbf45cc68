"""Kiosk tokens: random, shown once, kept as a SHA-256."""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

_FORM = re.compile(r"fgk_(?P<kiosk_id>[A-Za-z0-9][A-Za-z0-9.-]{0,99})_(?P<secret>[A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class KioskToken:
    """``fgk_<kiosk id>_<secret>``: names its kiosk, so that one look-up finds what to compare with.

    The secret is 32 random bytes. Against that much randomness a plain SHA-256 is enough; a slow
    password hash would only cost time on every frame.
    """

    kiosk_id: str
    secret: str = field(repr=False)

    @classmethod
    def create(cls, kiosk_id: str) -> Self:
        """Make a fresh token.

        Raises
        ------
        ValueError
            If ``kiosk_id`` has characters that a token cannot carry.
        """
        return cls.parse(f"fgk_{kiosk_id}_{secrets.token_urlsafe(32)}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a token.

        Raises
        ------
        ValueError
            If ``text`` is not of the form ``fgk_<kiosk id>_<43 characters>``. The message does not repeat it.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError("a kiosk token reads fgk_<kiosk id>_<43 characters>")
        return cls(found["kiosk_id"], found["secret"])

    def __str__(self) -> str:
        return f"fgk_{self.kiosk_id}_{self.secret}"

    @property
    def sha256(self) -> str:
        """What is stored of it: 64 hexadecimal digits."""
        return sha256(str(self).encode()).hexdigest()

    def matches(self, token_sha256: str) -> bool:
        """Whether this is the token whose hash was stored; takes the same time either way."""
        return hmac.compare_digest(self.sha256, token_sha256)
