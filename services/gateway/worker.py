"""The gunicorn worker that lets waiting kiosks go when it is told to stop."""

import atexit
from threading import Thread
from typing import Any

from flask import Flask
from gunicorn.glogging import Logger

from services.gateway.polling_worker import PollingWorker
from services.gateway.replies import ReplyListener
from services.gateway.turning_away import turning_away_of

_REPLIES = "facegate_replies"


def ends_with_worker(app: Flask, replies: ReplyListener) -> None:
    """Have `replies` closed when the worker that serves `app` ends."""
    app.extensions[_REPLIES] = replies
    # a worker told to stop while it boots is not known to gunicorn's hooks yet
    atexit.register(replies.close)


def close_replies(worker: PollingWorker) -> None:
    """Delete the worker's reply queue; gunicorn's ``worker_exit`` hook."""
    # a worker that failed to boot has no application yet
    app = getattr(worker, "wsgi", None)
    if isinstance(app, Flask) and _REPLIES in app.extensions:
        app.extensions[_REPLIES].close()


class SilentLogger(Logger):
    """gunicorn's log without its line a request: the application writes one that says more."""

    @property
    def access_log_enabled(self) -> bool:
        """Whether gunicorn is to put together what such a line may say."""
        return False


class GatewayWorker(PollingWorker):
    """A worker that serves kiosks: requests waiting for a decision do not hold up its stop."""

    def load_wsgi(self) -> None:
        """Make the application, and learn what it wants refused at a glance."""
        super().load_wsgi()
        self.refusals = turning_away_of(self.wsgi)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to stop, on SIGTERM."""
        if self.alive:
            super().handle_exit(sig, frame)
            # closing takes locks, which the interrupted code may hold: not within the signal handler
            self.method_queue.defer(self._let_waiting_go)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Begin to stop, on SIGQUIT or SIGINT.

        gthread's own handler shuts its thread pool down, and for ever waits for the pool's lock when
        the signal came while a connection was handed over.
        """
        self.handle_exit(sig, frame)

    def _let_waiting_go(self) -> None:
        Thread(target=close_replies, args=(self,), name="stop").start()
