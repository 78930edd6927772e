"""`sequences`: what changes from frame to frame, and the stretches of frames in which something moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from core import human
from core.commands import completion
from core.commands.shell import Context, json_option, pass_context
from core.durable import atomic_write, explain
from core.text import safe

if TYPE_CHECKING:
    from core.frames.change import Change, Changes
    from core.frames.index import Frame, FrameIndex
    from core.workspace import Workspace

FILE = "data/active_candidates.txt"
_HEAD = (
    "# Frames of sequences in which something moves: the first, the middle and the last one of each\n"
    "# Form: number of the sequence (its frames) | frame\n\n"
)
_LEAST = 10
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class _Sequence:
    """A stretch of frames in which something moves, in order of time."""

    source: str
    frames: tuple[Frame, ...]

    @property
    def shown(self) -> list[str]:
        """The keys of the first, the middle and the last frame."""
        places = sorted({0, len(self.frames) // 2, len(self.frames) - 1})
        return [self.frames[place].key for place in places]


@click.command()
@completion.source_option
@click.option(
    "--least",
    default=_LEAST,
    show_default=True,
    type=click.IntRange(3),
    help="Frames that a sequence has at least.",
)
@json_option
@pass_context
def sequences(ctx: Context, only: str | None, least: int, as_json: bool) -> None:
    """Measure what changes from frame to frame, and list the sequences in which something moves.

    What was measured once is kept, also after Ctrl-C. The list goes to data/active_candidates.txt: frames of a printer
    that is probably active, to begin labelling with.
    """
    from core.frames.cameras import find
    from core.frames.change import Changes
    from core.frames.index import FrameIndex

    workspace = ctx.workspace
    names = [find(workspace, only).name] if only else list(workspace.active_sources)
    with FrameIndex(workspace) as index, Changes(workspace) as changes:
        index.scan(ctx.report)
        away = {name: error for name in names if (error := index.unreachable(name)) is not None}
        for error in away.values():
            ctx.notice(str(error))
        measured = _measure(ctx, index, changes)
        known = {name: changes.all(name) for name in names}
        if away and not any(known.values()):
            raise next(iter(away.values()))
        thresholds = {name: changes.threshold(name) for name in names}
        listed = {name: index.frames(name) for name in names}
        found = [
            one
            for name in names
            for one in _find(workspace, listed[name], name, known[name], thresholds[name], least)
        ]
        # What was measured outlives its frame: of what the camera has deleted nothing is said.
        broken = {name: changes.unreadable(name) for name in names}
    frames, waiting = sum(map(len, listed.values())), 0
    unreadable: dict[str, str] = {}
    for name in names:
        for key in (frame.key for frame in listed[name] if frame.key not in known[name]):
            if key in broken[name]:
                unreadable[key] = broken[name][key]
            else:
                waiting += 1
    _write(workspace, found)
    obj = {
        "file": FILE,
        "frames": frames,
        "measured": measured,
        "waiting": waiting,
        "thresholds": {name: round(value, 3) for name, value in thresholds.items()},
        "sequences": [_as_json(number, one) for number, one in enumerate(found)],
        "unreadable": [{"frame": key, "why": why} for key, why in sorted(unreadable.items())],
    }
    ctx.answer(obj, "\n".join(_lines(found, frames, waiting, unreadable)), as_json=as_json)


def _measure(ctx: Context, index: FrameIndex, changes: Changes) -> int:
    from core.frames.change import measure

    try:
        return measure(ctx.workspace, index, report=ctx.report, changes=changes)
    except KeyboardInterrupt:
        ctx.notice("What was measured is kept; the next print-models sequences goes on from there.")
        raise


def _find(
    workspace: Workspace,
    frames: Sequence[Frame],
    source: str,
    known: Mapping[str, Change],
    threshold: float,
    least: int,
) -> list[_Sequence]:
    from core.frames.change import sequences as stretches

    gap = 60 * workspace.settings.split.gap_minutes
    stops = frozenset(
        after.key
        for before, after in pairwise(frames)
        if (after.captured_at - before.captured_at).total_seconds() > gap
    )
    places = stretches([frame.key for frame in frames], known, threshold, least=least, stops=stops)
    return [_Sequence(source, tuple(frames[first : last + 1])) for first, last in places]


def _write(workspace: Workspace, found: Sequence[_Sequence]) -> None:
    lines = [
        f"Seq {number:3} (len={len(one.frames):4}) | {key}\n"
        for number, one in enumerate(found)
        for key in one.shown
    ]
    path = workspace.root / FILE
    try:
        path.parent.mkdir(exist_ok=True)
        atomic_write(path, (_HEAD + "".join(lines)).encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise explain(error, f"writing {FILE}") from error


def _span(first: datetime, last: datetime) -> str:
    end = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{first:%Y-%m-%d %H:%M} to {end}"


def _lines(found: Sequence[_Sequence], frames: int, waiting: int, unreadable: Mapping[str, str]) -> list[str]:
    several = len({one.source for one in found}) > 1
    lines = []
    for number, one in enumerate(found):
        beside = f"  {safe(one.source)}" if several else ""
        span = _span(one.frames[0].captured_at, one.frames[-1].captured_at)
        lines.append(f"Seq {number:3}  {human.count(len(one.frames)):>6} frames  {span}{beside}")
    moving = sum(len(one.frames) for one in found)
    said = human.plural(len(found), "sequence")
    lines.append(f"{said}: {human.count(moving)} of {human.plural(frames, 'frame')} · {FILE}")
    if waiting:
        lines.append(f"{human.plural(waiting, 'frame')} could not be looked at yet: being written, or away.")
    if unreadable:
        lines.append(f"{human.plural(len(unreadable), 'frame')} can't be read:")
        lines += [f"  {safe(key)}  {why}" for key, why in sorted(unreadable.items())[:_MOST_NAMED]]
        if len(unreadable) > _MOST_NAMED:
            lines.append(f"  and {human.count(len(unreadable) - _MOST_NAMED)} more (--json names all)")
    return lines


def _as_json(number: int, one: _Sequence) -> dict[str, Any]:
    first, last = one.frames[0], one.frames[-1]
    return {
        "number": number,
        "source": one.source,
        "frames": len(one.frames),
        "first": first.key,
        "last": last.key,
        "from": first.captured_at.isoformat(),
        "to": last.captured_at.isoformat(),
        "shown": one.shown,
    }
