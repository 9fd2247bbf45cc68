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
    """One recognition under way.

    Attributes
    ----------
    searches : int
        How much there is to do.
    answered : bool
        Whether its answer came.
    withdrawn : bool
        Whether nothing was sent after all, so that nothing can be learnt.
    """

    def __init__(self, searches: int = 1) -> None:
        self.searches = searches
        self.answered = False
        self.withdrawn = False


class Admission:
    """Lets recognitions under way, up to a limit that follows how late the answers come.

    Parameters
    ----------
    tolerable_delay : float
        Seconds that an answer may take, for each search it needs, before the limit shrinks.
    initial, least : float
        The limit at the start, in searches, and what is let under way whatever happens: without answers
        nothing would be learnt.
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
    def passage(self, searches: int = 1) -> Iterator[Passage]:
        """Have a recognition under way.

        Parameters
        ----------
        searches : int
            How many frames have to be looked at, one after the other.

        Raises
        ------
        Overloaded
            If it would be answered too late.
        """
        with self._lock:
            if self._under_way >= self._limit:
                raise Overloaded
            self._under_way += searches
        passage, began = Passage(searches), self._clock()
        try:
            yield passage
        finally:
            self._leave(passage, began)

    def _leave(self, passage: Passage, began: float) -> None:
        now = self._clock()
        tolerable_delay = self._tolerable_delay * passage.searches
        in_time = passage.answered and now - began <= tolerable_delay
        with self._lock:
            # A limit that is hardly used says nothing of what could be done.
            in_use = self._under_way > self._limit / 2
            self._under_way -= passage.searches
            if passage.withdrawn:
                return
            if in_time and in_use:
                self._limit += _INCREASE * passage.searches / self._limit
            elif not in_time and began >= self._shrunk_at:
                # Once for all that were under way together: they are late for the same reason.
                late_by = tolerable_delay / (now - began) if passage.answered else _MOST_DECREASE
                decrease = min(_LEAST_DECREASE, max(_MOST_DECREASE, late_by))
                self._limit = max(self._least, self._limit * decrease)
                self._shrunk_at = now
