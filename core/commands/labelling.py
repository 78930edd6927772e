"""The commands that look at frames and label them: frames, label, unlabel, history, undo.

Each brings the label files up to date before it ends; where a file stands in the way the label is saved all the same,
and the exit code is that of the file's trouble.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from core.commands import completion
from core.commands.desk import begin, done, finish, local, say, step_json
from core.commands.shell import (
    Context,
    accept_outside_option,
    json_option,
    pass_context,
    task_option,
    who_option,
)

if TYPE_CHECKING:
    from core.commands.choosing import Choice
    from core.labels.model import LabelStep
    from core.labels.store import LabelStore
    from core.tasks import Task
    from core.workspace import Workspace

filter_option = click.option(
    "--filter",
    "expression",
    metavar="EXPR",
    help="Frames that match every term, e.g. '!label day:-1'; ! before a term turns it round. Terms: label:CLASS, "
    "pred:CLASS, conf<.9, how:HOW, by:NAME, day:DAY, source:NAME, recording:N, mark:WORD, motion>3, bright<20, "
    "HH:MM-HH:MM, change, conflict.",
)


def chosen_frames(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the words that say which frames are meant, packed into one `choice`."""

    @wraps(command)
    def packed(
        *,
        frames: tuple[str, ...],
        day: str | None,
        begin: str | None,
        end: str | None,
        expression: str | None,
        **rest: Any,
    ) -> None:
        from core.commands.choosing import Choice

        command(choice=Choice(frames, day, begin, end, expression), **rest)

    options = (
        click.argument("frames", nargs=-1, metavar="[FRAME]..."),
        click.option(
            "--day",
            metavar="D",
            help="All frames of a day: 20251111, 11 Nov, today, -2; D..E: from one day to another.",
        ),
        click.option("--from", "begin", metavar="HH:MM", help="With --day: from this time (of D) on."),
        click.option(
            "--to", "end", metavar="HH:MM", help="With --day: up to this time (of E); may be after midnight."
        ),
        filter_option,
    )
    for option in reversed(options):
        packed = option(packed)
    return packed


@click.command()
@click.option(
    "--as",
    "class_",
    metavar="CLASS",
    required=True,
    help="The class to give.",
    shell_complete=completion.classes,
)
@chosen_frames
@task_option
@who_option
@accept_outside_option
@json_option
@pass_context
def label(
    ctx: Context,
    choice: Choice,
    class_: str,
    task: str | None,
    who: str | None,
    accept_outside: bool,
    as_json: bool,
) -> None:
    """Give frames a class: named ones, a stretch of a day, or all that match a filter."""
    from core.commands.choosing import check_frames, choose, say_left_out
    from core.labels.sync import open_store

    ws = ctx.workspace
    chosen_task = ws.task(task)
    known = chosen_task.check(class_)
    name = ws.who(who)
    with open_store(ws, accept_outside=accept_outside) as store:
        begin(ctx, store)
        chosen = choose(ctx, store, chosen_task, choice)
        sizes, left_out = check_frames(ctx, chosen.keys, named=bool(choice.frames))
        given = [key for key in chosen.keys if key in sizes]
        how = "hand" if choice.frames else "stretch"
        step = store.set(chosen_task, given, known, how=how, who=name, sizes=sizes)
        say_left_out(ctx, left_out)
        extra = {**chosen.as_json(), "left_out": [{"frame": k, "reason": r} for k, r in left_out.items()]}
        text = f"{chosen_task.name}: {chosen.beside(done(step))}"
        finish(ctx, store, chosen_task, step, text, as_json=as_json, accept=accept_outside, extra=extra)


