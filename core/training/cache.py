"""What trainings computed of an image, kept by content: small pixels, features; one SQLite file in the private cache.

What always holds: an entry belongs to the bytes of an image and to every setting that decides it (`kind`), carries a
checksum, and is computed anew where that does not fit; a cache that is damaged, read-only or without room is no error,
only slower. It never grows beyond `most`: what was not asked for the longest goes first, whole kinds at a time. No
image's path is in it, and nothing is proven from it.
Called by the training process, through data.py and features.py.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shutil import disk_usage
from typing import Self

FILE = "training.db"
#: Bytes of entries at most; and never more than a quarter of the room that is left.
MOST = 2 << 30
_ASK = 400
_TABLES = """
PRAGMA auto_vacuum = INCREMENTAL;
CREATE TABLE IF NOT EXISTS kind (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, used REAL NOT NULL);
CREATE TABLE IF NOT EXISTS entry (
  kind INTEGER NOT NULL, key TEXT NOT NULL, data BLOB NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (kind, key)
);
"""


def _checksum(kind: str, key: str, data: bytes) -> int:
    """Return the CRC-32 of an entry with what it is of, so that one in another's place is seen."""
    return zlib.crc32(data, zlib.crc32(f"{kind}\0{key}".encode()))


class Cache:
    """Bytes by kind and key. Not to be used from several threads; several processes may."""

    def __init__(self, path: Path | None, *, most: int | None = None) -> None:
        """Open or make the file; None keeps nothing."""
        self._path = path
        self._open: sqlite3.Connection | None = None
        #: Bytes of all entries as far as this process knows; None before it has looked.
        self._known: int | None = None
        self.most = most if most is not None else MOST
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if most is None:
                self.most = min(MOST, disk_usage(path.parent).free // 4)
        except OSError:
            return
        self._open = self._connect() or self._anew()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _connect(self) -> sqlite3.Connection | None:
        assert self._path is not None
        made = None
        try:
            made = sqlite3.connect(self._path, timeout=10, isolation_level=None)
            # What is lost in a power cut is computed anew, so nothing waits for the disk.
            made.execute("PRAGMA synchronous = OFF")
            made.executescript(_TABLES)
        except sqlite3.Error:
            if made is not None:
                made.close()
            return None
        return made

    def _anew(self) -> sqlite3.Connection | None:
        """Put an empty file in the place of a damaged one."""
        assert self._path is not None
        for path in (self._path, Path(f"{self._path}-journal")):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        return self._connect()

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def get(self, kind: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is known of the keys; an entry that is not as it was written is left out and goes."""
        found: dict[str, bytes] = {}
        if self._open is None:
            return found
        try:
            number = self._kind(kind)
            for begin in range(0, len(keys), _ASK):
                some = keys[begin : begin + _ASK]
                marks = ",".join("?" * len(some))
                asked = f"SELECT key, data, crc FROM entry WHERE kind = ? AND key IN ({marks})"
                for key, data, crc in self._open.execute(asked, (number, *some)).fetchall():
                    if isinstance(data, bytes) and _checksum(kind, key, data) == crc:
                        found[key] = data
        except sqlite3.Error:
            self._give_up()
        return found

    def put(self, kind: str, items: Mapping[str, bytes]) -> None:
        """Keep some entries, dropping the oldest where there would be too much."""
        if self._open is None or not items:
            return
        try:
            number, more = self._kind(kind), sum(map(len, items.values()))
            if self._known is None or self._known + more > self.most:
                self._make_room(number, more)
                self._known = self.size
            self._known += more
            with self._whole():
                self._open.executemany(
                    "INSERT OR REPLACE INTO entry (kind, key, data, crc) VALUES (?, ?, ?, ?)",
                    [(number, key, data, _checksum(kind, key, data)) for key, data in items.items()],
                )
        except sqlite3.Error:
            self._give_up()

    @property
    def size(self) -> int:
        """Bytes of all entries."""
        if self._open is None:
            return 0
        return int(self._open.execute("SELECT coalesce(sum(length(data)), 0) FROM entry").fetchone()[0])

    @contextlib.contextmanager
    def _whole(self) -> Iterator[None]:
        assert self._open is not None
        self._open.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._open.execute("ROLLBACK")
            raise
        self._open.execute("COMMIT")

    def _kind(self, name: str) -> int:
        """Return the number of a kind, and note that it was asked for."""
        assert self._open is not None
        self._open.execute(
            "INSERT INTO kind (name, used) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET used = excluded.used",
            (name, time.time()),
        )
        return int(self._open.execute("SELECT id FROM kind WHERE name = ?", (name,)).fetchone()[0])

    def _make_room(self, number: int, more: int) -> None:
        """Let what was not asked for the longest go until `more` bytes fit; of the kind in use its first entries."""
        assert self._open is not None
        too_much = self.size + more - self.most
        if too_much <= 0:
            return
        order = (
            "SELECT entry.rowid, length(data) FROM entry JOIN kind ON kind.id = entry.kind "
            "ORDER BY entry.kind = ?, kind.used, entry.rowid"
        )
        gone = []
        for row, length in self._open.execute(order, (number,)):
            gone.append((row,))
            too_much -= length
            if too_much <= 0:
                break
        with self._whole():
            self._open.executemany("DELETE FROM entry WHERE rowid = ?", gone)
            self._open.execute(
                "DELETE FROM kind WHERE id NOT IN (SELECT kind FROM entry) AND id != ?", (number,)
            )
        self._open.execute("PRAGMA incremental_vacuum").fetchall()

    def _give_up(self) -> None:
        """Go on without; a file that is damaged makes way for an empty one, whatever was in it."""
        assert self._open is not None
        try:
            damaged = self._open.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok"
        except sqlite3.DatabaseError as error:
            damaged = not isinstance(error, sqlite3.OperationalError)
        self.close()
        self._known = None
        if damaged:
            self._open = self._anew()
