"""A segment: vectors in files that are written once, mapped into memory and never changed."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from localaws.rekognition.collections.codes import Codes
from localaws.rekognition.engine import Floats

_KEYS, _VECTORS, _CODES = "keys.npy", "vectors.npy", "codes.faiss"


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Some vectors of a gallery.

    Attributes
    ----------
    directory : Path
    keys : ndarray, shape (count,), dtype int64
        Ascending.
    vectors : ndarray, shape (count, dimension), dtype float32
        On disk.
    codes : Codes
    alive : ndarray, shape (count,), dtype bool
        False where the vector was erased; the one thing that changes.
    """

    directory: Path
    keys: npt.NDArray[np.int64]
    vectors: Floats
    codes: Codes
    alive: npt.NDArray[np.bool_]

    @classmethod
    def write(cls, directory: Path, keys: npt.NDArray[np.int64], vectors: Floats) -> Self:
        """Write a segment; when this returns it is on disk, wholly."""
        directory.mkdir(parents=True)
        np.save(directory / _KEYS, keys)
        np.save(directory / _VECTORS, vectors)
        Codes.encode(vectors).save(directory / _CODES)
        for path in (*directory.iterdir(), directory, *directory.parents[:2]):
            _flush(path)
        return cls.open(directory, b"")

    @classmethod
    def open(cls, directory: Path, dead: bytes) -> Self:
        """Map a segment into memory; `dead` is what `dead` returned, or empty where none is."""
        keys = np.load(directory / _KEYS)
        # Without the class memmap, which makes every row looked at cost .01 ms.
        vectors = np.asarray(np.load(directory / _VECTORS, mmap_mode="r"))
        alive = np.ones(len(keys), np.bool_)
        if dead:
            alive &= ~np.unpackbits(np.frombuffer(dead, np.uint8), count=len(keys)).astype(np.bool_)
        return cls(directory, keys, vectors, Codes.load(directory / _CODES), alive)

    def rows(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the rows of those of the keys that are here and alive."""
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return places[(self.keys[places] == keys) & self.alive[places]]

    def dead(self, erased: npt.NDArray[np.int64]) -> bytes:
        """Return which rows are dead once those are erased, in bits."""
        dead = ~self.alive
        dead[erased] = True
        return np.packbits(dead).tobytes()

    def remove_files(self) -> None:
        """Remove the files; who has the segment open can go on reading."""
        shutil.rmtree(self.directory)


def remove_all_but(root: Path, names: Iterable[str]) -> None:
    """Remove the directories of segments that are no longer, or were never quite, part of a gallery."""
    if root.exists():
        kept = set(names)
        for directory in root.iterdir():
            if directory.name not in kept:
                shutil.rmtree(directory)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
