"""Removes the reply queues of gateways that were killed.

A gateway removes its reply queue when it ends; one that is killed cannot, and SQS keeps queues for ever. So
every gateway says now and then that it lives, and now and then removes the queues of those that have long not
said so. Should that hit one that lives after all, it loses a moment and no decision: its listener makes a new
queue, and whoever waited finds the decision in the table.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread

import structlog

from services.aws.errors import AwsError
from services.gateway.collaborators import ReplyQueues
from services.gateway.replies import ReplyListener

_log = structlog.stdlib.get_logger(__name__)

_BEATS_UNTIL_ABANDONED = 6
_MOST_EXAMINED = 100


class ReplySweep:
    """Keeps the queue of this process from being taken for abandoned, and looks for others that are.

    Parameters
    ----------
    listener : ReplyListener
        Listens on this process's queue; when it is closed, all this ends.
    abandoned_after : timedelta
        How long a gateway may be silent. AWS refuses calls whose clock is 15 minutes off, so two clocks
        differ by half an hour at most, and this has to be longer.
    now : callable
        The time of day.
    """

    def __init__(
        self,
        listener: ReplyListener,
        queues: ReplyQueues,
        abandoned_after: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._listener = listener
        self._queues = queues
        self._abandoned_after = abandoned_after
        self._interval = abandoned_after / _BEATS_UNTIL_ABANDONED
        self._now = now
        self._beaten_at = now()
        self._beats_until_sweep = 0

    def start(self) -> None:
        """Begin, in a thread of its own, and go on until the listener is closed."""
        Thread(target=self._run, name="reply-sweep", daemon=True).start()

    def beat(self) -> None:
        """Say that this process lives; the first time and then every few, sweep.

        Raises
        ------
        AwsError
            If SQS cannot be asked; nothing is swept then.
        """
        now = self._now()
        in_time = now - self._beaten_at <= 2 * self._interval
        self._listener.beat()
        self._beaten_at = now
        self._beats_until_sweep -= 1
        # Who was late itself (the machine slept, SQS was out of reach) lets the others speak first.
        if self._beats_until_sweep <= 0 and in_time:
            self._beats_until_sweep = _BEATS_UNTIL_ABANDONED
            self._sweep(now)

    def _sweep(self, now: datetime) -> None:
        for url, alive_at in self._queues.heartbeats(_MOST_EXAMINED):
            if now - alive_at > self._abandoned_after and url != self._listener.reply_to:
                self._queues.remove(url)
                _log.info("abandoned_reply_queue_removed", queue=url, alive_at=alive_at.isoformat())

    def _run(self) -> None:
        closed = False
        while not closed:
            try:
                self.beat()
            except AwsError as error:
                _log.warning("reply_queues_not_swept", error=str(error))
            closed = self._listener.wait_closed(self._interval.total_seconds())
