"""Sessions of operators: random, in a cookie, kept as a SHA-256."""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class SessionToken:
    """What an operator's browser shows: 32 random bytes, enough for a plain SHA-256."""

    secret: str = field(repr=False)

    @classmethod
    def issue(cls) -> Self:
        """Make a fresh one."""
        return cls(secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one.

        Raises
        ------
        ValueError
            If it has not its form. The message does not repeat it.
        """
        if not _FORM.fullmatch(text):
            raise ValueError("a session token has 43 characters")
        return cls(text)

    def __str__(self) -> str:
        return self.secret

    @property
    def sha256(self) -> str:
        """What is stored of it: 64 hexadecimal digits."""
        return sha256(self.secret.encode()).hexdigest()

    @property
    def csrf_token(self) -> str:
        """What a page sends beside the cookie, which another site's page cannot know: an HMAC, not stored."""
        return hmac.new(self.secret.encode(), b"facegate csrf", sha256).hexdigest()

    def has_csrf_token(self, text: str) -> bool:
        """Whether that is this session's; takes the same time either way."""
        return hmac.compare_digest(self.csrf_token.encode(), text.encode())


@dataclass(frozen=True)
class SessionTimes:
    """How long a session lasts.

    Attributes
    ----------
    idle : timedelta
        Without a request.
    absolute : timedelta
        At most, from sign-in on.
    """

    idle: timedelta
    absolute: timedelta


class Session(BaseModel):
    """That an operator signed in.

    Attributes
    ----------
    session_sha256 : str
        Of its token, 64 hexadecimal digits. The token itself is in the browser alone.
    epoch : str
        The operator's when they signed in.
    seen_at : datetime
        When the last request came, by up to a minute.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    session_sha256: str = Field(repr=False)
    operator_id: str
    epoch: str
    created_at: AwareDatetime
    seen_at: AwareDatetime

    def ends_at(self, times: SessionTimes) -> datetime:
        """When it ends, if no request comes."""
        return min(self.seen_at + times.idle, self.created_at + times.absolute)
