"""The rows of index.db: a day folder of a source, when it was read, its frames' names, and what there is no frame.

What always holds: opening reads the heads of the rows only (names come when they are asked for: a million of them need
not be read to show one frame); a damaged database is one that is made anew. Called by frames/index only, under its lock.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import PrintModelsError
from core.frames.folders import Problem
from core.frames.packed import Names
from core.workspace import Workspace

_FORMAT = 2

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A day folder as it was read: mtime in ns (-1: read again), its frames, what else lies there.

    `names` in order of (moment, name); None where they are still in the database.
    """

    mtime_ns: int
    count: int
    problems: tuple[Problem, ...]
    names: Names | None


class DayRows:
    """The table of day folders. Raises sqlite3.DatabaseError where it is damaged or can't be read."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.heads: dict[Place, Row] = {}
        self._db = self._open()

    def close(self) -> None:
        self._db.close()

    def start_over(self) -> None:
        """Throw the database away and make it anew, empty."""
        self._db.close()
        self._throw_away()
        self._db = self._reopened()

    def _open(self) -> sqlite3.Connection:
        try:
            self._workspace.ensure_private()
            return self._connect(self._workspace.index_db)
        except sqlite3.DatabaseError:
            self._throw_away()
        except PrintModelsError:
            pass
        return self._reopened()

    def _throw_away(self) -> None:
        path = self._workspace.index_db
        for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
            try:
                name.unlink(missing_ok=True)
            except OSError:
                break

    def _reopened(self) -> sqlite3.Connection:
        try:
            return self._connect(self._workspace.index_db)
        except sqlite3.DatabaseError:
            return self._connect(None)  # a disk that can't be written: the index lives as long as the process

    def _connect(self, path: Path | None) -> sqlite3.Connection:
        db = sqlite3.connect(path or ":memory:", timeout=5, isolation_level=None, check_same_thread=False)
        try:
            # A file that is made anew holds nothing that a power cut could take.
            db.execute("PRAGMA synchronous=OFF")
            db.execute("PRAGMA journal_mode=WAL")
            if db.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
                db.execute("DROP TABLE IF EXISTS day")
                db.execute("DROP TABLE IF EXISTS change")
                db.execute(f"PRAGMA user_version={_FORMAT}")
            # The names stand last: what comes before them is read without touching the pages they fill.
            db.execute(
                "CREATE TABLE IF NOT EXISTS day (source TEXT, day TEXT, mtime_ns INTEGER, count INTEGER,"
                " problems TEXT, names TEXT, PRIMARY KEY (source, day)) WITHOUT ROWID"
            )
            db.execute("PRAGMA synchronous=NORMAL")
            rows = db.execute("SELECT source, day, mtime_ns, count, problems FROM day").fetchall()
            self.heads = {
                (source, day): Row(int(mtime), int(count), _problems(text), None)
                for source, day, mtime, count, text in rows
            }
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            db.close()
            raise sqlite3.DatabaseError(str(error)) from error
        return db

    def whole(self, source: str | None = None, day: str | None = None) -> dict[Place, Row]:
        """Return rows with their names: all, those of a source, or one."""
        where, words = "", []
        for column, word in (("source", source), ("day", day)):
            if word is not None:
                where += f"{' AND' if where else ' WHERE'} {column}=?"
                words.append(word)
        found = {}
        # The columns are ours, the words are bound.
        for at, folder, mtime, count, problems, text in self._db.execute(
            f"SELECT source, day, mtime_ns, count, problems, names FROM day{where}", words
        ):
            names = Names(text)
            if len(names) != count:
                raise sqlite3.DatabaseError("a row's names are not as many as it says")
            found[at, folder] = Row(mtime, count, _problems(problems), names)
        return found

    def write(self, changed: Mapping[Place, Row | None]) -> None:
        """Write rows, None takes one away; what can't be written is read from the camera again by the next process."""
        if not changed:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for (source, day), row in sorted(changed.items()):  # in its own order the table grows at its end
                if row is None:
                    self._db.execute("DELETE FROM day WHERE source=? AND day=?", (source, day))
                else:
                    problems = json.dumps([[p.what, p.where, p.count] for p in row.problems])
                    names = row.names.text if row.names else ""
                    values = (source, day, row.mtime_ns, row.count, problems, names)
                    self._db.execute("INSERT OR REPLACE INTO day VALUES (?,?,?,?,?,?)", values)
            self._db.execute("COMMIT")
        except sqlite3.Error:  # held by a neighbour, full or damaged
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


def open_changes(workspace: Workspace) -> sqlite3.Connection:
    """Open the table of what frames/measured keeps, in the same file; in memory where that can't be had."""
    try:
        workspace.ensure_private()
    except PrintModelsError:
        pass
    for path in (str(workspace.index_db), ":memory:"):
        db = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            # The numbers stand last: what comes before them is read without touching the pages they fill.
            db.execute(
                "CREATE TABLE IF NOT EXISTS change (source TEXT, day TEXT, rule INTEGER, mtime_ns INTEGER,"
                " count INTEGER, sum INTEGER, broken TEXT, names TEXT, numbers BLOB, PRIMARY KEY (source, day))"
                " WITHOUT ROWID"
            )
            db.execute("SELECT source, day, rule, mtime_ns, count FROM change").fetchall()
            return db
        except sqlite3.DatabaseError:
            give_up(db)
            db.close()
    raise AssertionError("a database in memory opens")  # pragma: no cover


def give_up(db: sqlite3.Connection) -> None:
    """Mark a damaged database, so that the next one to open the file makes it anew."""
    try:
        db.execute("PRAGMA user_version=0")
    except sqlite3.DatabaseError:
        return


def _problems(text: str) -> tuple[Problem, ...]:
    if text == "[]":
        return ()
    return tuple(Problem(str(what), str(where), int(count)) for what, where, count in json.loads(text))


def by_distance(days: list[tuple[Place, int]], near: str) -> list[tuple[Place, int]]:
    """Return days (sorted by source and day) in order of their distance to the day of the frame `near`."""
    source, _, folder = near.rpartition("/")[0].rpartition("/")
    if not source:
        return days
    at = bisect_left(days, ((source, folder), 0))
    places = sorted(
        range(len(days)), key=lambda place: abs(place - at) + (days[place][0][0] != source) * len(days)
    )
    return [days[place] for place in places]
