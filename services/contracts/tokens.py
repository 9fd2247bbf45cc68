"""Tokens of kiosks, of programs and of the invited: random, shown once, kept as a SHA-256."""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar, Self

_FORM = re.compile(
    r"(?P<prefix>fg[aik])_(?P<holder_id>[A-Za-z0-9][A-Za-z0-9.-]{0,99})_(?P<secret>[A-Za-z0-9_-]{43})"
)
_ID_BYTES = 6


@dataclass(frozen=True)
class _Token:
    """``<prefix>_<holder's id>_<secret>``: names its holder, so that one look-up finds what to compare with.

    The secret is 32 random bytes. Against that much randomness a plain SHA-256 is enough; a slow
    password hash would only cost time on every request.
    """

    holder_id: str
    secret: str = field(repr=False)

    _prefix: ClassVar[str]
    _form: ClassVar[str]

    @classmethod
    def create(cls, holder_id: str) -> Self:
        """Make a fresh token.

        Raises
        ------
        ValueError
            If ``holder_id`` has characters that a token cannot carry.
        """
        return cls.parse(f"{cls._prefix}_{holder_id}_{secrets.token_urlsafe(32)}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a token.

        Raises
        ------
        ValueError
            If ``text`` is not of this kind's form. The message does not repeat it.
        """
        found = _FORM.fullmatch(text)
        if found is None or found["prefix"] != cls._prefix:
            raise ValueError(cls._form)
        return cls(found["holder_id"], found["secret"])

    def __str__(self) -> str:
        return f"{self._prefix}_{self.holder_id}_{self.secret}"

    @property
    def sha256(self) -> str:
        """What is stored of it: 64 hexadecimal digits."""
        return sha256(str(self).encode()).hexdigest()

    def matches(self, token_sha256: str) -> bool:
        """Whether this is the token whose hash was stored; takes the same time either way."""
        return hmac.compare_digest(self.sha256, token_sha256)


class KioskToken(_Token):
    """``fgk_<kiosk id>_<secret>``: what a kiosk shows to have frames recognised, and for nothing else."""

    _prefix = "fgk"
    _form = "a kiosk token reads fgk_<kiosk id>_<43 characters>"

    @property
    def kiosk_id(self) -> str:
        """The kiosk it belongs to."""
        return self.holder_id


class _IssuedToken(_Token):
    """A token whose holder is named with it, where a kiosk has a name before."""

    @classmethod
    def issue(cls) -> Self:
        """Make a fresh token with an id of its own."""
        return cls.create(secrets.token_hex(_ID_BYTES))


class ApiToken(_IssuedToken):
    """``fga_<token id>_<secret>``: what a program shows to work with people and batches."""

    _prefix = "fga"
    _form = "an API token reads fga_<token id>_<43 characters>"

    @property
    def token_id(self) -> str:
        """What it is listed and revoked by."""
        return self.holder_id


class InvitationToken(_IssuedToken):
    """``fgi_<invitation id>_<secret>``: what a link carries by which somebody sends photos of themselves."""

    _prefix = "fgi"
    _form = "an invitation's token reads fgi_<invitation id>_<43 characters>"

    @property
    def invitation_id(self) -> str:
        """The invitation that it belongs to."""
        return self.holder_id
