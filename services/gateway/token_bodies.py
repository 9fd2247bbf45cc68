"""API tokens as the API takes and gives them, in JSON."""

from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from services.contracts.domain import IssuedToken, Scope
from services.contracts.tokens import ApiToken
from services.gateway.person_bodies import FullName


class NewToken(BaseModel):
    """What a token is issued from.

    Attributes
    ----------
    name : str
        What the program is called that gets it.
    expires_at : datetime, optional
        When it ends by itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: FullName
    scopes: Annotated[
        tuple[Scope, ...],
        Field(min_length=1, max_length=len(Scope)),
        AfterValidator(lambda scopes: tuple(dict.fromkeys(scopes))),
    ]
    expires_at: AwareDatetime | None = None


class TokenBody(BaseModel):
    """A token as others see it: what it may, and never itself."""

    model_config = ConfigDict(frozen=True)

    token_id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: AwareDatetime
    created_by: str | None
    expires_at: AwareDatetime | None

    @classmethod
    def of(cls, issued: IssuedToken) -> Self:
        """Pick what to show of `issued`."""
        return cls(**issued.model_dump(include=set(TokenBody.model_fields)))


class NewTokenBody(TokenBody):
    """A token that was just issued.

    Attributes
    ----------
    token : str
        What the program sends; it is shown this once.
    """

    token: str = Field(repr=False)

    @classmethod
    def issued(cls, issued: IssuedToken, token: ApiToken) -> Self:
        """Show a token with its record."""
        return cls(token=str(token), **TokenBody.of(issued).model_dump())


class TokensBody(BaseModel):
    """A page of the list of tokens, the oldest first."""

    model_config = ConfigDict(frozen=True)

    tokens: list[TokenBody]
    next_cursor: str | None
