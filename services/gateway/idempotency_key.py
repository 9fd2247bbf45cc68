"""The ``Idempotency-Key`` field (draft-ietf-httpapi-idempotency-key-header)."""

import re

from services.gateway.problems import INVALID_IDEMPOTENCY_KEY, Problem

#: A UUID, which the draft recommends, has 36.
LONGEST_KEY = 255
#: A String of RFC 9651, section 3.3.3: what has to be escaped is, so that equal strings are written alike.
_STRING = re.compile(r'"(?P<key>(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"')


def idempotency_key(field: str | None) -> str | None:
    """Read the key by which a client marks a request and its repetitions.

    Parameters
    ----------
    field : str or None
        The value of the field; several of them count as one, joined by commas, which is no key.

    Returns
    -------
    str or None
        None if the client sent none. It may be guessable or a secret: do not log it.

    Raises
    ------
    Problem
        If it is no key. The problem does not repeat it.
    """
    if field is None:
        return None
    found = _STRING.fullmatch(field.strip(" \t"))
    if found is None:
        raise Problem(
            INVALID_IDEMPOTENCY_KEY,
            "The Idempotency-Key is not one string of ASCII characters in double quotes. Send a quoted UUID.",
        )
    if len(found["key"]) > LONGEST_KEY:
        raise Problem(
            INVALID_IDEMPOTENCY_KEY,
            f"The Idempotency-Key has more than {LONGEST_KEY} characters. Send a UUID, for example.",
        )
    return found["key"]
