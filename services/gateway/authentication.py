"""Which kiosk is talking."""

import time
from collections.abc import Callable
from threading import Lock

from cachetools import TTLCache, cached

from services.contracts.domain import Kiosk
from services.contracts.tokens import KioskToken
from services.gateway.collaborators import Kiosks
from services.gateway.problems import NO_TOKEN, WRONG_TOKEN, Problem

#: Seconds a kiosk's record is believed, and so the longest that a revoked token still works.
KIOSK_CACHE_SECONDS = 2.0
_CACHED_KIOSKS = 4096


class KioskAuthenticator:
    """Tells the kiosk from the token of its request.

    Parameters
    ----------
    kiosks : Kiosks
        The kiosks registered; each is asked for at most every `KIOSK_CACHE_SECONDS`.
    timer : callable
        Seconds from any beginning, for the cache.
    """

    def __init__(self, kiosks: Kiosks, timer: Callable[[], float] = time.monotonic) -> None:
        cache: TTLCache[object, Kiosk | None] = TTLCache(_CACHED_KIOSKS, KIOSK_CACHE_SECONDS, timer)
        self._kiosk = cached(cache, lock=Lock())(kiosks.get)

    def authenticate(self, authorization: str | None) -> Kiosk:
        """Find the kiosk whose token the ``Authorization`` field carries.

        Raises
        ------
        Problem
            If there is no bearer token, or it is no registered kiosk's.
        """
        scheme, _, credentials = (authorization or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not credentials.strip():
            raise Problem(
                NO_TOKEN,
                "The request has no kiosk token. Send it as 'Authorization: Bearer <token>'.",
                {"WWW-Authenticate": 'Bearer realm="facegate"'},
            )
        try:
            token = KioskToken.parse(credentials.strip())
        except ValueError as error:
            raise _wrong_token() from error
        kiosk = self._kiosk(token.kiosk_id)
        if kiosk is None or not token.matches(kiosk.token_sha256):
            raise _wrong_token()
        return kiosk


def _wrong_token() -> Problem:
    return Problem(
        WRONG_TOKEN,
        "The token is no registered kiosk's, or was revoked. Register the kiosk and use its new token.",
        {"WWW-Authenticate": 'Bearer realm="facegate", error="invalid_token"'},
    )
