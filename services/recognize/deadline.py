"""How long an answer is worth something."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

import structlog
from tenacity import Retrying, retry_if_exception_type, wait_random_exponential

from services.aws.errors import AwsUnavailable

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: Between attempts: seconds, at random and longer each time, so that throttled workers do not come back
#: together (AWS's "exponential backoff and jitter").
_PAUSES = wait_random_exponential(multiplier=0.05, max=0.5)

log = structlog.stdlib.get_logger(__name__)


class TooLate(Exception):
    """The deadline has passed, or will before AWS may be asked again."""


class Deadline:
    """The moment after which nobody waits for a recognition any more."""

    def __init__(
        self, at: datetime, now: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._at = at
        self._now = now
        self._sleep = sleep

    def check(self) -> None:
        """Let nothing begin that comes too late.

        Raises
        ------
        TooLate
            If the deadline has passed.
        """
        if self._now() >= self._at:
            raise TooLate

    def call(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call AWS, and again while it is not available, as long as an answer is worth something.

        Raises
        ------
        TooLate
            If the deadline has passed, or will before the next attempt.
        """
        self.check()
        attempts = Retrying(
            retry=retry_if_exception_type(AwsUnavailable),
            wait=_PAUSES,
            stop=lambda attempt: self._now() + timedelta(seconds=attempt.upcoming_sleep) >= self._at,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return attempts(call, *args, **kwargs)
        except AwsUnavailable as error:
            log.warning("given_up_at_the_deadline", error=str(error))
            raise TooLate from error
