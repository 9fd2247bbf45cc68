"""How many recognitions a gateway has under way at once, so that each is answered in time.

When frames come faster than they can be decided, a queue only makes every answer late. So a gateway lets
no more under way than come back soon enough, and refuses the rest at once. How many that is it learns from
the answers: additive increase, multiplicative decrease, as TCP does (Chiu and Jain, "Analysis of the
Increase and Decrease Algorithms for Congestion Avoidance", 1989). It needs to know neither how many workers
there are nor how many other gateways, and it shares with these fairly.

It begins with a guess that is too high rather than too low: frames that come all at once are no overload yet.
The first late answers correct it, because by Little's law each tells how many would have been in time.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

#: Every limit's worth of timely answers adds so many.
_INCREASE = 1.0
#: A late answer shrinks the limit by as much as it was late, within these bounds: a little keeps the workers
#: busy, a lot follows when most workers are gone.
_LEAST_DECREASE, _MOST_DECREASE = 0.9, 0.5
#: How far a late answer takes a limit that was not reached to what would have been in time; one may be
#: chance.
_CORRECTION = 0.5
#: Seconds without a late answer after which what was learnt is too old to refuse anybody.
_MEMORY_SECONDS = 60.0
#: How many are believed to be in time before any answer has shown it.
_BELIEVED = 32.0


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
        The limit at the start, in searches, of the order of the requests that a process can hold; and what is
        let under way whatever happens: without answers nothing would be learnt.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        tolerable_delay: float,
        *,
        initial: float = 256,
        least: float = 4,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tolerable_delay = tolerable_delay
        self._limit = self._initial = initial
        self._proven = min(initial, _BELIEVED)
        self._least = least
        self._clock = clock
        self._lock = Lock()
        self._under_way = 0
        self._late_at = self._shrunk_at = clock()

    @property
    def limit(self) -> float:
        """How many may be under way now."""
        return self._limit

    @property
    def full(self) -> bool:
        """Whether one more would be refused: a glance without the lock, which may be a moment old."""
        return self._under_way >= self._limit and self._clock() - self._late_at <= _MEMORY_SECONDS

    @property
    def proven(self) -> float:
        """How many answers have shown to come back in time: for those whose own answers show nothing."""
        return self._proven

    def check(self) -> None:
        """Tell whether one more would be answered in time, for one whose answer nobody here will hear.

        Raises
        ------
        Overloaded
            If it would not.
        """
        with self._lock:
            self._require_room(self._clock())

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
        began = self._clock()
        with self._lock:
            self._require_room(began)
            self._under_way += searches
            together = self._under_way
        passage = Passage(searches)
        try:
            yield passage
        finally:
            self._leave(passage, began, together)

    def _require_room(self, now: float) -> None:
        if now - self._late_at > _MEMORY_SECONDS:
            self._limit = max(self._limit, self._initial)
            self._proven = max(self._proven, min(self._initial, _BELIEVED))
        if self._under_way >= self._limit:
            raise Overloaded

    def _leave(self, passage: Passage, began: float, together: int) -> None:
        now = self._clock()
        tolerable_delay = self._tolerable_delay * passage.searches
        in_time = passage.answered and now - began <= tolerable_delay
        with self._lock:
            # A limit that is hardly used says nothing of what could be done.
            in_use = self._under_way > self._limit / 2
            self._under_way -= passage.searches
            if passage.withdrawn:
                return
            if in_time:
                self._proven = max(self._proven, together)
                if in_use:
                    self._limit += _INCREASE * passage.searches / self._limit
            else:
                timely = tolerable_delay / max(now - began, tolerable_delay)
                self._shrink(timely if passage.answered else _MOST_DECREASE, together, began)

    def _shrink(self, timely: float, together: int, began: float) -> None:
        """Follow a late answer.

        Parameters
        ----------
        timely : float
            Such a part of those under way would have been answered in time.
        together : int
            How many were under way when it began.
        began : float
            When that was.
        """
        self._late_at = self._clock()
        if together <= self._limit / 2:
            self._limit -= _CORRECTION * (self._limit - together * timely)
        elif began >= self._shrunk_at:
            # Once for all that were under way together: they are late for the same reason.
            self._limit *= min(_LEAST_DECREASE, max(_MOST_DECREASE, timely))
            self._shrunk_at = self._late_at
        self._limit = max(self._least, self._limit)
        self._proven = min(self._proven, self._limit)
