"""How many large bodies are in a process's memory at the same time."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import BoundedSemaphore

from services.gateway.problems import Problem, ProblemType

_RETRY_AFTER_SECONDS = "2"


class Room:
    """Room for some bodies, each held in memory whole.

    Parameters
    ----------
    bodies : int
        At the same time.
    full : ProblemType
        What whoever comes when there is no room is told.
    what : str
        What the bodies are, in sentences.
    """

    def __init__(self, bodies: int, full: ProblemType, what: str) -> None:
        self._places = BoundedSemaphore(bodies)
        self._full = full
        self._what = what

    @contextmanager
    def taken(self) -> Generator[None]:
        """Hold a body in memory.

        Raises
        ------
        Problem
            If there is no room for it.
        """
        if not self._places.acquire(blocking=False):
            raise Problem(
                self._full,
                f"As many {self._what} are on their way in as the gateway takes at a time. Send this one "
                "again.",
                {"Retry-After": _RETRY_AFTER_SECONDS},
            )
        try:
            yield
        finally:
            self._places.release()
