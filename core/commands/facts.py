"""What a command knows of frames when it filters them or lists a queue: the file list, labels, predictions, pictures.

What always holds: only what is asked for is looked up; what the camera has deleted and a label names is among the
frames. Called by commands/choosing and commands/labelling.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from core.commands.shell import Context
from core.errors import PrintModelsError, WrongUsage
from core.frames.names import captured_at, source_of, why_unusable
from core.text import safe

if TYPE_CHECKING:
    from core.frames.index import Frame, FrameIndex
    from core.frames.signatures import Change
    from core.labels.facts import Facts
    from core.labels.model import LabelProblem
    from core.labels.predictions import Guess
    from core.labels.queues import Queue
    from core.labels.store import LabelStore
    from core.labels.suggested import Suggestions
    from core.tasks import Task


class Listing(NamedTuple):
    """Rows of frames as they are answered, how many there are in all, and what to say where there are none."""

    rows: list[dict[str, Any]]
    total: int
    empty: str


#: Words of a filter that ask what pictures look like, and where recordings begin.
_PICTURES, _RECORDINGS = frozenset({"motion", "bright", "change"}), frozenset({"recording"})


def framed(keys: Iterable[str]) -> list[Frame]:
    """Return keys as frames, one source after the other, in order of time."""
    from core.frames.index import Frame
    from core.labels.facts import UNDATED

    found = [Frame(key, source_of(key), captured_at(key) or UNDATED) for key in keys]
    return sorted(found, key=lambda frame: (frame.source, frame.captured_at, frame.key))


def listed(ctx: Context, index: FrameIndex) -> list[Frame]:
    """Return the frames of every camera that is in use and in order, as last scanned; one after the other.

    Of a camera that is not here, as in a clone, and of which nothing is known, those that versions hold.
    """
    from core.versions import held

    ws = ctx.workspace
    found: list[Frame] = []
    for name in sorted(name for name in ws.active_sources if name not in ws.questions):
        known = index.frames(name)
        found += known or (held.listed(ws, name) if index.unreachable(name) is not None else ())
    return found


def facts_of(
    ctx: Context,
    store: LabelStore,
    task: Task,
    frames: list[Frame],
    asked: Collection[str] | None,
) -> Facts:
    """Return what is known of frames, as far as the words of a filter ask for it; all of it where `asked` is None."""
    from core.labels.facts import Facts

    ws = ctx.workspace
    guesses, suggested = _said(ctx, task, frames)
    changes: Mapping[str, Change] = {}
    thresholds: dict[str, float] = {}
    if asked is None or not _PICTURES.isdisjoint(asked):
        from core.frames.measured import Changes

        with Changes(ws) as measured:
            changes = measured.all()
            thresholds = {name: measured.threshold(name) for name in ws.active_sources}
    starts: frozenset[str] = frozenset()
    if asked is None or not _RECORDINGS.isdisjoint(asked):
        starts = _starts(ctx, store, task, frames)
    return Facts(
        task,
        frames,
        {name: store.labels(name) for name in ws.tasks},
        guesses,
        store.marks(task),
        _named(store.problems(task)),
        changes,
        thresholds,
        starts,
        ws.tasks,
        gap_minutes=ws.settings.split.gap_minutes,
        undecided=_named(store.mark_problems()),
        suggested=suggested,
    )


def _said(
    ctx: Context, task: Task, frames: list[Frame]
) -> tuple[dict[str, Mapping[str, Guess]], Suggestions | None]:
    """Return what is said of frames by task, suggestions where those are newer than predictions; and the task's."""
    from core.labels.predictions import read_predictions
    from core.labels.suggested import Expanded, newer, path_of, read_suggestions

    ws = ctx.workspace
    guesses: dict[str, Mapping[str, Guess]] = {}
    suggested = None
    for one in ws.tasks.values():
        guesses[one.name], why = read_predictions(ws.root / one.predictions, one)
        found, odd = read_suggestions(path_of(ws, one), one)
        if found is not None and newer(ws, one):
            by_source = {name: list(own) for name, own in groupby(frames, key=lambda frame: frame.source)}
            guesses[one.name] = Expanded(found.runs, by_source)
        if one.name == task.name:
            suggested = found
            for said in filter(None, (why, odd)):
                ctx.notice(said)
    return guesses, suggested


