"""The newest vectors of a gallery, in memory, until there are enough for a segment."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from localaws.rekognition.engine import Floats

_SMALLEST_CAPACITY = 64


@dataclass(frozen=True, slots=True, eq=False)
class OpenRows:
    """What a search works on; `count` rows are filled, later ones are being written.

    Vectors are only ever appended behind what a running search looks at, an erased one is marked, and
    when there is no room or a quarter is dead the living are copied into new arrays.

    Attributes
    ----------
    keys : ndarray, shape (capacity,), dtype int64
        Ascending.
    vectors : ndarray, shape (capacity, dimension), dtype float32
    alive : ndarray, shape (capacity,), dtype bool
    """

    keys: npt.NDArray[np.int64]
    vectors: Floats
    alive: npt.NDArray[np.bool_]
    count: int

    @classmethod
    def of(cls, keys: npt.NDArray[np.int64], vectors: Floats, capacity: int = 0) -> Self:
        """Return rows with keys (count,) and vectors (count, dimension), copied, and room for more."""
        count, dimension = vectors.shape
        room = max(capacity, count, _SMALLEST_CAPACITY)
        rows = cls(
            np.zeros(room, np.int64),
            np.empty((room, dimension), np.float32),
            np.zeros(room, np.bool_),
            count,
        )
        rows.keys[:count] = keys
        rows.vectors[:count] = vectors
        rows.alive[:count] = True
        return rows

    def living(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return the keys and vectors that were not erased."""
        alive = np.flatnonzero(self.alive[: self.count])
        return self.keys[alive], self.vectors[alive]

    def with_more(self, keys: npt.NDArray[np.int64], vectors: Floats) -> "OpenRows":
        """Return these rows and more, whose keys are larger."""
        rows, count = self, self.count + len(keys)
        if count > len(self.keys):
            rows = OpenRows.of(*self.living(), capacity=2 * count)
            count = rows.count + len(keys)
        rows.keys[rows.count : count] = keys
        rows.vectors[rows.count : count] = vectors
        rows.alive[rows.count : count] = True
        return OpenRows(rows.keys, rows.vectors, rows.alive, count)

    def without(self, keys: npt.NDArray[np.int64]) -> "OpenRows":
        """Return these rows without some, which searches under way cease to see as well."""
        self.alive[self.rows(keys)] = False
        if np.count_nonzero(self.alive[: self.count]) < 0.75 * self.count:
            return OpenRows.of(*self.living())
        return self

    def behind(self, key: int) -> "OpenRows":
        """Return the rows whose keys are larger."""
        keys, vectors = self.living()
        start = int(np.searchsorted(keys, key, side="right"))
        return OpenRows.of(keys[start:], vectors[start:])

    def rows(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the rows of those of the keys that are here and alive."""
        if self.count == 0:
            return np.empty(0, np.int64)
        places = np.minimum(np.searchsorted(self.keys[: self.count], keys), self.count - 1)
        return places[(self.keys[places] == keys) & self.alive[places]]
