"""Collections, their tags and their galleries, in SQLite."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from localaws.rekognition.collections.database import Database
from localaws.rekognition.collections.records import Collection

#: A collection's two sets of vectors that are searched.
GalleryKind = Literal["faces", "users"]


class CollectionTable:
    """What is known of collections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        connection: sqlite3.Connection,
        collection_id: str,
        version: str,
        dimension: int,
        tags: dict[str, str],
    ) -> bool:
        """Add a collection with its galleries; return False where the id is taken."""
        done = connection.execute(
            "INSERT OR IGNORE INTO collections VALUES (?, ?, ?, ?)",
            (collection_id, version, datetime.now(UTC).timestamp(), json.dumps(tags)),
        )
        if done.rowcount == 1:
            connection.executemany(
                "INSERT INTO galleries (collection_id, kind, dimension) VALUES (?, ?, ?)",
                [(collection_id, "faces", dimension), (collection_id, "users", dimension)],
            )
        return done.rowcount == 1

    def remove(self, connection: sqlite3.Connection, collection_id: str) -> bool:
        """Remove a collection and all that is in it; return False where there is none."""
        done = connection.execute("DELETE FROM collections WHERE collection_id = ?", [collection_id])
        return done.rowcount == 1

    def set_tags(self, connection: sqlite3.Connection, collection_id: str, tags: dict[str, str]) -> None:
        """Replace a collection's tags."""
        connection.execute(
            "UPDATE collections SET tags = ? WHERE collection_id = ?", [json.dumps(tags), collection_id]
        )

    def collection(self, collection_id: str) -> Collection | None:
        """Return a collection, or None."""
        rows = self._database.rows(
            "SELECT collection_id, face_model_version, created_at, "
            "(SELECT count(*) FROM faces WHERE faces.collection_id = collections.collection_id), "
            "(SELECT count(*) FROM users WHERE users.collection_id = collections.collection_id) "
            "FROM collections WHERE collection_id = ?",
            [collection_id],
        )
        return next((_collection(row) for row in rows), None)

    def version(self, collection_id: str) -> str | None:
        """Return a collection's FaceModelVersion, or None where there is no such collection."""
        rows = self._database.rows(
            "SELECT face_model_version FROM collections WHERE collection_id = ?", [collection_id]
        )
        return rows[0][0] if rows else None

    def versions(self, after: str, limit: int) -> list[tuple[str, str]]:
        """Return id and FaceModelVersion of collections whose id sorts behind `after`, in order."""
        return self._database.rows(
            "SELECT collection_id, face_model_version FROM collections "
            "WHERE collection_id > ? ORDER BY collection_id LIMIT ?",
            [after, limit],
        )

    def tags(self, collection_id: str) -> dict[str, str] | None:
        """Return a collection's tags, or None where there is no such collection."""
        rows = self._database.rows("SELECT tags FROM collections WHERE collection_id = ?", [collection_id])
        return json.loads(rows[0][0]) if rows else None

    def gallery(self, collection_id: str, kind: GalleryKind) -> tuple[int, int]:
        """Return number and dimension of a gallery of a collection that is there."""
        rows = self._database.rows(
            "SELECT gallery_id, dimension FROM galleries WHERE collection_id = ? AND kind = ?",
            [collection_id, kind],
        )
        return rows[0]


def _collection(row: Sequence[Any]) -> Collection:
    collection_id, version, created_at, face_count, user_count = row
    return Collection(collection_id, version, datetime.fromtimestamp(created_at, UTC), face_count, user_count)
