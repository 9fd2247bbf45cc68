"""The ways of a distant, busy, failing Rekognition: latency, throttling and faults, all by order."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from localaws.rekognition.protocol.errors import ServiceError, internal_error

_FAULTS = {
    "ProvisionedThroughputExceededException": ("Provisioned rate exceeded", 400),
    # "HTTP status code 500" in "Error messages and codes" of Rekognition's Developer Guide.
    "ThrottlingException": ("Amazon Rekognition is temporarily unable to process the request", 500),
}


class TokenBucket:
    """Lets `rate` calls a second pass, and after a pause as many at once as a second holds.

    Parameters
    ----------
    rate : float
        Calls a second.
    clock : callable
        Seconds, never running backwards.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = Lock()
        self._tokens = self._capacity = max(1.0, rate)
        self._filled_at = clock()

    def take(self) -> bool:
        """Take a token; False where there is none."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._capacity, self._tokens + self._rate * (now - self._filled_at))
            self._filled_at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


@dataclass(frozen=True, slots=True)
class Quotas:
    """Calls a second of each operation; AWS counts every operation on its own, too.

    Attributes
    ----------
    default : float, optional
        For operations that `operations` does not name; unlimited where it is missing.
    operations : mapping of str to float
        By operation.
    """

    default: float | None = None
    operations: Mapping[str, float] = field(default_factory=dict[str, float])

    def of(self, operation: str) -> float | None:
        """Return an operation's calls a second, or None where it has no limit."""
        return self.operations.get(operation, self.default)


class Disturbances:
    """What every request meets before it is answered.

    Parameters
    ----------
    latency : float
        Seconds added to every answer.
    quotas : Quotas
    fault_rate : float
        Share of requests that fail, 0 to 1; they fail before anything has been done.
    seed : int, optional
        Makes faults come in the same order again.
    clock, sleep : callable
        In seconds.
    """

    def __init__(
        self,
        latency: float = 0.0,
        quotas: Quotas | None = None,
        fault_rate: float = 0.0,
        seed: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._latency = latency
        self._quotas = quotas or Quotas()
        self._fault_rate = fault_rate
        self._random = random.Random(seed)  # noqa: S311 - faults, not secrets
        self._clock = clock
        self._lock = Lock()
        self._buckets: dict[str, TokenBucket] = {}

    def meet(self, operation: str) -> None:
        """Wait and pass, or fail.

        Raises
        ------
        ServiceError
            ProvisionedThroughputExceededException above the operation's quota; that,
            ThrottlingException or InternalServerError at the fault rate.
        """
        if self._latency:
            self._sleep(self._latency)
        if not self._within_quota(operation):
            raise _fault("ProvisionedThroughputExceededException")
        if self._fault_rate:
            with self._lock:
                fails = self._random.random() < self._fault_rate
                code = self._random.choice([*_FAULTS, "InternalServerError"])
            if fails:
                raise _fault(code)

    def _within_quota(self, operation: str) -> bool:
        rate = self._quotas.of(operation)
        if rate is None:
            return True
        with self._lock:
            bucket = self._buckets.get(operation)
            if bucket is None:
                bucket = self._buckets[operation] = TokenBucket(rate, self._clock)
        return bucket.take()


def _fault(code: str) -> ServiceError:
    if code not in _FAULTS:
        return internal_error()
    message, status = _FAULTS[code]
    return ServiceError(code, message, status)
