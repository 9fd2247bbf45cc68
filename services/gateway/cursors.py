"""Where a list goes on: text that means nothing to whoever holds it, and that nobody else can use."""

from collections.abc import Mapping

from itsdangerous import BadData, URLSafeSerializer

from services.contracts.domain import IssuedToken
from services.gateway.problems import INVALID_CURSOR, INVALID_QUERY, Problem

_LONGEST_CURSOR = 4096
_MOST = 200
_USUAL = 50


class Cursors:
    """The cursors of one list, as one program goes through it.

    They are signed with what only we and the token's owner know, so that one which was cut off, changed,
    or belongs to another list, search or token is refused instead of leading somewhere unexpected.

    Parameters
    ----------
    token : IssuedToken
        The program's.
    lists : str
        What is listed, with everything that the list depends on.
    """

    def __init__(self, token: IssuedToken, lists: str) -> None:
        self._serializer = URLSafeSerializer(token.token_sha256, salt=f"facegate cursor {lists}")

    def write(self, position: str | None) -> str | None:
        """Make the cursor of a position; None at the end of the list."""
        return None if position is None else str(self._serializer.dumps(position))

    def read(self, cursor: str | None) -> str | None:
        """Find the position of a cursor; None at the beginning of the list.

        Raises
        ------
        Problem
            If it is none of this list.
        """
        if cursor is None:
            return None
        position = self._position(cursor) if len(cursor) <= _LONGEST_CURSOR else None
        # decoding passes over characters that are no base64
        if position is None or self.write(position) != cursor:
            raise Problem(
                INVALID_CURSOR,
                "The cursor is none that this list gave to this token. Leave it out to begin anew.",
            )
        return position

    def _position(self, cursor: str) -> str | None:
        try:
            return str(self._serializer.loads(cursor))
        except BadData:
            return None


def page_size(query: Mapping[str, str]) -> int:
    """Read how many items of a list are wanted.

    Raises
    ------
    Problem
        If it is no number of 1 to 200.
    """
    text = query.get("limit", str(_USUAL))
    size = int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else 0
    if not 1 <= size <= _MOST:
        raise Problem(INVALID_QUERY, f"The limit is no number of 1 to {_MOST}. Leave it out for {_USUAL}.")
    return size
