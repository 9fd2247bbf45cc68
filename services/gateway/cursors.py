"""Where a list goes on: text that means nothing to whoever holds it, and that nobody else can use."""

from collections.abc import Mapping

from itsdangerous import BadData, URLSafeSerializer

from services.gateway.principals import Principal
from services.gateway.problems import INVALID_CURSOR, INVALID_QUERY, Problem

LONGEST_CURSOR = 4096
MOST_ON_A_PAGE = 200
USUAL_ON_A_PAGE = 50


class Cursors:
    """The cursors of one list, as one program or operator goes through it.

    They are signed with what only we and they know, so that one which was cut off, changed, or belongs to
    another list, search, token or session is refused instead of leading somewhere unexpected.

    Parameters
    ----------
    principal : Principal
        Who goes through it.
    lists : str
        What is listed, with everything that the list depends on.
    """

    def __init__(self, principal: Principal, lists: str) -> None:
        self._serializer = URLSafeSerializer(principal.secret, salt=f"facegate cursor {lists}")

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
        position = self._position(cursor) if len(cursor) <= LONGEST_CURSOR else None
        # decoding passes over characters that are no base64
        if position is None or self.write(position) != cursor:
            raise Problem(
                INVALID_CURSOR,
                "The cursor is none that this list gave to you. Leave it out to begin anew.",
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
    text = query.get("limit", str(USUAL_ON_A_PAGE))
    size = int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else 0
    if not 1 <= size <= MOST_ON_A_PAGE:
        raise Problem(
            INVALID_QUERY,
            f"The limit is no number of 1 to {MOST_ON_A_PAGE}. Leave it out for {USUAL_ON_A_PAGE}.",
        )
    return size
