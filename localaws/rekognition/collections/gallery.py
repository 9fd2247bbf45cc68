"""A gallery: vectors kept on disk and searched.

New vectors lie in SQLite and in memory. When there are enough they are written to a segment, and once
that is on disk one transaction makes it part of the gallery and takes them out of SQLite: whatever
happens in between, SQLite says what exists and the files hold it. A segment never changes; which of
its vectors were erased stands in SQLite. Neighbours of about the same size become one, so that there
are few, and where most are erased the living are written anew.
"""

import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import numpy as np

from localaws.rekognition.collections.database import Database, execute_for
from localaws.rekognition.collections.search_index import SearchIndex
from localaws.rekognition.collections.segment import Segment
from localaws.rekognition.engine import Floats


class Gallery:
    """Vectors, each with the key that it was given when it was stored; keys ascend.

    Parameters
    ----------
    database : Database
    root : Path
        Directory of all segments.
    gallery_id : int
    dimension : int
    segment_rows : int
        How many vectors a segment has at most; a sixteenth of them makes one.
    """

    def __init__(
        self, database: Database, root: Path, gallery_id: int, dimension: int, segment_rows: int
    ) -> None:
        self._database = database
        self._root = root
        self._gallery_id = gallery_id
        self._dimension = dimension
        self._segment_rows = segment_rows
        self._index = self._load()
        #: What was rewritten last. A search under way may look at it still; let go of by that search, a
        #: segment would cost it the tenth of a second that giving back the file's memory takes.
        self._replaced: Sequence[Segment] = ()

    def vector(self, key: int) -> Floats:
        """Return a vector, (dimension,); raises `KeyError`."""
        return self._index.vector(key)

    def search(self, vector: Floats, limit: int, min_cosine: float) -> list[tuple[int, float]]:
        """Return keys and cosines of the nearest, nearest first."""
        return self._index.search(vector, limit, min_cosine)

    def store(self, connection: sqlite3.Connection, vectors: Sequence[Floats]) -> list[int]:
        """Store unit vectors (dimension,) on disk and return their keys; raises `ValueError`."""
        if any(vector.shape != (self._dimension,) for vector in vectors):
            raise ValueError(f"Vectors of this gallery have {self._dimension} coordinates.")
        return [
            connection.execute(
                "INSERT INTO open_vectors (gallery_id, vector) VALUES (?, ?)",
                (self._gallery_id, vector.astype(np.float32).tobytes()),
            ).lastrowid
            or 0
            for vector in vectors
        ]

    def erase(self, connection: sqlite3.Connection, keys: Sequence[int]) -> None:
        """Erase vectors on disk; once a transaction, since the marks of a segment are written as a whole."""
        execute_for(connection, "DELETE FROM open_vectors WHERE key IN", keys)
        wanted = np.asarray(keys, np.int64)
        for segment in self._index.segments:
            rows = segment.rows(wanted)
            if len(rows):
                connection.execute(
                    "UPDATE segments SET dead = ? WHERE name = ?",
                    (segment.dead(rows), segment.directory.name),
                )

    def show(self, keys: Sequence[int], vectors: Sequence[Floats]) -> None:
        """Let searches see what was stored, once it is committed."""
        if keys:
            self._index.add(np.asarray(keys, np.int64), np.asarray(vectors, np.float32))

    def hide(self, keys: Sequence[int]) -> None:
        """Let searches no longer see what was erased, once it is committed."""
        self._index.remove(np.asarray(keys, np.int64))

    def tidy(self) -> None:
        """Write the segments that are due; searches go on meanwhile, changes do not."""
        while self._index.open_count >= max(1, self._segment_rows // 16):
            self._seal()
        while due := self._segments_due():
            self._rewrite(due)

    def _load(self) -> SearchIndex:
        segments = [
            Segment.open(self._root / name, dead)
            for name, dead in self._database.rows(
                "SELECT name, dead FROM segments WHERE gallery_id = ? ORDER BY first_key", [self._gallery_id]
            )
        ]
        rows = self._database.rows(
            "SELECT key, vector FROM open_vectors WHERE gallery_id = ? ORDER BY key", [self._gallery_id]
        )
        keys = np.asarray([key for key, _ in rows], np.int64)
        vectors = np.frombuffer(b"".join(vector for _, vector in rows), np.float32)
        return SearchIndex(segments, keys, vectors.reshape(-1, self._dimension))

    def _seal(self) -> None:
        """Make a segment of the oldest open rows."""
        keys, vectors = self._index.open_rows()
        count = self._segment_rows
        segment = Segment.write(self._new_directory(), keys[:count], vectors[:count])
        with self._database.transaction() as connection:
            self._insert(connection, segment)
            connection.execute(
                "DELETE FROM open_vectors WHERE gallery_id = ? AND key <= ?",
                (self._gallery_id, int(segment.keys[-1])),
            )
        self._index.seal(segment)

    def _segments_due(self) -> list[Segment]:
        """Return two neighbours to become one, or a segment to be written anew; or none."""
        counts = {segment: int(np.count_nonzero(segment.alive)) for segment in self._index.segments}
        for older, newer in pairwise(self._index.segments):
            # The younger have caught up: each vector is copied as often as its segment doubles.
            if counts[older] <= counts[newer] and counts[older] + counts[newer] <= self._segment_rows:
                return [older, newer]
        return [segment for segment, count in counts.items() if count < len(segment.keys) / 2][:1]

    def _rewrite(self, old: Sequence[Segment]) -> None:
        """Put the living of these segments into one, or drop the segments where there are none."""
        keys = np.concatenate([segment.keys[segment.alive] for segment in old])
        vectors = np.concatenate([segment.vectors[segment.alive] for segment in old])
        new = [Segment.write(self._new_directory(), keys, vectors)] if len(keys) else []
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM segments WHERE name = ?", [(segment.directory.name,) for segment in old]
            )
            for segment in new:
                self._insert(connection, segment)
        self._index.replace(old, new)
        for segment in old:
            segment.remove_files()
        self._replaced = old

    def _insert(self, connection: sqlite3.Connection, segment: Segment) -> None:
        connection.execute(
            "INSERT INTO segments (name, gallery_id, first_key, dead) VALUES (?, ?, ?, x'')",
            (segment.directory.name, self._gallery_id, int(segment.keys[0])),
        )

    def _new_directory(self) -> Path:
        return self._root / uuid4().hex


