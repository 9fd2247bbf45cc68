"""Trying again what another change, or too many calls, got in the way of."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from services.aws.errors import AwsUnavailable

_P = ParamSpec("_P")
_T = TypeVar("_T")


def patiently(seconds: float) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Decorate what is called again while AWS is not available, at random intervals, for so many seconds."""
    return retry(
        retry=retry_if_exception_type(AwsUnavailable),
        wait=wait_random_exponential(multiplier=0.05, max=1),
        stop=stop_after_delay(seconds),
        reraise=True,
    )
