"""Which frames a person means: keys, paths, a stretch of a day, a filter. Called by the labelling commands."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands.facts import facts_of, framed, listed
from core.commands.shell import Context
from core.errors import Lacking, PrintModelsError, Refused, WrongUsage
from core.human import count, duration, plural
from core.text import safe
from core.versions import held as held_frames

if TYPE_CHECKING:
    from core.frames.check import Unreadable
    from core.frames.index import Frame
    from core.labels.store import LabelStore
    from core.tasks import Task


#: A stretch over midnight is taken as meant up to this length; more looks like two times exchanged.
_NIGHT = timedelta(hours=12)
#: Why a frame is left out whose camera can't be reached: whether it is gone there is not known.
AWAY = "its camera can't be reached"


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


@dataclass(frozen=True, slots=True)
class Chosen:
    """The keys of the frames meant, in order of time, and the days from which to which was understood, where any were said."""

    keys: list[str]
    days: tuple[str, ...] = ()

    @property
    def day_said(self) -> str:
        """'2025-11-08: ' where a day was said, '2025-11-08 to 2025-11-09: ' for several, else nothing."""
        said = " to ".join(f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in self.days)
        return said and f"{said}: "

    def beside(self, said: str) -> str:
        """Return what is said of these frames, with the days before it where it does not name them."""
        named = [
            f" {date.fromisoformat(day):%a} {int(day[6:])} {date.fromisoformat(day):%b %Y}"
            for day in self.days
        ]
        return said if all(one in said for one in named) else self.day_said + said

    def as_json(self) -> dict[str, str]:
        return {"day": "..".join(self.days)} if self.days else {}


def choose(ctx: Context, store: LabelStore, task: Task, choice: Choice, *, labelled: bool = False) -> Chosen:
    """Return the frames meant; with `labelled` only those that have a label, or an entry that waits for a decision.

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
        waiting = {entry.key.removeprefix("./") for entry in store.problems(task)} if labelled else set()
        if labelled and (
            bare := [key for key in keys if store.get(task, key) is None and key not in waiting]
        ):
            raise Lacking(
                f"{safe(bare[0])} has no {task.name} label.", "See: print-models frames --filter label"
            )
        return Chosen(keys)
    known = store.classes(task)
    found = framed(known) if labelled else reachable(ctx)
    days = _days(choice.day, found) if choice.day is not None else ()
    keys = [
        frame.key
        for frame in _matching(ctx, found, store, task, choice, days)
        if not labelled or frame.key in known
    ]
    if not keys:
        on = f" on {Chosen([], days).day_said.removesuffix(': ')}" if days else ""
        raise Lacking(f"No frame matches{on}.", "See what there is: print-models frames")
    if days:
        _say_whose(ctx, keys, "..".join(days))
    return Chosen(keys, days)


def _say_whose(ctx: Context, keys: Iterable[str], day: str) -> None:
    """Say of which cameras the frames of a stretch are, where of several: each looks at another printer."""
    counts = Counter(key.split("/", 1)[0] for key in keys)
    if len(counts) > 1:
        each = ", ".join(f"{safe(name)} {count(number)}" for name, number in counts.items())
        ctx.notice(
            f"Frames of {len(counts)} cameras ({each}) are meant; those of one alone: "
            f"--filter 'source:{safe(next(iter(counts)))} day:{day} HH:MM-HH:MM'"
        )


def _days(text: str, frames: Iterable[Frame]) -> tuple[str, ...]:
    """Return the day a person means, or the first and the last of `DAY..DAY`.

    One said without its year is the latest that is not to come and has frames. Raises WrongUsage.
    """
    from core.frames.names import day_of, parse_day, said_without_year

    words = text.split("..", 1)
    dated = not any(map(said_without_year, words))
    there = set() if dated else {day for frame in frames if (day := day_of(frame.key))}
    days = tuple(dict.fromkeys(parse_day(word, date.today(), there) for word in words))
    if days[-1] < days[0]:
        raise WrongUsage(
            f"{safe(text, limit=60)} ends before it begins.",
            "The earlier day comes first: --day 20251110..20251112",
        )
    return days


def reachable(ctx: Context) -> list[Frame]:
    """Return every frame of the reachable sources. Raises why, where none can be reached."""
    from core.frames.index import FrameIndex

    with FrameIndex(ctx.workspace) as index:
        index.scan(ctx.report)
        active = ctx.workspace.active_sources
        errors = [error for name in active if (error := index.unreachable(name))]
        if errors and len(errors) == len(active):
            held = held_frames.items(ctx.workspace)
            if not held or ctx.workspace.questions:
                raise next(iter(ctx.workspace.questions.values()), errors[0])
            ctx.notice(f"{errors[0].what} The {plural(len(held), 'frame')} that versions hold are meant.")
            return framed(held)
        for error in errors:
            ctx.notice(str(error))
        return listed(ctx, index)


def _matching(
    ctx: Context, frames: list[Frame], store: LabelStore, task: Task, choice: Choice, days: tuple[str, ...]
) -> list[Frame]:
    from core.frames.names import span

    if choice.expression is not None:
        from core.labels.filters import parse

        wanted = parse(choice.expression, task, sources=ctx.workspace.sources)
        return list(wanted.keep(facts_of(ctx, store, task, frames, wanted.names)))
    first, last = span(days[0], choice.begin, choice.end)
    if len(days) > 1:
        last = span(days[-1], None, choice.end)[1]
    elif last.date() > first.date():
        _say_over_midnight(ctx, choice, first, last)
    return sorted(
        (frame for frame in frames if first <= frame.captured_at <= last),
        key=lambda frame: (frame.captured_at, frame.key),
    )


