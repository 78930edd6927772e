"""What the labels lane does for marks: frames skipped, unsure or left out, a note, an example of a class; and their history.

What always holds: a note or an example leaves the mark of a frame as it is, and a mark leaves those. Each is one step
that `u` takes back. Called by tui.labelling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.errors import Refused
from core.labels.model import Mark
from core.tasks import Task
from core.text import safe

if TYPE_CHECKING:
    from core.labels.model import LabelStep
    from core.labels.store import LabelStore


def put(
    store: LabelStore, who: str, task: Task, frames: Sequence[str], mark: str | None, reason: str
) -> LabelStep:
    """Give frames a mark as one step, or take marks off; left out is a frame for every task, else it is this one's."""
    for_task = None if mark == "excluded" else task
    if mark is None and len(frames) == 1:
        for_task = _task_of(store, frames[0], task)
    return store.mark_many(frames, who=who, mark=mark, reason=reason, task=for_task)


def _task_of(store: LabelStore, frame: str, task: Task) -> Task | None:
    old = store.all_marks().get(frame)
    return None if old is None or old.task is None else task


def note(store: LabelStore, who: str, frame: str, text: str) -> LabelStep:
    """Note something about a frame; '' takes the note off."""
    old = store.all_marks().get(frame, Mark(frame))
    return store.mark(
        frame, who=who, mark=old.mark, reason=old.reason, note=text, example=old.example, task=old.task
    )


def pin(store: LabelStore, who: str, task: Task, frame: str, class_: str | None) -> LabelStep:
    """Pin a frame as an example of a class, or take it down. Raises Refused where its entry is another task's."""
    old = store.all_marks().get(frame, Mark(frame))
    if class_ is not None and old.task not in (None, task.name):
        raise Refused(
            f"{safe(frame)} has an entry for {safe(old.task or '')}, and a frame has one.",
            "Pin another frame of the class, or take that mark off first.",
        )
    only = old.task if old.mark or class_ is None else task.name
    return store.mark(
        frame, who=who, mark=old.mark, reason=old.reason, note=old.note, example=class_, task=only
    )
