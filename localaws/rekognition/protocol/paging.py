"""Paging tokens: opaque to clients, and refused where they are not ours.

A token has 255 characters at most, and so may the id it stands for: ids are packed, six bits and a
bit a character, behind a mark of the listing they belong to.
"""

import base64
import hashlib
import string

from localaws.rekognition.protocol.errors import ServiceError

#: What ids and numbers are made of.
_ALPHABET = string.ascii_letters + string.digits + "_.-:"
_DIGITS = {character: value for value, character in enumerate(_ALPHABET, start=1)}
_BASE = len(_ALPHABET) + 1
_MARK_BYTES = 4


def make_token(listing: str, position: str) -> str:
    """Return the token for what follows `position`, made of letters, digits and ``_.-:``."""
    number = 0
    for character in position:
        number = number * _BASE + _DIGITS[character]
    packed = number.to_bytes((number.bit_length() + 7) // 8)
    return base64.b85encode(_mark(listing, packed) + packed).decode()


def read_token(listing: str, token: str | None) -> str:
    """Return the position a token stands for; empty without a token.

    Raises
    ------
    ServiceError
        InvalidPaginationTokenException where it is not one of this listing.
    """
    if token is None:
        return ""
    try:
        data = base64.b85decode(token)
    except ValueError as error:
        raise _invalid() from error
    packed = data[_MARK_BYTES:]
    if not packed or data[:_MARK_BYTES] != _mark(listing, packed):
        raise _invalid()
    number = int.from_bytes(packed)
    position: list[str] = []
    while number:
        number, value = divmod(number, _BASE)
        if not value:
            raise _invalid()
        position.append(_ALPHABET[value - 1])
    return "".join(reversed(position))


def _mark(listing: str, packed: bytes) -> bytes:
    return hashlib.sha256(listing.encode() + b"\n" + packed).digest()[:_MARK_BYTES]


def _invalid() -> ServiceError:
    return ServiceError("InvalidPaginationTokenException", "Invalid pagination token")
