"""The day under the cursor: a scale of time with the cursor on it, and a row for each thing that is known of that day.

Rows are there only where there is something to show. A click goes to the frame of that moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field
from textual import events
from textual.content import Content

from core.tasks import Task
from tui import bars
from tui.drawing import DIM
from tui.widgets.line import Line
from tui.widgets.pointed import Pointed

if TYPE_CHECKING:
    from core.frames.index import Frame
    from core.frames.signatures import Change
    from core.labels.model import Label
    from core.labels.predictions import Guess
    from tui.state import State

_NAME = 8
#: Rows there is room for before there is anything to show in them.
_ROOM = 3
#: Narrower than this a bar says nothing.
_LEAST = 12
#: What goes where there is room for two rows only, from the second one on.
_FIRST_ROWS = ("label", "model", "change")
_NO_GUESSES: Mapping[str, Guess] = {}


class Around(Struct, frozen=True):
    """What the bars show: the frames of a source, all of them, the place under the cursor, and what is known of them.

    `stretch` and `marked` are the first and last moment of what lies under the cursor and of what is marked; `note`
    is said beside the scale, where there is none which span it is.
    """

    frames: Sequence[Frame]
    cursor: Frame | None
    span: bars.Span | None
    state: State
    changes: Mapping[str, Change] = field(default_factory=dict)
    threshold: float = 1.0
    stretch: tuple[datetime, datetime] | None = None
    marked: tuple[datetime, datetime] | None = None
    note: str = ""


class DayBar(Line):
    """A scale, and below it a line per row: labels, what a model says and how sure it is, change, light."""

    def __init__(self) -> None:
        super().__init__(id="day")
        self._around: Around | None = None
        self._rows = bars.Rows()
        self._labels: Mapping[str, Label] = {}
        self._about: Task | None = None
        self._shown: list[str] = ["label"]

    def show(self, around: Around, most: int) -> None:
        """Draw this, in at most so many rows."""
        self._around = around
        names = self._names(around)
        if len(names) > most:
            names = [name for name in _FIRST_ROWS if name in names][:most]
        self._shown = names
        # Room for what is measured later: the picture above keeps its size when that comes.
        self.styles.height = 1 + max(len(names), min(most, _ROOM)) + self.gutter.height
        self.redraw()

    def forget(self, frames: Sequence[datetime] = ()) -> None:
        """Labels changed: of frames of these moments, or without any of whichever."""
        self._rows.forget("label", frames)

    @property
    def _width(self) -> int:
        return self.content_size.width - _NAME - 1

    def _names(self, around: Around) -> list[str]:
        """Return the rows for which there is something to show."""
        names = ["label"]
        if around.span is None or self._width < _LEAST:
            return names
        self._rows.take(around.frames, around.span, self._width)
        if self._rows.has(self._guesses(around)):
            names += ["model", "sure"]
        if self._rows.has(around.changes):
            names += ["change", "light"]
        return names

    @staticmethod
    def _guesses(around: Around) -> Mapping[str, Guess]:
        return around.state.guesses.get(around.state.task.name, _NO_GUESSES)

    def words(self) -> Content:
        around, width = self._around, self._width
        if width < _LEAST or around is None or around.span is None:
            return Content("")
        self._rows.take(around.frames, around.span, width)
        at = around.cursor.captured_at if around.cursor else None
        scale = bars.scale(around.span, width, at, around.stretch, around.marked)
        beside = around.note or around.span.name(around.state.recording()[0])
        lines = [Content.assemble((f" {beside:<{_NAME - 1}}"[:_NAME], DIM), scale)]
        for name in self._shown:
            lines.append(Content.assemble((f" {name:<{_NAME - 1}}", DIM), bars.line(self._row(name, around))))
        return Content("\n").join(lines)

    def _row(self, name: str, around: Around) -> list[bars.Cell]:
        state, task = around.state, around.state.task
        if name == "label":
            labels = state.of(task)
            if labels is not self._labels or task is not self._about:
                self._rows.forget("label")
            self._labels, self._about = labels, task
            counts = state.counts_for if task.when else None
            return self._rows.row(name, labels, bars.labels_of(task, labels, counts))
        guesses = self._guesses(around)
        if name == "model":
            return self._rows.row(name, guesses, bars.guesses_of(task, guesses))
        if name == "sure":
            return self._rows.row(name, guesses, bars.sureness_of(task, guesses))
        if name == "change":
            draw = bars.motion_of(around.changes, around.threshold)
            return self._rows.row(name, around.changes, draw)
        return self._rows.row(name, around.changes, bars.light_of(around.changes))

    def on_click(self, event: events.Click) -> None:
        """Go to the moment that was pointed at."""
        around, width = self._around, self._width
        at = event.x - self.gutter.left - _NAME
        if around is not None and around.span is not None and 0 <= at < width:
            step = (around.span.end - around.span.begin) / width
            self.post_message(Pointed(moment=around.span.begin + step * at + step / 2))
