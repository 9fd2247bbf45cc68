"""Settings of doors that act, from the environment."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DoorSettings(BaseSettings):
    """``FACEGATE_DOORS_*``, of the recognize worker and of the gateway.

    Attributes
    ----------
    order_useful_seconds : float
        How long after a decision its order to open is worth sending: later the visitor has gone.
    attempt_seconds : float
        How long one attempt to send it may take.
    at_once : int
        Orders sent at the same time by a process; one to a door that does not answer takes as long as it is
        worth something.
    plain_http : bool
        Whether webhooks may be http, to addresses of this machine and of private networks alone.
    """

    model_config = SettingsConfigDict(env_prefix="FACEGATE_DOORS_", frozen=True)

    order_useful_seconds: float = Field(default=5.0, gt=0, le=300)
    attempt_seconds: float = Field(default=2.0, gt=0, le=30)
    at_once: int = Field(default=32, ge=1, le=256)
    plain_http: bool = False

    @property
    def order_useful(self) -> timedelta:
        """How long an order is worth sending."""
        return timedelta(seconds=self.order_useful_seconds)
