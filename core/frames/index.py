"""Which frames there are: index.db, one row per day folder, read again only where a folder changed.

What always holds: the index is disposable (a damaged one is made anew without a word), the sources are only read, and
what is in a day folder but no frame is counted with its reason. A source that cannot be reached keeps its frames.
Called by the app, the commands, the draft and the recordings. Safe to use from several threads.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from types import TracebackType

from core.errors import Lacking, PrintModelsError
from core.frames.folders import Listing, Problem, around, peek_day
from core.frames.framelist import Frame, FrameList, folder_list
from core.frames.identity import check
from core.frames.moments import tell
from core.frames.names import captured_at, is_told, usual_moment
from core.frames.packed import NONE, Names
from core.frames.rows import DayRows, Place, Row, by_distance
from core.progress import CancelToken, Progress, Report, silent
from core.text import safe
from core.workspace import Source, Workspace

__all__ = ["Day", "Frame", "FrameIndex", "FrameList", "ScanResult"]

#: Frames of one day that are looked at to show the first of them.
_MANY = 2000
# A folder that changed within this time before it was read may change again without its mtime telling so.
_AT_REST_NS = 3_000_000_000


@dataclass(frozen=True, slots=True)
class Day:
    """One day folder of a source with its number of frames, and its mtime in ns (-1: it may have changed since)."""

    source: str
    day: str
    frames: int
    mtime_ns: int = -1


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan found: frames in all, frames added and removed, day folders read anew, and what is no frame."""

    frames: int
    added: int
    removed: int
    changed: int
    problems: tuple[Problem, ...]


