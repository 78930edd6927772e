"""Which frames there are: index.db, one row per day folder, read again only where a folder changed.

What always holds: the index is disposable (a damaged one is made anew without a word), the sources are only read, and
what is in a day folder but no frame is counted with its reason. A source that cannot be reached keeps its frames.
Called by the app, the commands, the draft and the recordings. Safe to use from several threads.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from core.errors import Lacking, PrintModelsError, Refused
from core.frames.folders import Listing, Problem, list_day, list_source
from core.frames.names import captured_at
from core.progress import CancelToken, Progress, Report, silent
from core.text import safe
from core.workspace import Source, Workspace

_FORMAT = 1
# A folder that changed within this time before it was read may change again without its mtime telling so.
_AT_REST_NS = 3_000_000_000


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a source. Size in bytes and mtime are known where the file was asked (`FrameIndex.get`)."""

    key: str
    source: str
    captured_at: datetime
    size: int | None = None
    mtime_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One day folder of a source with its number of frames."""

    source: str
    day: str
    frames: int


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan found: frames in all, frames added and removed, day folders read anew, and what is no frame."""

    frames: int
    added: int
    removed: int
    changed: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    mtime_ns: int
    names: tuple[str, ...]
    problems: tuple[Problem, ...]


class FrameIndex:
    """The frames of a workspace's sources, from index.db; `scan` brings it up to date."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._lock = threading.RLock()
        self._unreachable: dict[str, PrintModelsError] = {}
        self._days: dict[tuple[str, str], _Row] = {}
        self._db = self._open()

    # --- the database -------------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        path = self.workspace.index_db
        try:
            self.workspace.ensure_private()
            return self._connect(path)
        except sqlite3.DatabaseError:
            for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
                try:
                    name.unlink(missing_ok=True)
                except OSError:
                    break
        except PrintModelsError:
            pass
        try:
            return self._connect(path)
        except sqlite3.DatabaseError:
            return self._connect(None)  # a disk that can't be written: the index lives as long as the process

    def _connect(self, path: Path | None) -> sqlite3.Connection:
        db = sqlite3.connect(path or ":memory:", timeout=5, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            if db.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
                db.execute("DROP TABLE IF EXISTS day")
                db.execute(f"PRAGMA user_version={_FORMAT}")
            db.execute(
                "CREATE TABLE IF NOT EXISTS day (source TEXT, day TEXT, mtime_ns INTEGER, names TEXT, problems TEXT,"
                " PRIMARY KEY (source, day)) WITHOUT ROWID"
            )
            rows = db.execute("SELECT source, day, mtime_ns, names, problems FROM day").fetchall()
            self._days = {
                (source, day): _row(mtime, names, problems) for source, day, mtime, names, problems in rows
            }
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            db.close()
            raise sqlite3.DatabaseError(str(error)) from error
        return db

    def _remember(self, changed: dict[tuple[str, str], _Row | None]) -> None:
        if not changed:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for (source, day), row in changed.items():
                if row is None:
                    self._db.execute("DELETE FROM day WHERE source=? AND day=?", (source, day))
                else:
                    problems = json.dumps([[p.what, p.where, p.count] for p in row.problems])
                    values = (source, day, row.mtime_ns, "\0".join(row.names), problems)
                    self._db.execute("INSERT OR REPLACE INTO day VALUES (?,?,?,?,?)", values)
            self._db.execute("COMMIT")
        except sqlite3.Error:
            # Held by a neighbour, full or damaged: what was read stays in memory, and the next process reads it again.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def __enter__(self) -> FrameIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    # --- scanning -----------------------------------------------------------------------------------------------

    def scan(self, report: Report = silent, cancel: CancelToken | None = None) -> ScanResult:
        """Bring the index up to date: list the sources, read the day folders whose mtime changed.

        Raises Cancelled; what was read until then is kept.
        """
        added = removed = changed = 0
        problems: list[Problem] = []
        for source in self.workspace.sources.values():
            listing = self._list(source)
            if listing is None:
                error = self._unreachable[source.name]
                problems.append(Problem(error.what, source.name))
                continue
            problems += listing.problems
            plus, minus, folders = self._scan_source(source, listing, report, cancel)
            added, removed, changed = added + plus, removed + minus, changed + folders
        with self._lock:
            problems += [problem for row in self._days.values() for problem in row.problems]
            return ScanResult(self.count(), added, removed, changed, tuple(problems))

    def _list(self, source: Source) -> Listing | None:
        try:
            listing = list_source(source)
            self._unreachable.pop(source.name, None)
            return listing
        except PrintModelsError as error:
            self._unreachable[source.name] = error
            return None

    def _scan_source(
        self, source: Source, listing: Listing, report: Report, cancel: CancelToken | None
    ) -> tuple[int, int, int]:
        with self._lock:
            known = {day: row for (name, day), row in self._days.items() if name == source.name}
        fresh: dict[tuple[str, str], _Row | None] = {
            (source.name, day): None for day in known if day not in listing.days
        }
        stale = [
            day for day, mtime in listing.days.items() if day not in known or known[day].mtime_ns != mtime
        ]
        added, removed = 0, sum(len(known[day].names) for _, day in fresh)
        try:
            for done, day in enumerate(stale):
                if cancel is not None:
                    cancel.check()
                if done % 8 == 0:
                    report(Progress("reading the camera folder", done, len(stale), day))
                row = self._read(source, day, listing.days[day])
                before = set(known[day].names) if day in known else set()
                both = len(before.intersection(row.names)) if before else 0
                added, removed = added + len(row.names) - both, removed + len(before) - both
                # A folder that is only not at rest yet has nothing new to remember: idle, nothing is written.
                if day not in known or known[day] != row:
                    fresh[(source.name, day)] = row
        finally:
            with self._lock:
                for place, new in fresh.items():
                    if new is None:
                        self._days.pop(place, None)
                    else:
                        self._days[place] = new
                self._remember(fresh)
        return added, removed, len(stale)

    def _read(self, source: Source, day: str, mtime_ns: int) -> _Row:
        names, problems = list_day(source, day)
        settled = 0 <= mtime_ns < time.time_ns() - _AT_REST_NS
        return _Row(mtime_ns if settled else -1, names, problems)

    # --- asking -------------------------------------------------------------------------------------------------

    def first(self, n: int = 100) -> list[Frame]:
        """Return the first frames at once: from the index, else from the oldest day folders, unscanned."""
        found: list[Frame] = []
        with self._lock:
            known = bool(self._days)
        if known:
            for day in self.days():
                found += self.frames(day.source, day.day)
                if len(found) >= n:
                    break
            return found[:n]
        for source in self.workspace.sources.values():
            listing = self._list(source)
            for name in sorted(listing.days) if listing else ():
                found += _in_order(_frames(source.name, name, list_day(source, name)[0]))
                if len(found) >= n:
                    return found[:n]
        return found

    def days(self) -> list[Day]:
        """Return the day folders that hold frames, by source and day."""
        with self._lock:
            return [
                Day(source, day, len(row.names))
                for (source, day), row in sorted(self._days.items())
                if row.names
            ]

    def frames(self, source: str | None = None, day: str | None = None) -> list[Frame]:
        """Return frames in order of time, of all sources or one, of all days or one."""
        found: list[Frame] = []
        for at in self.days():
            if source in (None, at.source) and day in (None, at.day):
                with self._lock:
                    row = self._days.get((at.source, at.day))
                found += _frames(at.source, at.day, row.names if row else ())
        return _in_order(found)

    def keys(self, source: str | None = None) -> list[str]:
        """Return the keys of all frames, by source, in order of time."""
        with self._lock:
            rows = sorted(
                (place, row.names) for place, row in self._days.items() if source in (None, place[0])
            )
        return [f"{name}/{day}/{file}" for (name, day), files in rows for file in files]

    def count(self, source: str | None = None) -> int:
        """Return how many frames the index knows."""
        with self._lock:
            return sum(len(row.names) for (name, _), row in self._days.items() if source in (None, name))

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str) or key.count("/") < 2:
            return False
        source, day, name = key.rsplit("/", 2)
        with self._lock:
            row = self._days.get((source, day))
        if row is None:
            return False
        at = bisect_left(row.names, name)
        return at < len(row.names) and row.names[at] == name

    def get(self, key: str) -> Frame | None:
        """Return one frame with its size and mtime as they are on the disk; None where it is not there (any more)."""
        taken = captured_at(key)
        if taken is None:
            return None
        try:
            found = os.lstat(self.workspace.frame_path(key))
        except (OSError, Refused):
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return Frame(key, key.rsplit("/", 2)[0], taken, found.st_size, found.st_mtime_ns)

    def unreachable(self, source: str) -> PrintModelsError | None:
        """Return why a source cannot be reached just now, None where it can."""
        found = self.workspace.sources.get(source)
        if found is None:
            return Lacking(f"There is no source {safe(source)}.", "See the sources in print-models.toml.")
        self._list(found)
        return self._unreachable.get(source)


def _row(mtime_ns: int, names: str, problems: str) -> _Row:
    listed = tuple(Problem(str(what), str(where), int(count)) for what, where, count in json.loads(problems))
    return _Row(mtime_ns, tuple(names.split("\0")) if names else (), listed)


def _frames(source: str, day: str, names: tuple[str, ...]) -> Iterator[Frame]:
    for name in names:
        key = f"{source}/{day}/{name}"
        taken = captured_at(key)
        if taken is not None:
            yield Frame(key, source, taken)


def _in_order(frames: Iterator[Frame] | list[Frame]) -> list[Frame]:
    return sorted(frames, key=lambda frame: (frame.captured_at, frame.key))
