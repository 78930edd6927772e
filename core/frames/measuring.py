"""Measuring what changes from frame to frame: what is missing is decoded small in helpers of low priority, and kept.

What always holds: what is done is kept every few hundred frames and at the end, however it ends; a frame that can't be
read is kept with its reason, never guessed, and the next is compared with the last one that could be read; where
nothing is missing nothing is written. Called by the app in a lane of its own, and by `sequences`.
"""

from __future__ import annotations

import os
import stat
import zlib
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice, pairwise
from typing import NamedTuple

from core.errors import Cancelled, PrintModelsError
from core.frames.check import Unreadable
from core.frames.helper import Helpers
from core.frames.identity import check
from core.frames.index import Day, FrameIndex
from core.frames.measured import Changes, Entry
from core.frames.signatures import SMALL
from core.progress import CancelToken, Progress, Report, silent
from core.workspace import Source, Workspace

#: Frames after which what was measured is written, and seconds between two looks whether to go on.
_KEEP, _PAUSE_S = 256, 0.05
#: How far measuring stands back behind what somebody waits for.
NICE = 15
#: Frames decoded with one question, frames decoded ahead, and small pictures remembered.
_TOGETHER, _AHEAD, _REMEMBERED = 4, 16, 32


#: A frame to compare with: its key and the stamp of its file.
_Before = tuple[str, int]


class _Small(NamedTuple):
    """A small picture with the stamp of its file."""

    greys: bytes
    stamp: int


class _Away(Exception):
    """The source can't be reached any more."""


def measure(
    workspace: Workspace,
    index: FrameIndex,
    *,
    report: Report = silent,
    cancel: CancelToken | None = None,
    pause: Callable[[], bool] | None = None,
    near: str = "",
    changes: Changes | None = None,
    workers: int | None = None,
) -> int:
    """Measure the frames of the index that were not yet, and those whose file changed; return how many were.

    Begins with the day of the frame `near`, then goes on with the days nearest to it; without one with the newest.
    While `pause` says True nothing new is begun. `workers` helpers decode at once, by default one per processor.
    Raises Cancelled; what was done until then is kept. A source that can't be reached, or waits for an answer, is left
    out: `FrameIndex.unreachable` says why.
    """
    own = changes or Changes(workspace)
    most = workers or max(1, min(4, os.cpu_count() or 1))
    helpers = Helpers(most=most, nice=NICE)
    pool = ThreadPoolExecutor(most, thread_name_prefix="measuring")
    run = _Run(workspace, index, own, helpers, pool, report, cancel or CancelToken(), pause)
    try:
        return run.all(near)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        helpers.close()
        if changes is None:
            own.close()


def in_order(days: Sequence[Day], near: str) -> list[Day]:
    """Return days in the order of work: that of the frame `near`, then by distance to it; without one newest first."""
    source, _, day = near.rpartition("/")[0].rpartition("/")
    if not source:
        return sorted(days, key=lambda one: (one.day, one.source), reverse=True)
    ordered = sorted(days, key=lambda one: (one.source, one.day))
    own = [one for one in ordered if one.source == source]
    at = bisect_left([one.day for one in own], day)
    own = [one for _, one in sorted(enumerate(own), key=lambda pair: abs(pair[0] - at))]
    return own + [one for one in reversed(ordered) if one.source != source]


