"""Exact nearest-neighbour search over the vectors of one collection, in memory.

Writers take turns; a search takes no lock. Vectors are only ever appended behind what a running
search looks at, a deleted face is marked, and when a quarter of the rows is dead the living are
copied into new arrays and put in place by one assignment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from localaws.rekognition.engine import Floats

_SMALLEST_CAPACITY = 64


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a search works on; `count` rows are filled, later ones are being written."""

    vectors: Floats
    alive: npt.NDArray[np.bool_]
    face_ids: list[int]
    count: int


class SearchIndex:
    """The vectors of a collection's faces.

    Parameters
    ----------
    dimension : int
        Length of a vector.
    faces : iterable of (int, ndarray)
        Face ids, each with its unit vector (dimension,), float32.
    """

    def __init__(self, dimension: int, faces: Iterable[tuple[int, Floats]] = ()) -> None:
        self._dimension = dimension
        self._write_lock = Lock()
        self._row_of: dict[int, int] = {}
        self._rows = self._empty(_SMALLEST_CAPACITY)
        self.add(list(faces))

    def __len__(self) -> int:
        return len(self._row_of)

    def add(self, faces: Sequence[tuple[int, Floats]]) -> None:
        """Add faces; a search that begins afterwards sees them."""
        with self._write_lock:
            needed = self._rows.count + len(faces)
            if needed > len(self._rows.vectors):
                self._rebuild(2 * needed)
            rows = self._rows
            for row, (face_id, vector) in enumerate(faces, start=rows.count):
                rows.vectors[row] = vector
                rows.alive[row] = True
                rows.face_ids.append(face_id)
                self._row_of[face_id] = row
            self._rows = _Rows(rows.vectors, rows.alive, rows.face_ids, rows.count + len(faces))

    def remove(self, face_ids: Iterable[int]) -> None:
        """Remove faces; ids that are not there are passed over."""
        with self._write_lock:
            for face_id in face_ids:
                row = self._row_of.pop(face_id, None)
                if row is not None:
                    self._rows.alive[row] = False
            if len(self._row_of) < 0.75 * self._rows.count:
                self._rebuild(2 * len(self._row_of))

    def vector(self, face_id: int) -> Floats:
        """Return the vector of a face, (dimension,); raises `KeyError`."""
        with self._write_lock:
            return self._rows.vectors[self._row_of[face_id]].copy()

    def search(self, vector: Floats, limit: int, min_cosine: float) -> list[tuple[int, float]]:
        """Find the nearest faces.

        Parameters
        ----------
        vector : ndarray, shape (dimension,), dtype float32
            Of length 1.
        limit : int
            At most so many are returned.
        min_cosine : float
            Faces below are left out.

        Returns
        -------
        list of (int, float)
            Face ids and cosines, nearest first.
        """
        rows = self._rows
        cosines = rows.vectors[: rows.count] @ vector
        candidates = np.flatnonzero((cosines >= min_cosine) & rows.alive[: rows.count])
        if len(candidates) > limit:
            best = np.argpartition(-cosines[candidates], limit - 1)[:limit]
            candidates = candidates[best]
        candidates = candidates[np.argsort(-cosines[candidates], kind="stable")]
        return [(rows.face_ids[row], float(cosines[row])) for row in candidates.tolist()]

    def _rebuild(self, capacity: int) -> None:
        """Copy the living rows into fresh arrays; searches under way keep the old ones."""
        old, kept = self._rows, list(self._row_of.items())
        rows = self._empty(max(capacity, len(kept), _SMALLEST_CAPACITY))
        rows.vectors[: len(kept)] = old.vectors[[row for _, row in kept]]
        rows.alive[: len(kept)] = True
        face_ids = [face_id for face_id, _ in kept]
        self._row_of = {face_id: row for row, face_id in enumerate(face_ids)}
        self._rows = _Rows(rows.vectors, rows.alive, face_ids, len(kept))

    def _empty(self, capacity: int) -> _Rows:
        vectors = np.empty((capacity, self._dimension), np.float32)
        return _Rows(vectors, np.zeros(capacity, np.bool_), [], 0)