@click.command()
@chosen_frames
@task_option
@who_option
@accept_outside_option
@json_option
@pass_context
def unlabel(
    ctx: Context,
    choice: Choice,
    task: str | None,
    who: str | None,
    accept_outside: bool,
    as_json: bool,
) -> None:
    """Take the labels off frames; `undo` gives them back."""
    from core.commands.choosing import choose
    from core.labels.sync import open_store

    ws = ctx.workspace
    chosen_task = ws.task(task)
    name = ws.who(who)
    with open_store(ws, accept_outside=accept_outside) as store:
        begin(ctx, store)
        chosen = choose(ctx, store, chosen_task, choice, labelled=True)
        step = store.set(chosen_task, chosen.keys, None, how="hand" if choice.frames else "stretch", who=name)
        text = f"{chosen_task.name}: {chosen.beside(done(step))}"
        extra = {**chosen.as_json(), "left_out": []}
        finish(ctx, store, chosen_task, step, text, as_json=as_json, accept=accept_outside, extra=extra)


@click.command()
@click.argument("frame", metavar="FRAME")
@json_option
@pass_context
def history(ctx: Context, frame: str, as_json: bool) -> None:
    """Show who labelled a frame, when and how, oldest first."""
    from core.commands.choosing import is_known, key_of
    from core.labels.sync import open_store
    from core.labels.told import whole_history
    from core.text import safe

    with open_store(ctx.workspace) as store:
        say(ctx, store)
        key = key_of(ctx, frame)
        entries = whole_history(ctx.workspace, store, key)
        known = bool(entries) or is_known(ctx, store, key)
    lines = [safe(key)]
    for entry in entries:
        change = f"{entry.before or 'no label'} → {entry.after or 'no label'}"
        undone = "  (taken back)" if entry.undone else ""
        where = f", on {safe(entry.host)}" if entry.host else ""
        words = f" “{safe(entry.words)}”" if entry.words else ""
        by = f"{entry.how}, {safe(entry.who)}{where}{undone}"
        lines.append(f"  {entry.seq:>5}  {local(entry.at)}  {entry.task}: {change}{words}  {by}")
    if not entries:
        lines.append(
            "  no label was ever given" if known else "  no such frame is known: see print-models frames"
        )
    rows = [
        {
            "seq": entry.seq,
            "at": entry.at,
            "who": entry.who,
            "how": entry.how,
            "task": entry.task,
            "before": entry.before,
            "after": entry.after,
            "undone": entry.undone,
            "host": entry.host or None,
            "words": entry.words,
        }
        for entry in entries
    ]
    ctx.answer({"frame": key, "history": rows}, "\n".join(lines), as_json=as_json)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be taken back.")
@who_option
@accept_outside_option
@json_option
@pass_context
def undo(ctx: Context, dry_run: bool, who: str | None, accept_outside: bool, as_json: bool) -> None:
    """Take your last labelling step back, as one, also across restarts."""
    from core.errors import Refused
    from core.labels.sync import open_store

    ws = ctx.workspace
    with open_store(ws, accept_outside=accept_outside) as store:
        begin(ctx, store)
        name = _whose(ws, store, who)
        meant = store.next_undo(name)
        step = meant if dry_run or meant is None else store.undo(name)
        if meant is None or step is None:
            raise Refused(f"There is no labelling step of {name} to take back.", _where_else(ws, store))
        whose = _from_outside(meant)
        if dry_run:
            text = f"would take back{whose}: {step.text}"
            ctx.answer({"would_undo": step_json(step)}, text, as_json=as_json)
            return
        task = ws.tasks.get(step.task) or next(iter(ws.tasks.values()))
        text = f"taken back{whose}: {step.text}"
        finish(ctx, store, task, step, text, as_json=as_json, accept=accept_outside)


def _from_outside(step: LabelStep) -> str:
    """Say of a step that came with a label file that it did; '' for a person's own step here."""
    outside = ", what another program changed in the label file, no labelling step of yours"
    return outside if step.how == "outside" else ""


def _where_else(workspace: Workspace, store: LabelStore) -> str:
    """Say where to look on when undo has nothing left to take back."""
    from core.text import safe

    if store.came_by_git():
        file = safe(next(iter(workspace.tasks.values())).labels_file)
        return f"What a pull, sync or checkout brought goes back by git alone: git log -- {file}, then git revert"
    return "See: print-models history FRAME"


