"""Which frames a person means: keys, paths, a stretch of a day, a filter. Called by commands/labelling only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands.shell import Context
from core.errors import Lacking, PrintModelsError, WrongUsage
from core.text import safe

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.tasks import Task


@dataclass(frozen=True, slots=True)
class Choice:
    """The words that say which frames are meant."""

    frames: tuple[str, ...]
    day: str | None
    begin: str | None
    end: str | None
    expression: str | None


def key_of(ctx: Context, text: str) -> str:
    """Return the key of a frame given as a key or as a path from where the command runs.

    Raises Refused for what lies in no source.
    """
    ws = ctx.workspace
    key = text.removeprefix("./")
    here = Path(os.path.normpath(ctx.folder.absolute() / text))
    # A path is taken literally, links included: the camera itself is one.
    for base in (ws.root, ctx.folder.absolute()):
        if key.split("/", 1)[0] not in ws.sources and here.is_relative_to(base) and here.exists():
            inside = here.relative_to(base).as_posix()
            if inside.split("/", 1)[0] in ws.sources:
                key = inside
                break
    ws.source_for(key)
    return key


def choose(
    ctx: Context, store: LabelStore, task: Task, choice: Choice, *, labelled: bool = False
) -> list[str]:
    """Return the keys of the frames meant, in order of time; with `labelled` only frames that have a label.

    Raises WrongUsage where the words don't go together, Lacking where no such frame is found.
    """
    ways = [bool(choice.frames), choice.day is not None, choice.expression is not None]
    if sum(ways) != 1:
        raise WrongUsage(
            "Say which frames: FRAME…, or --day D (with --from, --to), or --filter EXPR; one of them.",
            "For example: label --as active --day yesterday --from 08:54 --to 09:25",
        )
    if (choice.begin or choice.end) and choice.day is None:
        raise WrongUsage("--from and --to belong to a --day.", "Name the day: --day 20251111")
    if choice.frames:
        keys = list(dict.fromkeys(key_of(ctx, text) for text in choice.frames))
        if labelled and (bare := [key for key in keys if store.get(task, key) is None]):
            raise Lacking(
                f"{safe(bare[0])} has no {task.name} label.", "See: print-models frames --filter label"
            )
        return keys
    known = store.classes(task)
    found = known if labelled else _listed(ctx)
    keys = [key for key in _matching(found, store, task, choice) if not labelled or key in known]
    if not keys:
        raise Lacking("No frame matches.", "See what there is: print-models frames")
    return keys


def _listed(ctx: Context) -> list[str]:
    """Return every frame of the reachable sources. Raises why, where none can be reached."""
    from core.frames.index import FrameIndex

    with FrameIndex(ctx.workspace) as index:
        index.scan(ctx.report)
        active = ctx.workspace.active_sources
        errors = [error for name in active if (error := index.unreachable(name))]
        if errors and len(errors) == len(active):
            raise errors[0]
        for error in errors:
            ctx.notice(str(error))
        questions = ctx.workspace.questions
        keys = index.keys()
        return [key for key in keys if key.split("/", 1)[0] not in questions]


def _matching(keys: Iterable[str], store: LabelStore, task: Task, choice: Choice) -> list[str]:
    from core.frames.names import captured_at, parse_day, span

    if choice.expression is not None:
        from core.labels.filters import parse_filter

        wanted, labels = parse_filter(choice.expression, task, date.today()), store.labels(task)
        return [key for key in keys if wanted(key, labels.get(key))]
    first, last = span(parse_day(choice.day or "", date.today()), choice.begin, choice.end)
    timed = [(at, key) for key in keys if (at := captured_at(key)) is not None and first <= at <= last]
    return [key for _, key in sorted(timed)]


def check_frames(
    ctx: Context, keys: list[str], *, named: bool
) -> tuple[dict[str, tuple[int, int, str | None]], dict[str, str]]:
    """Return size, mtime and (where the bytes were read) sha256 of frames that can be labelled, and why others can't.

    Frames that a person named are read whole, and the first that can't be used is raised as its error. Frames of a
    stretch are only looked at; what is empty or gone is left out with its reason.
    """
    from core.frames.decode import Unreadable, inspect, read_file

    sizes: dict[str, tuple[int, int, str | None]] = {}
    left_out: dict[str, str] = {}
    for key in keys:
        path = ctx.workspace.frame_path(key)
        if named:
            _reachable(ctx, key)
            try:
                file = read_file(path)
                inspect(file.data)
            except Unreadable as error:
                what = error.what.removeprefix(f"{safe(path.name, limit=80)} ")
                raise Unreadable(f"{safe(key)}: {what}", error.remedy, missing=error.missing) from error
            sizes[key] = (len(file.data), file.mtime_ns, file.oid)
            continue
        try:
            found = os.lstat(path)
        except OSError:
            left_out[key] = "gone"
            continue
        if found.st_size:
            sizes[key] = (found.st_size, found.st_mtime_ns, None)
        else:
            left_out[key] = "empty (0 bytes)"
    if not sizes:
        raise Lacking(
            "None of these frames can be labelled.", f"The first: {safe(keys[0])}: {left_out[keys[0]]}."
        )
    return sizes, left_out


def _reachable(ctx: Context, key: str) -> None:
    """Raise why a frame's source can't be reached; that is said rather than “gone”."""
    from core.frames.folders import list_source

    path = ctx.workspace.frame_path(key)
    if not path.exists():
        list_source(ctx.workspace.sources[key.split("/", 1)[0]])


def listing(
    ctx: Context, store: LabelStore, task: Task, expression: str | None, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Return the rows of `frames` and how many match in all; labelled frames the camera has deleted are among them."""
    from core.frames.index import FrameIndex
    from core.frames.names import captured_at
    from core.labels.filters import parse_filter

    wanted, labels = parse_filter(expression or "", task, date.today()), store.labels(task)
    with FrameIndex(ctx.workspace) as index:
        scanned = index.scan(ctx.report)
        for problem in scanned.problems:
            ctx.notice(f"not listed: {safe(problem.where)}: {problem.count} × {safe(problem.what)}")
        keys = index.keys()
        shown_sources = ctx.workspace.active_sources
        gone = sorted(key for key in labels.keys() - set(keys) if key.split("/", 1)[0] in shown_sources)
        matching = [key for key in [*keys, *gone] if wanted(key, labels.get(key))]
        shown = matching[:limit]
        recordings = _recordings(ctx, store, index, task, shown)
    rows = [
        {
            "frame": key,
            "captured_at": at.isoformat() if (at := captured_at(key)) else None,
            "label": labels[key].class_ if key in labels else None,
            "suggestion": None,
            "confidence": None,
            "recording": recordings.get(key),
        }
        for key in shown
    ]
    return rows, len(matching)


def _recordings(
    ctx: Context, store: LabelStore, index: FrameIndex, task: Task, keys: list[str]
) -> dict[str, str]:
    from core.versions.placing import place

    try:
        return dict(place(ctx.workspace, store, index, task, keys).recordings)
    except PrintModelsError as error:  # an older version that can't be read takes no frame from the list
        ctx.notice(str(error))
        return {}
