"""Signed frames: fresh, and each taken once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from werkzeug.datastructures import Headers

from services.contracts.kiosk_signatures import NONCE, SIGNATURE, TIME, is_nonce, is_signature, parse_time
from services.contracts.kiosks import Kiosk
from services.contracts.tokens import KioskToken
from services.gateway.openapi import Parameter
from services.gateway.problems import REPLAYED_FRAME, STALE_FRAME, UNSIGNED_FRAME, WRONG_SIGNATURE, Problem

_PROBLEMS = (UNSIGNED_FRAME, WRONG_SIGNATURE, STALE_FRAME, REPLAYED_FRAME)
#: What the header fields of a signed frame are declared as.
SIGNED = (
    Parameter(
        TIME,
        "header",
        "Seconds since 1970 by the kiosk's clock; tells how far that is off, and belongs to a signature. "
        "Without one, what is no number is passed over.",
        {"type": "string"},
    ),
    Parameter(
        NONCE,
        "header",
        "16 to 64 characters of base64url, never used before; belongs to a signature.",
        {"type": "string"},
    ),
    Parameter(
        SIGNATURE,
        "header",
        "HMAC-SHA256 of time, nonce and body. Kiosks that are registered so have to send it.",
        {"type": "string", "pattern": "^v1=[0-9a-f]{64}$"},
        _PROBLEMS,
    ),
)
#: How much a kiosk's clock and its network may make a frame's time differ from ours.
FRESH_FOR = timedelta(seconds=30)


class Nonces(Protocol):
    """The nonces used, as all gateway processes know them."""

    def use(self, kiosk_id: str, nonce: str, until: datetime) -> bool:
        """Use one up; False if it was used before."""
        ...


class FrameSignatures:
    """Refuses frames that should be signed and are not, are late, or came before.

    Parameters
    ----------
    required : bool
        Whether all kiosks have to sign, and not only those that are registered so. A signature that nobody
        asked for is checked all the same.
    now : callable
        The time.
    """

    def __init__(
        self, nonces: Nonces, required: bool, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._nonces = nonces
        self._required = required
        self._now = now

    def check_of(
        self, kiosk: Kiosk, token: Callable[[], KioskToken], headers: Headers
    ) -> Callable[[bytes], None] | None:
        """Tell how a request's body has to be checked; None if not at all."""
        if not (self._required or kiosk.signed_frames_only or SIGNATURE in headers):
            return None
        return lambda body: self._check(token(), headers, body)

    def _check(self, token: KioskToken, headers: Headers, body: bytes) -> None:
        said, time, nonce = (headers.get(name, "") for name in (SIGNATURE, TIME, NONCE))
        if not (said and time and nonce):
            raise Problem(
                UNSIGNED_FRAME, f"The frame is not signed. Send {TIME}, {NONCE} and {SIGNATURE} with it."
            )
        try:
            sent_at = parse_time(time)
        except ValueError as error:
            raise Problem(WRONG_SIGNATURE, f"{TIME} is no number of seconds since 1970.") from error
        if not is_nonce(nonce):
            raise Problem(WRONG_SIGNATURE, f"{NONCE} has not 16 to 64 letters, digits, - and _.")
        if not is_signature(said, token, time, nonce, body):
            raise Problem(
                WRONG_SIGNATURE, f"{SIGNATURE} is not what this token makes of the time, nonce and body sent."
            )
        ahead = sent_at - self._now()
        if abs(ahead) > FRESH_FOR:
            raise Problem(
                STALE_FRAME,
                f"The frame was signed {ahead.total_seconds():+.0f} s from the gateway's time; "
                f"{FRESH_FOR.seconds} s are taken. Set the kiosk's clock, or send a new frame.",
            )
        if not self._nonces.use(token.kiosk_id, nonce, sent_at + FRESH_FOR):
            raise Problem(REPLAYED_FRAME, "A frame with this nonce came before. Sign every request anew.")
