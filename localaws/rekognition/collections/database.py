"""The SQLite file that says what exists; what is committed survives the process and the machine."""

import fcntl
import sqlite3
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock, local
from typing import Any

from localaws.rekognition.collections.errors import DataInUseError, DataLayoutError

#: Kept in SQLite's user_version; raised whenever the schema or the files beside it change.
_LAYOUT = 2

_SCHEMA = """
CREATE TABLE collections (
    collection_id TEXT PRIMARY KEY,
    face_model_version TEXT NOT NULL,
    created_at REAL NOT NULL,
    tags TEXT NOT NULL
) STRICT;
CREATE TABLE galleries (
    gallery_id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id TEXT NOT NULL REFERENCES collections ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('faces', 'users')),
    dimension INTEGER NOT NULL,
    UNIQUE (collection_id, kind)
) STRICT;
CREATE TABLE open_vectors (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    gallery_id INTEGER NOT NULL REFERENCES galleries ON DELETE CASCADE,
    vector BLOB NOT NULL
) STRICT;
CREATE INDEX open_vectors_of_gallery ON open_vectors (gallery_id);
CREATE TABLE segments (
    name TEXT PRIMARY KEY,
    gallery_id INTEGER NOT NULL REFERENCES galleries ON DELETE CASCADE,
    first_key INTEGER NOT NULL,
    dead BLOB NOT NULL
) STRICT;
CREATE INDEX segments_of_gallery ON segments (gallery_id, first_key);
CREATE TABLE users (
    collection_id TEXT NOT NULL REFERENCES collections ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    vector_key INTEGER,
    PRIMARY KEY (collection_id, user_id)
) STRICT;
CREATE UNIQUE INDEX users_by_vector ON users (vector_key);
CREATE TABLE faces (
    sequence INTEGER PRIMARY KEY,
    collection_id TEXT NOT NULL REFERENCES collections ON DELETE CASCADE,
    face_id TEXT NOT NULL,
    image_id TEXT NOT NULL,
    external_image_id TEXT,
    "left" REAL NOT NULL, top REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL,
    confidence REAL NOT NULL,
    user_id TEXT,
    UNIQUE (collection_id, face_id)
) STRICT;
CREATE INDEX faces_of_image ON faces (collection_id, image_id);
CREATE INDEX faces_in_order ON faces (collection_id, sequence);
CREATE INDEX faces_of_user ON faces (collection_id, user_id) WHERE user_id IS NOT NULL;
"""

#: SQLite's default limit of variables in a statement is 32,766 now and was 999.
_VARIABLES = 900

#: Fetching goes through the interpreter's lock once a row, too fast for a thread that waits for it to get
#: it: with a pause, seconds, after so many rows it waits for a millisecond, not until all are fetched.
_ROWS_AT_A_TIME = 100
_PAUSE = 50e-6


class Database:
    """One process's hold on a data directory; threads may share it.

    One connection writes, every thread that reads has its own: in WAL mode readers wait for nobody.

    Raises
    ------
    DataInUseError
        Another process holds the directory.
    DataLayoutError
        The directory is of another version.
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
        self._path = data_dir / "collections.sqlite3"
        self._writing = Lock()
        self._writer = self._connect()
        self._readers: list[sqlite3.Connection] = []
        self._of_thread = local()
        self._prepare(data_dir)

    def close(self) -> None:
        """Let go of the directory."""
        with self._writing:
            for connection in (*self._readers, self._writer):
                connection.close()
            self._lock_file.close()

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query over what is committed."""
        with closing(self._reader().execute(query, parameters)) as cursor:
            return cursor.fetchall()

    def rows_of(self, query: str, parameters: Sequence[Any], values: Sequence[Any]) -> list[Any]:
        """Return the rows of a query that ends in ``IN (...)``, for any number of values."""
        found: list[Any] = []
        for part in _parts(values, _ROWS_AT_A_TIME):
            if found:
                time.sleep(_PAUSE)
            found += self.rows(f"{query} ({', '.join('?' * len(part))})", [*parameters, *part])
        return found

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """Write: all of it is on disk afterwards, or, after an exception, none."""
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def _prepare(self, data_dir: Path) -> None:
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._writer.execute("PRAGMA synchronous = FULL")
        self._writer.execute("PRAGMA foreign_keys = ON")
        (layout,) = self._writer.execute("PRAGMA user_version").fetchone()
        (tables,) = self._writer.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables == 0:
            self._writer.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_LAYOUT}; COMMIT;")
        elif layout != _LAYOUT:
            self.close()
            raise DataLayoutError(
                f"{data_dir} holds collections in layout {layout}, this version works with {_LAYOUT}; "
                "move the directory away and index the faces again."
            )

    def _reader(self) -> sqlite3.Connection:
        reader: sqlite3.Connection | None = getattr(self._of_thread, "reader", None)
        if reader is None:
            reader = self._of_thread.reader = self._connect()
            reader.execute("PRAGMA query_only = ON")
            self._readers.append(reader)
        return reader

    def _connect(self) -> sqlite3.Connection:
        # Autocommit: transactions are begun by hand, in `transaction` alone. A thread's connection is
        # used by that thread, and closed by whoever closes the database.
        return sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)


def execute_for(connection: sqlite3.Connection, statement: str, values: Sequence[Any]) -> None:
    """Execute a statement that ends in ``IN (...)``, for any number of values.

    Unlike `executemany`, which goes through the interpreter's lock so fast, once a value, that another
    thread waiting for it starves.
    """
    for part in _parts(values, _VARIABLES):
        connection.execute(f"{statement} ({', '.join('?' * len(part))})", part)


def _parts(values: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (values[start : start + size] for start in range(0, len(values), size))
