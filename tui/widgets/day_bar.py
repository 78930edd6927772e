"""The day under the cursor: a scale of hours with the cursor on it, and the labels of that day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from core.tasks import Task
from tui.drawing import DIM, bar, column, day_cells, hours
from tui.widgets.line import Line

if TYPE_CHECKING:
    from core.frames.index import Frame
    from core.labels.model import Label

_NAME = " label "


class DayBar(Line):
    """Two lines: hours, and what the frames of the day are labelled as."""

    def __init__(self) -> None:
        super().__init__(id="day")
        self._frames: Sequence[Frame] = ()
        self._labels: Mapping[str, Label] = {}
        self._about: Task | None = None
        self._cursor: Frame | None = None

    def show(
        self, frames: Sequence[Frame], labels: Mapping[str, Label], task: Task, cursor: Frame | None
    ) -> None:
        """Draw this day."""
        self._frames, self._labels, self._about, self._cursor = frames, labels, task, cursor
        self.redraw()

    def words(self) -> Content:
        width = self.content_size.width - len(_NAME) - 1
        if width < 12 or self._about is None:
            return Content("")
        at = column(self._cursor.captured_at, width) if self._cursor else None
        cells = day_cells(self._frames, self._labels, width)
        return Content.assemble(
            " " * len(_NAME), hours(width, at), "\n", (_NAME, DIM), bar(cells, self._about)
        )
