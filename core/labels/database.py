"""labels.db itself: opened, its schema made, written in whole transactions, and what SQLite says turned into words.

What always holds: `write` returns only when the transaction is durable (WAL, synchronous=FULL), or raises, and then
nothing was written. A database of a newer format, or on a disk that can't be written, is opened for reading. After a
failed fsync nothing is committed to that file any more (core.labels.rescue). Called by labels/store only.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias, TypeVar
from urllib.parse import quote

from core.durable import explain as explain_os
from core.durable import fsync_dir, lock
from core.errors import Cancelled, Damaged, Lacking, PrintModelsError, Refused
from core.labels.rescue import finish, rescue
from core.labels.trouble import explain, flag_of, name_of, why_only_read

T = TypeVar("T")

FORMAT = 1
_APPLICATION = 0x706D6C62
_ATTEMPTS = 3
_CHECKPOINT_EVERY = 200  # commits; about 4 MB of log
#: Of pages that a transaction changes so many KiB wait in memory; a stretch of 10 000 frames changes about 5 MB.
_CACHE_KIB = 16_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS step (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, how TEXT NOT NULL, task TEXT NOT NULL,
    class TEXT, kind TEXT NOT NULL, session TEXT NOT NULL, changed INTEGER NOT NULL DEFAULT 0,
    undone INTEGER NOT NULL DEFAULT 0, target INTEGER, text TEXT NOT NULL DEFAULT '',
    frames BLOB);
CREATE TABLE IF NOT EXISTS change (
    task TEXT NOT NULL, frame TEXT NOT NULL, seq INTEGER NOT NULL, before TEXT, before_seq INTEGER, after TEXT,
    after_seq INTEGER, size INTEGER, mtime_ns INTEGER, sha256 TEXT, PRIMARY KEY (task, frame, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS label (
    task TEXT NOT NULL, frame TEXT NOT NULL, class TEXT NOT NULL, seq INTEGER NOT NULL, before TEXT, size INTEGER,
    mtime_ns INTEGER, sha256 TEXT, PRIMARY KEY (task, frame)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS base (
    file TEXT PRIMARY KEY, sha256 TEXT NOT NULL, stat TEXT NOT NULL, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS problem (
    task TEXT NOT NULL, frame TEXT NOT NULL, place INTEGER NOT NULL, line INTEGER NOT NULL, what TEXT NOT NULL,
    value TEXT NOT NULL, resolved INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (task, frame, place)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


#: A thread's connection, and the lock that a question holds while it is asked.
_Reader: TypeAlias = "tuple[sqlite3.Connection, threading.RLock]"


class Database:
    """The connections to one labels.db: one for writing behind a lock, one per thread for reading."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read_only: PrintModelsError | None = None
        self._lock = threading.RLock()
        self._local = threading.local()
        self._open: list[_Reader] = []
        self._closed = False
        self._copy: Path | None = None
        self._commits = 0
        self._inode = 0
        self._writer = self._connect_first()

    # --- opening ------------------------------------------------------------------------------------------------

    def _connect_first(self) -> sqlite3.Connection:
        try:
            self._make_whole()
            db = self._connect_writer()
        except sqlite3.Error as error:
            if only := why_only_read(self.path, error):
                return self._read_only_copy(only)
            raise explain(error) from error
        except OSError as error:
            raise explain_os(error, "opening the label store") from error
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > FORMAT:
            self.read_only = Refused(
                "The labels were written by a newer print-models; this one opens them for reading only.",
                "Update print-models to label here.",
            )
        return db

    def _make_whole(self) -> None:
        """Finish an exchange that was cut short, and make the database where there is none."""
        finish(self.path)
        if not self.path.exists():
            self._create()

    def _create(self) -> None:
        """Make the database and its schema; also where a crash left a file without one."""
        with lock(self.path.with_name("labels.lock"), what="the label store", timeout=10):
            db = self._connect(self.path, "rwc")
            try:
                db.execute("BEGIN IMMEDIATE")
                for statement in _SCHEMA.split(";\n"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id={_APPLICATION}")
                if not db.execute("PRAGMA user_version").fetchone()[0]:
                    db.execute(f"PRAGMA user_version={FORMAT}")
                db.execute("COMMIT")
            finally:
                db.close()
            fsync_dir(self.path.parent)
            fsync_dir(self.path.parent.parent)

    def _read_only_copy(self, why: PrintModelsError) -> sqlite3.Connection:
        """Open a copy: a log beside a database on a read-only or full disk can't be read in place."""
        self.read_only = why
        try:
            self._copy = Path(tempfile.mkdtemp(prefix="print-models-"))
            for end in ("", "-wal"):
                beside = self.path.with_name(self.path.name + end)
                if beside.exists():
                    shutil.copyfile(beside, self._copy / beside.name)
        except OSError as error:
            raise self.read_only from error
        self.path = self._copy / self.path.name
        self._make_whole()
        try:
            return self._connect_writer()
        except sqlite3.Error as error:
            raise explain(error) from error

    def _connect(self, path: Path, mode: str) -> sqlite3.Connection:
        uri = f"file:{quote(os.fsencode(path))}?mode={mode}"
        db = sqlite3.connect(uri, uri=True, timeout=5, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            # Checkpoints are made by `write`: SQLite's own would keep silent about a failed fsync.
            db.execute("PRAGMA wal_autocheckpoint=0")
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _connect_writer(self) -> sqlite3.Connection:
        db = self._connect(self.path, "rw")
        db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name='meta'").fetchone():
            self._create()
        self._inode = self.path.stat().st_ino
        return db

    def _swapped(self) -> bool:
        """True where a neighbour has put a rescued database in the place of the one that is open here."""
        try:
            return self.path.stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    def _reopen(self) -> None:
        self._writer.close()
        self._make_whole()
        self._writer = self._connect_writer()
        self._local = threading.local()

    # --- reading and writing ------------------------------------------------------------------------------------

    def _reader(self) -> _Reader:
        """Return this thread's connection for reading, which sees what is committed, and the lock of its queries."""
        if self._swapped():
            with self._lock:
                if self._swapped():
                    self._reopen()
        mine: _Reader | None = getattr(self._local, "reader", None)
        if mine is None:
            with self._lock:
                if self._closed:
                    raise Cancelled("The label store was closed.")
                mine = (self._connect(self.path, "rw"), threading.RLock())
                self._local.reader = mine
                self._open.append(mine)
        return mine

    def ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` reads. Raises Lacking, Damaged, Busy."""
        try:
            db, busy = self._reader()
            # Another thread may close the store meanwhile: a connection closed under a running query ends the process.
            with busy:
                if self._closed:
                    raise Cancelled("The label store was closed.")
                return work(db)
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def _explained(self, error: sqlite3.Error) -> PrintModelsError:
        """Put an error into words; one that says damage lets the next opening look at the whole file."""
        said = explain(error)
        if isinstance(said, Damaged) and self._copy is None:
            with suppress(OSError):
                flag_of(self.path).touch()
        return said

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in one durable transaction and return what it returns; all of it happens or nothing.

        Raises Lacking (disk full or failing: "label NOT saved"), Busy, Damaged, or why the store is read-only.
        """
        failed: Exception = OSError("the label store kept moving")
        with self._lock:
            for _ in range(_ATTEMPTS):
                if self.read_only is not None:
                    raise self.read_only
                try:
                    if self._swapped():
                        self._reopen()
                    return self._transaction(work)
                except _Swapped:
                    continue
                except sqlite3.Error as error:
                    if "FSYNC" not in name_of(error):
                        raise self._explained(error) from error
                    failed = error
                    self._rescue(error)
                except OSError as error:
                    raise explain_os(error, "saving — label NOT saved") from error
            raise self._give_up(failed)

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        db = self._writer
        try:
            db.execute("BEGIN IMMEDIATE")
            if self._swapped():
                raise _Swapped
            result = work(db)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                try:
                    db.execute("ROLLBACK")
                except sqlite3.Error:
                    pass  # SQLite has rolled back by itself after a failed write
            raise
        self._commits += 1
        if self._commits % _CHECKPOINT_EVERY == 0:
            self._checkpoint()
        return result

    def _checkpoint(self) -> None:
        try:
            self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            # What was committed is durable in the log. Only after a failed fsync may the file itself lie.
            if "FSYNC" in name_of(error):
                self._rescue(error)

    def _rescue(self, error: sqlite3.Error) -> None:
        """Move to a new file; where that fails too, read on but never write again."""
        try:
            rescue(self.path, self._writer)
            self._reopen()
        except (sqlite3.Error, OSError, PrintModelsError) as second:
            raise self._give_up(error, second) from second

    def _give_up(self, *errors: Exception) -> PrintModelsError:
        self.read_only = Lacking(
            "The disk failed to keep what was written (fsync failed) — label NOT saved.",
            "Nothing more is written to labels.db; copy the workspace to a sound disk.",
            detail="; ".join(map(str, errors)),
        )
        return self.read_only

    def _close_readers(self) -> None:
        """Close the connections of all threads, each once its query has ended; a long one is interrupted."""
        for db, busy in self._open:
            while not busy.acquire(timeout=0.05):
                db.interrupt()
            try:
                db.close()
            finally:
                busy.release()
        self._open.clear()

    def close(self) -> None:
        """Close every connection; the log is folded into the database on the way."""
        with self._lock:
            if self.read_only is None and self._commits:
                try:
                    self._checkpoint()
                except PrintModelsError:
                    pass  # said at the next opening; the log keeps what was acknowledged
            self._closed = True
            self._close_readers()
            self._writer.close()
            if self._copy is not None:
                shutil.rmtree(self._copy, ignore_errors=True)


class _Swapped(Exception):
    """The database was replaced by a rescued one while this process waited for it."""
