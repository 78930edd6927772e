"""The moments of frames whose names have a form of their own, and how sources of such frames are listed.

The moment is the name's where the pattern of the source (core.frames.patterns) says it, else EXIF's DateTimeOriginal,
else the date of the file. What a file told is kept in index.db, per key, until file size or date change, and may be
thrown away. A frame that is not there any more has the moment that a released version recorded.

What always holds: which of the three told it is known per frame; sources of the usual form cost nothing here.
Called by the file list; `tell` makes core.frames.names know the moments, for whoever asks by key alone.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import cached_property
from pathlib import Path

from core.frames import exif, folders, names
from core.frames.folders import Listing, Problem
from core.frames.identity import released_rows
from core.frames.names import EXIF, FILE, NAME
from core.frames.patterns import NamePattern, pattern
from core.workspace import Source, Workspace

#: What told the moment, in words.
WORDS = {NAME: "times from names", EXIF: "times from EXIF", FILE: "times from files' dates"}


class Moments:
    """The patterns of a workspace's sources, and the moments that files told."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._lock = threading.Lock()
        #: False once what files told could not be kept: then their folders have to be read again.
        self.kept = True
        found = {
            name: pattern(source.settings.name_pattern, name) for name, source in workspace.sources.items()
        }
        #: The sources whose frames have names of another form than the usual one.
        self.patterns: dict[str, NamePattern] = {
            name: made for name, made in found.items() if made is not None
        }

    # --- asking -------------------------------------------------------------------------------------------------

    def at(self, key: str) -> datetime | None:
        """Return when a frame of a source with a pattern was taken; None where nothing tells it."""
        source, _, path = key.partition("/")
        made = self.patterns[source]
        if made.dated:
            return made.moment(path) or made.moment(f"{path}.jpg")  # a recording's id has no ending
        kept = self._kept.get(key)
        return kept[0] if kept is not None else self._released.get(key)

    def rule(self, key: str) -> str:
        """Return what told the moment of a frame; of one that is gone the weakest is said."""
        if self.patterns[key.partition("/")[0]].dated:
            return NAME
        kept = self._kept.get(key)
        return kept[1] if kept is not None else FILE

    @cached_property
    def _kept(self) -> dict[str, tuple[datetime, str, int, int]]:
        """Moment, rule, size and mtime in ns by key."""
        try:
            with closing(self._connect()) as db:
                rows = db.execute("SELECT key, at, rule, size, mtime_ns FROM moment").fetchall()
            return {key: (datetime.fromisoformat(at), rule, size, ns) for key, at, rule, size, ns in rows}
        except (sqlite3.Error, ValueError, TypeError):
            return {}

    @cached_property
    def _folders(self) -> dict[str, set[str]]:
        """The keys whose moments are kept, by what they begin with: one folder's, so that no other is looked at."""
        found: dict[str, set[str]] = {}
        for key in self._kept:
            found.setdefault(f"{key.rpartition('/')[0]}/", set()).add(key)
        return found

    @cached_property
    def _released(self) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for source, made in self.patterns.items():
            for row in () if made.dated else released_rows(self.workspace, source):
                try:
                    found.setdefault(str(row["source"]), datetime.fromisoformat(str(row["captured_at"])))
                except (KeyError, ValueError):
                    continue
        # A recording's id names its first frame, without the ending.
        found.update({key.rpartition(".")[0]: at for key, at in list(found.items())})
        return found

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.workspace.index_db, timeout=5)
        db.execute(
            "CREATE TABLE IF NOT EXISTS moment (key TEXT PRIMARY KEY, at TEXT, rule TEXT, size INTEGER,"
            " mtime_ns INTEGER) WITHOUT ROWID"
        )
        return db

    # --- listing ------------------------------------------------------------------------------------------------

    def list_source(self, source: Source) -> Listing:
        """List the folders of a source that may hold frames, '' for its own. Raises Lacking where it is not there."""
        made = self.patterns.get(source.name)
        if made is None:
            return folders.list_source(source)
        return folders.list_folders(source, made.levels)

    def list_day(self, source: Source, folder: str) -> tuple[Sequence[str], tuple[Problem, ...]]:
        """List the frames of one folder by name, and what is none; the moments of the frames are known then."""
        made = self.patterns.get(source.name)
        if made is None:
            return folders.list_day(source, folder)
        prefix = f"{folder}/" if folder else ""
        found, problems = folders.list_pictures(
            source, folder, lambda name: made.fits(prefix + name), f"no name of a frame by {made.text}"
        )
        if not made.dated:
            base = f"{source.name}/{prefix}"
            self._learn({f"{base}{name}": entry for name, entry in found.items()}, source.path / folder, base)
        return tuple(sorted(found)), problems

    def _learn(self, found: Mapping[str, os.stat_result], folder: Path, base: str) -> None:
        fresh: dict[str, tuple[datetime, str, int, int]] = {}
        with self._lock:  # several threads list, each for a list of its own
            before = self._folders.setdefault(base, set())
            gone = before - found.keys()
        for key, stat in found.items():
            kept = self._kept.get(key)
            if kept is None or kept[2:] != (stat.st_size, stat.st_mtime_ns):
                at = _from_exif(folder / key.rpartition("/")[2])
                rule = EXIF if at else FILE
                at = at or datetime.fromtimestamp(stat.st_mtime_ns // 1_000_000_000)
                fresh[key] = (at, rule, stat.st_size, stat.st_mtime_ns)
        if not fresh and not gone:
            return
        with self._lock:
            self._kept.update(fresh)
            before.update(fresh)
            for key in gone:
                before.discard(key)
                self._kept.pop(key, None)
            try:
                with closing(self._connect()) as db, db:
                    db.executemany("DELETE FROM moment WHERE key=?", [(key,) for key in gone])
                    rows = [(key, at.isoformat(), *rest) for key, (at, *rest) in fresh.items()]
                    db.executemany("INSERT OR REPLACE INTO moment VALUES (?,?,?,?,?)", rows)
            except sqlite3.Error:
                self.kept = False  # held or full


#: What was told last; one workspace has one, so that what a scan learns is known to all who ask.
_told: Moments | None = None


def tell(workspace: Workspace) -> Moments:
    """Make core.frames.names know the moments of this workspace's frames; the last workspace told of is the one.

    Raises WrongUsage for a pattern that is none.
    """
    global _told
    if _told is None or _told.workspace is not workspace:
        _told = Moments(workspace)
    names.tell_by(dict.fromkeys(_told.patterns, _told))
    return _told


def _from_exif(path: Path) -> datetime | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            return exif.taken_at(file.read(exif.MOST))
    except OSError:
        return None
