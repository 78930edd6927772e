"""The words of what was done last on the Label screen, and of what `u` takes back now. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from core.frames.names import captured_at
from core.human import count, plural
from core.text import safe
from tui.drawing import DIM, GOOD, MARKS, WARN, class_mark

if TYPE_CHECKING:
    from core.labels.model import LabelStep
    from core.tasks import Task
    from tui.state import State

_NAMED = 2


def just_done(step: LabelStep, task: Task | None, *, undone: bool) -> Content:
    """What was done last."""
    at = f" {_span(step)}" if step.frames else ""
    number = f" × {count(step.changed)}" if step.changed > 1 else ""
    given = _given(step, task)
    if undone:
        word = "redone " if step.how == "redo" else "undone "
        what = given or Content(safe(step.text.partition(" (")[0], limit=60))
        return Content.assemble((word, WARN), what, f"{number}{at}" if given else "")
    if not step.changed:
        return Content.styled("labelled so already", DIM)
    if given is None:
        off = step.text.startswith("unlabelled ")
        given = Content("label taken off" if off else safe(step.text.partition(" × ")[0], limit=60))
    return Content.assemble(("saved ", GOOD), given, f"{number}{at}")


def _given(step: LabelStep, task: Task | None) -> Content | None:
    """The class or the mark that a step gave, None for one that gave neither."""
    if step.class_ in MARKS:
        return Content.styled(f"{MARKS[step.class_]} {step.class_}", WARN)
    return class_mark(task, step.class_) if task and step.class_ else None


def kept(step: LabelStep) -> tuple[str, str]:
    """Which frames of a step that was taken back, or given again, have a later label that stays: what, and their names."""
    names = [safe(key.rpartition("/")[2].removesuffix(".jpg"), limit=30) for key in step.left[:_NAMED]]
    more = f" and {count(len(step.left) - _NAMED)} more" if len(step.left) > _NAMED else ""
    verb = "keeps" if len(step.left) == 1 else "keep"
    return f"{plural(len(step.left), 'frame')} {verb} a later label:", ", ".join(names) + more


def just_lines(state: State, just: Content) -> Content:
    """What was done last, and what `u` takes back now."""
    lines = [just] if just.plain else []
    step = state.undoes
    if step is None:
        lines.append(Content.styled("nothing to undo", DIM))
    else:
        task = state.workspace.tasks.get(step.task)
        what = _given(step, task) or Content(safe(step.text, limit=60))
        number = f" × {count(step.changed)}" if step.changed > 1 else ""
        lines.append(Content.assemble(("u undoes ", DIM), what, number))
        if step.class_ and not just.plain:
            lines.append(Content.styled(f"  {_span(step)}", DIM))
    return Content("\n").join(lines)


def _span(step: LabelStep) -> str:
    """'08:54–09:24', the times of day of a step's first and last frame."""
    found = [moment for key in (min(step.frames), max(step.frames)) if (moment := captured_at(key))]
    times = list(dict.fromkeys(f"{moment:%H:%M}" for moment in found))
    return "–".join(times)
