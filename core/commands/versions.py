"""The commands that compare and write dataset versions: export, diff."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.commands import completion
from core.commands.shell import (
    Context,
    accept_outside_option,
    json_option,
    keeps_what_it_makes,
    pass_context,
    task_option,
    who_option,
)
from core.text import safe

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.tasks import Task
    from core.versions.diff import Diff, Hunk
    from core.versions.manifest import Version
    from core.workspace import Workspace


def opened(ctx: Context, stack: ExitStack, *, accept: bool = False) -> tuple[LabelStore, FrameIndex]:
    """Open labels and frames, both brought up to date with the disk."""
    from core.frames.index import FrameIndex
    from core.labels.sync import open_store

    store = stack.enter_context(open_store(ctx.workspace, accept_outside=accept))
    index = stack.enter_context(FrameIndex(ctx.workspace))
    index.scan(ctx.report)
    for notice in store.notices:
        ctx.notice(notice)
    return store, index


@click.command()
@task_option
@click.option(
    "--labels", metavar="F", type=click.Path(path_type=Path), help="Take everything in this label file."
)
@click.option("--output", metavar="DIR", type=click.Path(path_type=Path), help="Where: datasets/TASK/vN.")
@click.option("--version", metavar="V", help="The number, N or N.0; without it the next one.")
@click.option("--description", metavar="TEXT", default="", help="One sentence for the card.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Take every label; else of a stretch labelled at once both ends and some in between.",
)
@click.option("--allow-missing", is_flag=True, help="Leave out, by name, frames that are found nowhere.")
@click.option(
    "--hold-back",
    metavar="ID",
    multiple=True,
    help="Leave a change as it was, by the ID that diff shows last in its line.",
)
@who_option
@accept_outside_option
@json_option
@pass_context
def export(
    ctx: Context,
    task: str | None,
    labels: Path | None,
    output: Path | None,
    version: str | None,
    description: str,
    everything: bool,
    allow_missing: bool,
    hold_back: tuple[str, ...],
    who: str | None,
    accept_outside: bool,
    as_json: bool,
) -> None:
    """Write the draft, which the labels make, as a dataset version; nothing in git is touched."""
    from core.labels.sync import flush
    from core.versions.export import export as make
    from core.versions.export import plan
    from core.versions.numbering import words_of

    ws = ctx.workspace
    words = words_of(
        ws, task=task, labels=labels, output=output, version=version, folder=ctx.folder.resolve()
    )
    with ExitStack() as stack:
        store, index = opened(ctx, stack, accept=accept_outside)
        flushed = flush(ws, store, words.task, accept_outside=accept_outside)
        if flushed.problem is not None and words.labels is None:
            raise flushed.problem
        planned = plan(
            ws,
            store,
            index,
            words.task,
            number=words.number,
            description=description,
            everything=everything or words.own_labels,
            labels=words.labels,
            allow_missing=allow_missing,
            hold_back=hold_back,
            who=ws.who(who) if words.labels is not None else "",
            again=words.own_labels,
        )
        for id_ in planned.stale:
            ctx.notice(f"Held back, and no such change is left: {safe(id_)}")
        made = make(ws, planned, ctx.report)
    ctx.answer(_made_json(made), _made_text(made), as_json=as_json)


def _made_json(made: Version) -> dict[str, Any]:
    return {
        "version": made.name,
        "path": f"datasets/{made.task.name}/{made.name}",
        "digest": made.digest,
        "images": len(made.items),
        "bytes": made.total_bytes,
        "commit": None,
        "tag": None,
        "pushed": None,
    }


def _made_text(made: Version) -> str:
    from core.human import count, plural, size

    info = made.info
    name = safe(made.name)
    lines = [
        f"{made.task.name} {name}: {plural(len(made.items), 'image')} ({per_class(made.classes)}), "
        f"{size(made.total_bytes)}",
        f"  datasets/{made.task.name}/{name}",
        f"  {safe(made.digest)}",
    ]
    if info.selection is not None and info.selection.left_out:
        lines.append(
            f"  {count(info.selection.labelled)} labels: {count(info.selection.left_out)} left out by the rule, "
            f"{len(info.excluded)} excluded by name"
        )
    elif info.excluded:
        lines.append(f"  {len(info.excluded)} excluded by name")
    sides = "; ".join(f"{safe(side)} {per_class(counts)}" for side, counts in info.splits.items())
    lines.append(f"  {sides}; {plural(info.recordings or 0, 'recording')}")
    lines += [f"  note: {safe(limit)}" for limit in info.limits]
    lines.append(f"Nothing is in git yet: print-models release --task {made.task.name}")
    return "\n".join(lines)


def per_class(classes: Mapping[str, int]) -> str:
    """'offline 90, active 79'."""
    return ", ".join(f"{safe(name)} {n}" for name, n in classes.items())


@click.command()
@click.argument("base", required=False, shell_complete=completion.versions)
@click.argument("target", required=False, shell_complete=completion.versions)
@task_option
@click.option("--exit-code", is_flag=True, help="End with 1 where something differs.")
@click.option("--frames", is_flag=True, help="Name every frame that differs.")
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a page with pictures too, for a browser: one file, to attach or send.",
)
@json_option
@pass_context
def diff(
    ctx: Context,
    base: str | None,
    target: str | None,
    task: str | None,
    exit_code: bool,
    frames: bool,
    html: Path | None,
    as_json: bool,
) -> None:
    """Show what changed between two versions, or from the latest one to the draft, which the labels make.

    BASE and TARGET are v1, draft, a path, or COMMIT:v1. Frames in a row that changed alike are one line.
    """
    from core.commands import reporting
    from core.versions.diff import Snapshot
    from core.versions.diff import diff as compare
    from core.versions.manifest import current_names
    from core.versions.review import base_of
    from core.versions.review import read as read_review
    from core.versions.reviewed import reviewed
    from core.versions.snapshots import snapshot_of

    keeps_what_it_makes()
    ws = ctx.workspace
    chosen = _task_of(ctx, task, base, target)
    page = reporting.check(ctx, html) if html is not None else None
    names = current_names(ws, chosen)
    words = [base or (names[-1] if names else None), target or "draft"]
    with ExitStack() as stack:
        store, index = opened(ctx, stack) if "draft" in words else (None, None)

        def found() -> tuple[Diff, int | None]:
            ends = [
                snapshot_of(ws, word, chosen, store=store, index=index, folder=ctx.folder, tell=ctx.notice)
                if word
                else Snapshot("nothing", {}, chosen.classes)
                for word in words
            ]
            if store is not None and index is not None and words == [base_of(ws, chosen) or None, "draft"]:
                review = read_review(ws, chosen, store)
                made = reviewed(ws, chosen, ends[0], ends[1], review, store, index)
            else:
                made = compare(*ends)
            return made, _stored(ws, made) if words[1] == "draft" else None

        if page is None and store is not None and index is not None and words[0] in (*names, None):
            said = _remembered(ctx, chosen, words, store, index, found, frames=frames)
            written = ""
        else:
            made, stored = found()
            said = _said(made, chosen, stored, frames=frames)
            written = reporting.write(ctx, chosen, made, words, page, stored) if page is not None else ""
    ctx.answer(said.told, "\n".join(filter(None, (said.text, written))), as_json=as_json)
    if exit_code and said.differs:
        ctx.exit(1)


@dataclass(frozen=True, slots=True)
class _Said:
    """A difference as it is answered."""

    told: dict[str, Any]
    text: str
    differs: bool


def _said(found: Diff, task: Task, stored: int | None, *, frames: bool) -> _Said:
    from core.versions.saying import sentence, sides
    from core.versions.telling import warnings

    summary = sentence(found, (*warnings(found.target), *found.target.limits))
    told = {
        **found.as_json(frames=frames),
        "summary": summary,
        "splits": {"base": sides(found.base), "target": sides(found.target)},
    }
    if stored is not None:
        told["bytes"] = {**told["bytes"], "stored": stored}
    text = _diff_text(found, task, summary, frames=frames, stored=stored or 0)
    return _Said(told, text, found.differs)


def _remembered(
    ctx: Context,
    task: Task,
    words: list[str | None],
    store: LabelStore,
    index: FrameIndex,
    find: Callable[[], tuple[Diff, int | None]],
    *,
    frames: bool,
) -> _Said:
    """Return the difference to the draft as it was found of the same things, else as it is found now."""
    from core.versions.warm import key, once, told

    ws, noticed = ctx.workspace, len(ctx.told)

    def made() -> tuple[_Said, bool]:
        found, stored = find()
        lasting = len(ctx.told) == noticed and told(ws, store, task, found.target.entries)
        return _said(found, task, stored, frames=frames), lasting

    name = f"diff of {task.name} from {words[0]}{', frames' if frames else ''}"
    return once(ws, name, lambda: key(ws, task, index), made, _Said)


def _stored(ws: Workspace, found: Diff) -> int:
    """Return how many of the bytes that the base lacks are in git even so: of another task, or an earlier version."""
    from core.storage.known import known_objects

    known = known_objects(ws)
    base = {entry.oid for entry in found.base.entries.values()}
    given = {entry.oid: entry.size or 0 for entry in found.target.entries.values() if entry.oid not in base}
    return sum(size for oid, size in given.items() if oid in known)


def _task_of(ctx: Context, task: str | None, *words: str | None) -> Task:
    """Return the task named, else that of a path into datasets/TASK/, else the default."""
    ws = ctx.workspace
    if task is None:
        for word in words:
            path = (ctx.folder.resolve() / word).resolve() if word and "/" in word else None
            if path is not None and path.is_relative_to(ws.datasets.resolve()):
                return ws.task(path.relative_to(ws.datasets.resolve()).parts[0])
    return ws.task(task)


def reviewed_words(hunk: Hunk) -> list[str]:
    """Return what a person said of a hunk: that it is held back, and the comment."""
    held = ["held back: the next version has it as it was"] if hunk.held else []
    return held + ([f"# {safe(hunk.comment, limit=400)}"] if hunk.comment else [])


def _diff_text(found: Diff, task: Task, summary: str, *, frames: bool, stored: int = 0) -> str:
    from core.human import plural, signed_size, size

    n = found.counts
    lines = [f"{task.name}: {safe(found.base.name)} → {safe(found.target.name)}   {found.summary()}"]
    lines.append(f"  {safe(summary, limit=2000)}")
    kinds = [f"{n[kind]} {kind}" for kind in n if n[kind]]
    lines.append("  " + (", ".join(kinds) or "both are empty"))
    before, after = found.base.counts, found.target.counts
    lines.append(
        "  " + ", ".join(f"{safe(name)} {before.get(name, 0)} → {after.get(name, 0)}" for name in after)
    )
    there = f" ({size(stored)} of it in git already)" if stored else ""
    lines.append(
        f"  bytes: {signed_size(found.bytes['new'])} new{there}, {size(found.bytes['reused'])} reused"
    )
    if found.target.assumed:
        lines.append(
            f"  {plural(found.target.assumed, 'frame')} labelled without a record of the bytes: taken as {safe(found.base.name)}'s"
        )
    if n["unknown"]:
        lines.append(f"  {plural(n['unknown'], 'frame')} with unknown bytes on one side can't be compared")
    for hunk in found.hunks:
        shown = hunk.as_json()
        when = f"{(shown['from'] or '?').replace('T', ' ')[:16]}–{(shown['to'] or '?')[11:16]}"
        lines.append(
            f"  {safe(when)}  {plural(len(hunk.frames), 'frame')}  {safe(hunk.change)}  {signed_size(hunk.bytes)}  {safe(hunk.id)}"
        )
        lines += [f"      {said}" for said in reviewed_words(hunk)]
        if frames:
            lines += [f"      {safe(frame)}" for frame in hunk.frames]
    return "\n".join(lines)
