"""The server process: gunicorn with one worker, set up in code."""

import gc
import logging
import sys
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.errors import AppImportError

from localaws.rekognition.settings import ServerSettings, SettingsError


def serve(settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    logging.getLogger("botocore").setLevel(logging.WARNING)
    _Server(settings).run()


class _Server(BaseApplication):
    """gunicorn with one worker: the collections are one process's, its threads share the engine."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._settings.worker_threads,
            "keepalive": 60,
            "graceful_timeout": 1,
            "control_socket_disable": True,
            "proc_name": "rekognition",
            "loglevel": "warning",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        # Runs in the worker: it holds the data directory's lock and SQLite's handle. Imported here,
        # because ONNX Runtime imported before the fork leaves a worker that hangs when it exits.
        from localaws.rekognition.bootstrap import make_application  # noqa: PLC0415
        from localaws.rekognition.collections import CollectionsError  # noqa: PLC0415
        from localaws.rekognition.engine import PackError  # noqa: PLC0415
        from localaws.rekognition.protocol.access_keys import AccessKeysError  # noqa: PLC0415

        try:
            application = make_application(self._settings)
            # What is loaded now stays: looking through it again at every collection stops all threads for
            # tens of milliseconds.
            gc.freeze()
            # A search hands the interpreter over some ten times, and each time waits so long to have it
            # back from a thread that adds faces; of Python's own 5 ms that makes fifty.
            sys.setswitchinterval(0.001)
            return application  # noqa: TRY300
        except (AccessKeysError, CollectionsError, PackError, SettingsError) as error:
            raise AppImportError(str(error)) from error