def _whose(workspace: Workspace, store: LabelStore, who: str | None) -> str:
    """Return whose step is meant. To take back needs no name where one person alone has labelled here."""
    from core.errors import Lacking

    try:
        return workspace.who(who)
    except Lacking:
        people = store.people()
        if len(people) != 1:
            raise
        return people[0]


@click.command()
@filter_option
@click.option(
    "--queue",
    metavar="Q",
    help="Those that wait in a queue, in the order of work; --queues names them.",
    shell_complete=completion.queues,
)
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=0), default=50, show_default=True, help="At most so many."
)
@click.option(
    "--queues", is_flag=True, help="List the queues instead: how many frames wait in each, and why."
)
@click.option("--problems", is_flag=True, help="List what lies there and is no frame instead, and why.")
@task_option
@json_option
@pass_context
def frames(
    ctx: Context,
    expression: str | None,
    queue: str | None,
    limit: int,
    queues: bool,
    problems: bool,
    task: str | None,
    as_json: bool,
) -> None:
    """List frames in order of time with their labels, or those of a queue in the order of work."""
    from core.commands.facts import listing
    from core.errors import WrongUsage
    from core.human import count
    from core.labels.sync import open_store
    from core.text import safe

    ws = ctx.workspace
    chosen_task = ws.task(task)
    if queues + problems + (expression is not None or queue is not None) > 1:
        raise WrongUsage(
            "--queues and --problems list something else than frames.", "Leave the other options out."
        )
    if problems:
        _problems(ctx, limit, as_json=as_json)
        return
    if queues:
        _queues(ctx, chosen_task, as_json=as_json)
        return
    with open_store(ws) as store:
        say(ctx, store)
        found = listing(ctx, store, chosen_task, expression, queue, limit)
    rows, total = found.rows, found.total
    lines = [f"{safe(row['frame'])}  {row['label'] or '·'}" for row in rows]
    if total > len(rows):
        lines.append(f"… {count(total - len(rows))} more (--limit {total} shows all)")
    ctx.answer({"frames": rows, "total": total}, "\n".join(lines) or found.empty, as_json=as_json)


def _queues(ctx: Context, task: Task, *, as_json: bool) -> None:
    """Answer with the queues that hold something, the suggested one first."""
    from core.commands.facts import queues_of
    from core.human import count
    from core.labels.sync import open_store

    with open_store(ctx.workspace) as store:
        say(ctx, store)
        found = queues_of(ctx, store, task)
    rows = [{"queue": one.id, "name": one.name, "frames": one.count, "why": one.why} for one in found]
    wide = max((len(one.id) for one in found), default=0)
    lines = [
        f"{one.id:<{wide}}  {count(one.count):>9}  {one.why}{' (suggested)' if one.suggested else ''}"
        for one in found
    ]
    ctx.answer({"queues": rows}, "\n".join(lines) or "There is no frame yet.", as_json=as_json)


def _problems(ctx: Context, limit: int, *, as_json: bool) -> None:
    """Answer with what lies in the camera folders and is no frame."""
    from core.commands.oddities import named
    from core.frames.index import FrameIndex
    from core.human import count
    from core.text import safe

    with FrameIndex(ctx.workspace) as index:
        found = named(ctx.workspace, index, index.scan(ctx.report).problems)
    lines = [f"{safe(path)}  {why}" for path, why in found[:limit]]
    if len(found) > limit:
        lines.append(f"… {count(len(found) - limit)} more (--limit {len(found)} shows all)")
    rows = [{"path": path, "why": why} for path, why in found[:limit]]
    ctx.answer(
        {"problems": rows, "total": len(found)},
        "\n".join(lines) or "Everything in the camera folders is a frame.",
        as_json=as_json,
    )
