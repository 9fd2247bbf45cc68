"""Settings of the enroll worker, from the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class EnrollSettings(BaseSettings):
    """``FACEGATE_ENROLL_*``.

    Attributes
    ----------
    concurrency : int
        Photos at once in one process.
    """

    model_config = SettingsConfigDict(env_prefix="FACEGATE_ENROLL_")

    concurrency: int = Field(default=2, ge=1, le=64)
