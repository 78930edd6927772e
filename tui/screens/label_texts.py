"""The words of the Label screen: title, facts as one line and as a column, and what to do where there is no frame."""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from core.human import plural, size
from core.tasks import Task
from core.text import safe
from tui import keymap
from tui.bars import light_mark, motion_mark
from tui.drawing import DIM, MARKS, WARN, class_keys, class_mark
from tui.pictures import Facts
from tui.screens.said_texts import said_line, said_lines, step_of, suggests, why_line
from tui.state import State

if TYPE_CHECKING:
    from core.frames.signatures import Change

#: Cells of a line in the column of facts.
WIDE = 23
#: How much a frame changed, and the motion from which on that is another picture for its camera.
Moved = tuple["Change", float]
#: Who has given so many labels knows the keys.
_BEGUN = 20
_FIRST_KEYS = {"stretch": "a whole stretch", "help": "help"}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def title_of(state: State, *, short: bool, narrow: bool = False) -> Content:
    """'Tue 11 Nov 2025 · recording 14 · frame 12/48'; `short` with the time, `narrow` with nothing that can be spared."""
    frame = state.frame
    if frame is None:
        return Content("no frame")
    at = frame.captured_at
    day = f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}"
    number, first, length = state.recording()
    place = "filtered · " if state.filter else f"recording {number} · " if number else ""
    of_recording = number and not state.filter
    within = (
        f"{state.cursor - first + 1}/{length}" if of_recording else f"{state.cursor + 1}/{len(state.frames)}"
    )
    if narrow:
        return Content(f"{day} {at:%H:%M:%S} · {within}")
    if short:
        return Content(f"{day} {at:%H:%M:%S} · {place}{within}")
    return Content(f"{day} {at.year} · {place}frame {within}")


def facts_line(
    state: State,
    seen: Facts | None,
    moved: Moved | None = None,
    *,
    saving: bool,
    loading: bool,
    narrow: bool = False,
) -> Content:
    """One line: what waits for a decision, label and who gave it, what the model says, how much changed, where the
    frame is, the file; `narrow` where only the beginning is seen.
    """
    if state.frame is None:
        return Content("")
    parts = []
    if loading:
        parts.append(Content.styled("loading …", WARN))
    parts += [Content.styled(_waits_line(entry, narrow), WARN) for entry in _waiting(state)]
    parts += [Content.styled(line.strip(), WARN) for line in _marked(state)[:1]]
    bare = narrow and state.label is None and suggests(state) is not None and not saving
    if not bare:
        brief = narrow and suggests(state) is not None
        parts.append(_label(state, saving=saving, short=brief, sign="" if parts else "· "))
    parts += [part for part in (said_line(state), why_line(state), _change(moved), _where(state)) if part]
    if seen and seen.note:
        parts.append(Content.styled(seen.note, WARN))
    if seen:
        parts.append(Content.styled(f"{seen.width}×{seen.height} {size(seen.size)}", DIM))
    return Content(" · ").join(parts)


def facts_lines(state: State, seen: Facts | None, moved: Moved | None = None, *, saving: bool) -> Content:
    """The column of facts beside the picture; `moved` is how much changed, and this camera's threshold."""
    frame = state.frame
    if frame is None:
        return Content("")
    where = f"{seen.width}×{seen.height}" if seen else ""
    lines = [Content(f"{frame.captured_at:%H:%M:%S}  {where}")]
    if seen:
        lines.append(Content(size(seen.size)))
        lines += [Content.styled(line, WARN) for line in _wrapped(seen.note)]
    lines.append(Content.assemble(("label  ", DIM), _label(state, saving=saving, short=True)))
    label = state.label
    if label is not None and not saving:
        lines.append(Content.styled(f"  by {safe(label.who, limit=30)} · {label.how}", DIM))
        if label.before:
            lines.append(Content.styled(f"  was {safe(label.before, limit=30)}", DIM))
    lines += [Content.styled(line, WARN) for entry in _waiting(state) for line in _waits_lines(entry)]
    lines += [Content.styled(line, WARN) for line in _marked(state)]
    lines += said_lines(state, WIDE)
    if moved is not None:
        glyph, style = light_mark(moved[0].brightness)
        change, light = _change(moved, short=False), f" {moved[0].brightness:.0f}"
        lines += [change or Content(""), Content.assemble(("light  ", DIM), (glyph, style), light)]
    place = _where(state)
    if place:
        lines.append(place)
    for task in state.workspace.tasks.values():
        other = state.of(task).get(frame.key) if task.name != state.task.name else None
        if other is not None:
            lines += [Content.styled(task.name, DIM), class_mark(task, other.class_)]
    return Content("\n").join([*lines, *_problems(state)])


