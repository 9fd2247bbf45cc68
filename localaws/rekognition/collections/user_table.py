"""Users without their vectors, in SQLite."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from localaws.rekognition.collections.database import Database
from localaws.rekognition.collections.records import UserRecord, UserStatus


class UserTable:
    """What is known of users; one without a face has no vector, and no key of one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, connection: sqlite3.Connection, collection_id: str, user_id: str) -> bool:
        """Add a user without faces; return False where the id is taken."""
        done = connection.execute(
            "INSERT OR IGNORE INTO users (collection_id, user_id) VALUES (?, ?)", [collection_id, user_id]
        )
        return done.rowcount == 1

    def remove(self, connection: sqlite3.Connection, collection_id: str, user_id: str) -> None:
        """Remove a user."""
        connection.execute(
            "DELETE FROM users WHERE collection_id = ? AND user_id = ?", [collection_id, user_id]
        )

    def set_vector_key(
        self, connection: sqlite3.Connection, collection_id: str, user_id: str, key: int | None
    ) -> None:
        """Say which vector is the user's."""
        connection.execute(
            "UPDATE users SET vector_key = ? WHERE collection_id = ? AND user_id = ?",
            [key, collection_id, user_id],
        )

    def by_id(self, collection_id: str, user_id: str) -> UserRecord | None:
        """Return a user, or None."""
        rows = self._database.rows(
            "SELECT user_id, vector_key FROM users WHERE collection_id = ? AND user_id = ?",
            [collection_id, user_id],
        )
        return next((_user(row) for row in rows), None)

    def vector_key(self, collection_id: str, user_id: str) -> int | None:
        """Return the key of a user's vector; None where there is no such user, or no face of it."""
        rows = self._database.rows(
            "SELECT vector_key FROM users WHERE collection_id = ? AND user_id = ?", [collection_id, user_id]
        )
        return rows[0][0] if rows else None

    def by_vector_key(self, keys: Sequence[int]) -> dict[int, UserRecord]:
        """Return the users whose vectors these are."""
        rows = self._database.rows_of("SELECT vector_key, user_id FROM users WHERE vector_key IN", [], keys)
        return {key: _user((user_id, key)) for key, user_id in rows}

    def after(self, collection_id: str, user_id: str, limit: int) -> list[UserRecord]:
        """Return users whose id sorts behind `user_id`, in order."""
        rows = self._database.rows(
            "SELECT user_id, vector_key FROM users "
            "WHERE collection_id = ? AND user_id > ? ORDER BY user_id LIMIT ?",
            [collection_id, user_id, limit],
        )
        return [_user(row) for row in rows]


def _user(row: Sequence[Any]) -> UserRecord:
    user_id, vector_key = row
    return UserRecord(user_id, UserStatus.CREATED if vector_key is None else UserStatus.ACTIVE)
