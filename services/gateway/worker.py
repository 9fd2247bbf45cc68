"""The gunicorn worker that lets waiting kiosks go when it is told to stop."""

from threading import Thread
from typing import Any

from flask import Flask
from gunicorn.workers.gthread import ThreadWorker

from services.gateway.replies import ReplyListener

_REPLIES = "facegate_replies"


def ends_with_worker(app: Flask, replies: ReplyListener) -> None:
    """Have `replies` closed when the worker that serves `app` ends."""
    app.extensions[_REPLIES] = replies


def close_replies(worker: ThreadWorker) -> None:
    """Delete the worker's reply queue; gunicorn's ``worker_exit`` hook."""
    # a worker that failed to boot has no application yet
    app = getattr(worker, "wsgi", None)
    if isinstance(app, Flask) and _REPLIES in app.extensions:
        app.extensions[_REPLIES].close()


class GatewayWorker(ThreadWorker):
    """gthread, except that requests waiting for a decision do not hold up a stop."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to stop on SIGTERM."""
        super().handle_exit(sig, frame)
        # not in the signal handler itself: closing takes locks and calls SQS
        Thread(target=close_replies, args=(self,), name="stop").start()
