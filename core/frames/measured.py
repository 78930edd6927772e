"""What was measured of the frames, kept in index.db: one row per source and day, disposable like all of that file.

What always holds: a row that is damaged, or was measured by another rule, counts as not measured; two processes that
measure the same day keep what both did. Written by frames/measuring only; read by the app, the queues and `sequences`.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from array import array
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from core.frames.points import usual_threshold
from core.frames.rows import Place, give_up, open_changes
from core.frames.signatures import Change
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex

#: What the numbers mean; rows of another rule are measured again.
_RULE = 1
#: Days that the threshold of a camera is worked out from: the newest measured ones.
_DAYS = 21
_COLUMNS = "IIffffQ"


class Entry(NamedTuple):
    """One frame as it was measured: None where it can't be read, with the reason in `why`.

    `stamp` is of the file's size and mtime, `before` of the two frames it was compared with.
    """

    change: Change | None
    stamp: int
    before: int
    why: str = ""


class DayEntries(NamedTuple):
    """What is known of a day: its frames by file name; `mtime_ns` is the folder's when every stamp was true, or -1."""

    mtime_ns: int
    entries: dict[str, Entry]


def folder_of(source: str, day: str) -> str:
    """Return what the keys of a day's frames begin with."""
    return f"{source}/{day}/" if day else f"{source}/"