class _Run:
    """One run over all days."""

    def __init__(
        self,
        workspace: Workspace,
        index: FrameIndex,
        changes: Changes,
        helpers: Helpers,
        pool: ThreadPoolExecutor,
        report: Report,
        cancel: CancelToken,
        pause: Callable[[], bool] | None,
    ) -> None:
        self.workspace, self.index, self.changes, self.report = workspace, index, changes, report
        self.cancel, self.pause = cancel, pause
        self.total = self.done = 0
        self._small = _SmallPictures(workspace, helpers, pool, cancel)

    def all(self, near: str) -> int:
        """Measure every day that lacks something."""
        heads = self.changes.heads()
        days = self.index.days()
        # A folder that may change at any moment has no mtime to trust: its files are asked.
        stale = [
            d for d in days if d.mtime_ns == -1 or heads.get((d.source, d.day)) != (d.mtime_ns, d.frames)
        ]
        # The first frames of a day are compared with the last ones of the day before it.
        after = {(b.source, b.day) for a, b in pairwise(days) if a.source == b.source and a in stale}
        stale += [d for d in days if (d.source, d.day) in after and d not in stale]
        self.total = sum(max(0, d.frames - heads.get((d.source, d.day), (0, 0))[1]) for d in stale)
        away = {name for name in {day.source for day in stale} if self._closed(self.workspace.sources[name])}
        for day in in_order(stale, near):
            if day.source in away:
                continue
            source = self.workspace.sources[day.source]
            try:
                self._day(source, day)
            except _Away:
                away.add(day.source)
        return self.done

    def _closed(self, source: Source) -> bool:
        return check(self.workspace, source) is not None or self.index.unreachable(source.name) is not None

    def _day(self, source: Source, day: Day) -> None:
        known = self.changes.entries(day.source, day.day)
        keys = [frame.key for frame in self.index.frames(day.source, day.day)]
        names = [key.rpartition("/")[2] for key in keys]
        entries = known.entries
        if day.mtime_ns == -1 or day.mtime_ns != known.mtime_ns:
            entries = {name: e for name, e in entries.items() if self._stamp(source, day, name) == e.stamp}
        fresh: dict[str, Entry] = {}
        whole = True
        try:
            for place, entry in self._measured(day, keys, names, entries):
                if entry is None:
                    whole = False
                    continue
                fresh[names[place]] = entry
                self.done += 1
                if self.done % 16 == 0 or place + 1 == len(keys):
                    self.report(Progress("measuring", self.done, max(self.total, self.done), day.day))
                if len(fresh) >= _KEEP:
                    self.changes.put(day.source, day.day, -1, fresh, names)
                    fresh = {}
        except BaseException:
            if fresh:
                self.changes.put(day.source, day.day, -1, fresh, names)
            raise
        mtime_ns = day.mtime_ns if whole else -1
        gone = len(known.entries) != len(entries) or any(name not in set(names) for name in known.entries)
        if fresh or gone or mtime_ns != known.mtime_ns:
            self.changes.put(day.source, day.day, mtime_ns, fresh, names)

    def _stamp(self, source: Source, day: Day, name: str) -> int:
        self.cancel.check()
        try:
            found = os.lstat(source.path / day.day / name)
        except OSError:
            return -1
        return stamp_of(found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else -1

    def _measured(
        self, day: Day, keys: Sequence[str], names: Sequence[str], entries: dict[str, Entry]
    ) -> Iterator[tuple[int, Entry | None]]:
        """Yield places of frames that have to be measured, with what came of it; None where it will be tried again."""
        before = self._last_of_days_before(day, 2)
        for place, (key, name) in enumerate(zip(keys, names, strict=True)):
            entry = entries.get(name)
            if entry is not None and (entry.change is None or entry.before == _sum_of(before)):
                if entry.change is not None:
                    before = [*before[-3:], (key, entry.stamp)]
                continue
            self._wait()
            following = (keys[at] for at in range(place, len(keys)) if names[at] not in entries)
            self._small.ahead(list(islice(following, _AHEAD)))
            entry, before = self._one(key, before)
            yield place, entry
            if entry is not None and entry.change is not None:
                before = [*before[-3:], (key, entry.stamp)]

    def _one(self, key: str, before: list[_Before]) -> tuple[Entry | None, list[_Before]]:
        """Measure one frame against the last two before it that can be read; return it, and those that can be read."""
        from core.frames.change import compare

        try:
            here = self._small.get(key)
        except Unreadable as error:
            return self._broken(key, error), before
        greys: list[bytes | None] = []
        readable: list[_Before] = []
        for other, _ in reversed(before):
            if len(greys) == 2:
                break
            try:
                small = self._small.get(other)
            except Unreadable:
                continue
            greys.append(small.greys)
            readable.insert(0, (other, small.stamp))
        first, second = [*greys, None, None][:2]
        return Entry(compare(here.greys, first, second), here.stamp, _sum_of(readable)), readable

    def _broken(self, key: str, error: Unreadable) -> Entry | None:
        source = self.workspace.source_for(key)
        if error.missing:
            if self.index.unreachable(source.name) is not None:
                raise _Away
            return None
        if error.passing:
            return None
        found = self.index.get(key)
        if found is None or found.size is None or found.mtime_ns is None:
            return None
        return Entry(None, stamp_of(found.size, found.mtime_ns), 0, error.what)

    def _last_of_days_before(self, day: Day, count: int) -> list[_Before]:
        """Return the last frames of the days before, oldest first: two that can be read, as far as is known."""
        earlier = [one for one in self.index.days() if one.source == day.source and one.day < day.day]
        found: list[_Before] = []
        for one in sorted(earlier, key=lambda one: one.day, reverse=True):
            known = self.changes.entries(one.source, one.day).entries
            for frame in reversed(self.index.frames(one.source, one.day)):
                name = frame.key.rpartition("/")[2]
                entry = known.get(name)
                if entry is None:
                    found.insert(0, (frame.key, self._stamp(self.workspace.sources[one.source], one, name)))
                elif entry.change is not None:
                    found.insert(0, (frame.key, entry.stamp))
                if len(found) == count + 2:
                    return found
            if len(found) >= count:
                return found
        return found

    def _wait(self) -> None:
        """Hold on while something else goes first. Raises Cancelled."""
        self.cancel.check()
        while self.pause is not None and self.pause():
            self.cancel.rest(_PAUSE_S)


class _SmallPictures:
    """Small pictures, decoded ahead in helpers; the last few are remembered."""

    def __init__(
        self, workspace: Workspace, helpers: Helpers, pool: ThreadPoolExecutor, cancel: CancelToken
    ) -> None:
        self._workspace, self._helpers, self._pool, self._cancel = workspace, helpers, pool, cancel
        self._known: OrderedDict[str, tuple[Future[list[_Small | Unreadable]], int]] = OrderedDict()

    def ahead(self, keys: Sequence[str]) -> None:
        """Begin to decode, some at once."""
        fresh = [key for key in keys if key not in self._known]
        if len(fresh) < _TOGETHER and len(fresh) < len(keys):
            return  # there is enough to do until more of them are wanted
        for begin in range(0, len(fresh), _TOGETHER):
            self._begin(fresh[begin : begin + _TOGETHER])

    def get(self, key: str) -> _Small:
        """Return a small picture. Raises Unreadable, Cancelled."""
        if key not in self._known:
            self._begin([key])
        self._known.move_to_end(key)
        future, place = self._known[key]
        found = future.result()[place]
        if isinstance(found, Unreadable):
            raise found
        return found

    def _begin(self, keys: Sequence[str]) -> None:
        future = self._pool.submit(self._decode, keys)
        for place, key in enumerate(keys):
            self._known[key] = (future, place)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _decode(self, keys: Sequence[str]) -> list[_Small | Unreadable]:
        """Decode pictures of one source."""
        if self._cancel.cancelled:
            raise Cancelled()
        try:
            root = self._workspace.source_for(keys[0]).path
            paths = [self._workspace.frame_path(key) for key in keys]
        except PrintModelsError as error:
            return [Unreadable(error.what, error.remedy, missing=True) for _ in keys]
        found = self._helpers.greys(paths, SMALL, root=root, cancel=self._cancel)
        return [
            one if isinstance(one, Unreadable) else _Small(one[0], stamp_of(one[1], one[2])) for one in found
        ]


def stamp_of(size: int, mtime_ns: int) -> int:
    """Return a number of 32 bits that a file's size and mtime make."""
    return zlib.crc32(f"{size} {mtime_ns}".encode("ascii"))


def _sum_of(before: Sequence[_Before]) -> int:
    """Return a number of 32 bits that the two frames compared with make; 0 for none."""
    text = "\0".join(f"{key} {stamp}" for key, stamp in before[-2:])
    return zlib.crc32(text.encode("utf-8", "backslashreplace")) if text else 0
