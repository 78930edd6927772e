"""The strips of the page: a few small pictures of each hunk, as JPEG inside the page.

What always holds: at most STRIPS hunks get a strip, a strip has at most STRIP pictures and all together take about
MOST bytes; the order is that of the hunks, so what is left out is what comes last. A picture is shown only where
its bytes are those that are meant; where it can't be, its place says why.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from core.errors import PrintModelsError
from core.frames.names import captured_at
from core.progress import CancelToken, Progress, Report, silent
from core.text import safe
from core.versions.diff import Change, Diff, Entry, Hunk
from core.versions.seeing import Place, see
from core.workspace import Workspace

STRIPS = 300
STRIP = 8
MOST = 12_000_000
#: Pixels a small picture is fitted into, and the quality of its JPEG.
BOX = (160, 120)
QUALITY = 70
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Small:
    """One small picture: `uri` holds it, '' where there is none and `why` says so; `when` is its time of day.

    `side` is 'before' or 'after' where a frame has two, else ''.
    """

    uri: str
    why: str
    when: str
    side: str
    width: int = BOX[0]
    height: int = 90


@dataclass(frozen=True, slots=True)
class Strips:
    """The strips by hunk id, how many pictures are `shown`, and how many are `missing`, that is, could not be."""

    of: Mapping[str, tuple[Small, ...]]
    shown: int
    missing: int


def spread(frames: Sequence[str], most: int) -> list[str]:
    """Return at most that many frames, the first and the last among them, the others spread evenly."""
    if len(frames) <= most:
        return list(frames)
    if most == 1:
        return [frames[0]]
    last = len(frames) - 1
    return [frames[round(number * last / (most - 1))] for number in range(most)]


def strips(
    workspace: Workspace,
    found: Diff,
    files: tuple[Path | None, Path | None],
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Strips:
    """Decode the pictures of a difference; `files` are the folders of its sides as versions. Raises Cancelled."""
    cancel = cancel or CancelToken()
    changes = {change.entry.source: change for change in (*found.changes, *found.held)}
    wanted = [(hunk, _wanted(hunk, changes, files)) for hunk in found.hunks[:STRIPS]]
    total, done, held, shown = sum(len(row) for _, row in wanted), 0, 0, 0
    of: dict[str, tuple[Small, ...]] = {}
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="strip") as pool:
        try:
            for hunk, row in _decoded(pool, workspace, wanted, cancel):
                small = tuple(one.result() for one in row)
                done, held = done + len(row), held + sum(len(one.uri) for one in small)
                report(Progress("pictures", done, total))
                if held > MOST:
                    break
                of[hunk.id] = small
                shown += sum(bool(one.uri) for one in small)
        except BaseException:
            cancel.cancel()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    missing = sum(not one.uri for row in of.values() for one in row)
    return Strips(of, shown, missing)


Wanted = tuple[Place, str]


def _decoded(
    pool: ThreadPoolExecutor,
    workspace: Workspace,
    wanted: Sequence[tuple[Hunk, list[Wanted]]],
    cancel: CancelToken,
) -> Iterator[tuple[Hunk, list[Future[Small]]]]:
    """Yield each hunk with its pictures in work; a few hunks ahead are begun, never all of them."""
    begun: deque[tuple[Hunk, list[Future[Small]]]] = deque()
    for hunk, row in wanted:
        begun.append((hunk, [pool.submit(small, workspace, place, side, cancel) for place, side in row]))
        if len(begun) > 2:
            yield begun.popleft()
    yield from begun


def _wanted(
    hunk: Hunk, changes: Mapping[str, Change], files: tuple[Path | None, Path | None]
) -> list[Wanted]:
    """Return the pictures of a strip; where a frame's bytes differ between the sides both, one after the other."""
    twice = any(_two(changes[frame]) for frame in hunk.frames)
    row: list[Wanted] = []
    for frame in spread(hunk.frames, STRIP // 2 if twice else STRIP):
        change = changes[frame]
        if _two(change) and change.before is not None:
            row.append((_place(change.before, files[0]), "before"))
        side = files[1] if change.after is not None else files[0]
        row.append((_place(change.entry, side), "after" if _two(change) else ""))
    return row


def _two(change: Change) -> bool:
    """True where the frame has other bytes in the target than in the base."""
    before, after = change.before, change.after
    return bool(before and after and before.oid and after.oid and before.oid != after.oid)


def _place(entry: Entry, folder: Path | None) -> Place:
    name = getattr(entry, "file_name", "")
    return Place(entry.source, entry.oid or "", f"{folder / name}" if folder and name else "")


def small(workspace: Workspace, place: Place, side: str, cancel: CancelToken) -> Small:
    """Decode one small picture, or say why there is none. Raises Cancelled."""
    from core.frames.decode import jpeg

    at = captured_at(place.key)
    when = f"{at:%H:%M:%S}" if at else safe(place.key.rsplit("/", 1)[-1], limit=24)
    cancel.check()
    try:
        picture, why = see(workspace, place, BOX, cancel)
    except PrintModelsError as error:
        if cancel.cancelled:
            raise
        picture, why = None, error.what
    if picture is None:
        return Small("", why, when, side)
    data = base64.b64encode(jpeg(picture, QUALITY)).decode("ascii")
    return Small(f"data:image/jpeg;base64,{data}", "", when, side, picture.columns, picture.rows)
