"""The commands that look at frames and label them: frames, label, unlabel, history, undo.

Each brings the label files up to date before it ends; where a file stands in the way the label is saved all the same,
and the exit code is that of the file's trouble.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from core.commands import completion
from core.commands.shell import (
    Context,
    accept_outside_option,
    json_option,
    pass_context,
    task_option,
    who_option,
)

if TYPE_CHECKING:
    from core.labels.model import LabelStep
    from core.labels.store import LabelStore
    from core.tasks import Task

day_option = click.option("--day", metavar="D", help="All frames of a day: 20251111, 11 Nov, today, -2.")
from_option = click.option("--from", "begin", metavar="HH:MM", help="With --day: from this time on.")
to_option = click.option(
    "--to", "end", metavar="HH:MM", help="With --day: up to this time; may be after midnight."
)
filter_option = click.option(
    "--filter", "expression", metavar="EXPR", help="Frames that match, e.g. '!label day:-1'."
)


@click.command()
@click.argument("frames", nargs=-1, metavar="[FRAME]...")
@click.option(
    "--as",
    "class_",
    metavar="CLASS",
    required=True,
    help="The class to give.",
    shell_complete=completion.classes,
)
@day_option
@from_option
@to_option
@filter_option
@task_option
@who_option
@accept_outside_option
@json_option
@pass_context
def label(
    ctx: Context,
    frames: tuple[str, ...],
    class_: str,
    day: str | None,
    begin: str | None,
    end: str | None,
    expression: str | None,
    task: str | None,
    who: str | None,
    accept_outside: bool,
    as_json: bool,
) -> None:
    """Give frames a class: named ones, a stretch of a day, or all that match a filter."""
    from core.commands.choosing import Choice, check_frames, choose
    from core.labels.sync import open_store
    from core.text import safe

    ws = ctx.workspace
    chosen_task = ws.task(task)
    known = chosen_task.check(class_)
    name = ws.who(who)
    with open_store(ws, accept_outside=accept_outside) as store:
        _begin(ctx, store)
        keys = choose(ctx, store, chosen_task, Choice(frames, day, begin, end, expression))
        sizes, left_out = check_frames(ctx, keys, named=bool(frames))
        given = [key for key in keys if key in sizes]
        step = store.set(
            chosen_task, given, known, how="hand" if frames else "stretch", who=name, sizes=sizes
        )
        for key, reason in left_out.items():
            ctx.notice(f"left out: {safe(key)}: {reason}")
        done = f"{chosen_task.name}: {_done(step)}"
        _finish(
            ctx, store, chosen_task, step, done, as_json=as_json, accept=accept_outside, left_out=left_out
        )


@click.command()
@click.argument("frames", nargs=-1, metavar="[FRAME]...")
@day_option
@from_option
@to_option
@filter_option
@task_option
@who_option
@accept_outside_option
@json_option
@pass_context
def unlabel(
    ctx: Context,
    frames: tuple[str, ...],
    day: str | None,
    begin: str | None,
    end: str | None,
    expression: str | None,
    task: str | None,
    who: str | None,
    accept_outside: bool,
    as_json: bool,
) -> None:
    """Take the labels off frames; `undo` gives them back."""
    from core.commands.choosing import Choice, choose
    from core.labels.sync import open_store

    ws = ctx.workspace
    chosen_task = ws.task(task)
    name = ws.who(who)
    with open_store(ws, accept_outside=accept_outside) as store:
        _begin(ctx, store)
        keys = choose(ctx, store, chosen_task, Choice(frames, day, begin, end, expression), labelled=True)
        step = store.set(chosen_task, keys, None, how="hand" if frames else "stretch", who=name)
        done = f"{chosen_task.name}: {_done(step)}"
        _finish(ctx, store, chosen_task, step, done, as_json=as_json, accept=accept_outside)


@click.command()
@click.argument("frame", metavar="FRAME")
@json_option
@pass_context
def history(ctx: Context, frame: str, as_json: bool) -> None:
    """Show who labelled a frame, when and how, oldest first."""
    from core.commands.choosing import key_of
    from core.labels.sync import open_store
    from core.text import safe

    with open_store(ctx.workspace) as store:
        _say(ctx, store)
        key = key_of(ctx, frame)
        entries = store.history(key)
    lines = [safe(key)]
    for entry in entries:
        change = f"{entry.before or 'no label'} → {entry.after or 'no label'}"
        undone = "  (taken back)" if entry.undone else ""
        lines.append(
            f"  {entry.seq:>5}  {_local(entry.at)}  {entry.task}: {change}  {entry.how}, {safe(entry.who)}{undone}"
        )
    if not entries:
        lines.append("  no label was ever given")
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
    name = ws.who(who)
    with open_store(ws, accept_outside=accept_outside) as store:
        _begin(ctx, store)
        step = store.next_undo(name) if dry_run else store.undo(name)
        if step is None:
            raise Refused(
                f"There is no labelling step of {name} to take back.", "See: print-models history FRAME"
            )
        if dry_run:
            ctx.answer({"would_undo": _step_json(step)}, f"would take back: {step.text}", as_json=as_json)
            return
        task = ws.tasks.get(step.task) or next(iter(ws.tasks.values()))
        done = f"taken back: {step.text}"
        _finish(ctx, store, task, step, done, as_json=as_json, accept=accept_outside)


@click.command()
@filter_option
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=0), default=50, show_default=True, help="At most so many."
)
@task_option
@json_option
@pass_context
def frames(ctx: Context, expression: str | None, limit: int, task: str | None, as_json: bool) -> None:
    """List frames in order of time with their labels."""
    from core.commands.choosing import listing
    from core.human import count
    from core.labels.sync import open_store
    from core.text import safe

    ws = ctx.workspace
    chosen_task = ws.task(task)
    with open_store(ws) as store:
        _say(ctx, store)
        rows, total = listing(ctx, store, chosen_task, expression, limit)
    lines = [f"{safe(row['frame'])}  {row['label'] or '·'}" for row in rows]
    if total > len(rows):
        lines.append(f"… {count(total - len(rows))} more (--limit {total} shows all)")
    ctx.answer({"frames": rows, "total": total}, "\n".join(lines) or "no frames", as_json=as_json)


# --- shared -----------------------------------------------------------------------------------------------------


def _say(ctx: Context, store: LabelStore) -> None:
    for notice in store.notices:
        ctx.notice(notice)


def _begin(ctx: Context, store: LabelStore) -> None:
    """Say what opening found; a label file that lost many labels outside waits for a word before anything changes."""
    from core.labels.reconcile import ManyGone

    for error in store.file_errors.values():
        if isinstance(error, ManyGone):
            raise error
    _say(ctx, store)


def _done(step: LabelStep) -> str:
    return step.text if step.changed else "nothing to change, the labels are so already"


def _finish(
    ctx: Context,
    store: LabelStore,
    task: Task,
    step: LabelStep,
    text: str,
    *,
    as_json: bool,
    accept: bool,
    left_out: dict[str, str] | None = None,
) -> None:
    """Write the label file, answer, and end with the file's exit code where it could not be written."""
    from core.labels.sync import flush

    flushed = flush(ctx.workspace, store, task, accept_outside=accept)
    answer = {
        **_step_json(step),
        "left_out": [{"frame": k, "reason": r} for k, r in (left_out or {}).items()],
    }
    ctx.answer(answer, text, as_json=as_json)
    if flushed.problem is not None:
        ctx.notice(f"saved in labels.db; {task.labels_file} was not written:")
        raise flushed.problem


def _step_json(step: LabelStep) -> dict[str, Any]:
    return {
        "step": step.seq,
        "task": step.task,
        "class": step.class_,
        "changed": step.changed,
        "frames": list(step.frames),
        "text": step.text,
    }


def _local(at: str) -> str:
    from datetime import datetime

    try:
        return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return "time unknown    "
