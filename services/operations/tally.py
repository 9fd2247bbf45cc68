"""What a process counts in memory, between one pulse and the next."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from threading import Lock

from services.operations.histogram import bucket_of


class Tally:
    """Counts by name; for all threads of a process, and cheap enough for the path of a frame.

    Histograms are counts too, one a bucket: so all that a process did is one mapping, and what many
    processes did is its sum.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[str] = Counter()
        self._last_job_at: datetime | None = None

    @property
    def last_job_at(self) -> datetime | None:
        """When a job was last taken; None if none was."""
        return self._last_job_at

    def took_job(self) -> None:
        """Note that a job was taken now."""
        self._last_job_at = datetime.now(UTC)

    def count(self, name: str, times: int = 1) -> None:
        """Count something once, or several times."""
        with self._lock:
            self._counts[name] += times

    def count_each(self, names: Iterable[str]) -> None:
        """Count several things once, for the price of one."""
        with self._lock:
            for name in names:
                self._counts[name] += 1

    def observe(self, name: str, value: float) -> None:
        """Count a value into the histogram `name`."""
        self.count(observed(name, value))

    def take(self) -> Mapping[str, int]:
        """Hand over what was counted, and begin anew."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        return taken

    def give_back(self, counts: Mapping[str, int]) -> None:
        """Count once more what was taken and could not be written."""
        with self._lock:
            self._counts.update(counts)


#: Between a histogram's name and its bucket.
BUCKET = "~"


def observed(name: str, value: float) -> str:
    """Name what is counted when a value goes into a histogram."""
    return f"{name}{BUCKET}{bucket_of(value)}"


def histogram(counts: Mapping[str, int], name: str) -> dict[int, int]:
    """Pick a histogram's buckets out of counts."""
    beginning = f"{name}{BUCKET}"
    return {
        int(counted[len(beginning) :]): times
        for counted, times in counts.items()
        if counted.startswith(beginning)
    }