def _say_over_midnight(ctx: Context, choice: Choice, first: datetime, last: datetime) -> None:
    """Say which day the end is on where it comes before the begin.

    Raises WrongUsage where that would be most of a day: then the two are likely exchanged.
    """
    words = f"{safe(choice.end or '', limit=20)} comes before {safe(choice.begin or '', limit=20)}"
    if last - first <= _NIGHT:
        ctx.notice(f"{words}, so that of the next day is meant: up to {last:%Y-%m-%d %H:%M}")
        return
    days = f"{first:%Y%m%d}..{last:%Y%m%d}"
    raise WrongUsage(
        f"{words}: over midnight that would be {duration((last - first).total_seconds())}.",
        f"Exchange the two; or, if you mean all that: --day {days} --from {first:%H:%M} --to {last:%H:%M}",
    )


def check_frames(
    ctx: Context, keys: list[str], *, named: bool
) -> tuple[dict[str, tuple[int, int | None, str | None]], dict[str, str]]:
    """Return size, mtime and (where the bytes were read) sha256 of frames that can be labelled, and why others can't.

    Frames that a person named are read whole, and the first that can't be used is raised as its error. Of frames of a
    stretch the first and last bytes are looked at; what is no whole picture, is being written or gone is left out
    with its reason. A frame that the camera does not have is taken from a version that holds it; of a camera that is
    away nothing is said to be gone.
    """
    from core.frames.check import Unreadable, glance, read_settled
    from core.frames.identity import check

    for name in {key.split("/", 1)[0] for key in keys} & set(ctx.workspace.active_sources):
        check(ctx.workspace, ctx.workspace.sources[name])
    sizes: dict[str, tuple[int, int | None, str | None]] = {}
    left_out: dict[str, str] = {}
    held: held_frames.Held | None = None
    away = set() if named else _away(ctx, keys)
    for key in keys:
        path = _path(ctx, key)
        if path is None or not path.exists():
            held = held_frames.Held(ctx.workspace) if held is None else held
            if (from_version := held.bound(key)) is not None:
                sizes[key] = from_version
                continue
            if key.split("/", 1)[0] in away:
                left_out[key] = AWAY
                continue
        path, root = ctx.workspace.frame_path(key), ctx.workspace.source_for(key).path
        if named:
            _reachable(ctx, key)
            try:
                file = read_settled(path, root=root)
            except Unreadable as error:
                raise Unreadable(
                    f"{safe(key)}: {_of_it(error, path)}",
                    error.remedy,
                    missing=error.missing,
                    passing=error.passing,
                ) from error
            sizes[key] = (len(file.data), file.mtime_ns, file.oid)
            continue
        try:
            sizes[key] = (*glance(path, root=root), None)
        except Unreadable as error:
            left_out[key] = _of_it(error, path).rstrip(".")
    if not sizes:
        raise Lacking(
            "None of these frames can be labelled.", f"The first: {safe(keys[0])}: {left_out[keys[0]]}."
        )
    return sizes, left_out


def say_left_out(ctx: Context, left_out: Mapping[str, str]) -> None:
    """Name each frame that was left out with its reason; those of a camera that is away are counted, in a line."""
    away = Counter(key.split("/", 1)[0] for key, reason in left_out.items() if reason == AWAY)
    for name, number in away.items():
        ctx.notice(f"left out: {plural(number, 'frame')} of {safe(name)}, a camera that can't be reached")
    for key, reason in left_out.items():
        if reason != AWAY:
            ctx.notice(f"left out: {safe(key)}: {reason}")


def _away(ctx: Context, keys: Iterable[str]) -> set[str]:
    """Return which sources of these frames can't be reached."""
    from core.frames.folders import list_source

    found = set()
    for name in {key.split("/", 1)[0] for key in keys} & set(ctx.workspace.sources):
        try:
            list_source(ctx.workspace.sources[name])
        except PrintModelsError:
            found.add(name)
    return found


def _of_it(error: Unreadable, path: Path) -> str:
    """Say what an error says without the name, which stands before it."""
    return error.what.removeprefix(f"{safe(path.name, limit=80)} ")


def _path(ctx: Context, key: str) -> Path | None:
    """Return where a frame lies, None for one of no source here. Raises the open question about its source."""
    try:
        return ctx.workspace.frame_path(key)
    except Refused:
        return None


def _reachable(ctx: Context, key: str) -> None:
    """Raise why a frame's source can't be reached; that is said rather than “gone”."""
    from core.frames.folders import list_source

    path = ctx.workspace.frame_path(key)
    if not path.exists():
        list_source(ctx.workspace.sources[key.split("/", 1)[0]])


def is_known(ctx: Context, store: LabelStore, key: str) -> bool:
    """True for a frame that is labelled, on its camera (or may be: that is away), or in a version."""
    if any(store.get(task, key) for task in ctx.workspace.tasks.values()):
        return True
    try:
        there = ctx.workspace.frame_path(key).exists() or not ctx.workspace.source_for(key).path.exists()
    except PrintModelsError:  # whose frames these are is open just now
        return True
    return there or key in held_frames.items(ctx.workspace)