class GalleryChange:
    """What one transaction stores in galleries and erases from them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._stored: list[tuple[Gallery, list[int], Sequence[Floats]]] = []
        self._erased: dict[Gallery, list[int]] = {}

    def store(self, gallery: Gallery, vectors: Sequence[Floats]) -> list[int]:
        """Store unit vectors (dimension,) and return their keys."""
        keys = gallery.store(self.connection, vectors)
        self._stored.append((gallery, keys, vectors))
        return keys

    def erase(self, gallery: Gallery, keys: Sequence[int]) -> None:
        """Erase vectors, at the end of the transaction."""
        self._erased.setdefault(gallery, []).extend(keys)

    def end(self) -> None:
        """Do what is left for the transaction to do."""
        for gallery, keys in self._erased.items():
            gallery.erase(self.connection, keys)

    def show(self) -> None:
        """Let searches see the change, which is committed."""
        # First the new, then away with the old: a user whose vector changes is never missing.
        for gallery, keys, vectors in self._stored:
            gallery.show(keys, vectors)
        for gallery, keys in self._erased.items():
            gallery.hide(keys)

    def tidy(self) -> None:
        """Let the galleries tidy up after the change."""
        for gallery in {*(gallery for gallery, *_ in self._stored), *self._erased}:
            gallery.tidy()
