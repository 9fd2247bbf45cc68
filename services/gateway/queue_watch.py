"""How many jobs wait, as a gateway sees it with each of its pulses."""

from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from services.aws.errors import AwsError
from services.contracts.operations import QueueName, QueueSeen
from services.operations.measures import Measures

_log = structlog.stdlib.get_logger(__name__)


class QueueWatch:
    """Looks at the queues now and then, and remembers since when jobs wait.

    Parameters
    ----------
    depths : mapping of QueueName to callable
        Each asks a queue how many jobs wait.
    """

    def __init__(self, depths: Mapping[QueueName, Callable[[], int]], measures: Measures) -> None:
        self._depths = depths
        self._measures = measures
        self._waiting_since: dict[QueueName, datetime] = {}

    def look(self, now: datetime) -> tuple[QueueSeen, ...]:
        """See how many jobs wait on each queue that answers."""
        return tuple(seen for queue in self._depths if (seen := self._seen(queue, now)) is not None)

    def _seen(self, queue: QueueName, now: datetime) -> QueueSeen | None:
        try:
            waiting = self._depths[queue]()
        except AwsError as error:
            _log.warning("queue_not_seen", queue=queue.value, error=str(error))
            return None
        self._measures.seen_waiting(queue, waiting)
        if waiting:
            self._waiting_since.setdefault(queue, now)
        else:
            self._waiting_since.pop(queue, None)
        return QueueSeen(queue=queue, waiting=waiting, waiting_since=self._waiting_since.get(queue))
