"""API tokens, as those who may issue them work with them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from services.contracts.domain import IssuedToken
from services.contracts.tokens import ApiToken
from services.gateway.collaborators import TokenRecords
from services.gateway.principals import Principal, permit_all
from services.gateway.problems import INVALID_FIELDS, UNKNOWN_TOKEN, Problem
from services.gateway.token_bodies import NewToken

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}")


@dataclass(frozen=True)
class TokenRegister:
    """The tokens of programs; nobody issues one that may more than they may themselves."""

    records: TokenRecords

    def issue(self, new: NewToken, by: Principal) -> tuple[IssuedToken, ApiToken]:
        """Issue a token, which is not kept itself.

        Raises
        ------
        Problem
            If it may more than who issues it, or has ended before it begins.
        """
        permit_all(by, new.scopes)
        now = datetime.now(UTC)
        if new.expires_at is not None and new.expires_at <= now:
            raise Problem(INVALID_FIELDS, "expires_at: it is in the past. Nothing was changed.")
        token = ApiToken.issue()
        issued = IssuedToken(
            token_id=token.token_id,
            name=new.name,
            scopes=new.scopes,
            token_sha256=token.sha256,
            created_at=now,
            created_by=by.name,
            expires_at=new.expires_at,
        )
        self.records.add(issued)
        return issued, token

    def page(self, position: str | None, limit: int) -> tuple[list[IssuedToken], str | None]:
        """List some, the oldest first, from a position on; with the position of the rest."""
        rest = [found for found in self.records.list() if position is None or _place(found) > position]
        return rest[:limit], _place(rest[limit - 1]) if len(rest) > limit else None

    def find(self, token_id: str) -> IssuedToken:
        """Look up the record of a token.

        Raises
        ------
        Problem
            If there is none, or it was revoked.
        """
        issued = self.records.get(token_id) if _ID.fullmatch(token_id) else None
        if issued is None:
            raise _unknown()
        return issued

    def revoke(self, token_id: str) -> None:
        """End a token.

        Raises
        ------
        Problem
            If there is none, or it was revoked before.
        """
        if not self.records.revoke(self.find(token_id).token_id):
            raise _unknown()


def _place(issued: IssuedToken) -> str:
    return f"{issued.created_at.astimezone(UTC).isoformat(timespec='microseconds')} {issued.token_id}"


def _unknown() -> Problem:
    return Problem(UNKNOWN_TOKEN, "No token that stands has this id. GET /v1/tokens lists them.")
