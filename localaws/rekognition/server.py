"""The server process: gunicorn with one worker, set up in code."""

import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.errors import AppImportError


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where a server listens and what it serves."""

    host: str
    port: int
    data_dir: Path
    pack_dir: Path
    threads: int
    account_id: str


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
            "threads": self._settings.threads,
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

        settings = self._settings
        try:
            return make_application(settings.data_dir, settings.pack_dir, settings.account_id)
        except (PackError, CollectionsError) as error:
            raise AppImportError(str(error)) from error
