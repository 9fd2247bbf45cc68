"""How often something may be tried."""

import time
from math import ceil

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from services.gateway.problems import TOO_MANY_TRIES, Problem


class RateLimit:
    """At most so many tries in a time for each key.

    They are counted in the process's memory, so several gateway processes let through several times as
    many; what must hold over all of them is kept in a table.

    Parameters
    ----------
    limit : str
        As the library limits writes it: ``20/minute``, ``5 per 10 seconds``.

    Raises
    ------
    ValueError
        If it is not so.
    """

    def __init__(self, limit: str) -> None:
        self._limit: RateLimitItem = parse(limit)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def count(self, key: str) -> None:
        """Count a try.

        Raises
        ------
        Problem
            If there were too many; it says when there may be more.
        """
        if not self._limiter.hit(self._limit, key):
            raise self._too_often(key)

    def need_room(self, key: str) -> None:
        """Refuse if as many tries were counted as there may be; this one is not counted.

        Raises
        ------
        Problem
            If there were; it says when there may be more.
        """
        if not self._limiter.test(self._limit, key):
            raise self._too_often(key)

    def _too_often(self, key: str) -> Problem:
        opens_at = self._limiter.get_window_stats(self._limit, key).reset_time
        wait = max(1, ceil(opens_at - time.time()))
        return Problem(
            TOO_MANY_TRIES,
            f"This was tried too often. Try again in {wait} s.",
            {"Retry-After": str(wait)},
        )
