"""The ``wait`` preference of RFC 7240."""

import re
from collections.abc import Iterable

from werkzeug.http import parse_list_header

_WAIT = re.compile(r"""wait\s*=\s*(?P<quote>"?)0*(?P<seconds>[0-9]+)(?P=quote)\s*(;.*)?""", re.IGNORECASE)
_WAIT_NAME = re.compile(r"wait\s*(=|;|$)", re.IGNORECASE)


def preferred_wait(prefer_headers: Iterable[str], longest: int) -> int | None:
    """How many seconds the client is ready to wait for its answer.

    Parameters
    ----------
    prefer_headers : iterable of str
        The values of all ``Prefer`` fields of the request.
    longest : int
        Most seconds that are granted.

    Returns
    -------
    int or None
        None when the client did not say, or not in a way that can be understood: a server ignores
        such preferences (RFC 7240, section 2). Of several the first counts.
    """
    for preference in parse_list_header(",".join(prefer_headers)):
        if _WAIT_NAME.match(preference):
            wait = _WAIT.fullmatch(preference.strip())
            # int() refuses thousands of digits, and ten already exceed every limit
            return min(int(wait["seconds"][:10]), longest) if wait else None
    return None
