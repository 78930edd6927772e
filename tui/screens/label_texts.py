"""The words of the Label screen: title, facts as one line and as a column, and what to do where there is no frame."""

from __future__ import annotations

from textual.content import Content

from core.human import plural, size
from core.text import safe
from tui.drawing import DIM, WARN, class_mark
from tui.pictures import Facts
from tui.state import State

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def title_of(state: State, *, short: bool) -> Content:
    """'Tue 11 Nov 2025 · recording 14 · frame 12/48', or with the time where there is no column of facts."""
    frame = state.frame
    if frame is None:
        return Content("no frame")
    at = frame.captured_at
    day = f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}"
    number, first, length = state.recording()
    place = f"recording {number} · " if number else ""
    within = f"{state.cursor - first + 1}/{length}" if number else f"{state.cursor + 1}/{len(state.frames)}"
    if short:
        return Content(f"{day} {at:%H:%M:%S} · {place}{within}")
    return Content(f"{day} {at.year} · {place}frame {within}")


def facts_line(state: State, seen: Facts | None, *, saving: bool, loading: bool) -> Content:
    """One line: label and who gave it, where the frame is, the file."""
    if state.frame is None:
        return Content("")
    parts = []
    if loading:
        parts.append(Content.styled("loading …", WARN))
    parts.append(_label(state, saving=saving))
    where = _where(state)
    if where:
        parts.append(where)
    if seen:
        parts.append(Content.styled(f"{seen.width}×{seen.height} {size(seen.size)}", DIM))
    return Content(" · ").join(parts)


def facts_lines(state: State, seen: Facts | None, *, saving: bool) -> Content:
    """The column of facts beside the picture."""
    frame = state.frame
    if frame is None:
        return Content("")
    lines = [Content.styled(safe(frame.key.rsplit("/", 1)[1], limit=60), "bold")]
    lines.append(Content(f"{frame.captured_at:%H:%M:%S}"))
    if seen:
        lines.append(Content(f"{seen.width}×{seen.height}  {size(seen.size)}"))
        if seen.note:
            lines.append(Content.styled(seen.note, WARN))
    lines += [Content(""), Content.styled("label", DIM), _label(state, saving=saving, short=True)]
    label = state.label
    if label is not None and not saving:
        lines.append(Content.styled(f"  by {safe(label.who, limit=30)} · {label.how}", DIM))
        if label.before:
            lines.append(Content.styled(f"  was {safe(label.before, limit=30)}", DIM))
    where = _where(state)
    if where:
        lines += [Content(""), where]
    others = [
        Content.assemble((f"{task.name}\n", DIM), class_mark(task, other.class_))
        for task in state.workspace.tasks.values()
        if task.name != state.task.name and (other := state.of(task).get(frame.key)) is not None
    ]
    for other_line in others:
        lines += [Content(""), other_line]
    return Content("\n").join(lines)


def _label(state: State, *, saving: bool, short: bool = False) -> Content:
    label = state.label
    if saving:
        return Content.styled("saving …", WARN)
    if label is None:
        return Content.styled("· no label", DIM)
    mark = class_mark(state.task, label.class_)
    return mark if short else mark + Content.styled(f" by {safe(label.who, limit=30)} · {label.how}", DIM)


def _where(state: State) -> Content | None:
    """'in v1 (train)', 'in draft', 'covered by its stretch'."""
    frame, draft = state.frame, state.drafts.get(state.task.name)
    if frame is None or draft is None:
        return None
    split = draft.held.get(frame.key)
    if split is not None:
        return Content.styled(f"in {draft.base} ({split})" if split else f"in {draft.base}", DIM)
    if frame.key in draft.chosen:
        return Content.styled("in draft", DIM)
    if state.label is not None and state.label.how in ("stretch", "bisect", "verdict", "suggestion"):
        return Content.styled("covered by its stretch", DIM)
    return None


def nothing_there(state: State) -> Content:
    """What to do where there is no frame at all."""
    if state.scanning:
        return Content.styled("Reading the camera folder …", DIM)
    trouble = state.unreachable.get(state.source)
    if trouble is not None:
        what, remedy = trouble
        return Content.assemble((what, "bold $error"), "\n\n", remedy)
    folder = safe(state.workspace.sources[state.source].path)
    lines = [
        Content.styled("There are no frames yet.", "bold"),
        Content(""),
        Content(f"The camera writes into {folder}"),
        Content("as YYYYMMDD/YYYYMMDDTHHMMSS.jpg; a new frame appears here by itself."),
    ]
    if state.problems:
        lines += [
            Content(""),
            Content.styled(f"{plural(len(state.problems), 'thing')} there is no frame:", WARN),
        ]
        lines += [Content(problem) for problem in state.problems[:4]]
    return Content("\n").join(lines)
