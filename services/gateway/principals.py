"""Who makes a request of the API: a program or an operator."""

from dataclasses import dataclass, field
from enum import StrEnum

from services.contracts.domain import Scope


class PrincipalKind(StrEnum):
    """By what somebody is known."""

    #: A program, by its API token.
    TOKEN = "token"  # noqa: S105 -- a word, no secret
    #: An operator, by the session that they signed in to.
    OPERATOR = "operator"


@dataclass(frozen=True)
class Principal:
    """Who makes a request, and what they may.

    Attributes
    ----------
    id : str
        The token's or the operator's.
    secret : str
        Something that they and we alone know, for signing what only they are to bring back; never the token
        itself.
    """

    kind: PrincipalKind
    id: str
    scopes: frozenset[Scope]
    secret: str = field(repr=False)

    @property
    def name(self) -> str:
        """What records and logs call them: ``token <id>`` or ``operator <id>``."""
        return f"{self.kind} {self.id}"
