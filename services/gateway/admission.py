"""How many recognitions a gateway has under way at once, so that each is answered in time.

When frames come faster than they can be decided, a queue only makes every answer late. So a gateway lets
no more under way than come back soon enough, and refuses the rest at once. How many that is it learns from
the answers: additive increase, multiplicative decrease, as TCP does (Chiu and Jain, "Analysis of the
Increase and Decrease Algorithms for Congestion Avoidance", 1989). It needs to know neither how many workers
there are nor how many other gateways, and it shares with these fairly.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

#: A late answer shrinks the limit by as much as it was late, within these bounds: a little keeps the workers
#: busy, a lot follows when most workers are gone.
_LEAST_DECREASE, _MOST_DECREASE = 0.9, 0.5
#: Every limit's worth of timely answers adds so many.
_INCREASE = 1.0


class Overloaded(Exception):
    """As much is under way as will be answered in time."""


class Passage:
    """One recognition under way."""

    def __init__(self) -> None:
        self.answered = False


class Admission:
    """Lets recognitions under way, up to a limit that follows how late the answers come.

    Parameters
    ----------
    tolerable_delay : float
        Seconds that an answer may take before the limit shrinks.
    initial, least : float
        The limit at the start, and what is let under way whatever happens: without answers nothing would be
        learnt.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        tolerable_delay: float,
        *,
        initial: float = 32,
        least: float = 4,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tolerable_delay = tolerable_delay
        self._limit = initial
        self._least = least
        self._clock = clock
        self._lock = Lock()
        self._under_way = 0
        self._shrunk_at = clock()

    @property
    def limit(self) -> float:
        """How many may be under way now."""
        return self._limit

    def check(self) -> None:
        """Tell whether one more would be answered in time, for one whose answer nobody here will hear.

        Raises
        ------
        Overloaded
            If it would not.
        """
        if self._under_way >= self._limit:
            raise Overloaded

    @contextmanager
    def passage(self) -> Iterator[Passage]:
        """Have a recognition under way.

        Raises
        ------
        Overloaded
            If it would be answered too late.
        """
        with self._lock:
            if self._under_way >= self._limit:
                raise Overloaded
            self._under_way += 1
        passage, began = Passage(), self._clock()
        try:
            yield passage
        finally:
            self._leave(passage, began)

    def _leave(self, passage: Passage, began: float) -> None:
        now = self._clock()
        in_time = passage.answered and now - began <= self._tolerable_delay
        with self._lock:
            # A limit that is hardly used says nothing of what could be done.
            in_use = self._under_way > self._limit / 2
            self._under_way -= 1
            if in_time and in_use:
                self._limit += _INCREASE / self._limit
            elif not in_time and began >= self._shrunk_at:
                # Once for all that were under way together: they are late for the same reason.
                late_by = self._tolerable_delay / (now - began) if passage.answered else _MOST_DECREASE
                decrease = min(_LEAST_DECREASE, max(_MOST_DECREASE, late_by))
                self._limit = max(self._least, self._limit * decrease)
                self._shrunk_at = now
