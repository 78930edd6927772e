"""Embeddings of frames: a few hundred numbers each, computed once per content, kept in the private cache.

A folder per engine, `.print-models/cache/embeddings/<engine.key>/`: `vectors` holds rows of numbers, one behind the
other; `rows.db` says which content has which row, and which content a frame had when it was read (its size and time
stand for it). What always holds: a row is on the disk before rows.db names it, so what a kill leaves is cut off or
computed anew; both files may be thrown away at any time. Called by suggesting and the commands; one process fills at
a time, any number read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from core.assist import room
from core.assist.engines import Engine
from core.assist.pictures import Found, decoding, part_of
from core.durable import explain, lock
from core.errors import PrintModelsError
from core.frames.decode import Picture, Unreadable
from core.frames.regions import WHOLE
from core.progress import CancelToken, Progress, Report, silent
from core.workspace import Workspace

#: Pictures that an engine is given together, and frames after which what was computed is written.
BATCH, _KEEP = 32, 256
_UNREADABLE = -1
_TABLES = """
CREATE TABLE IF NOT EXISTS content (id BLOB PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS frame (id INTEGER PRIMARY KEY, stamp INTEGER NOT NULL, row INTEGER NOT NULL);
"""

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Filled:
    """What a fill came to: frames asked for, frames with an embedding, of them computed now, and unreadable ones.

    `left` is how many found no room in the cache; `away` were not there (any more) or are being written.
    """

    asked: int
    known: int
    computed: int
    unreadable: int
    away: int = 0
    left: int = 0


class Embeddings:
    """The embeddings of one engine in a workspace. Not to be used from several threads."""

    def __init__(self, workspace: Workspace, engine: Engine) -> None:
        self.workspace, self.engine = workspace, engine
        self.folder = room.folder(workspace, engine.kind) / engine.key
        self._type = np.dtype(engine.width)
        self._db: sqlite3.Connection | None = None
        self._inode = 0
        self._seen = -1
        self._ids: Rows = np.empty(0, np.int64)
        self._rows: Rows = np.empty(0, np.int64)
        self._vectors: NDArray[np.floating] = np.empty((0, engine.dims), self._type)

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        self._vectors = np.empty((0, self.engine.dims), self._type)

    def __enter__(self) -> Embeddings:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    # --- asking -------------------------------------------------------------------------------------------------

    def of(self, frames: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the embeddings of frames by their keys (n x dims, zeros where there is none), and which are known.

        What was known at the last `fill`; no file of a camera is looked at. For very many frames use `rows`, `some`.
        """
        rows = self.rows(frames)
        known = rows >= 0
        found = np.zeros((len(rows), self.engine.dims), np.float32)
        found[known] = self.some(rows[known])
        return found, known

    def rows(self, frames: Iterable[str]) -> Rows:
        """Return the place of each frame's embedding, -1 where there is none; 8 bytes a frame."""
        self._refresh()
        asked = np.fromiter((_number(key) for key in frames), np.int64)
        if not len(self._ids):
            return np.full(len(asked), _UNREADABLE, np.int64)
        at = np.minimum(np.searchsorted(self._ids, asked), len(self._ids) - 1)
        return np.where(self._ids[at] == asked, self._rows[at], _UNREADABLE)

    def some(self, rows: Rows) -> NDArray[np.float32]:
        """Return the embeddings at places that `rows` gave, all of which must be known."""
        return self._vectors[rows].astype(np.float32)

    def _refresh(self) -> None:
        """Read which frames are known, where that changed."""
        if not (self.folder / "rows.db").exists():
            return
        try:
            db = self._connection()
            version = int(db.execute("PRAGMA data_version").fetchone()[0])
            if version == self._seen:
                return
            found = db.execute("SELECT id, row FROM frame ORDER BY id").fetchall()
            pairs = np.array(found, np.int64).reshape(-1, 2)
            path = self.folder / "vectors"
            count = path.stat().st_size // self._width if path.exists() else 0
            # A row that the file does not hold is a damaged cache: it is as good as unknown, until the next fill.
            self._ids, self._rows = (
                pairs[:, 0].copy(),
                np.where(pairs[:, 1] < count, pairs[:, 1], _UNREADABLE),
            )
            self._vectors = (
                np.memmap(path, self._type, "r", shape=(count, self.engine.dims))
                if count
                else np.empty((0, self.engine.dims), self._type)
            )
            self._seen = version
        except (sqlite3.Error, OSError, ValueError):
            self._ids, self._rows, self._seen = np.empty(0, np.int64), np.empty(0, np.int64), -1

    @property
    def _width(self) -> int:
        """Bytes of an embedding."""
        return self._type.itemsize * self.engine.dims

    def _connection(self) -> sqlite3.Connection:
        path = self.folder / "rows.db"
        if self._db is not None and (not path.exists() or path.stat().st_ino != self._inode):
            self.close()  # another process has made it anew
        if self._db is None:
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None)
            self._db.executescript(_TABLES)
            self._inode, self._seen = path.stat().st_ino, -1
        return self._db

    def _part(self, source: str) -> str:
        """Return in a word the part of a source's pictures that is looked at."""
        given = self.engine.parts
        part = part_of(self.workspace, source) if given is None else given.get(source, WHOLE)
        return "" if part.whole else ",".join(f"{share:g}" for share in part)

    # --- filling ------------------------------------------------------------------------------------------------

    def fill(
        self, frames: Sequence[str], report: Report = silent, cancel: CancelToken | None = None
    ) -> Filled:
        """Compute what is missing of frames, by their keys; whose file is as it was costs one lstat.

        Raises Cancelled (what was done until then is kept), Busy (another process fills for long), Lacking (disk).
        """
        self.workspace.ensure_private()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with lock(self.folder / "lock", what="the embeddings", timeout=30):
                return self._fill(list(dict.fromkeys(frames)), report, cancel)
        except OSError as error:
            raise explain(error, "writing embeddings") from error
        finally:
            self._seen = -1

    def _fill(self, frames: list[str], report: Report, cancel: CancelToken | None) -> Filled:
        db = self._whole()
        room.used(self.folder)
        stamps, known, away = self._stale(db, frames, cancel)
        done = _Done(total=len(stamps))
        bad = sum(1 for row in known.values() if row == _UNREADABLE)
        if stamps:
            allowed = room.make(self.workspace, self.folder) if self.engine.many else 1 << 40
            try:
                with decoding(self.workspace, self.engine.box, nice=self.engine.nice) as pictures:
                    for batch in _batches(pictures.of(stamps, cancel, self.engine.parts)):
                        if allowed <= 0:
                            break
                        allowed -= self._take(batch, stamps, done)
                        report(Progress(self.engine.doing, done.seen, done.total))
                        if len(done.frames) >= _KEEP:
                            self._write(db, done)
            finally:
                self._write(db, done)
        left = done.total - done.seen
        have = len(known) - bad + done.known
        return Filled(len(frames), have, done.computed, bad + done.unreadable, away + done.away, left)

    def _stale(
        self, db: sqlite3.Connection, frames: list[str], cancel: CancelToken | None
    ) -> tuple[dict[str, int], dict[str, int], int]:
        """Return frames that have to be read with their stamps, those known with their rows, how many aren't there."""
        kept = {found[0]: (found[1], found[2]) for found in db.execute("SELECT id, stamp, row FROM frame")}
        stale: dict[str, int] = {}
        known: dict[str, int] = {}
        away = 0
        parts = {name: self._part(name) for name in self.workspace.sources}
        for place, key in enumerate(frames):
            if cancel is not None and place % 1000 == 0:
                cancel.check()
            try:
                found = os.lstat(self.workspace.frame_path(key))
            except (OSError, PrintModelsError):
                away += 1
                continue
            if not stat.S_ISREG(found.st_mode):
                away += 1
                continue
            stamp = _stamp(found.st_size, found.st_mtime_ns, parts[key.partition("/")[0]])
            before = kept.get(_number(key))
            if before is not None and before[0] == stamp:
                known[key] = before[1]
            else:
                stale[key] = stamp
        return stale, known, away

    def _take(self, batch: list[tuple[str, Found]], stamps: dict[str, int], done: _Done) -> int:
        """Embed what a batch holds that no other frame has; return the bytes that takes."""
        fresh: dict[bytes, Picture] = {}
        frames: list[tuple[int, int, bytes | None]] = []
        away = 0
        for key, picture in batch:
            if isinstance(picture, Unreadable):
                if picture.missing or picture.passing:
                    away += 1
                else:
                    frames.append((_number(key), stamps[key], None))
                continue
            part = self._part(key.partition("/")[0])
            content = hashlib.sha256(f"{picture.oid} {part}".encode()).digest()[:16]
            frames.append((_number(key), _stamp(picture.size, picture.mtime_ns, part), content))
            if content not in done.rows and content not in fresh:
                row = self._row_of(content)
                if row is None:
                    fresh[content] = picture
                else:
                    done.rows[content] = row
        if fresh:
            vectors = self.engine.embed(list(fresh.values())).astype(self._type)
            with open(self.folder / "vectors", "ab") as file:
                first = file.tell() // self._width
                file.write(vectors.tobytes())
            named = [(content, first + place) for place, content in enumerate(fresh)]
            done.rows.update(named)
            done.fresh += named
        # Counted only where it came to its end, however it is interrupted.
        done.frames += frames
        readable = sum(1 for _, _, content in frames if content is not None)
        done.seen, done.away, done.computed = (
            done.seen + len(batch),
            done.away + away,
            done.computed + len(fresh),
        )
        done.known, done.unreadable = done.known + readable, done.unreadable + len(frames) - readable
        return len(fresh) * self._width

    def _row_of(self, content: bytes) -> int | None:
        found = self._connection().execute("SELECT row FROM content WHERE id = ?", (content,)).fetchone()
        return None if found is None else int(found[0])

    def _write(self, db: sqlite3.Connection, done: _Done) -> None:
        """Make rows durable, then name them."""
        if done.fresh:
            with open(self.folder / "vectors", "rb") as file:
                os.fsync(file.fileno())
        named = [
            (frame, stamp, _UNREADABLE if content is None else done.rows[content])
            for frame, stamp, content in done.frames
        ]
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR REPLACE INTO content VALUES (?, ?)", done.fresh)
            db.executemany("INSERT OR REPLACE INTO frame VALUES (?, ?, ?)", named)
            db.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise
        done.fresh, done.frames = [], []
        done.rows.clear()

    def _whole(self) -> sqlite3.Connection:
        """Return the database, made anew where it is damaged, with no more rows behind it than it names."""
        path, vectors = self.folder / "rows.db", self.folder / "vectors"
        for _ in range(2):
            try:
                db = self._connection()
                count = int(db.execute("SELECT coalesce(max(row) + 1, 0) FROM content").fetchone()[0])
                held = vectors.stat().st_size if vectors.exists() else 0
                if held >= count * self._width:
                    if held:
                        os.truncate(vectors, count * self._width)
                    return db
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                    raise
            self.close()
            for gone in (path, Path(f"{path}-journal"), vectors):
                gone.unlink(missing_ok=True)
        raise sqlite3.DatabaseError("rows.db can't be made")


class _Done:
    """What a fill has come to since it began, and what is not written yet."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.seen = self.known = self.computed = self.unreadable = self.away = 0
        self.rows: dict[bytes, int] = {}
        self.fresh: list[tuple[bytes, int]] = []
        self.frames: list[tuple[int, int, bytes | None]] = []


def _batches(found: Iterator[tuple[str, Found]]) -> Iterator[list[tuple[str, Found]]]:
    some: list[tuple[str, Found]] = []
    for one in found:
        some.append(one)
        if len(some) == BATCH:
            yield some
            some = []
    if some:
        yield some


def _number(key: str) -> int:
    """Return 63 bits that stand for a frame's key: of a million frames, two meet once in ten million workspaces."""
    return int.from_bytes(hashlib.blake2b(os.fsencode(key), digest_size=8).digest(), "big") >> 1


def _stamp(size: int, mtime_ns: int, part: str) -> int:
    """Return 63 bits that stand for a file's size and time, and for the part of its picture that is looked at."""
    return _number(f"{size} {mtime_ns} {part}")
