"""How many jobs wait for the workers, whoever sent them.

Kiosks that wait show by their answers how much is too much (see `admission`). Those that do not wait show
nothing, and would fill the queue with frames that nobody decides in time.
"""

import math
import time
from collections.abc import Callable
from threading import Condition

import structlog
from cachetools import TTLCache, cached

from services.aws.errors import AwsError
from services.gateway.admission import Overloaded

#: Seconds that a count is believed. Jobs sent meanwhile are added to it, those decided meanwhile are not
#: taken off, so that in this time no more are sent than may wait.
COUNT_SECONDS = 0.5

_log = structlog.stdlib.get_logger(__name__)


class Backlog:
    """Counts the jobs that wait.

    Parameters
    ----------
    depth : callable
        Asks the queue; called at most every `COUNT_SECONDS`, by one thread for all that want to know.
    timer : callable
        Seconds from any beginning.
    """

    def __init__(self, depth: Callable[[], int], timer: Callable[[], float] = time.monotonic) -> None:
        self._depth = depth
        self._changed = Condition()
        cache: TTLCache[object, list[float]] = TTLCache(1, COUNT_SECONDS, timer)
        self._waiting = cached(cache, condition=self._changed)(self._count)

    def join(self, limit: float) -> None:
        """Let one more job wait.

        Raises
        ------
        Overloaded
            If `limit` or more wait already.
        """
        waiting = self._waiting()
        with self._changed:
            if waiting[0] >= limit:
                raise Overloaded
            waiting[0] += 1

    def _count(self) -> list[float]:
        try:
            return [self._depth()]
        except AwsError as error:
            # if the queue is out of reach, sending the job will say so
            _log.warning("backlog_not_counted", error=str(error))
            return [-math.inf]
