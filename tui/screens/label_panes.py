"""The panes of the Label screen: which there are, and what each shows of the state.

What always holds: a pane draws the lines that changed and no others; a pane that would be empty says why or is not
there. Used by the Label screen only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from core.human import count
from core.tasks import Task
from core.text import safe
from tui import keymap
from tui.drawing import COLOURS, DIM, class_keys
from tui.screens.label_texts import facts_line, facts_lines, just_lines, title_of
from tui.widgets.ask_line import AskLine
from tui.widgets.day_bar import Day, DayBar
from tui.widgets.edge import Edge
from tui.widgets.filmstrip import BOX, Filmstrip
from tui.widgets.frame_list import FrameList
from tui.widgets.frame_view import FrameView
from tui.widgets.line import Words

if TYPE_CHECKING:
    from textual.screen import Screen

    from core.frames.decode import Picture
    from tui.pictures import Pictures
    from tui.state import State

_NAMED = "├┤"


def compose(graphics: str) -> ComposeResult:
    """Yield the panes; `graphics` is how the frame is drawn."""
    with Horizontal(id="label-body"):
        with Vertical(id="left"):
            yield FrameView(graphics)
            yield Filmstrip()
            yield Edge("day-edge", _NAMED, "day")
            with Horizontal(id="foot"):
                yield DayBar()
                yield Words("just-line")
            yield Edge("left-end", "└┘")
        with Vertical(id="right"):
            yield Edge("facts-edge", "┌┐")
            yield Words("facts")
            yield Edge("list-edge", _NAMED)
            yield FrameList()
            yield Edge("just-edge", _NAMED, "just now")
            yield Words("just")
            yield Edge("right-end", "└┘")
    yield AskLine()


def keys_of(task: Task) -> list[tuple[str, str | Content]]:
    """Return the footer: the first classes in their colours, then what is done most, as far as there are keys for it."""
    classes = sorted(zip(task.keys, task.classes, strict=True), key=lambda pair: pair[1])
    named: list[tuple[str, str | Content]] = [
        (key or str(task.code(class_)), Content.styled(class_, COLOURS[task.code(class_)]))
        for key, class_ in classes[:4]
    ]
    taken = class_keys(task)
    found = {
        action.id: keymap.shown(keys[0])
        for action in keymap.actions_of(keymap.LABEL)
        if (keys := keymap.keys_of(action, taken))
    }
    places = " ".join(found[f"go_{place}"] for place in keymap.PLACES if place != keymap.LABEL)
    rest = [(found.get("undo"), "undo"), (found.get("unlabelled"), "next"), (found.get("clear"), "clear")]
    rest = [
        *rest[: 5 - len(named)],
        (places, "screens"),
        (found.get("help"), "help"),
        (found.get("quit"), "quit"),
    ]
    return [*named, *((key, word) for key, word in rest if key)]


class Panes:
    """Draws the state into the panes of a screen."""

    def __init__(self, screen: Screen[None], pictures: Pictures) -> None:
        self._screen, self._pictures = screen, pictures

    @property
    def view(self) -> FrameView:
        """The frame's own pane."""
        return self._screen.query_one(FrameView)

    @property
    def roomy(self) -> bool:
        """True where the facts have a column of their own."""
        return self._screen.has_class("-roomy")

    @property
    def with_strip(self) -> bool:
        """True where there is room for a filmstrip."""
        return self.roomy and self._screen.has_class("-tall")

    def around(self, state: State) -> None:
        """Draw what changes with the cursor or a label but for the frame itself: the day, the list."""
        day, labels = state.day(), state.of(state.task)
        rows = {"label": {f.key: labels[f.key].class_ for f in day if f.key in labels}}
        guesses = state.guesses.get(state.task.name, {})
        if any(frame.key in guesses for frame in day):
            rows["model"] = {f.key: guesses[f.key].class_ for f in day if f.key in guesses}
        self._screen.query_one(DayBar).show(Day(day, state.task, state.frame, rows))
        known = state.known_of.get(state.task.name)
        if self.roomy:
            title = safe(state.filter, limit=40) if state.filter else "frames"
            place = f"{count(state.cursor + 1)}/{count(len(state.frames))}" if state.frames else "none"
            self._screen.query_one("#list-edge", Edge).show(Content(f"{place} · {title}"))
            marks = {key: mark.mark for key, mark in known.marks.items() if mark.mark} if known else {}
            self._screen.query_one(FrameList).show(
                state.frames, state.cursor, state.task, state.class_of, marks
            )

    def strip(self, state: State) -> list[str]:
        """Draw the filmstrip; return the frames whose small picture is not there yet."""
        if not self.with_strip:
            return []
        strip = self._screen.query_one(Filmstrip)

        def small(key: str) -> Picture | None:
            found = self._pictures.get(key, BOX)
            return found.picture if found else None

        page = strip.page(state.cursor, len(state.frames))
        return strip.show(state.frames, page, state.cursor, state.task, state.class_of, small)

    def words(self, state: State, just: Content, *, saving: bool) -> None:
        """Draw what is said of the frame, and what was done last."""
        frame, view = state.frame, self.view
        seen = self._pictures.facts(frame.key) if frame else None
        loading = frame is not None and view.drawn != frame.key
        view.title(title_of(state, short=not self.roomy, narrow=self._screen.has_class("-phone")))
        told = just_lines(state, just)
        if self.roomy:
            name = safe(frame.key.rsplit("/", 1)[1], limit=60) if frame else "no frame"
            self._screen.query_one("#facts-edge", Edge).show(Content(name))
            self._screen.query_one("#facts", Words).show(facts_lines(state, seen, saving=saving))
            self._screen.query_one("#just", Words).show(told)
            below = "loading …" if loading else "filmstrip" if self.with_strip else ""
            view.subtitle(Content.styled(below, DIM if not loading else "$warning"), _NAMED)
            if not self.with_strip:
                self._screen.query_one("#day-edge", Edge).display = False
        else:
            view.subtitle(facts_line(state, seen, saving=saving, loading=loading))
            self._screen.query_one("#just-line", Words).show(told)
