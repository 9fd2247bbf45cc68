"""Faces without their vectors, in SQLite."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from localaws.rekognition.collections.database import Database, execute_for
from localaws.rekognition.collections.records import FaceRecord, RelativeBox

_COLUMNS = 'sequence, face_id, image_id, external_image_id, "left", top, width, height, confidence, user_id'


class FaceTable:
    """What is known of faces; a face's sequence is the key of its vector."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, connection: sqlite3.Connection, collection_id: str, records: Iterable[FaceRecord]) -> None:
        """Add faces."""
        connection.executemany(
            f"INSERT INTO faces (collection_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
            (
                (
                    collection_id, face.sequence, face.face_id, face.image_id, face.external_image_id,
                    face.box.left, face.box.top, face.box.width, face.box.height, face.confidence,
                    face.user_id,
                )
                for face in records
            ),
        )  # fmt: skip

    def remove(self, connection: sqlite3.Connection, records: Iterable[FaceRecord]) -> None:
        """Remove faces."""
        execute_for(connection, "DELETE FROM faces WHERE sequence IN", [face.sequence for face in records])

    def set_user(
        self, connection: sqlite3.Connection, records: Iterable[FaceRecord], user_id: str | None
    ) -> None:
        """Associate faces with a user, or with none."""
        connection.executemany(
            "UPDATE faces SET user_id = ? WHERE sequence = ?", [(user_id, face.sequence) for face in records]
        )

    def by_id(self, collection_id: str, face_ids: Sequence[str]) -> dict[str, FaceRecord]:
        """Return the faces of these ids that are there."""
        rows = self._database.rows_of(
            f"SELECT {_COLUMNS} FROM faces WHERE collection_id = ? AND face_id IN",  # noqa: S608 - a constant
            [collection_id],
            face_ids,
        )
        return {record.face_id: record for record in map(_face, rows)}

    def by_sequence(self, sequences: Sequence[int]) -> dict[int, FaceRecord]:
        """Return the faces of these sequences that are there."""
        rows = self._database.rows_of(f"SELECT {_COLUMNS} FROM faces WHERE sequence IN", [], sequences)  # noqa: S608 - a constant
        return {record.sequence: record for record in map(_face, rows)}

    def of_image(self, collection_id: str, image_id: str, external_image_id: str | None) -> list[FaceRecord]:
        """Return the faces indexed from an image under this external id."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM faces "  # noqa: S608 - a constant
            "WHERE collection_id = ? AND image_id = ? AND external_image_id IS ? ORDER BY sequence",
            [collection_id, image_id, external_image_id],
        )
        return [_face(row) for row in rows]

    def of_user(self, collection_id: str, user_id: str) -> list[FaceRecord]:
        """Return the faces associated with a user, in the order of indexing."""
        return self.after(collection_id, 0, -1, user_id)

    def after(
        self, collection_id: str, sequence: int, limit: int, user_id: str | None = None
    ) -> list[FaceRecord]:
        """Return faces, of a user or all, in the order of indexing, from behind `sequence`."""
        of_user, whose = ("AND user_id = ? ", [user_id]) if user_id is not None else ("", [])
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM faces "  # noqa: S608 - constants
            f"WHERE collection_id = ? {of_user}AND sequence > ? ORDER BY sequence LIMIT ?",
            [collection_id, *whose, sequence, limit],
        )
        return [_face(row) for row in rows]


def _face(row: Sequence[Any]) -> FaceRecord:
    sequence, face_id, image_id, external_image_id, left, top, width, height, confidence, user_id = row
    box = RelativeBox(left, top, width, height)
    return FaceRecord(sequence, face_id, image_id, external_image_id, box, confidence, user_id)
