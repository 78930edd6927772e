"""How a labelling command begins and ends: what opening found is said, the label files are brought up to date.

Where a file stands in the way the label is saved all the same, and both is said; the exit code is that of the file's
trouble. Called by commands/labelling, marking and importing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.commands.shell import Context
from core.errors import Damaged
from core.human import count

if TYPE_CHECKING:
    from core.labels.model import LabelStep
    from core.labels.store import LabelStore
    from core.tasks import Task


#: How long a command goes on copying after its answer; the app does the rest.
_KEEPING_S = 0.1


def say(ctx: Context, store: LabelStore) -> None:
    """Say what opening the store found."""
    for notice in store.notices:
        ctx.notice(notice)


def begin(ctx: Context, store: LabelStore) -> None:
    """Say what opening found; a label file that lost many labels outside waits for a word before anything changes."""
    from core.labels.reconcile import ManyGone

    for error in store.file_errors.values():
        if isinstance(error, ManyGone):
            raise error
    say(ctx, store)
    if store.kept_aside:
        raise Damaged(
            "Nothing was changed now, so that you can read what happened to the labels.",
            "Run the same command again to go on.",
        )


def done(step: LabelStep) -> str:
    """Return what a step did, in a line, and how many of the frames meant had the class already."""
    if not step.changed:
        return "nothing to change, the labels are so already"
    same = len(step.frames) - step.changed
    were = f"; {count(same)} {'was' if same == 1 else 'were'} {step.class_} already"
    return step.text + (were if same and step.class_ else "")


def finish(
    ctx: Context,
    store: LabelStore,
    task: Task,
    step: LabelStep,
    text: str,
    *,
    as_json: bool,
    accept: bool,
    extra: dict[str, Any] | None = None,
) -> None:
    """Write the label file, answer, and end with the file's exit code where it could not be written."""
    from core.labels.sync import flush

    flushed = flush(ctx.workspace, store, task, accept_outside=accept)
    for notice in flushed.notices:
        ctx.notice(notice)
    ctx.answer({**step_json(step), **(extra or {})}, text, as_json=as_json)
    _keep(ctx, store, task, step)
    if flushed.beside and step.task and flushed.problem is not None:  # a label, and its file has it
        if str(flushed.problem) not in ctx.told:
            ctx.notice(str(flushed.problem))
        ctx.notice("The label file is written; data/marks.json stays as it was.")
        return
    if flushed.problem is not None:
        saved = "The label IS saved, in .print-models/labels.db" if step.changed else "Every label is safe"
        if str(flushed.problem) in ctx.told:
            ctx.notice(f"{saved}; the files under data/ could not follow, for the reason above.")
            ctx.exit(flushed.problem.exit_code)
        ctx.notice(f"{saved}; the files under data/ could not follow:")
        raise flushed.problem


def _keep(ctx: Context, store: LabelStore, task: Task, step: LabelStep) -> None:
    """Copy what was labelled just now, for a moment: the camera may delete it before a version holds it.

    What had the class already is copied too, where the time was too short for it then.
    """
    if step.class_ is None:
        return
    from core.versions.kept import keep, of_step

    keep(ctx.workspace, store, task, of_step(step.frames, step.how, task.per_stretch), seconds=_KEEPING_S)


def step_json(step: LabelStep) -> dict[str, Any]:
    """Return a step as its JSON object."""
    return {
        "step": step.seq,
        "task": step.task,
        "class": step.class_,
        "changed": step.changed,
        "frames": list(step.frames),
        "text": step.text,
    }


def local(at: str) -> str:
    """Return a moment in UTC as local time to the minute."""
    from datetime import datetime

    try:
        return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return "time unknown    "