class FrameIndex:
    """The frames of a workspace's sources, from index.db; `scan` brings it up to date."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._lock = threading.RLock()
        self._unreachable: dict[str, PrintModelsError] = {}
        self._moments = tell(workspace)
        self._rows = DayRows(workspace)
        self._days: dict[Place, Row] = self._rows.heads

    def close(self) -> None:
        with self._lock:
            self._rows.close()

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
            if listing is None and source.settings.retired:
                continue
            if listing is None:
                error = self._unreachable[source.name]
                problems.append(Problem(error.what, source.name))
                continue
            problems += () if source.settings.retired else listing.problems
            plus, minus, folders = self._scan_source(source, listing, report, cancel)
            added, removed, changed = added + plus, removed + minus, changed + folders
        with self._lock:
            shown = [row for (name, _), row in self._days.items() if self._meant(name, None)]
            problems += [problem for row in shown for problem in row.problems]
            return ScanResult(self.count(), added, removed, changed, tuple(problems))

    def _list(self, source: Source) -> Listing | None:
        try:
            listing = self._moments.list_source(source)
            with self._lock:
                known = {day for (name, day), row in self._days.items() if name == source.name and row.count}
            # Nothing of what was listed is there: emptied, or another camera behind the same link.
            gone = bool(known) and known.isdisjoint(listing.days)
            question = check(self.workspace, source, suspect=gone and not is_told(source.name))
            if question is not None:
                raise question
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
        fresh: dict[Place, Row | None] = {
            (source.name, day): None for day in known if day not in listing.days
        }
        stale = [
            day for day, mtime in listing.days.items() if day not in known or known[day].mtime_ns != mtime
        ]
        added, removed = 0, sum(known[day].count for _, day in fresh)
        try:
            for done, day in enumerate(stale):
                if cancel is not None:
                    cancel.check()
                if done % 8 == 0:
                    report(Progress("reading the camera folder", done, len(stale), day))
                row = self._read(source, day, listing.days[day])
                old = self._whole(source.name, day) if day in known else None
                before = set(old.names or ()) if old else set()
                both = len(before.intersection(row.names or ())) if before else 0
                added, removed = added + row.count - both, removed + len(before) - both
                # A folder that is only not at rest yet has nothing new to remember: idle, nothing is written.
                if old != row:
                    fresh[(source.name, day)] = row
        finally:
            with self._lock:
                for place, new in fresh.items():
                    if new is None:
                        self._days.pop(place, None)
                    else:
                        self._days[place] = new
                self._rows.write(fresh)
        return added, removed, len(stale)

    def _read(self, source: Source, day: str, mtime_ns: int) -> Row:
        names, problems = self._moments.list_day(source, day)
        if any(problem.passing for problem in problems):
            # A disk that fails takes no frame from the list; the next scan reads the folder again.
            old = self._whole(source.name, day)
            return Row(-1, old.count if old else 0, problems, (old.names if old else None) or NONE)
        settled = 0 <= mtime_ns < time.time_ns() - _AT_REST_NS and self._moments.kept
        return Row(mtime_ns if settled else -1, len(names), problems, Names.of(names))

    def forget(self, source: str) -> None:
        """Drop what is known of a source, which the next scan lists anew: its old frames are said to be gone."""
        with self._lock:
            gone: dict[Place, Row | None] = {place: None for place in self._days if place[0] == source}
            for place in gone:
                del self._days[place]
            self._rows.write(gone)

    # --- asking -------------------------------------------------------------------------------------------------

    def first(self, n: int = 100, *, source: str | None = None, near: str = "") -> list[Frame]:
        """Return some frames at once: the oldest, or with `near` whole days of those around that frame.

        From the index, whatever its size; where nothing was scanned yet, from the day folders themselves.
        """
        with self._lock:
            known = [
                (place, row.count)
                for place, row in sorted(self._days.items())
                if row.count and self._meant(place[0], source)
            ]
        if not known:
            known = [
                ((at.name, day), 0)
                for at in self.workspace.sources.values()
                if self._meant(at.name, source)
                for day in self._folders(at)
            ]
        found: list[Frame] = []
        for (name, day), count in by_distance(known, near):
            found += self._some(name, day, near.rpartition("/")[2], scanned=bool(count))
            if len(found) >= n:
                break
        return _in_order(found) if near else _in_order(found)[:n]

    def _folders(self, source: Source) -> list[str]:
        listing = self._list(source)
        return sorted(listing.days) if listing else []

    def _some(self, source: str, day: str, near: str, *, scanned: bool) -> list[Frame]:
        """Return a day's frames; of a day that holds very many only those around the name `near`."""
        if source in self._moments.patterns:  # its names need not be in order of time
            if scanned:
                return self._listed(source, day)
            return _frames(source, day, self._moments.list_day(self.workspace.sources[source], day)[0])
        if not scanned:
            return _frames(source, day, peek_day(self.workspace.sources[source], day, near, _MANY))
        return _frames(source, day, around(self._names(source, day), near, _MANY))

    def _listed(self, source: str, day: str) -> list[Frame]:
        return _frames(source, day, self._names(source, day))

    def _names(self, source: str, day: str) -> Names:
        row = self._whole(source, day)
        return (row.names if row else None) or NONE

    def _whole(self, source: str, day: str) -> Row | None:
        """Return a day with its names."""
        with self._lock:
            row = self._days.get((source, day))
            if row is not None and row.names is None:
                self._load(source, day)
                row = self._days.get((source, day))
            return row

    def _load(self, source: str | None = None, day: str | None = None) -> None:
        """Take names out of the database; where it turns out to be damaged, read the camera's folders instead."""
        try:
            found = self._rows.whole(source, day)
        except (sqlite3.Error, ValueError, TypeError):
            self._rows.start_over()
            self._days = self._rows.heads
            self.scan()
            return
        for place, row in list(self._days.items()):
            if row.names is None and source in (None, place[0]) and day in (None, place[1]):
                # A neighbour may have taken the row away meanwhile: the next scan sees the same.
                self._days[place] = found.get(place, Row(-1, 0, (), NONE))

    def days(self) -> list[Day]:
        """Return the day folders that hold frames, by source and day; not those of retired sources."""
        with self._lock:
            rows = [(place, row) for place, row in sorted(self._days.items()) if row.count]
            return [
                Day(*place, row.count, row.mtime_ns) for place, row in rows if self._meant(place[0], None)
            ]

    def _meant(self, name: str, source: str | None) -> bool:
        """True for the source asked for; where none is named, for all that are not retired."""
        return name == source if source is not None else name in self.workspace.active_sources

    def _all(self, source: str | None) -> list[tuple[Place, Names]]:
        """Return the names of every day, of all sources or one, by source and day."""
        with self._lock:
            rows = [row for place, row in self._days.items() if self._meant(place[0], source)]
            if any(row.names is None for row in rows):
                self._load(source)
            found = sorted(place for place in self._days if self._meant(place[0], source))
            return [(place, self._days[place].names or NONE) for place in found]

    def frames(self, source: str | None = None, day: str | None = None) -> list[Frame]:
        """Return frames in order of time, of one source or all that are not retired, of all days or one."""
        if source is not None and day is not None:
            return _in_order(self._listed(source, day))
        days = (whole for whole in self._all(source) if day in (None, whole[0][1]))
        return _in_order([frame for place, names in days for frame in _frames(*place, names)])

    def listed(self, source: str) -> FrameList:
        """Return all frames of a source in order of time, as little more than their names."""
        return folder_list(source, [(_folder(*place), names) for place, names in self._all(source)])

    def keys(self, source: str | None = None) -> list[str]:
        """Return the keys of all frames of one source, or of all that are not retired, in order of time."""
        found = [_folder(*place) + file for place, files in self._all(source) for file in files]
        if self._moments.patterns:
            found.sort(key=lambda key: (key.partition("/")[0], captured_at(key) or datetime.max, key))
        return found

    def count(self, source: str | None = None) -> int:
        """Return how many frames the index knows of one source, or of all that are not retired."""
        with self._lock:
            return sum(row.count for (name, _), row in self._days.items() if self._meant(name, source))

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str) or "/" not in key:
            return False
        source, _, path = key.partition("/")
        day, _, name = path.rpartition("/")
        names = self._names(source, day)
        at = bisect_left(names, name)
        return at < len(names) and names[at] == name

    def get(self, key: str) -> Frame | None:
        """Return one frame with its size and mtime as they are on the disk; None where it is not there (any more)."""
        taken = captured_at(key)
        if taken is None:
            return None
        try:
            found = os.lstat(self.workspace.frame_path(key))
        except (OSError, PrintModelsError):
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return Frame(key, key.partition("/")[0], taken, found.st_size, found.st_mtime_ns)

    def unreachable(self, source: str) -> PrintModelsError | None:
        """Return why a source cannot be reached just now, None where it can."""
        found = self.workspace.sources.get(source)
        if found is None:
            return Lacking(f"There is no source {safe(source)}.", "See the sources in print-models.toml.")
        self._list(found)
        return self._unreachable.get(source)


def _frames(source: str, day: str, names: Iterable[str]) -> list[Frame]:
    found = []
    folder, told = _folder(source, day), is_told(source)
    for name in names:
        taken = (not told and usual_moment(name)) or captured_at(folder + name)
        if taken is not None:
            found.append(Frame(folder + name, source, taken))
    return found


def _folder(source: str, day: str) -> str:
    """Return what the keys of a folder's frames begin with; frames of some programs lie in the source itself ('')."""
    return f"{source}/{day}/" if day else f"{source}/"


def _in_order(frames: list[Frame]) -> list[Frame]:
    # Two sorts, not one by pairs: a pair for each frame would take as much room again.
    return sorted(sorted(frames, key=itemgetter(0)), key=itemgetter(2))
