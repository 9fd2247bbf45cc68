"""Nearest-neighbour search over the vectors of one gallery.

Writers take turns; a search takes no lock: it works on a view that writers replace by one assignment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import numpy.typing as npt

from localaws.rekognition.collections.codes import Scan
from localaws.rekognition.collections.open_rows import OpenRows
from localaws.rekognition.collections.segment import Segment
from localaws.rekognition.engine import Floats

#: Which part of all estimates is asked for to begin with, how many at least, and how many times as many
#: where they do not suffice. Faces at the default similarity of 80 are fewer than one in 300.
_FIRST_PART, _FIRST_LEAST = 1 / 300, 128
_GROWTH = 4

#: How many more than asked for are compared to know how near is near.
_MORE = 32

#: Where more of all vectors than this must be looked at, all in order are quicker.
_SCATTERED = 1 / 8


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    segments: tuple[Segment, ...]
    sealed: "_Sealed | None"
    rows: OpenRows

    @classmethod
    def of(cls, segments: Sequence[Segment], rows: OpenRows) -> "_View":
        return cls(tuple(segments), _Sealed(segments) if segments else None, rows)


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
        self._view = _View.of(segments, OpenRows.of(keys, vectors))

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
            self._view = replace(view, rows=view.rows.with_more(keys, vectors))

    def remove(self, keys: npt.NDArray[np.int64]) -> None:
        """Remove vectors; keys that are not there are passed over."""
        with self._write_lock:
            view = self._view
            for segment in view.segments:
                segment.alive[segment.rows(keys)] = False
            self._view = replace(view, rows=view.rows.without(keys))

    def seal(self, segment: Segment) -> None:
        """Put a segment in the place of the open rows that it holds, the first of them."""
        with self._write_lock:
            view = self._view
            rows = view.rows.behind(int(segment.keys[-1]))
            self._view = _View.of((*view.segments, segment), rows)

    def replace(self, old: Sequence[Segment], new: Sequence[Segment]) -> None:
        """Put segments in the place of others that follow each other."""
        with self._write_lock:
            view = self._view
            start = view.segments.index(old[0])
            segments = (*view.segments[:start], *new, *view.segments[start + len(old) :])
            self._view = _View.of(segments, view.rows)

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
        if view.sealed is not None:
            found.append(view.sealed.near(vector, limit, min_cosine, found[0].cosines))
        return _best(found, limit, min_cosine)


class _Sealed:
    """The vectors of all segments, their rows numbered on from one to the next."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._starts = np.cumsum([0, *(len(segment.keys) for segment in segments)])
        self._scan = Scan([segment.codes for segment in segments])

    def near(self, vector: Floats, limit: int, min_cosine: float, others: Floats) -> _Found:
        """Return all that are among the `limit` nearest, taking others' cosines into account, and more."""
        total = int(self._starts[-1])
        first = min(max(int(_FIRST_PART * total), _FIRST_LEAST, 2 * limit), total)
        estimates, rows = self._scan.nearest(vector, first)
        promising = self._compare(vector, rows[: limit + _MORE]).cosines
        floor = max(min_cosine, _least_of_best(np.concatenate([others, promising]), limit))
        lowest = floor - self._scan.margin
        while estimates[-1] >= lowest and len(rows) < total:
            if _GROWTH * len(rows) > _SCATTERED * total:
                return self._compare_all(vector)
            estimates, rows = self._scan.nearest(vector, _GROWTH * len(rows))
        return self._compare(vector, rows[estimates >= lowest])

    def _compare(self, vector: Floats, rows: npt.NDArray[np.int64]) -> _Found:
        rows = np.sort(rows)
        keys = np.empty(len(rows), np.int64)
        alive = np.empty(len(rows), np.bool_)
        vectors = np.empty((len(rows), len(vector)), np.float32)
        bounds = np.searchsorted(rows, self._starts).tolist()
        for number in np.flatnonzero(np.diff(bounds)).tolist():
            segment, part = self._segments[number], slice(bounds[number], bounds[number + 1])
            wanted = rows[part] - self._starts[number]
            keys[part] = segment.keys[wanted]
            alive[part] = segment.alive[wanted]
            vectors[part] = segment.vectors[wanted]
        return _Found(keys[alive], (vectors @ vector)[alive])

    def _compare_all(self, vector: Floats) -> _Found:
        alive = np.concatenate([segment.alive for segment in self._segments])
        keys = np.concatenate([segment.keys for segment in self._segments])
        cosines = np.concatenate([segment.vectors @ vector for segment in self._segments])
        return _Found(keys[alive], cosines[alive])


def _found_among(rows: OpenRows, vector: Floats) -> _Found:
    cosines = rows.vectors[: rows.count] @ vector
    alive = np.flatnonzero(rows.alive[: rows.count])
    return _Found(rows.keys[alive], cosines[alive])


def _least_of_best(cosines: Floats, limit: int) -> float:
    """Return a cosine that the `limit`-th nearest has at least."""
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
