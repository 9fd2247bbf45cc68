"""Collections and faces in SQLite; what is committed survives the process and the machine."""

import fcntl
import json
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np

from localaws.rekognition.collections.errors import DataInUseError
from localaws.rekognition.collections.records import Collection, FaceRecord, NewFace, RelativeBox
from localaws.rekognition.engine import Floats

_SCHEMA = """
CREATE TABLE IF NOT EXISTS collections (
    collection_id TEXT PRIMARY KEY,
    face_model_version TEXT NOT NULL,
    created_at REAL NOT NULL,
    tags TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS faces (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id TEXT NOT NULL REFERENCES collections ON DELETE CASCADE,
    face_id TEXT NOT NULL,
    image_id TEXT NOT NULL,
    external_image_id TEXT,
    "left" REAL NOT NULL, top REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL,
    confidence REAL NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (collection_id, face_id)
) STRICT;
CREATE INDEX IF NOT EXISTS faces_of_image ON faces (collection_id, image_id);
CREATE INDEX IF NOT EXISTS faces_in_order ON faces (collection_id, sequence);
"""

_FACE_COLUMNS = 'sequence, face_id, image_id, external_image_id, "left", top, width, height, confidence'

#: SQLite's default limit of variables in a statement is 32,766 now and was 999.
_VARIABLES = 900


class Database:
    """One process's hold on a data directory; threads may share it.

    Raises
    ------
    DataInUseError
        Another process holds the directory.
    """

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._lock_file = (data_dir / "lock").open("w")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock_file.close()
            raise DataInUseError(
                f"{data_dir} is in use by another process; stop it or choose another directory."
            ) from error
        self._lock = RLock()
        # Autocommit: transactions are begun by hand, in `_transaction` alone.
        self._connection = sqlite3.connect(
            data_dir / "collections.sqlite3", isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the directory."""
        with self._lock:
            self._connection.close()
            self._lock_file.close()

    def add_collection(self, collection_id: str, face_model_version: str, tags: dict[str, str]) -> bool:
        """Add a collection; return False where the id is taken."""
        with self._transaction() as connection:
            done = connection.execute(
                "INSERT OR IGNORE INTO collections VALUES (?, ?, ?, ?)",
                (collection_id, face_model_version, datetime.now(UTC).timestamp(), json.dumps(tags)),
            )
            return done.rowcount == 1

    def collection(self, collection_id: str) -> Collection | None:
        """Return a collection, or None."""
        rows = self._rows(
            "SELECT collection_id, face_model_version, created_at, "
            "(SELECT count(*) FROM faces WHERE faces.collection_id = collections.collection_id) "
            "FROM collections WHERE collection_id = ?",
            [collection_id],
        )
        return next((_collection(row) for row in rows), None)

    def collection_version(self, collection_id: str) -> str | None:
        """Return a collection's FaceModelVersion, or None where there is no such collection."""
        rows = self._rows(
            "SELECT face_model_version FROM collections WHERE collection_id = ?", [collection_id]
        )
        return rows[0][0] if rows else None

    def collection_versions(self, after: str, limit: int) -> list[tuple[str, str]]:
        """Return id and FaceModelVersion of collections whose id sorts behind `after`, in order."""
        return self._rows(
            "SELECT collection_id, face_model_version FROM collections "
            "WHERE collection_id > ? ORDER BY collection_id LIMIT ?",
            [after, limit],
        )

    def remove_collection(self, collection_id: str) -> bool:
        """Remove a collection and its faces; return False where there is none."""
        with self._transaction() as connection:
            done = connection.execute("DELETE FROM collections WHERE collection_id = ?", [collection_id])
            return done.rowcount == 1

    def add_faces(
        self,
        collection_id: str,
        image_id: str,
        external_image_id: str | None,
        faces: Sequence[tuple[str, NewFace]],
    ) -> list[FaceRecord]:
        """Add faces, each with its id, and return once they are on disk."""
        records: list[FaceRecord] = []
        with self._transaction() as connection:
            for face_id, face in faces:
                box = face.box
                done = connection.execute(
                    'INSERT INTO faces (collection_id, face_id, image_id, external_image_id, "left", '
                    "top, width, height, confidence, vector) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        collection_id, face_id, image_id, external_image_id, box.left, box.top,
                        box.width, box.height, face.confidence, face.vector.tobytes(),
                    ),
                )  # fmt: skip
                sequence = done.lastrowid or 0
                records.append(
                    FaceRecord(sequence, face_id, image_id, external_image_id, box, face.confidence)
                )
        return records

    def remove_faces(self, collection_id: str, face_ids: Sequence[str]) -> None:
        """Remove faces; ids that are not there are passed over."""
        with self._transaction() as connection:
            for part in _parts(face_ids):
                connection.execute(
                    f"DELETE FROM faces WHERE collection_id = ? AND face_id IN ({_marks(part)})",  # noqa: S608 - question marks
                    [collection_id, *part],
                )

    def faces_by_id(self, collection_id: str, face_ids: Sequence[str]) -> dict[str, FaceRecord]:
        """Return the faces of these ids that are there."""
        found: dict[str, FaceRecord] = {}
        for part in _parts(face_ids):
            rows = self._rows(
                f"SELECT {_FACE_COLUMNS} FROM faces WHERE collection_id = ? AND face_id IN ({_marks(part)})",  # noqa: S608 - question marks
                [collection_id, *part],
            )
            found.update({record.face_id: record for record in map(_face, rows)})
        return found

    def faces_of_image(
        self, collection_id: str, image_id: str, external_image_id: str | None
    ) -> list[FaceRecord]:
        """Return the faces indexed from an image under this external id."""
        rows = self._rows(
            f"SELECT {_FACE_COLUMNS} FROM faces "  # noqa: S608 - a constant
            "WHERE collection_id = ? AND image_id = ? AND external_image_id IS ? ORDER BY sequence",
            [collection_id, image_id, external_image_id],
        )
        return [_face(row) for row in rows]

    def faces_after(self, collection_id: str, sequence: int, limit: int) -> list[FaceRecord]:
        """Return faces in the order of indexing, from behind `sequence`."""
        rows = self._rows(
            f"SELECT {_FACE_COLUMNS} FROM faces "  # noqa: S608 - a constant
            "WHERE collection_id = ? AND sequence > ? ORDER BY sequence LIMIT ?",
            [collection_id, sequence, limit],
        )
        return [_face(row) for row in rows]

    def vectors(self, collection_id: str) -> list[tuple[str, Floats]]:
        """Return every face's id and vector."""
        rows = self._rows("SELECT face_id, vector FROM faces WHERE collection_id = ?", [collection_id])
        return [(face_id, np.frombuffer(vector, np.float32)) for face_id, vector in rows]

    def _rows(self, query: str, parameters: Sequence[Any]) -> list[Any]:
        with self._lock, closing(self._connection.execute(query, parameters)) as cursor:
            return cursor.fetchall()

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _parts(face_ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (face_ids[start : start + _VARIABLES] for start in range(0, len(face_ids), _VARIABLES))


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _collection(row: Sequence[Any]) -> Collection:
    collection_id, version, created_at, face_count = row
    return Collection(collection_id, version, datetime.fromtimestamp(created_at, UTC), face_count)


def _face(row: Sequence[Any]) -> FaceRecord:
    sequence, face_id, image_id, external_image_id, left, top, width, height, confidence = row
    box = RelativeBox(left, top, width, height)
    return FaceRecord(sequence, face_id, image_id, external_image_id, box, confidence)
