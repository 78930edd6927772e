"""What SQLite says of labels.db, turned into what a person can act on. Called by labels/database only."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from core.durable import has_locks, no_room
from core.errors import Busy, Damaged, Lacking, PrintModelsError
from core.text import safe

#: What SQLite says where there is no room for the log or the shared memory beside the database.
_NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR_SHM")


def name_of(error: sqlite3.Error) -> str:
    """Return SQLite's own name of an error ('SQLITE_FULL'), '' where it has none."""
    return getattr(error, "sqlite_errorname", None) or ""


def why_only_read(path: Path, error: sqlite3.Error) -> PrintModelsError | None:
    """Return why a database that can't be opened for writing may still be read from a copy, None where it may not."""
    if not os.access(path.parent, os.W_OK) or name_of(error).startswith("SQLITE_READONLY"):
        return Lacking(
            f"{safe(path)} can't be written: the disk is read-only or belongs to someone else.",
            "Labels are shown but none can be given; check: ls -ld, mount, df.",
        )
    lacking = no_room(path.parent)
    shared = name_of(error) != "SQLITE_IOERR_SHMMAP"
    if not lacking and not (shared and has_locks(path.with_name("labels.lock"))):
        return Lacking(
            "This file system has no shared memory or no file locks, as a network share may have none — labels "
            "can be seen, but none can be saved.",
            "Keep the workspace on a disk of this machine.",
        )
    if lacking or name_of(error).startswith(_NO_ROOM):
        what = lacking or "the disk is full"
        return Lacking(
            f"{what[0].upper()}{what[1:]} — labels can be seen, but none can be saved.",
            "Free some space (df -h, df -i), then open it again.",
        )
    return None


def explain(error: sqlite3.Error) -> PrintModelsError:
    """Turn SQLite's words into what a person can act on."""
    name = name_of(error)
    detail = f"{name}: {error}"
    if name.startswith("SQLITE_FULL"):
        return Lacking(
            "disk full — label NOT saved.", "Free some space (df -h, df -i), then label again.", detail=detail
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Busy(
            "Another process holds the label store — label NOT saved.",
            "Try again in a moment.",
            detail=detail,
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return Damaged(
            "The label store .print-models/labels.db is damaged; nothing is written to it.",
            "The next command keeps it aside and builds the labels anew from data/.",
            detail=detail,
        )
    if name.startswith("SQLITE_READONLY"):
        return Lacking(
            "The label store is read-only — label NOT saved.", "Check who owns it: ls -l", detail=detail
        )
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")):
        return Lacking(
            "The disk refused the write (full, over its quota, or failing) — label NOT saved.",
            "Look at df -h, df -i, quota and dmesg, then label again.",
            detail=detail,
        )
    return PrintModelsError(
        f"The label store failed: {safe(str(error))}.", "Try again with --debug.", detail=detail
    )


def flag_of(path: Path) -> Path:
    """Return the file whose existence says that a database was called damaged, and is to be looked at as a whole."""
    return path.with_name(path.name + ".suspect")
