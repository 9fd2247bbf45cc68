"""Paging tokens: opaque to clients, and refused where they are not ours."""

import base64
import binascii

from localaws.rekognition.protocol.errors import ServiceError


def make_token(listing: str, position: str) -> str:
    """Return the token for what follows `position` in a listing."""
    return base64.urlsafe_b64encode(f"{listing}\n{position}".encode()).decode()


def read_token(listing: str, token: str | None) -> str:
    """Return the position a token stands for; empty without a token.

    Raises
    ------
    ServiceError
        InvalidPaginationTokenException where it is not one of this listing.
    """
    if not token:
        return ""
    try:
        name, separator, position = base64.b64decode(token, b"-_", validate=True).decode().partition("\n")
    except (binascii.Error, ValueError) as error:
        raise _invalid() from error
    if not separator or name != listing:
        raise _invalid()
    return position


def _invalid() -> ServiceError:
    return ServiceError("InvalidPaginationTokenException", "Invalid pagination token")
