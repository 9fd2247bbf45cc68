"""Nearest-neighbour search over the vectors of one gallery.

Writers take turns; a search takes no lock: it works on a view that writers replace by one assignment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from localaws.rekognition.collections.open_rows import OpenRows
from localaws.rekognition.collections.segment import Segment
from localaws.rekognition.engine import Floats

#: How many of a segment are looked at to begin with, and how many more than asked for of all.
_FIRST_OF_SEGMENT = 256
_MORE_OF_ALL = 32


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    segments: tuple[Segment, ...]
    rows: OpenRows


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Keys and cosines of living vectors, in no order."""

    keys: npt.NDArray[np.int64]
    cosines: Floats


class SearchIndex:
    """The vectors of a gallery, by their keys.

    Parameters
    ----------
    segments : sequence of Segment
        In the order of their keys.
    keys : ndarray, shape (count,), dtype int64
        Ascending, and larger than those of the segments.
    vectors : ndarray, shape (count, dimension), dtype float32
    """

    def __init__(self, segments: Sequence[Segment], keys: npt.NDArray[np.int64], vectors: Floats) -> None:
        self._write_lock = Lock()
        self._view = _View(tuple(segments), OpenRows.of(keys, vectors))

    def __len__(self) -> int:
        view = self._view
        sealed = sum(int(np.count_nonzero(segment.alive)) for segment in view.segments)
        return sealed + int(np.count_nonzero(view.rows.alive[: view.rows.count]))

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments, in the order of their keys."""
        return self._view.segments

    @property
    def open_count(self) -> int:
        """How many vectors are in no segment."""
        return int(np.count_nonzero(self._view.rows.alive[: self._view.rows.count]))

    def open_rows(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return keys and vectors that are in no segment."""
        return self._view.rows.living()

    def add(self, keys: npt.NDArray[np.int64], vectors: Floats) -> None:
        """Add vectors with larger keys; a search that begins afterwards sees them."""
        with self._write_lock:
            view = self._view
            self._view = _View(view.segments, view.rows.with_more(keys, vectors))

    def remove(self, keys: npt.NDArray[np.int64]) -> None:
        """Remove vectors; keys that are not there are passed over."""
        with self._write_lock:
            view = self._view
            for segment in view.segments:
                segment.alive[segment.rows(keys)] = False
            self._view = _View(view.segments, view.rows.without(keys))

    def seal(self, segment: Segment) -> None:
        """Put a segment in the place of the open rows that it holds, the first of them."""
        with self._write_lock:
            view = self._view
            rows = view.rows.behind(int(segment.keys[-1]))
            self._view = _View((*view.segments, segment), rows)

    def replace(self, old: Sequence[Segment], new: Sequence[Segment]) -> None:
        """Put segments in the place of others that follow each other."""
        with self._write_lock:
            view = self._view
            start = view.segments.index(old[0])
            segments = (*view.segments[:start], *new, *view.segments[start + len(old) :])
            self._view = _View(segments, view.rows)

    def vector(self, key: int) -> Floats:
        """Return a vector, (dimension,); raises `KeyError`."""
        wanted = np.asarray([key], np.int64)
        view = self._view
        for part in (*view.segments, view.rows):
            for row in part.rows(wanted):
                return np.array(part.vectors[row])
        raise KeyError(key)

    def search(self, vector: Floats, limit: int, min_cosine: float) -> list[tuple[int, float]]:
        """Find the nearest vectors.

        The result is that of comparing with every vector, but for the chance that an estimate is off
        by more than the codes' margin.

        Parameters
        ----------
        vector : ndarray, shape (dimension,), dtype float32
            Of length 1.
        limit : int
            At most so many are returned.
        min_cosine : float
            Vectors below are left out.

        Returns
        -------
        list of (int, float)
            Keys and cosines, nearest first; of equals, first the one added first.
        """
        view = self._view
        found = [_found_among(view.rows, vector)]
        if view.segments:
            scans = [
                segment.codes.nearest(vector, min(max(_FIRST_OF_SEGMENT, limit), len(segment.keys)))
                for segment in view.segments
            ]
            promising = _most_promising(view.segments, scans, vector, limit + _MORE_OF_ALL)
            floor = max(min_cosine, _least_of_best([*found, *promising], limit))
            for segment, scan in zip(view.segments, scans, strict=True):
                found.append(_alive(segment, *segment.above(vector, floor, scan)))
        return _best(found, limit, min_cosine)


def _found_among(rows: OpenRows, vector: Floats) -> _Found:
    cosines = rows.vectors[: rows.count] @ vector
    alive = np.flatnonzero(rows.alive[: rows.count])
    return _Found(rows.keys[alive], cosines[alive])


def _alive(segment: Segment, rows: npt.NDArray[np.int64], cosines: Floats) -> _Found:
    alive = segment.alive[rows]
    return _Found(segment.keys[rows[alive]], cosines[alive])


def _most_promising(
    segments: Sequence[Segment],
    scans: Sequence[tuple[Floats, npt.NDArray[np.int64]]],
    vector: Floats,
    count: int,
) -> list[_Found]:
    """Return exact cosines of the `count` that the scans of all segments hold to be nearest."""
    estimates = np.concatenate([estimates for estimates, _ in scans])
    threshold = -np.inf
    if len(estimates) > count:
        threshold = np.partition(estimates, len(estimates) - count)[len(estimates) - count]
    found: list[_Found] = []
    for segment, (estimates, rows) in zip(segments, scans, strict=True):
        promising = rows[estimates >= threshold]
        if len(promising):
            found.append(_alive(segment, promising, segment.cosines(vector, promising)))
    return found


def _least_of_best(found: Sequence[_Found], limit: int) -> float:
    """Return a cosine that the `limit`-th nearest has at least."""
    cosines = np.concatenate([part.cosines for part in found])
    if len(cosines) < limit:
        return -np.inf
    return float(np.partition(cosines, len(cosines) - limit)[len(cosines) - limit])


def _best(found: Sequence[_Found], limit: int, min_cosine: float) -> list[tuple[int, float]]:
    keys = np.concatenate([part.keys for part in found])
    cosines = np.concatenate([part.cosines for part in found])
    near = np.flatnonzero(cosines >= min_cosine)
    if len(near) > limit:
        least = np.partition(cosines[near], len(near) - limit)[len(near) - limit]
        near = near[cosines[near] >= least]
    near = near[np.lexsort((keys[near], -cosines[near]))][:limit]
    return list(zip(keys[near].tolist(), cosines[near].tolist(), strict=True))
