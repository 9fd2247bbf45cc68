"""Frames that a kiosk signs together with their time and a nonce, so that none is taken late or twice.

The kiosk computes HMAC-SHA256 with the SHA-256 of its token (32 bytes) as the key over
``<time>.<nonce>.<SHA-256 of the body, hexadecimal>``; a gateway can do the same with what it knows.
"""

import hmac
import re
import secrets
from datetime import UTC, datetime
from hashlib import sha256

from services.contracts.tokens import KioskToken

#: Seconds since 1970 by the kiosk's clock, with up to six decimals.
TIME = "Facegate-Time"
#: 16 to 64 characters of base64url, never used before.
NONCE = "Facegate-Nonce"
#: ``v1=`` and 64 hexadecimal digits.
SIGNATURE = "Facegate-Signature"

_TIME = re.compile(r"[0-9]{1,11}(\.[0-9]{1,6})?")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")


def parse_time(text: str) -> datetime:
    """Read the time that a kiosk says it is.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not _TIME.fullmatch(text):
        raise ValueError("a time is a number of seconds since 1970")
    return datetime.fromtimestamp(float(text), UTC)


def is_nonce(text: str) -> bool:
    """Whether a text has a nonce's form."""
    return _NONCE.fullmatch(text) is not None


def sign(token: KioskToken, time: str, nonce: str, body: bytes) -> str:
    """Compute the signature of a request's body, sent at a time with a nonce."""
    message = f"{time}.{nonce}.{sha256(body).hexdigest()}"
    return f"v1={hmac.new(bytes.fromhex(token.sha256), message.encode(), sha256).hexdigest()}"


def is_signature(said: str, token: KioskToken, time: str, nonce: str, body: bytes) -> bool:
    """Whether a signature is the token's; takes the same time either way."""
    return hmac.compare_digest(said.encode(), sign(token, time, nonce, body).encode())


def signed_headers(token: KioskToken, body: bytes, now: datetime) -> dict[str, str]:
    """Make the header fields with which a kiosk sends a body, once."""
    time, nonce = f"{now.timestamp():.3f}", secrets.token_urlsafe(16)
    return {TIME: time, NONCE: nonce, SIGNATURE: sign(token, time, nonce, body)}