def _starts(ctx: Context, store: LabelStore, task: Task, frames: list[Frame]) -> frozenset[str]:
    """Return the first frame of every recording, in order of time."""
    found = recordings(ctx, store, task, [frame.key for frame in frames])
    seen: set[str | None] = {None}
    starts = []
    for frame in frames:
        if (name := found.get(frame.key)) not in seen:
            seen.add(name)
            starts.append(frame.key)
    return frozenset(starts)


def recordings(ctx: Context, store: LabelStore, task: Task, keys: list[str]) -> dict[str, str]:
    """Return the recording of each frame; none, and why, where an older version can't be read."""
    from core.frames.index import FrameIndex
    from core.versions.placing import place

    try:
        with FrameIndex(ctx.workspace) as index:
            return dict(place(ctx.workspace, store, index, task, keys).recordings)
    except PrintModelsError as error:  # an older version that can't be read takes no frame from the list
        ctx.notice(str(error))
        return {}


def listing(
    ctx: Context, store: LabelStore, task: Task, expression: str | None, queue: str | None, limit: int
) -> Listing:
    """Return the rows of `frames` and how many match in all; labelled frames the camera has deleted are among them.

    Of a queue they stand in the order of work. Raises WrongUsage for a filter or a queue that is none.
    """
    from core.labels.filters import parse
    from core.labels.queues import find

    wanted = parse(expression or "", task, sources=ctx.workspace.sources)
    chosen = find(queue, task) if queue is not None else None
    if chosen is not None and chosen.id == "around":
        raise WrongUsage(
            "Around here is around the frame on screen, in the app.",
            "Name a time: --filter '!label day:-1 08:00-09:00'",
        )
    facts = facts_of(ctx, store, task, everything(ctx, store, task), None if chosen else wanted.names)
    matching = [frame.key for frame in wanted.keep(facts)]
    empty = "no frames"
    if chosen is not None:
        kept, members = set(matching), chosen.members(facts)
        matching = [key for key in members if key in kept]
        if facts.frames and not members:
            empty = chosen.empty
    shown = matching[:limit]
    of = recordings(ctx, store, task, shown)
    rows = []
    for key in shown:
        label, guess, at = facts.labelled.get(key), facts.guessed.get(key), captured_at(key)
        rows.append(
            {
                "frame": key,
                "captured_at": at.isoformat() if at else None,
                "label": label.class_ if label else None,
                "suggestion": guess.class_ if guess else None,
                "confidence": guess.confidence if guess else None,
                "recording": of.get(key),
            }
        )
    return Listing(rows, len(matching), empty)


def queues_of(ctx: Context, store: LabelStore, task: Task) -> list[Queue]:
    """Return the queues that hold something, the suggested one first."""
    from core.labels.queues import offered

    return offered(facts_of(ctx, store, task, everything(ctx, store, task), None))


def everything(ctx: Context, store: LabelStore, task: Task) -> list[Frame]:
    """Scan, and return all frames, with those of these cameras that only labels name; what is no frame is said."""
    from core.frames.index import FrameIndex

    with FrameIndex(ctx.workspace) as index:
        scanned = index.scan(ctx.report)
        for problem in scanned.problems:
            ctx.notice(f"not listed: {safe(problem.where)}: {problem.count} × {safe(problem.what)}")
        if scanned.problems:
            ctx.notice("By name: print-models frames --problems")
        frames = listed(ctx, index)
    waiting = _named([*store.problems(task), *store.mark_problems()])
    return _with_gone(ctx, frames, {*store.classes(task), *waiting})


def _with_gone(ctx: Context, frames: list[Frame], named: Collection[str]) -> list[Frame]:
    """Return the frames and, in their places, those of the same cameras that only labels name; no key that is none."""
    there = {frame.key for frame in frames}
    active = ctx.workspace.active_sources
    gone = [
        key
        for key in named
        if key not in there and key.split("/", 1)[0] in active and why_unusable(key) is None
    ]
    if not gone:
        return frames
    return sorted([*frames, *framed(gone)], key=lambda frame: (frame.source, frame.captured_at, frame.key))


def _named(entries: Iterable[LabelProblem]) -> frozenset[str]:
    return frozenset(entry.key.removeprefix("./") for entry in entries)