class Changes:
    """What was measured of a workspace's frames. Safe to use from several threads; close it."""

    def __init__(self, workspace: Workspace) -> None:
        self._lock = threading.RLock()
        self._db = open_changes(workspace)
        self._thresholds: dict[str, tuple[int, int, float]] = {}
        self._written = 0

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def __enter__(self) -> Changes:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # --- asking -------------------------------------------------------------------------------------------------

    def day(self, source: str, day: str) -> Mapping[str, Change]:
        """Return what was measured of a day's frames, by key, in order of time."""
        folder = folder_of(source, day)
        entries = self.entries(source, day).entries
        return {folder + name: entry.change for name, entry in entries.items() if entry.change is not None}

    def all(self, source: str | None = None) -> Mapping[str, Change]:
        """Return everything that was measured, of one source or all, by key."""
        found: dict[str, Change] = {}
        for (name, day), known in self._rows(source):
            folder = folder_of(name, day)
            for file, entry in known.entries.items():
                if entry.change is not None:
                    found[folder + file] = entry.change
        return found

    def unreadable(self, source: str | None = None) -> Mapping[str, str]:
        """Return the frames that could not be measured, by key, each with the reason."""
        return {
            folder_of(name, day) + file: entry.why
            for (name, day), known in self._rows(source, only="broken != '{}'")
            for file, entry in known.entries.items()
            if entry.change is None
        }

    def missing(self, index: FrameIndex) -> int:
        """Return how many frames of the index were not measured yet, those of retired sources left out."""
        with self._lock:
            heads = self._heads()
        left = 0
        for day in index.days():
            mtime_ns, count = heads.get((day.source, day.day), (-1, 0))
            if not count:
                left += day.frames
            elif count != day.frames or mtime_ns != day.mtime_ns or mtime_ns == -1:
                known = self.entries(day.source, day.day).entries
                names = (frame.key.rpartition("/")[2] for frame in index.frames(day.source, day.day))
                left += sum(name not in known for name in names)
        return left

    def threshold(self, source: str) -> float:
        """Return the motion from which on a picture of this camera counts as another one, from its newest days."""
        with self._lock:
            (version,) = self._db.execute("PRAGMA data_version").fetchone()
            known = self._thresholds.get(source)
            if known is not None and known[:2] == (version, self._written):
                return known[2]
            last = f" ORDER BY day DESC LIMIT {_DAYS}"
            motions = [
                entry.change.motion
                for _, day in self._rows(source, last=last)
                for entry in day.entries.values()
                if entry.change is not None
            ]
            found = usual_threshold(motions)
            self._thresholds[source] = (version, self._written, found)
            return found

    # --- for who measures ---------------------------------------------------------------------------------------

    def entries(self, source: str, day: str) -> DayEntries:
        """Return all that is known of a day's frames, by file name."""
        for _, known in self._rows(source, only="day=?", words=(day,)):
            return known
        return DayEntries(-1, {})

    def heads(self) -> dict[Place, tuple[int, int]]:
        """Return of every day measured the folder's mtime then, and how many frames are known."""
        with self._lock:
            return self._heads()

    def put(self, source: str, day: str, mtime_ns: int, fresh: Mapping[str, Entry], names: list[str]) -> None:
        """Keep a day: what was measured just now, with what is known already of its other frames.

        `names` are the day's frames in order of time; what is none of them is forgotten. What can't be written is
        measured again by the next process.
        """
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                known = {**self.entries(source, day).entries, **fresh}
                kept = {name: known[name] for name in names if name in known}
                self._db.execute(
                    "INSERT OR REPLACE INTO change VALUES (?,?,?,?,?,?,?,?,?)",
                    (source, day, _RULE, mtime_ns, len(kept), *_packed(kept)),
                )
                self._db.execute("COMMIT")
                self._written += 1
            except sqlite3.Error as error:
                self._failed(error)

    # --- rows ---------------------------------------------------------------------------------------------------

    def _heads(self) -> dict[Place, tuple[int, int]]:
        try:
            rows = self._db.execute("SELECT source, day, mtime_ns, count FROM change WHERE rule=?", (_RULE,))
            return {(source, day): (mtime_ns, count) for source, day, mtime_ns, count in rows}
        except sqlite3.Error as error:
            self._failed(error)
            return {}

    def _rows(
        self, source: str | None = None, *, only: str = "1", words: tuple[str, ...] = (), last: str = ""
    ) -> Iterator[tuple[Place, DayEntries]]:
        """Yield days with what is known of them; `only` and `last` are ours, words are bound."""
        where = f"rule={_RULE}{'' if source is None else ' AND source=?'} AND {only}"
        text = f"SELECT source, day, mtime_ns, sum, broken, names, numbers FROM change WHERE {where}{last}"
        bound = words if source is None else (source, *words)
        with self._lock:
            try:
                rows = self._db.execute(text, bound).fetchall()
            except sqlite3.Error as error:
                self._failed(error)
                return
        for name, day, mtime_ns, *packed in rows:
            entries = _unpacked(*packed)
            if entries is None:
                self._drop(name, day)
            else:
                yield (name, day), DayEntries(mtime_ns, entries)

    def _drop(self, source: str, day: str) -> None:
        """Forget a damaged row: its frames are missing from now on."""
        with self._lock:
            try:
                self._db.execute("DELETE FROM change WHERE source=? AND day=?", (source, day))
            except sqlite3.Error as error:
                self._failed(error)

    def _failed(self, error: sqlite3.Error) -> None:
        """Leave what was begun; a damaged file is made anew by whoever opens it next."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            give_up(self._db)


def _packed(entries: Mapping[str, Entry]) -> tuple[int, str, str, bytes]:
    """Return checksum, reasons, names and numbers of a day, column by column; a frame without numbers has NaN."""
    columns: list[array[Any]] = [array(code) for code in _COLUMNS]
    nothing = Change(float("nan"), 0.0, 0)
    for entry in entries.values():
        change = entry.change or nothing
        row = (
            entry.stamp,
            entry.before,
            change.motion,
            change.brightness,
            change.spot,
            change.back,
            change.signature,
        )
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    numbers = b"".join(column.tobytes() for column in columns)
    broken = json.dumps({name: entry.why for name, entry in entries.items() if entry.change is None})
    names = "\0".join(entries)
    return _sum(broken, names, numbers), broken, names, numbers


def _unpacked(total: int, broken: str, names: str, numbers: bytes) -> dict[str, Entry] | None:
    """Return a day's frames by name, None where the row is damaged."""
    try:
        if total != _sum(broken, names, numbers):
            return None
        why = json.loads(broken)
        files = names.split("\0") if names else []
        columns = []
        begin = 0
        for code in _COLUMNS:
            column = array(code)
            end = begin + len(files) * column.itemsize
            column.frombytes(numbers[begin:end])
            columns.append(column)
            begin = end
        found = {}
        for file, *row in zip(files, *columns, strict=True):
            stamp, before, motion, brightness, spot, back, signature = row
            change = None if file in why else Change(motion, brightness, signature, spot, back)
            found[file] = Entry(change, stamp, before, why.get(file, ""))
        return found
    except (ValueError, TypeError, AttributeError):
        return None


def _sum(broken: str, names: str, numbers: bytes) -> int:
    return zlib.crc32(numbers, zlib.crc32(f"{broken}\0{names}".encode("utf-8", "surrogateescape")))
