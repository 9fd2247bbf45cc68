"""Sessions as operators' pages send and see them, in JSON."""

from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.contracts.domain import Scope
from services.contracts.operators import Role
from services.gateway.sessions import SignedIn
from services.passwords import LONGEST_PASSWORD

#: The longest text is cut off before anything looks at it.
_Text = Annotated[str, Field(max_length=4 * LONGEST_PASSWORD)]


class Credentials(BaseModel):
    """By what an operator signs in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    login: _Text = Field(repr=False)
    password: _Text = Field(repr=False)


class PasswordChange(BaseModel):
    """An operator's own new password."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    current_password: _Text = Field(repr=False)
    new_password: _Text = Field(repr=False)


class SessionBody(BaseModel):
    """Who is signed in.

    Attributes
    ----------
    csrf_token : str
        To be sent as ``X-CSRF-Token`` with whatever changes something.
    ends_at : datetime
        When the session ends, if no request comes.
    """

    model_config = ConfigDict(frozen=True)

    operator_id: str
    role: Role
    scopes: list[Scope]
    csrf_token: str = Field(repr=False)
    created_at: AwareDatetime
    ends_at: AwareDatetime

    @classmethod
    def of(cls, signed_in: SignedIn, ends_at: AwareDatetime) -> Self:
        """Show a session."""
        return cls(
            operator_id=signed_in.operator.operator_id,
            role=signed_in.operator.role,
            scopes=sorted(signed_in.operator.scopes),
            csrf_token=signed_in.token.csrf_token,
            created_at=signed_in.session.created_at,
            ends_at=ends_at,
        )
