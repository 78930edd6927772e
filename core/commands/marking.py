"""`mark`: what is not a class. A frame that is unsure or excluded stays labelled, and is in no version.

A private picture is nowhere but on the camera: its copy goes, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.commands.desk import begin, finish
from core.commands.shell import (
    Context,
    accept_outside_option,
    json_option,
    pass_context,
    who_option,
)

if TYPE_CHECKING:
    from core.labels.model import Mark
    from core.tasks import Task


@click.command()
@click.argument("frame", metavar="FRAME")
@click.option("--unsure", is_flag=True, help="Nobody can tell the class; left out of versions.")
@click.option("--skip", is_flag=True, help="Put aside until it is labelled; stays in versions.")
@click.option(
    "--exclude",
    metavar="REASON",
    help="Left out of versions, listed there with this reason; “private” is exported in no way at all.",
)
@click.option("--note", metavar="TEXT", help="A note; beside another mark, or alone.")
@click.option("--example", metavar="CLASS", help="Pin it as an example of a class; asks for --task.")
@click.option("--clear", is_flag=True, help="Take every mark off the frame.")
@click.option("--task", metavar="T", help="Only for this task; without it for all tasks.")
@who_option
@accept_outside_option
@json_option
@pass_context
def mark(
    ctx: Context,
    frame: str,
    unsure: bool,
    skip: bool,
    exclude: str | None,
    note: str | None,
    example: str | None,
    clear: bool,
    task: str | None,
    who: str | None,
    accept_outside: bool,
    as_json: bool,
) -> None:
    """Mark a frame unsure, skipped or excluded, note something, or show it as an example; its labels stay.

    A mark given before is kept where only a note is added. A note on the first frame of a recording is the name of
    that print. `undo` takes the last mark back.
    """
    from core.commands.choosing import is_known, key_of
    from core.errors import WrongUsage
    from core.labels.model import Mark
    from core.labels.sync import open_store
    from core.text import safe
    from core.versions.kept import drop_private

    words = {"unsure": unsure, "skipped": skip, "excluded": exclude is not None}
    said = [word for word, meant in words.items() if meant]
    if clear == bool(said or note is not None or example is not None) or len(said) > 1:
        raise WrongUsage(
            "Say which mark: --unsure, --skip or --exclude REASON, and --note, --example; or --clear alone.",
            "For example: mark FRAME --exclude 'hand in the picture'",
        )
    ws = ctx.workspace
    chosen_task = ws.task(task) if task is not None else None
    if example is not None:
        if chosen_task is None:
            raise WrongUsage("An example shows a class of a task.", "Name it: --task offline-detection")
        example = chosen_task.check(example)
    name = ws.who(who)
    key = key_of(ctx, frame)
    with open_store(ws, accept_outside=accept_outside) as store:
        begin(ctx, store)
        old = store.all_marks().get(key, Mark(key))
        if clear:
            old = Mark(key)
        new_mark = said[0] if said else old.mark
        reason = exclude or "" if said else old.reason
        step = store.mark(
            key,
            who=name,
            mark=new_mark,
            reason=reason,
            note=old.note if note is None else note,
            example=old.example if example is None else example,
            task=_reach(old, chosen_task, new=bool(said)),
        )
        if not clear and not is_known(ctx, store, key):
            ctx.notice(f"{safe(key)} is marked, and is no frame here: see print-models frames.")
        text = step.text if step.changed else "nothing to change, it is marked so already"
        drop_private(ws, store)
        any_task = chosen_task or ws.task(None)
        finish(ctx, store, any_task, step, text, as_json=as_json, accept=accept_outside)


def _reach(old: Mark, task: Task | None, *, new: bool) -> str | None:
    """Return the task that the entry holds for, None for all: a mark given before never ends for a task unsaid.

    A frame has one entry. Raises Refused where what is given for one task would take a mark from another.
    """
    from core.errors import Refused
    from core.text import safe

    wanted = task.name if task is not None else None
    if old.mark is None:
        return wanted if new else wanted or old.task
    if wanted is None:
        return None if new else old.task
    if old.task != wanted and (new or old.task is not None):
        what = f"{old.mark} ({safe(old.reason, limit=60)})" if old.reason else old.mark
        raise Refused(
            f"{safe(old.frame)} is {what} for {old.task or 'every task'}, and a frame has one mark.",
            f"Say it without --task, for every task, or first: print-models mark {safe(old.frame)} --clear",
        )
    return old.task
