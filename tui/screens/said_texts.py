"""The words of what is said of a frame: by a model's predictions, or suggested from the labels given so far; and why. Pure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, cast

from textual.content import Content

from core.human import count, plural
from tui.drawing import DIM, WARN, class_mark

if TYPE_CHECKING:
    from core.labels.predictions import Guess
    from core.labels.suggested import Doubt, Expanded
    from tui.state import State

#: The queues that suggestions make: what to label next, and labels that are probably wrong.
ASKED, DOUBTS = "suggested", "doubts"
MADE = frozenset({ASKED, DOUBTS})
_ASKS = "asked: "


def suggests(state: State) -> Expanded | None:
    """Return what is suggested for the task on screen, where that and no prediction is shown."""
    said = state.guesses.get(state.task.name)
    return cast("Expanded", said) if hasattr(said, "run_of") else None


def sure(guess: Guess | Doubt) -> str:
    """' 87%', '' where that was not told."""
    return "" if guess.confidence is None else f" {guess.confidence:.0%}"


def said_line(state: State) -> Content | None:
    """'model: offline 87% ⚑' or 'suggested: offline 87%', the flag where the label is another one.

    Among the labels that are doubted 'doubted: offline 93% (E why)'.
    """
    doubt = doubt_of(state) if state.queue_id == DOUBTS else None
    if doubt is not None:
        said = f"{doubt.suggested}{sure(doubt)}"
        return Content.assemble(("doubted: ", WARN), said, (" (", DIM), ("E", "bold $accent"), (" why)", DIM))
    guess = state.guess(state.frame.key) if state.frame else None
    if guess is None:
        return None
    flag = " ⚑" if state.label is not None and state.label.class_ != guess.class_ else ""
    head = "suggested: " if suggests(state) is not None else "model: "
    return Content.assemble((head, DIM), f"{guess.class_}{sure(guess)}", (flag, WARN))


def why_line(state: State) -> Content | None:
    """'why: as 08:12 · from 42 labels', for who sees one line."""
    parts = [why_of(state), _from(state)]
    told = " · ".join(part for part in parts if part)
    head = "why: " if parts[0] and not parts[0].startswith(_ASKS) else ""
    return Content.styled(f"{head}{told}", DIM) if told else None


def said_lines(state: State, width: int) -> list[Content]:
    """The same for the column of facts: the class, where it is from, why, and whether the label is another one."""
    frame = state.frame
    guess = state.guess(frame.key) if frame else None
    lines = []
    if guess is not None:
        lines.append(Content.assemble(("model  ", DIM), class_mark(state.task, guess.class_), sure(guess)))
        if told := _from(state):
            lines += _folded(f"suggested {told}", width)
        if state.label is not None and state.label.class_ != guess.class_:
            lines.append(Content.styled("  ⚑ disagrees", WARN))
    doubt = doubt_of(state) if state.queue_id == DOUBTS else None
    if doubt is not None:
        said = Content.styled(f"  ⚑ doubted:{sure(doubt)}", WARN)
        lines += [said, Content.assemble("  ", class_mark(state.task, doubt.suggested), (" · E why", DIM))]
    return lines + (_folded(why_of(state), width, 3) if why_of(state) else [])


def why_of(state: State) -> str:
    """Why this frame is asked about or its label doubted, in the queues of these; else why its class is suggested."""
    frame, found = state.frame, state.suggestions
    if frame is None:
        return ""
    if found is not None and state.queue_id == ASKED and frame.key in found.asked:
        return f"{_ASKS}{found.asked[frame.key]}" if found.asked[frame.key] else ""
    if state.queue_id == DOUBTS and (doubt := doubt_of(state)) is not None:
        row = f"{count(doubt.frames)} labels in a row" if doubt.frames > 1 else ""
        return " · ".join(part for part in (row, doubt.why) if part)
    said = suggests(state)
    run = said.run_of(frame.key) if said is not None else None
    return run.why if run is not None else ""


def doubt_of(state: State) -> Doubt | None:
    """Return why the label of the frame on screen is doubted, as long as it has that label."""
    found, frame, label = state.suggestions, state.frame, state.label
    doubt = found.doubts.get(frame.key) if found is not None and frame is not None else None
    return doubt if doubt is not None and label is not None and label.class_ == doubt.class_ else None


def _from(state: State) -> str:
    """'from 42 labels', where a suggestion is shown."""
    found = state.suggestions
    shown = found is not None and suggests(state) is not None and state.frame is not None
    known = shown and state.frame is not None and state.guess(state.frame.key) is not None
    return f"from {plural(found.labelled, 'label')}" if found is not None and known else ""


def step_of(state: State) -> str:
    """What suggestions have to say of the next step: '' where there are none, or nothing is left to do with them."""
    found = state.suggestions
    if found is None:
        return ""
    given = state.of(state.task)
    asked = sum(1 for key in found.asked if key not in given)
    if found.enough:
        return found.hint.rstrip(".")
    if asked:
        return f"{count(asked)} frames are asked for (; then suggested), enter accepts a stretch"
    return ""


def _folded(text: str, width: int, most: int = 2) -> list[Content]:
    lines = textwrap.wrap(
        text, width, max_lines=most, placeholder=" …", initial_indent="  ", subsequent_indent="  "
    )
    return [Content.styled(line, DIM) for line in lines]
