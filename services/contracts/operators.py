"""Operators: who they are, what their roles allow, and how long a wrong password makes them wait."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.contracts.domain import Scope
from services.contracts.names import fold_name

_LONGEST_LOGIN = 100
_EPOCH_BYTES = 8
#: So many wrong passwords cost no wait: people mistype.
_FREE_FAILURES = 4
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=15)
#: After so long without another, wrong passwords are forgotten.
FAILURES_FORGOTTEN_AFTER = timedelta(hours=1)


class Role(StrEnum):
    """What an operator is there for; see `PERMISSIONS`."""

    VIEWER = "viewer"
    ENROLLER = "enroller"
    OPERATOR = "operator"
    ADMIN = "admin"


_VIEWER = frozenset(
    {Scope.PEOPLE_READ, Scope.DECISIONS_READ, Scope.ACCESS_READ, Scope.KIOSKS_READ, Scope.OPERATIONS_READ}
)
_ENROLLER = _VIEWER | {Scope.PEOPLE_WRITE, Scope.PHOTOS_READ, Scope.BATCHES_WRITE}
_OPERATOR = _ENROLLER | {Scope.ACCESS_WRITE, Scope.EMERGENCY, Scope.KIOSKS_WRITE, Scope.OPERATIONS_WRITE}

#: The permission table: a role is a set of scopes, each role's containing those of the one before.
PERMISSIONS: Mapping[Role, frozenset[Scope]] = {
    Role.VIEWER: _VIEWER,
    Role.ENROLLER: _ENROLLER,
    Role.OPERATOR: _OPERATOR,
    Role.ADMIN: frozenset(Scope),
}


def fold_login(text: object) -> object:
    """Make logins equal that differ in case, white space around, or Unicode's ways to compose alone."""
    return fold_name(text) if isinstance(text, str) and len(text) <= 4 * _LONGEST_LOGIN else text


#: A name or an e-mail address. Records name operators by it, so it is the operator's id.
Login = Annotated[
    str,
    BeforeValidator(fold_login),
    StringConstraints(pattern=rf"^[a-z0-9][a-z0-9._@+-]{{0,{_LONGEST_LOGIN - 1}}}$"),
]


class OperatorStatus(StrEnum):
    """Whether an operator may sign in."""

    ACTIVE = "active"
    DISABLED = "disabled"


class FailedSignIns(BaseModel):
    """Wrong passwords since the last right one.

    Attributes
    ----------
    last_at : datetime, optional
        When the last one came.
    """

    model_config = ConfigDict(frozen=True)

    count: int = Field(default=0, ge=0)
    last_at: AwareDatetime | None = None

    @property
    def locked_until(self) -> datetime | None:
        """Until when no password is tried: 30 s after the fifth, twice as long each time, 15 min at most."""
        if self.last_at is None or self.count <= _FREE_FAILURES:
            return None
        doublings = min(self.count - _FREE_FAILURES - 1, 10)
        return self.last_at + min(_FIRST_WAIT * 2**doublings, _LONGEST_WAIT)

    def and_one(self, now: datetime) -> "FailedSignIns":
        """Count another, which is the first if the others are forgotten."""
        forgotten = self.last_at is None or self.last_at + FAILURES_FORGOTTEN_AFTER < now
        return FailedSignIns(count=1 if forgotten else self.count + 1, last_at=now)


def new_epoch() -> str:
    """Make a name for the time from now on in which an operator's sessions count."""
    return secrets.token_hex(_EPOCH_BYTES)


class Operator(BaseModel):
    """Someone who signs in.

    Attributes
    ----------
    operator_id : str
        Their login.
    password_hash : str, optional
        Argon2's own text, with its parameters and salt. None of one who cannot sign in with a password.
    epoch : str
        Sessions carry the one in which they began; a new one ends them all.
    version : int
        Counts the changes, so that nobody overwrites another's unseen. Wrong passwords are no change.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    operator_id: Login
    role: Role
    status: OperatorStatus = OperatorStatus.ACTIVE
    password_hash: str | None = Field(default=None, repr=False)
    epoch: str = Field(default_factory=new_epoch)
    failed_sign_ins: FailedSignIns = FailedSignIns()
    created_at: AwareDatetime
    updated_at: AwareDatetime | None = None
    signed_in_at: AwareDatetime | None = None
    version: int = Field(default=1, ge=1)

    @property
    def scopes(self) -> frozenset[Scope]:
        """What they may."""
        return PERMISSIONS[self.role]

    @property
    def may_sign_in(self) -> bool:
        """Whether they are not disabled."""
        return self.status is OperatorStatus.ACTIVE

    @property
    def is_acting_admin(self) -> bool:
        """Whether they count when the last admin is not to be lost."""
        return self.role is Role.ADMIN and self.may_sign_in
