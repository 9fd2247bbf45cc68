"""What happens when something takes too long, with one thread for all that is watched."""

import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Lock, Thread


class _Watched:
    def __init__(self, until: float, bark: Callable[[], None]) -> None:
        self.until = until
        self.bark: Callable[[], None] | None = bark


class Watchdog:
    """Barks at whatever takes longer than it may.

    A `threading.Timer` each would start a thread each, which costs as much as the rest of reading a frame.

    Parameters
    ----------
    seconds : float
        How long anything may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        # in the order of their ends, since all may take equally long
        self._watched: deque[_Watched] = deque()
        self._lock = Lock()
        self._thread: Thread | None = None

    @contextmanager
    def watch(self, bark: Callable[[], None]) -> Generator[None]:
        """Have `bark` called, in another thread, if the block takes too long."""
        watched = _Watched(time.monotonic() + self.seconds, bark)
        with self._lock:
            self._watched.append(watched)
            if self._thread is None:
                self._thread = Thread(target=self._guard, name="watchdog", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                watched.bark = None

    def _guard(self) -> None:
        while True:
            with self._lock:
                bark, pause = self._overdue(), self._time_left()
            if bark is None:
                time.sleep(pause)
            else:
                bark()

    def _overdue(self) -> Callable[[], None] | None:
        """Forget what is done, and take the first whose time is over."""
        now = time.monotonic()
        while self._watched:
            first = self._watched[0]
            if first.bark is not None and first.until > now:
                return None
            self._watched.popleft()
            if first.bark is not None:
                return first.bark
        return None

    def _time_left(self) -> float:
        """Tell how long nothing can be over: what is watched from now on has all its time before it."""
        return max(0.0, self._watched[0].until - time.monotonic()) if self._watched else self.seconds
