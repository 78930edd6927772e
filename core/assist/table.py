"""Rows of numbers on the disk, and which content and which frame has which: what lies below embeddings.

What always holds: a row is on the disk before rows.db names it, so what a kill leaves is cut off by the next writer;
both files may be damaged or thrown away at any time and are made anew. A frame takes 24 bytes of memory while it is
looked at, and nothing of its numbers. Called by embeddings; one process writes at a time, any number reads.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import Lacking
from core.text import safe

#: The place of what has no row: unknown, or unreadable.
NONE = -1
_MANY = 20_000
_TABLES = """
CREATE TABLE IF NOT EXISTS content (id BLOB PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS frame (id INTEGER PRIMARY KEY, stamp INTEGER NOT NULL, row INTEGER NOT NULL);
"""

Rows = NDArray[np.int64]


def number(text: str) -> int:
    """Return 63 bits that stand for a frame's key: of a million frames, two meet once in ten million workspaces."""
    return int.from_bytes(hashlib.blake2b(os.fsencode(text), digest_size=8).digest(), "big") >> 1


class Table:
    """The rows of one engine, `dims` numbers of the type `width` each, in a folder. Not for several threads."""

    def __init__(self, folder: Path, dims: int, width: str) -> None:
        self.folder, self.dims, self.type = folder, dims, np.dtype(width)
        self._vectors_path, self._path = folder / "vectors", folder / "rows.db"
        self._db: sqlite3.Connection | None = None
        self._inode, self._seen = 0, -1
        #: What is known of frames, by their numbers in ascending order: what their file was when it was read, their row.
        self.ids: Rows = np.empty(0, np.int64)
        self.stamps: Rows = np.empty(0, np.int64)
        self.places: Rows = np.empty(0, np.int64)
        self._vectors: NDArray[np.floating] = np.empty((0, dims), self.type)

    @property
    def bytes_each(self) -> int:
        return self.type.itemsize * self.dims

    def close(self) -> None:
        """Let the database and the numbers go."""
        if self._db is not None:
            self._db.close()
            self._db = None
        self._vectors = np.empty((0, self.dims), self.type)
        self._seen = -1

    def some(self, places: Rows) -> NDArray[np.float32]:
        """Return the numbers at places, all of which there must be."""
        return self._vectors[places].astype(np.float32)

    def find(self, ids: Rows) -> Rows:
        """Return for each frame's number where it stands in `ids`, -1 where nothing is known of it."""
        if not len(self.ids):
            return np.full(len(ids), NONE, np.int64)
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[at] == ids, at, NONE)

    # --- reading ------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Take up what is known by now; nothing where the files are damaged, which the next writer makes anew."""
        if not self._path.exists():
            return
        try:
            db = self._connection()
            version = int(db.execute("PRAGMA data_version").fetchone()[0])
            if version == self._seen:
                return
            self._read(db)
            count = self._vectors_path.stat().st_size // self.bytes_each if self._vectors_path.exists() else 0
            # A row that the file does not hold is a damaged cache: as good as unknown until the next fill.
            self.places[self.places >= count] = NONE
            self._vectors = (
                np.memmap(self._vectors_path, self.type, "r", shape=(count, self.dims))
                if count
                else np.empty((0, self.dims), self.type)
            )
            self._seen = version
        except (sqlite3.Error, OSError, ValueError):
            self.ids, self.stamps, self.places = (np.empty(0, np.int64) for _ in range(3))
            self._seen = -1

    def forget(self) -> None:
        """Let the next `refresh` read anew: own changes are not seen by it."""
        self._seen = -1

    def _read(self, db: sqlite3.Connection) -> None:
        count = int(db.execute("SELECT count(*) FROM frame").fetchone()[0])
        found = np.empty((count, 3), np.int64)
        cursor, done = db.execute("SELECT id, stamp, row FROM frame ORDER BY id LIMIT ?", (count,)), 0
        while some := cursor.fetchmany(_MANY):
            found[done : done + len(some)] = some
            done += len(some)
        self.ids, self.stamps, self.places = (found[:done, column].copy() for column in range(3))

    def _connection(self) -> sqlite3.Connection:
        if self._db is not None and (not self._path.exists() or self._path.stat().st_ino != self._inode):
            self.close()  # another process has made it anew
        if self._db is None:
            self._db = sqlite3.connect(self._path, timeout=10, isolation_level=None)
            self._db.executescript(_TABLES)
            self._inode, self._seen = self._path.stat().st_ino, -1
        return self._db

    # --- writing, by who holds the lock -------------------------------------------------------------------------

    def mend(self) -> None:
        """Make sound what there is: damaged files anew, and no row behind those that are named."""
        for _ in range(2):
            try:
                found = self._connection().execute("SELECT coalesce(max(row) + 1, 0) FROM content")
                count = int(found.fetchone()[0])
                held = self._vectors_path.stat().st_size if self._vectors_path.exists() else 0
                if held >= count * self.bytes_each:
                    if held:
                        os.truncate(self._vectors_path, count * self.bytes_each)
                    return
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                    raise self._lacking(error) from error
            self.close()
            for gone in (self._path, Path(f"{self._path}-journal"), self._vectors_path):
                gone.unlink(missing_ok=True)
        raise self._lacking(None)

    def row_of(self, content: bytes) -> int | None:
        """Return the row of a content, None where it has none."""
        found = self._connection().execute("SELECT row FROM content WHERE id = ?", (content,)).fetchone()
        return None if found is None else int(found[0])

    def append(self, vectors: NDArray[np.float32]) -> int:
        """Write rows behind the others; return the place of the first. Nothing names them yet."""
        with open(self._vectors_path, "ab") as file:
            first = file.tell() // self.bytes_each
            file.write(vectors.astype(self.type).tobytes())
        return first

    def name(self, fresh: Iterable[tuple[bytes, int]], frames: Iterable[tuple[int, int, int]]) -> None:
        """Make rows durable, then name those of contents and of frames (number, stamp, row). Raises Lacking."""
        if self._vectors_path.exists():
            with open(self._vectors_path, "rb") as file:
                os.fsync(file.fileno())
        db = self._connection()
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR REPLACE INTO content VALUES (?, ?)", fresh)
            db.executemany("INSERT OR REPLACE INTO frame VALUES (?, ?, ?)", frames)
            db.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise self._lacking(error) from error

    def _lacking(self, error: sqlite3.Error | None) -> Lacking:
        why = f" ({safe(str(error))})" if error else ""
        return Lacking(
            f"What was computed of frames can't be kept in {safe(self.folder)}{why}.",
            "Is there room on the disk (df -h)? Then try again.",
        )
