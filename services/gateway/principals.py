"""Who makes a request of the API: a program, an operator, or somebody who was invited."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from services.contracts.domain import Scope
from services.gateway.problems import INSUFFICIENT_SCOPE, Problem


class PrincipalKind(StrEnum):
    """By what somebody is known."""

    #: A program, by its API token.
    TOKEN = "token"  # noqa: S105 -- a word, no secret
    #: An operator, by the session that they signed in to.
    OPERATOR = "operator"
    #: Whoever has an invitation's link, for the person who was invited; they have no scopes.
    INVITATION = "invitation"


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
        """What records and logs call them: ``token <id>``, ``operator <id>`` or ``invitation <id>``."""
        return f"{self.kind} {self.id}"


def permit(principal: Principal, needed: Scope) -> None:
    """Refuse whoever lacks a scope.

    Raises
    ------
    Problem
        If they do; it names the scope.
    """
    if needed in principal.scopes:
        return
    if principal.kind is PrincipalKind.OPERATOR:
        raise Problem(
            INSUFFICIENT_SCOPE,
            f"Your role has not the scope {needed}. Ask an admin for another role, or to do it.",
        )
    raise Problem(
        INSUFFICIENT_SCOPE,
        f"The token has not the scope {needed}. Use one that was created with --scope {needed}.",
        {"WWW-Authenticate": f'Bearer realm="facegate", error="insufficient_scope", scope="{needed}"'},
    )


def permit_all(principal: Principal, needed: Iterable[Scope]) -> None:
    """Refuse whoever would give away a scope that they lack, or act on somebody who has it.

    Raises
    ------
    Problem
        If they do; it names the first scope.
    """
    for scope in sorted(needed):
        permit(principal, scope)
