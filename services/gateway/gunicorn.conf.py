# ruff: noqa: N999 -- gunicorn names its settings so
"""gunicorn's settings: ``gunicorn -c services/gateway/gunicorn.conf.py``."""

from typing import Any

from services.aws.connection import AwsSettings
from services.garbage import settle
from services.gateway.settings import GatewaySettings, ServerSettings
from services.gateway.worker import close_replies
from services.logs import logging_config
from services.startup import starting

with starting("gateway"):
    _settings = ServerSettings()
    # what the worker processes read: wrong once here, not once in each of them
    GatewaySettings()
    AwsSettings()

wsgi_app = "services.gateway.bootstrap:make_app()"
bind = _settings.bind
workers = _settings.workers
# every kiosk that waits for its decision holds a thread
threads = _settings.threads
worker_class = "services.gateway.worker.GatewayWorker"
worker_connections = 1000
# bytes; a search and a cursor, percent-encoded, are more than gunicorn's usual 4094
limit_request_line = 8190
# kiosks that wait are let go at once, so nothing needs longer; see post_fork
graceful_timeout = 3
keepalive = 15
timeout = 30
# gunicorn 27 opens a control socket in the home directory: a second way in that nobody here uses
control_socket_disable = True
# what a client says about TLS counts where proxies are known: settings.proxies
secure_scheme_headers: dict[str, str] = {}
logger_class = "services.gateway.worker.SilentLogger"
logconfig_dict = logging_config("gateway")


def post_fork(_server: Any, worker: Any) -> None:
    """Let the worker give up two seconds before gunicorn kills it, so that it ends in good order."""
    worker.head_timeout = _settings.head_timeout
    worker.cfg.set("graceful_timeout", graceful_timeout - 2)


def post_worker_init(_worker: Any) -> None:
    """Keep the collector from looking through botocore's models again and again: they stay."""
    settle()


def pre_request(_worker: Any, req: Any) -> None:
    """Bound how long the client may block a thread, sending its body or taking its answer."""
    req.unreader.sock.settimeout(_settings.client_silence)


def worker_exit(_server: Any, worker: Any) -> None:
    """Take the reply queue down with its worker."""
    close_replies(worker)
