"""Vectors in two bits a coordinate, which faiss's fast scan compares within the CPU's registers.

A code gives an estimate of the cosine, good enough to say which few vectors must be looked at. A random
rotation makes every vector's coordinates look like draws from a normal distribution of variance
1/dimension, so one code book, the quantizer of Max ("Quantizing for minimum distortion", IRE
Transactions on Information Theory, 1960, table I, four levels), serves any vectors and none is trained.
"""

import importlib
import math
from collections.abc import Sequence
from pathlib import Path
from threading import local
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from localaws.rekognition.engine import Floats

#: Max's levels, in standard deviations, and the part of the variance that they lose.
_LEVELS = (-1.510, -0.4528, 0.4528, 1.510)
_DISTORTION = 0.1175

#: Standard deviation of an estimate times the square root of the dimension: what the levels lose stands
#: at right angles to the vector and is as long as sqrt(kept - kept^2) of it. .365 was measured, too.
_SPREAD = math.sqrt(_DISTORTION * (1 - _DISTORTION)) / (1 - _DISTORTION)

#: An estimate is further off once in 3.5 million times.
_DEVIATIONS = 5

_ROTATION_SEED = 1960

_of_thread = local()


class Codes:
    """The codes of unit vectors, in their order.

    Attributes
    ----------
    index
        faiss's.
    """

    def __init__(self, index: Any) -> None:
        self.index = index

    @classmethod
    def encode(cls, vectors: Floats) -> Self:
        """Encode unit vectors (count, dimension), float32."""
        faiss = _faiss()
        dimension = vectors.shape[1]
        # faiss looks pairs of coordinates up in tables of sixteen.
        even = dimension + dimension % 2
        rotation = faiss.RandomRotationMatrix(dimension, even)
        rotation.init(_ROTATION_SEED)
        scan = faiss.IndexPQFastScan(even, even // 2, 4, faiss.METRIC_INNER_PRODUCT)
        levels = np.asarray(_LEVELS) / math.sqrt(dimension)
        pairs = np.stack(np.meshgrid(levels, levels), axis=-1).reshape(-1)
        faiss.copy_array_to_vector(np.tile(pairs, even // 2).astype(np.float32), scan.pq.centroids)
        scan.is_trained = True
        index = faiss.IndexPreTransform(rotation, scan)
        index.add(vectors)
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        return cls(_faiss().read_index(str(path)))

    def save(self, path: Path) -> None:
        """Write to a file."""
        _faiss().write_index(self.index, str(path))


class Scan:
    """One way through the codes of several segments, and one call of faiss.

    One call, because another thread that computes in Python may keep the interpreter for 5 ms each time
    that a call ends.

    Attributes
    ----------
    margin : float
        By how much an estimate may be off.
    """

    def __init__(self, codes: Sequence[Codes]) -> None:
        dimension = codes[0].index.d
        self._shards = _faiss().IndexShards(dimension, False, True)
        for part in codes:
            self._shards.add_shard(part.index)
        self.margin = _DEVIATIONS * _SPREAD / math.sqrt(dimension)

    def nearest(self, vector: Floats, count: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Estimate which vectors are nearest to a unit vector (dimension,).

        Returns
        -------
        ndarray, shape (count,)
            Estimated cosines, the largest first.
        ndarray, shape (count,), dtype int64
            Rows, numbered on from segment to segment.
        """
        _faiss()
        products, rows = self._shards.search(vector[np.newaxis], count)
        return products[0] / (1 - _DISTORTION), rows[0]


def _faiss() -> Any:
    """Return faiss, kept to the calling thread: others search meanwhile and need the other cores."""
    # Takes .4 s to import and is needed by large collections only; it has no type hints.
    faiss = importlib.import_module("faiss")
    if not getattr(_of_thread, "alone", False):
        # OpenMP keeps this for each thread apart.
        faiss.omp_set_num_threads(1)
        _of_thread.alone = True
    return faiss
