"""A process's pulse: what it counted, written every few seconds by a thread of its own."""

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.aws.errors import AwsError
from services.aws.pulses import PulseStore
from services.contracts.operations import Pulse, QueueSeen, Service
from services.operations.tally import Tally

if TYPE_CHECKING:
    from services.aws.connection import Aws

_log = structlog.stdlib.get_logger(__name__)
#: A process that is told to stop does not wait longer for its last pulse: where AWS is gone, each of its
#: calls is tried for half a second.
_PATIENCE_SECONDS = 1.5


class PulseSettings(BaseSettings):
    """How often processes tell what they did.

    Attributes
    ----------
    pulse_seconds : float
        From one pulse to the next; a process without a pulse for three times as long counts as dead.
    """

    model_config = SettingsConfigDict(env_prefix="FACEGATE_", frozen=True)

    pulse_seconds: float = Field(default=15.0, ge=1, le=300)


class Pulsing:
    """Writes a process's pulses, from its start to its end.

    Parameters
    ----------
    look : callable, optional
        Sees how many jobs wait; asked before each pulse.
    """

    def __init__(
        self,
        store: PulseStore,
        tally: Tally,
        service: Service,
        interval: float,
        *,
        look: Callable[[datetime], tuple[QueueSeen, ...]] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._tally = tally
        self._service = service
        self._interval = interval
        self._look = look
        self._now = now
        self._process_id = uuid4().hex
        self._started_at = self._told_until = now()
        self._ended = Event()
        self._thread = Thread(target=self._run, name="pulse", daemon=True)

    @classmethod
    def of(
        cls,
        aws: "Aws",
        tally: Tally,
        service: Service,
        look: Callable[[datetime], tuple[QueueSeen, ...]] | None = None,
    ) -> Self:
        """Make the pulse of this process, as the environment wants it."""
        return cls(PulseStore(aws), tally, service, PulseSettings().pulse_seconds, look=look)

    def start(self) -> None:
        """Begin, in a thread that ends with the process."""
        self._thread.start()

    def stop(self) -> None:
        """Tell what was done last, and that the process ends. Doing it again changes nothing."""
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join(_PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def beat(self) -> None:
        """Write a pulse; what cannot be written is told with the next one."""
        now = self._now()
        queues = () if self._look is None else self._look(now)
        counts = self._tally.take()
        pulse = Pulse(
            process_id=self._process_id,
            service=self._service,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._started_at,
            interval=self._interval,
            at=now,
            # the first one comes at once
            seconds=max((now - self._told_until).total_seconds(), 0.001),
            counts=dict(counts),
            queues=queues,
            last_job_at=self._tally.last_job_at,
        )
        try:
            self._store.write(pulse)
        except AwsError as error:
            self._tally.give_back(counts)
            _log.warning("pulse_not_written", error=str(error))
        else:
            self._told_until = now

    def _run(self) -> None:
        self.beat()
        while not self._ended.wait(self._interval):
            self.beat()
        self.beat()
        try:
            self._store.remove(self._process_id)
        except AwsError as error:
            # it counts as dead before long
            _log.warning("pulse_not_removed", error=str(error))
