"""Embeddings of frames: a few hundred numbers each, computed once per content, kept in the private cache.

A folder per engine, `.print-models/cache/embeddings/<engine.key>/`: `vectors` holds rows of numbers, one behind the
other; `rows.db` says which content has which row, and which content a frame had when it was read (its size and time
stand for it). What always holds: a row is on the disk before rows.db names it, so what a kill leaves is cut off or
computed anew; both files may be thrown away at any time. Called by suggesting and the commands; one process fills at
a time, any number read.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from core.assist import room
from core.assist.engines import Engine
from core.assist.pictures import Found, decoding, part_of
from core.assist.table import NONE, Table, number
from core.assist.table import Rows as Rows
from core.durable import explain, lock
from core.errors import PrintModelsError
from core.frames.decode import Picture, Unreadable
from core.frames.regions import WHOLE
from core.progress import CancelToken, Progress, Report, silent
from core.workspace import Workspace

#: Pictures that an engine is given together, frames after which what was computed is written, and files looked at
#: between two looks whether to go on.
BATCH, _KEEP, _PIECE = 32, 256, 1000
#: Bytes that numbers may take which are few: they have room in any case.
_FEW = 1 << 40


@dataclass(frozen=True, slots=True)
class Filled:
    """What a fill came to: frames asked for, frames with an embedding, of them computed now, and unreadable ones.

    `left` is how many found no room in the cache; `away` were not there (any more) or are being written.
    """

    asked: int
    known: int
    computed: int
    unreadable: int
    away: int = 0
    left: int = 0


class Embeddings:
    """The embeddings of one engine in a workspace. Not to be used from several threads."""

    def __init__(self, workspace: Workspace, engine: Engine) -> None:
        self.workspace, self.engine = workspace, engine
        self.folder = room.folder(workspace, engine.kind) / engine.key
        self._table = Table(self.folder, engine.dims, engine.width)

    def close(self) -> None:
        self._table.close()

    def __enter__(self) -> Embeddings:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    # --- asking -------------------------------------------------------------------------------------------------

    def of(self, frames: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the embeddings of frames by their keys (n x dims, zeros where there is none), and which are known.

        What was known at the last `fill`; no file of a camera is looked at. For very many frames use `rows`, `some`.
        """
        rows = self.rows(frames)
        known = rows >= 0
        found = np.zeros((len(rows), self.engine.dims), np.float32)
        found[known] = self.some(rows[known])
        return found, known

    def rows(self, frames: Iterable[str]) -> Rows:
        """Return the place of each frame's embedding, -1 where there is none; 8 bytes a frame."""
        self._table.refresh()
        at = self._table.find(np.fromiter(map(number, frames), np.int64))
        found = np.full(len(at), NONE, np.int64)
        found[at >= 0] = self._table.places[at[at >= 0]]
        return found

    def some(self, rows: Rows) -> NDArray[np.float32]:
        """Return the embeddings at places that `rows` gave, all of which must be known."""
        return self._table.some(rows)

    def _part(self, source: str) -> str:
        """Return in a word the part of a source's pictures that is looked at."""
        given = self.engine.parts
        part = part_of(self.workspace, source) if given is None else given.get(source, WHOLE)
        return "" if part.whole else ",".join(f"{share:g}" for share in part)

    # --- filling ------------------------------------------------------------------------------------------------

    def fill(
        self, frames: Sequence[str], report: Report = silent, cancel: CancelToken | None = None
    ) -> Filled:
        """Compute what is missing of frames, by their keys; whose file is as it was costs one lstat.

        Raises Cancelled (what was done until then is kept), Busy (another process fills for long), Lacking (disk).
        """
        self.workspace.ensure_private()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with lock(self.folder / "lock", what="the embeddings", timeout=30):
                return self._fill(frames, report, cancel)
        except OSError as error:
            raise explain(error, "writing embeddings") from error
        finally:
            self._table.forget()

    def _fill(self, frames: Sequence[str], report: Report, cancel: CancelToken | None) -> Filled:
        self._table.mend()
        self._table.forget()
        self._table.refresh()
        room.used(self.folder)
        ids = np.fromiter(map(number, frames), np.int64)
        first = np.sort(np.unique(ids, return_index=True)[1])  # a frame may be named twice
        stamps, away = self._look(frames, first, cancel)
        known = self._table.find(ids[first])
        same = (known >= 0) & (stamps >= 0)
        same[same] = self._table.stamps[known[same]] == stamps[same]
        bad = int((self._table.places[known[same]] == NONE).sum())
        stale = np.flatnonzero((stamps >= 0) & ~same)
        done = _Done(total=len(stale))
        if len(stale):
            free = room.make(self.workspace, self.folder)
            allowed = free if self.engine.many else _FEW
            keys = (frames[place] for place in first[stale].tolist())
            try:
                with decoding(self.workspace, self.engine.box, nice=self.engine.nice) as pictures:
                    for batch in _batches(pictures.of(keys, cancel, self.engine.parts)):
                        if allowed <= 0:
                            break
                        some = stale[done.seen : done.seen + len(batch)]
                        allowed -= self._take(batch, stamps[some].tolist(), done)
                        report(Progress(self.engine.doing, done.seen, done.total))
                        if len(done.frames) >= _KEEP:
                            self._write(done)
            finally:
                self._write(done)
        left, have = done.total - done.seen, int(same.sum()) - bad + done.known
        return Filled(len(first), have, done.computed, bad + done.unreadable, away + done.away, left)

    def _look(self, frames: Sequence[str], places: Rows, cancel: CancelToken | None) -> tuple[Rows, int]:
        """Return what each frame's file is like, -1 for one that is not there, and how many are not."""
        parts = {name: self._part(name) for name in self.workspace.sources}
        stamps = np.full(len(places), NONE, np.int64)
        for at, place in enumerate(places.tolist()):
            if cancel is not None and at % _PIECE == 0:
                cancel.check()
            key = frames[place]
            try:
                found = os.lstat(self.workspace.frame_path(key))
            except (OSError, PrintModelsError):
                continue
            if stat.S_ISREG(found.st_mode):
                stamps[at] = _stamp(found.st_size, found.st_mtime_ns, parts[key.partition("/")[0]])
        return stamps, int((stamps < 0).sum())

    def _take(self, batch: list[tuple[str, Found]], stamps: list[int], done: _Done) -> int:
        """Embed what a batch holds that no other frame has; return the bytes that takes."""
        fresh: dict[bytes, Picture] = {}
        frames: list[tuple[int, int, bytes | None]] = []
        away = 0
        for (key, picture), stamp in zip(batch, stamps, strict=True):
            if isinstance(picture, Unreadable):
                if picture.missing or picture.passing:
                    away += 1
                else:
                    frames.append((number(key), stamp, None))
                continue
            part = self._part(key.partition("/")[0])
            content = hashlib.sha256(f"{picture.oid} {part}".encode()).digest()[:16]
            frames.append((number(key), _stamp(picture.size, picture.mtime_ns, part), content))
            if content not in done.rows and content not in fresh:
                row = self._table.row_of(content)
                if row is None:
                    fresh[content] = picture
                else:
                    done.rows[content] = row
        if fresh:
            first = self._table.append(self.engine.embed(list(fresh.values())))
            named = [(content, first + place) for place, content in enumerate(fresh)]
            done.rows.update(named)
            done.fresh += named
        # Counted only where it came to its end, however it is interrupted.
        done.frames += frames
        readable = sum(1 for _, _, content in frames if content is not None)
        done.seen, done.away, done.computed = (
            done.seen + len(batch),
            done.away + away,
            done.computed + len(fresh),
        )
        done.known, done.unreadable = done.known + readable, done.unreadable + len(frames) - readable
        return len(fresh) * self._table.bytes_each

    def _write(self, done: _Done) -> None:
        """Make what was computed durable."""
        if done.frames:
            rows = done.rows
            named = [
                (one, stamp, NONE if content is None else rows[content])
                for one, stamp, content in done.frames
            ]
            self._table.name(done.fresh, named)
            done.fresh, done.frames = [], []
            rows.clear()


class _Done:
    """What a fill has come to since it began, and what is not written yet."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.seen = self.known = self.computed = self.unreadable = self.away = 0
        self.rows: dict[bytes, int] = {}
        self.fresh: list[tuple[bytes, int]] = []
        self.frames: list[tuple[int, int, bytes | None]] = []


def _batches(found: Iterator[tuple[str, Found]]) -> Iterator[list[tuple[str, Found]]]:
    some: list[tuple[str, Found]] = []
    for one in found:
        some.append(one)
        if len(some) == BATCH:
            yield some
            some = []
    if some:
        yield some


def _stamp(size: int, mtime_ns: int, part: str) -> int:
    """Return 63 bits that stand for a file's size and time, and for the part of its picture that is looked at."""
    return number(f"{size} {mtime_ns} {part}")
