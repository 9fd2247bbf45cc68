"""Records of those who show tokens, believed for a moment."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from cachetools import TTLCache

#: Seconds a record is believed. What was revoked works no more after two, requests under way included.
TOKEN_CACHE_SECONDS = 1.5
_CACHED_HOLDERS = 4096

Holder = TypeVar("Holder")


class Remembered(Generic[Holder]):
    """Records of those who have tokens, each believed for `TOKEN_CACHE_SECONDS`.

    Parameters
    ----------
    look_up : callable
        Finds a record by its id; None if there is none.
    timer : callable
        Seconds from any beginning.
    """

    def __init__(
        self, look_up: Callable[[str], Holder | None], timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._look_up = look_up
        self._cache: TTLCache[str, tuple[Holder | None]] = TTLCache(
            _CACHED_HOLDERS, TOKEN_CACHE_SECONDS, timer
        )
        self._lock = Lock()

    def __call__(self, holder_id: str) -> Holder | None:
        """Tell what is known of them, or look it up."""
        with self._lock:
            known = self._cache.get(holder_id)
        return known[0] if known else self.anew(holder_id)

    def anew(self, holder_id: str) -> Holder | None:
        """Look them up, whatever is known."""
        holder = self._look_up(holder_id)
        self.learn(holder_id, holder)
        return holder

    def learn(self, holder_id: str, holder: Holder | None) -> None:
        """Remember what is known from elsewhere."""
        with self._lock:
            self._cache[holder_id] = (holder,)
