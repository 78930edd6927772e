"""The day under the cursor: a scale of hours with the cursor on it, and a row for each thing that is known of that day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.content import Content

from core.tasks import Task
from tui.drawing import DIM, bar, column, day_cells, hours
from tui.widgets.line import Line

if TYPE_CHECKING:
    from core.frames.index import Frame

_NAME = 7


@dataclass(frozen=True, slots=True)
class Day:
    """A day to draw: its frames, rows of name → frame → class, the task the classes are of, and the cursor."""

    frames: Sequence[Frame]
    about: Task
    cursor: Frame | None
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class DayBar(Line):
    """Hours, and below them a line per row: what the frames of the day are labelled as, what a model says."""

    def __init__(self) -> None:
        super().__init__(id="day")
        self._day: Day | None = None

    def show(self, day: Day) -> None:
        """Draw this day."""
        self._day = day
        self.styles.height = 1 + len(day.rows) + self.gutter.height
        self.redraw()

    def words(self) -> Content:
        day, width = self._day, self.content_size.width - _NAME - 1
        if width < 12 or day is None:
            return Content("")
        at = column(day.cursor.captured_at, width) if day.cursor else None
        lines = [Content.assemble(" " * _NAME, hours(width, at))]
        for name, classes in day.rows.items():
            cells = day_cells(day.frames, classes, width)
            lines.append(Content.assemble((f" {name:<{_NAME - 1}}", DIM), bar(cells, day.about)))
        return Content("\n").join(lines)
