"""Entries of label files that wait for a decision, decided by a step, and open again when that step is taken back.

What always holds: a decision is part of the step that made it. What the step decided is kept beside it, since the file
that is written then holds the decision alone. All functions work inside the caller's transaction. Called by
labels/store and labels/undoing.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

#: The place among a task's problems of an entry that is not in the file; those in the file count from 0.
UNWRITTEN = -1
_TABLE = """CREATE TABLE IF NOT EXISTS decided (
    seq INTEGER NOT NULL, task TEXT NOT NULL, frame TEXT NOT NULL, line INTEGER NOT NULL, what TEXT NOT NULL,
    value TEXT NOT NULL)"""


def stored(key: str) -> str | bytes:
    """Return a key of a file as the table of problems takes it: one with half a character is no text to SQLite."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return key.encode("utf-8", "surrogatepass")
    return key


def key_of(found: str | bytes) -> str:
    """Return the key that `stored` made something of."""
    return found if isinstance(found, str) else found.decode("utf-8", "surrogatepass")


class Decided(NamedTuple):
    """An entry that was waiting: the key as the file spells it, its line, why it waited, and its JSON."""

    key: str
    line: int
    what: str
    value: str

    @property
    def frame(self) -> str:
        """The frame it is about."""
        return self.key.removeprefix("./")


def decide(db: sqlite3.Connection, task: str, frames: Sequence[str]) -> list[Decided]:
    """A label given by a person decides what the file's entries for that frame left open; return those entries."""
    if not db.execute("SELECT 1 FROM problem WHERE task=? AND NOT resolved LIMIT 1", (task,)).fetchone():
        return []
    meant = set(frames)
    rows = db.execute("SELECT frame, line, what, value FROM problem WHERE task=? AND NOT resolved", (task,))
    found = [entry for key, *row in rows.fetchall() if (entry := Decided(key_of(key), *row)).frame in meant]
    _resolve(db, task, {entry.key for entry in found})
    return found


def keep(db: sqlite3.Connection, seq: int, task: str, decided: Sequence[Decided]) -> None:
    """Keep with step `seq` what it decided; of a frame with several entries the file's own lines are not kept."""
    times = Counter(entry.frame for entry in decided)
    rows = [(seq, task, *entry) for entry in decided if times[entry.frame] == 1]
    if rows:
        db.execute(_TABLE)
        db.executemany("INSERT INTO decided VALUES (?,?,?,?,?,?)", rows)


def reopen(db: sqlite3.Connection, seq: int, task: str, frames: Collection[str]) -> int:
    """Let what step `seq` decided about frames wait again, also in the file; return how many entries that are."""
    done = 0
    for entry in _of(db, seq, task):
        if entry.frame not in frames:
            continue
        still = "UPDATE problem SET resolved=0 WHERE task=? AND frame=? AND value=?"
        if not db.execute(still, (task, entry.key, entry.value)).rowcount:
            row = (task, entry.key, UNWRITTEN, entry.line, entry.what, entry.value)
            db.execute("INSERT OR REPLACE INTO problem VALUES (?,?,?,?,?,?,0)", row)
        done += 1
    return done


def settle(db: sqlite3.Connection, seq: int, task: str, frames: Collection[str]) -> None:
    """Decide again what step `seq` decided about frames."""
    _resolve(db, task, {entry.key for entry in _of(db, seq, task) if entry.frame in frames})


def _resolve(db: sqlite3.Connection, task: str, keys: Collection[str]) -> None:
    db.executemany("UPDATE problem SET resolved=1 WHERE task=? AND frame=?", [(task, key) for key in keys])


def _of(db: sqlite3.Connection, seq: int, task: str) -> list[Decided]:
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name='decided'").fetchone():
        return []
    query = "SELECT frame, line, what, value FROM decided WHERE seq=? AND task=?"
    return [Decided(*row) for row in db.execute(query, (seq, task)).fetchall()]
