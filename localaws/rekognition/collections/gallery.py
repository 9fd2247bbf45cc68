"""A gallery: vectors kept in SQLite and searched in memory."""

import sqlite3
from collections.abc import Sequence

import numpy as np

from localaws.rekognition.collections.database import Database
from localaws.rekognition.collections.search_index import SearchIndex
from localaws.rekognition.engine import Floats


class Gallery:
    """Vectors, each with the key that it was given when it was stored; keys ascend."""

    def __init__(self, database: Database, gallery_id: int, dimension: int) -> None:
        self._gallery_id = gallery_id
        rows = database.rows("SELECT key, vector FROM open_vectors WHERE gallery_id = ?", [gallery_id])
        self._index = SearchIndex(
            dimension, [(key, np.frombuffer(vector, np.float32)) for key, vector in rows]
        )

    def vector(self, key: int) -> Floats:
        """Return a vector, (dimension,); raises `KeyError`."""
        return self._index.vector(key)

    def search(self, vector: Floats, limit: int, min_cosine: float) -> list[tuple[int, float]]:
        """Return keys and cosines of the nearest, nearest first."""
        return self._index.search(vector, limit, min_cosine)

    def store(self, connection: sqlite3.Connection, vectors: Sequence[Floats]) -> list[int]:
        """Store unit vectors (dimension,) on disk and return their keys."""
        return [
            connection.execute(
                "INSERT INTO open_vectors (gallery_id, vector) VALUES (?, ?)",
                (self._gallery_id, vector.astype(np.float32).tobytes()),
            ).lastrowid
            or 0
            for vector in vectors
        ]

    def erase(self, connection: sqlite3.Connection, keys: Sequence[int]) -> None:
        """Erase vectors on disk."""
        connection.executemany("DELETE FROM open_vectors WHERE key = ?", [(key,) for key in keys])

    def show(self, keys: Sequence[int], vectors: Sequence[Floats]) -> None:
        """Let searches see what was stored, once it is committed."""
        self._index.add(list(zip(keys, vectors, strict=True)))

    def hide(self, keys: Sequence[int]) -> None:
        """Let searches no longer see what was erased, once it is committed."""
        self._index.remove(keys)


class GalleryChange:
    """What one transaction stores in galleries and erases from them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._stored: list[tuple[Gallery, list[int], Sequence[Floats]]] = []
        self._erased: list[tuple[Gallery, Sequence[int]]] = []

    def store(self, gallery: Gallery, vectors: Sequence[Floats]) -> list[int]:
        """Store unit vectors (dimension,) and return their keys."""
        keys = gallery.store(self.connection, vectors)
        self._stored.append((gallery, keys, vectors))
        return keys

    def erase(self, gallery: Gallery, keys: Sequence[int]) -> None:
        """Erase vectors."""
        gallery.erase(self.connection, keys)
        self._erased.append((gallery, keys))

    def show(self) -> None:
        """Let searches see the change; to be called once it is committed."""
        # First the new, then away with the old: a user whose vector changes is never missing.
        for gallery, keys, vectors in self._stored:
            gallery.show(keys, vectors)
        for gallery, keys in self._erased:
            gallery.hide(keys)
