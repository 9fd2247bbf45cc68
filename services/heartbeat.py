"""A worker's sign of life, for whoever watches over a process that nobody can ask."""

from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, SettingsConfigDict

_SECONDS = 10.0


class HeartbeatSettings(BaseSettings):
    """How a worker shows that it lives.

    Attributes
    ----------
    heartbeat_file : Path, optional
        File that a worker touches every ten seconds while it serves its queue; no file if not given.
    """

    model_config = SettingsConfigDict(env_prefix="FACEGATE_", frozen=True)

    heartbeat_file: Path | None = None


def beat(timer: Any, settings: HeartbeatSettings) -> None:
    """Touch the file now and from now on, as long as the loop that receives messages turns.

    Parameters
    ----------
    timer : kombu.asynchronous.timer.Timer
        Of the worker's loop: one that hangs touches nothing.
    """
    if settings.heartbeat_file is not None:
        settings.heartbeat_file.touch()
        timer.call_repeatedly(_SECONDS, settings.heartbeat_file.touch)
