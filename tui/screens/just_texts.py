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


def just_done(step: LabelStep, task: Task | None, *, undone: bool = False) -> Content:
    """What was done last: 'saved ● active × 18 08:54–09:24'."""
    if not undone and not step.changed:
        return Content.styled("labelled so already", DIM)
    word = (
        ("redone ", WARN)
        if undone and step.how == "redo"
        else ("undone ", WARN)
        if undone
        else ("saved ", GOOD)
    )
    return Content.assemble(word, _named(step, task), _when(step))


def _named(step: LabelStep, task: Task | None) -> Content:
    """The class or the mark that a step gave, else its own words without frame and day; how many frames, if several."""
    number = f" × {count(step.changed)}" if step.changed > 1 else ""
    if step.class_ in MARKS:
        return Content.styled(f"{MARKS[step.class_]} {step.class_}", WARN) + number
    if task and step.class_:
        return class_mark(task, step.class_) + number
    if file := _file(step):
        counts = step.text.partition(" (")[0].partition(": ")[2].split()
        return Content(safe(" ".join([file, *(part for part in counts if part[1:] != "0")]), limit=60))
    words = step.text.partition(" (")[0].partition(" × ")[0].partition(" · ")[0]
    return Content(("label taken off" if words == "unlabelled" else safe(words, limit=60)) + number)


def _file(step: LabelStep) -> str:
    """'labels.json' where the step took what a file says, else ''."""
    name = step.text.partition(": ")[0].partition(" ")[0]
    return name if name.endswith(".json") else ""


def _when(step: LabelStep) -> str:
    """' 08:54–09:24', the times of day of a step's first and last frame; a change of a file says none."""
    if not step.frames or _file(step):
        return ""
    found = [moment for key in (min(step.frames), max(step.frames)) if (moment := captured_at(key))]
    times = dict.fromkeys(f"{moment:%H:%M}" for moment in found)
    return f" {'–'.join(times)}" if times else ""


def kept(step: LabelStep) -> tuple[str, str]:
    """Which frames of a step that was taken back, or given again, have a later label that stays: what, and their names."""
    names = [safe(key.rpartition("/")[2].removesuffix(".jpg"), limit=30) for key in step.left[:_NAMED]]
    more = f" and {count(len(step.left) - _NAMED)} more" if len(step.left) > _NAMED else ""
    verb = "keeps" if len(step.left) == 1 else "keep"
    return f"{plural(len(step.left), 'frame')} {verb} a later label:", ", ".join(names) + more


def just_lines(state: State, just: Content, width: int = 0) -> Content:
    """What was done last, and what `u` takes back now; with `width` no line is wider."""
    lines = [just] if just.plain else []
    step = state.undoes
    if step is None:
        lines.append(Content.styled("nothing to undo", DIM))
    else:
        when = _when(step)
        known = bool(when) and just.plain.endswith(when)
        undoes = _named(step, state.workspace.tasks.get(step.task))
        lines.append(Content.assemble(("u undoes ", DIM), undoes, ("" if known else when, DIM)))
    return Content("\n").join(
        [part for line in lines for part in (_folded(line, width) if width else [line])]
    )


def _folded(line: Content, width: int) -> list[Content]:
    """Return a line as two where it is wider than `width`, the second one indented."""
    if line.cell_length <= width:
        return [line]
    cut = line.plain.rfind(" ", 1, width + 1)
    return [line] if cut < 0 else [line[:cut], Content("  ") + line[cut + 1 :]]
