"""Seals the audit trail's days that are over, from a thread of its own."""

from threading import Event, Thread
from typing import Protocol

import structlog

from services.aws.errors import AwsError

_log = structlog.stdlib.get_logger(__name__)

#: Every gateway process looks so often; one of them writes.
_INTERVAL_SECONDS = 1800.0


class Sealer(Protocol):
    """Seals what is over."""

    def run(self) -> None:
        """Seal the days that are over and not sealed yet."""
        ...


class DailySealing:
    """Looks now and then whether a day is over that is not sealed."""

    def __init__(self, sealer: Sealer, interval: float = _INTERVAL_SECONDS) -> None:
        self._sealer = sealer
        self._interval = interval
        self._stopped = Event()

    def start(self) -> None:
        """Begin, in a thread that ends with the process."""
        Thread(target=self._run, name="audit-sealing", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def _run(self) -> None:
        while True:
            try:
                self._sealer.run()
            except AwsError as error:
                _log.warning("day_not_sealed", error=str(error))
            if self._stopped.wait(self._interval):
                return
