"""How long the steps of a recognition take."""

import time
from collections.abc import Generator
from contextlib import contextmanager


class Timings:
    """How long each step took in all, in milliseconds."""

    def __init__(self, queue_ms: float) -> None:
        self._values = {"queue_ms": queue_ms}

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """Add what happens inside to the step's time."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._values[name] = self._values.get(name, 0.0) + (time.perf_counter() - began) * 1000

    def rounded(self) -> dict[str, float]:
        """Tell them, to a tenth of a millisecond."""
        return {name: round(value, 1) for name, value in self._values.items()}
