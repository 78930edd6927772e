"""After a failed fsync: the labels move into a new file before anything is acknowledged again.

A disk that failed one fsync may have dropped what it was given, and says nothing the next time. So the database is
read into a new file (`VACUUM INTO`), that is made durable, and takes the place of the old one, which is kept aside.

What always holds: from the moment `labels.db.rescued` exists it is whole and durable, and whoever opens the store next
finishes the exchange; a log of the old file never meets the new one. Called by labels/database only.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from core.durable import fsync_dir, lock


def rescue(path: Path, writer: sqlite3.Connection) -> None:
    """Move the database of `writer` into a new file at the same path. Raises OSError, sqlite3.Error, Busy.

    The old file stays locked for writing meanwhile, so that nobody commits to it; `writer` is closed at the end.
    """
    with lock(path.with_name("labels.lock"), what="the label store", timeout=10):
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        writer.execute("BEGIN IMMEDIATE")
        try:
            reader = sqlite3.connect(path, timeout=5, isolation_level=None)
            try:
                reader.execute("VACUUM INTO ?", (os.fspath(fresh),))
            finally:
                reader.close()
            with fresh.open("rb+") as file:
                os.fsync(file.fileno())
            fresh.rename(_rescued(path))
            fsync_dir(path.parent)
            _exchange(path)
        finally:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
    writer.close()


def finish(path: Path) -> None:
    """Finish an exchange that a crash cut short. Raises OSError, Busy."""
    if _rescued(path).exists():
        with lock(path.with_name("labels.lock"), what="the label store", timeout=10):
            if _rescued(path).exists():
                _exchange(path)


def _rescued(path: Path) -> Path:
    return path.with_name(path.name + ".rescued")


def _exchange(path: Path) -> None:
    number = 1
    while (aside := path.with_name(f"{path.name}.failed-{number}")).exists():
        number += 1
    # The log and its index go first: they must not lie beside a database that they don't belong to.
    for end in ("-shm", "-wal", ""):
        old = path.with_name(path.name + end)
        if old.exists():
            old.rename(aside.with_name(aside.name + end))
    fsync_dir(path.parent)
    _rescued(path).rename(path)
    fsync_dir(path.parent)