def _problems(state: State) -> list[Content]:
    """What lies among the frames and is none; the first few, and how many more."""
    if not state.problems:
        return []
    lines = ["", f"⚠ {plural(state.odd, 'thing')} no frame:"]
    for problem in state.problems[:2]:
        lines += _wrapped(problem, most=3)
    return [Content.styled(line, WARN if line.startswith("⚠") else DIM) for line in lines]


def _wrapped(text: str, *, most: int = 2, indent: str = "") -> list[str]:
    """Return words as lines for the column of facts."""
    return textwrap.wrap(
        text, WIDE, max_lines=most, placeholder=" …", initial_indent=indent, subsequent_indent=indent
    )


def _change(moved: Moved | None, *, short: bool = True) -> Content | None:
    """'change ▅ 4.1', `short` without the number."""
    if moved is None:
        return None
    glyph, style = motion_mark(moved[0].motion, moved[1])
    return Content.assemble(("change ", DIM), (glyph, style), "" if short else f" {moved[0].motion:.1f}")


def _label(state: State, *, saving: bool, short: bool = False, sign: str = "· ") -> Content:
    """The label and, but where `short`, who gave it; `sign` stands before the words that there is none."""
    label = state.label
    if saving:
        return Content.styled("saving …", WARN)
    if label is None:
        return Content.styled(f"{sign}no label", DIM)
    mark = class_mark(state.task, label.class_)
    return mark if short else mark + Content.styled(f" by {safe(label.who, limit=30)} · {label.how}", DIM)


def _waiting(state: State) -> list[tuple[str, str, str]]:
    """Why this frame's entries in the label file and in marks.json wait: 'conflict', 'ours …, theirs …', who decides."""
    known = state.known_of.get(state.task.name)
    if known is None or state.frame is None:
        return []
    found = [(known.waiting, "a class key decides"), (known.undecided, "a mark decides")]
    entries = []
    for waits, decides in found:
        if why := waits.get(state.frame.key):
            head, _, rest = why.partition(": ")
            entries.append((head, rest, decides))
    return entries


def _waits_line(entry: tuple[str, str, str], narrow: bool) -> str:
    """'≠ conflict: ours active, theirs offline · a class key decides'."""
    head, rest, decides = entry
    why = rest if narrow and rest else ": ".join(filter(None, (head, rest)))
    return f"≠ {why} · {decides}"


def _waits_lines(entry: tuple[str, str, str]) -> list[str]:
    """The same in the column of facts, each side of a conflict on a line of its own."""
    head, rest, decides = entry
    sides = rest.replace(", theirs ", "\ntheirs ", 1).split("\n")
    return [
        *_wrapped(f"≠ {head}"),
        *(line for side in [*sides, decides] for line in _wrapped(side, indent="  ")),
    ]


def _marked(state: State) -> list[str]:
    """'⊘ excluded', its reason, a note and what the frame is an example of, as lines."""
    found = state.mark(state.frame.key) if state.frame else None
    if found is None:
        return []
    lines = [f"{MARKS[found.mark]} {found.mark}"] if found.mark in MARKS else []
    for line in (
        found.reason,
        f"note: {found.note}" if found.note else "",
        found.example and f"example of {found.example}",
    ):
        lines += _wrapped(safe(line or "", limit=80), indent="  ")
    return lines


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


