"""What lies in the camera folders, in numbers: frames, gaps, cadence, sizes and dimensions, per source, day and hour.

What always holds: files are only looked at, of pictures no more than the head is read, and what is no frame or can't be
read is counted with its reason. Called by commands/statistics.
"""

from __future__ import annotations

import os
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

from core.errors import PrintModelsError
from core.frames.folders import Problem
from core.frames.index import Frame, FrameIndex
from core.progress import CancelToken, Progress, Report, silent

_HEAD, _LONG_HEAD = 4 << 10, 256 << 10
_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without frames, longer than the gap that ends a recording."""

    begin: datetime
    end: datetime

    @property
    def minutes(self) -> float:
        return (self.end - self.begin).total_seconds() / 60


@dataclass(frozen=True, slots=True)
class Span:
    """Frames of a stretch of time. `cadence_s` is the median distance of neighbours, gaps left out; None below two."""

    frames: int
    bytes: int
    first: datetime
    last: datetime
    cadence_s: float | None
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class SourceNumbers:
    """One source. `sizes` are the least, the median and the greatest in bytes; `others` what is no frame.

    `keys` are its frames by day, for whoever counts labels; `hours` counts frames by hour of the day.
    """

    name: str
    whole: Span | None
    days: dict[str, Span]
    hours: Counter[int]
    sizes: tuple[int, int, int] | None
    dimensions: Counter[str]
    others: tuple[Problem, ...]
    keys: dict[str, tuple[str, ...]]


def numbers(
    index: FrameIndex,
    source: str,
    problems: Sequence[Problem],
    *,
    gap_minutes: float,
    look: bool = True,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> SourceNumbers:
    """Look at every frame of a source; of one that is away (`look` False) only its list counts.

    `problems` are those of the last scan. Raises Cancelled.
    """
    frames = index.frames(source)
    sizes: dict[str, int] = {}
    dimensions: Counter[str] = Counter()
    unread: Counter[str] = Counter()
    for done, frame in enumerate(frames if look else ()):
        if cancel is not None:
            cancel.check()
        if done % 64 == 0:
            report(Progress("looking at frames", done, len(frames), source))
        try:
            sizes[frame.key], head = _look(index, frame)
        except (OSError, PrintModelsError):
            unread["a frame that can't be read"] += 1
            continue
        dimensions[head or "unknown"] += 1
    by_day: dict[str, list[Frame]] = {}
    for frame in frames:
        by_day.setdefault(f"{frame.captured_at:%Y-%m-%d}", []).append(frame)
    known = sorted(sizes.values())
    own = [p for p in problems if p.where == source or p.where.startswith(f"{source}/")]
    own += [Problem(what, source, n) for what, n in sorted(unread.items())]
    return SourceNumbers(
        source,
        _span(frames, sizes, gap_minutes) if frames else None,
        {day: _span(found, sizes, gap_minutes) for day, found in by_day.items()},
        Counter(frame.captured_at.hour for frame in frames),
        (known[0], int(median(known)), known[-1]) if known else None,
        dimensions,
        tuple(own),
        {day: tuple(frame.key for frame in found) for day, found in by_day.items()},
    )


def _span(frames: Sequence[Frame], sizes: dict[str, int], gap_minutes: float) -> Span:
    steps: list[float] = []
    gaps = []
    for before, after in pairwise(frames):
        seconds = (after.captured_at - before.captured_at).total_seconds()
        if seconds > 60 * gap_minutes:
            gaps.append(Gap(before.captured_at, after.captured_at))
        else:
            steps.append(seconds)
    return Span(
        len(frames),
        sum(sizes.get(frame.key, 0) for frame in frames),
        frames[0].captured_at,
        frames[-1].captured_at,
        float(median(steps)) if steps else None,
        tuple(gaps),
    )


def _look(index: FrameIndex, frame: Frame) -> tuple[int, str]:
    """Return a frame's size in bytes and its '1920x1080', '' where its head doesn't tell."""
    path = index.workspace.frame_path(frame.key)
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb", buffering=0) as file:
        head = file.read(_HEAD) or b""
        found = dimensions_of(head)
        if not found and len(head) == _HEAD:
            found = dimensions_of(head + (file.read(_LONG_HEAD) or b""))
        return os.fstat(fd).st_size, found


def dimensions_of(head: bytes) -> str:
    """Return '1920x1080' from the first bytes of a JPEG or PNG, '' where they don't tell."""
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:
        width, height = struct.unpack_from(">II", head, 16)
        return f"{width}x{height}"
    at = 2
    while head[:2] == b"\xff\xd8" and at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in _SIZES:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return f"{width}x{height}"
        (length,) = struct.unpack_from(">H", head, at + 2)
        at += 2 + max(length, 1)
    return ""