def what_next(state: State) -> Content:
    """The line over the picture on opening: what came since the app was left, and what waits."""
    parts = []
    try:
        left = datetime.fromisoformat(state.left.left_at)
    except ValueError:
        left = None
    if left is not None:
        new = sum(
            max(0, len(frames) - state.left.frames.get(name, 0)) for name, frames in state.by_source.items()
        )
        when = f"{left:%H:%M}" if left.date() == datetime.now().date() else f"{left:%a %d %b %H:%M}"
        parts.append(
            Content(f"Since {when}: {plural(new, 'frame')}" if new else f"Since {when}: no new frames")
        )
    if trouble := state.unreachable.get(state.source):
        parts.append(Content.styled(trouble[0].rstrip("."), WARN))
    elif state.problems:
        parts.append(Content.styled(f"no frames there: {plural(state.odd, 'file')}", WARN))
    parts.append(Content.assemble(("next: ", DIM), (_step(state), "bold")))
    return Content(" · ").join(parts)


def greeting(state: State) -> Content:
    """What is said on opening; who has labelled little yet is told what to press."""
    next_ = what_next(state)
    given = sum(len(labels) for labels in state.labels.values())
    return (
        next_
        if given >= _BEGUN or not state.frames
        else Content.assemble(next_, "\n", first_keys(state.task))
    )


def first_keys(task: Task) -> Content:
    """'now: a active · o offline labels this frame · v begins a stretch · ? help'."""
    taken = class_keys(task)
    classes = [(key, class_) for class_ in sorted(task.classes) for key, of in taken.items() if of == class_]
    letters = {class_: key for key, class_ in sorted(classes)}
    parts: list[Content] = [
        Content.assemble((letters[class_], "bold $accent"), " ", class_mark(task, class_))
        for class_ in sorted(task.classes)[:4]
    ]
    line = Content.assemble(("now: ", DIM), Content("  ").join(parts), " labels this frame")
    for action in keymap.actions_of(keymap.LABEL):
        keys = keymap.keys_of(action, taken)
        if action.id in _FIRST_KEYS and keys:
            line += Content.assemble(
                (" · ", DIM), (keymap.shown(keys[0]), "bold $accent"), f" {_FIRST_KEYS[action.id]}"
            )
    return line


def _step(state: State) -> str:
    """The one next step."""
    open_ = state.total() - len(state.of(state.task))
    draft = state.drafts.get(state.task.name)
    if open_ > 0:
        return step_of(state) or f"{plural(open_, 'frame')} to label (n)"
    if (
        draft is not None
        and draft.images
        and (not draft.base or any(c in "123456789" for c in draft.summary))
    ):
        classes = {label.class_ for label in state.of(state.task).values()}
        if len(classes) < 2:
            return "label a frame of another class; a version needs two"
        return "release the draft (V, then R)"
    for other in state.workspace.tasks.values():
        waiting = state.total(other) - len(state.of(other))
        if other.name != state.task.name and waiting > 0:
            return f"{plural(waiting, 'frame')} to label for {other.name} (tab)"
    if not state.runs and draft is not None and draft.base:
        return "train a model (T)"
    return "nothing waits; new frames appear by themselves"


def nothing_there(state: State) -> Content:
    """What to do where there is no frame at all, or none that the filter lets through."""
    if state.filter and state.by_source.get(state.source):
        return Content.assemble(
            (f"No frame fits the filter: {safe(state.filter, limit=60)}", "bold"),
            "\n\n", ("/", "bold $accent"), " changes it; ", ("/ enter", "bold $accent"), " with nothing in it shows all frames.",
        )  # fmt: skip
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
            Content.styled(f"{plural(state.odd, 'thing')} there is no frame:", WARN),
        ]
        lines += [Content(problem) for problem in state.problems[:4]]
    return Content("\n").join(lines)
