"""The frames that are gone through as a list around the cursor: time, and what each is labelled as."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.content import Content

from core.tasks import Task
from tui.drawing import DIM, MARKS, UNLABELLED, WARN, class_mark
from tui.widgets.line import Line
from tui.widgets.pointed import Pointed

if TYPE_CHECKING:
    from core.frames.index import Frame


class FrameList(Line):
    """A page of the list; a step of the cursor moves a mark, the page changes when the cursor leaves it."""

    def __init__(self) -> None:
        super().__init__(id="frame-list")
        self._frames: Sequence[Frame] = ()
        self._cursor = 0
        self._about: Task | None = None
        self._label_of: Callable[[str], str | None] = lambda key: None
        self._mark_of: Callable[[str], str | None] = lambda key: None

    def show(
        self,
        frames: Sequence[Frame],
        cursor: int,
        task: Task,
        class_of: Callable[[str], str | None],
        mark_of: Callable[[str], str | None],
    ) -> None:
        """Draw the page of the cursor; `mark_of` says excluded, unsure or skipped of a frame."""
        self._frames, self._cursor, self._about = frames, cursor, task
        self._label_of, self._mark_of = class_of, mark_of
        self.redraw()

    def words(self) -> Content:
        height = self.content_size.height
        if height < 1 or self._about is None:
            return Content("")
        first = self._cursor // height * height
        lines = [self._line(at, self._about) for at in range(first, min(first + height, len(self._frames)))]
        return Content("\n").join(lines)

    def on_click(self, event: events.Click) -> None:
        """Go to the frame that was pointed at."""
        height = self.content_size.height
        row = event.y - self.gutter.top
        if 0 <= row < height:
            at = self._cursor // height * height + row
            if at < len(self._frames):
                self.post_message(Pointed(at))

    def _line(self, at: int, task: Task) -> Content:
        frame, here = self._frames[at], at == self._cursor
        class_ = self._label_of(frame.key)
        mark = class_mark(task, class_) if class_ else Content.styled(UNLABELLED, DIM)
        marked = self._mark_of(frame.key)
        if marked:
            sign = Content.styled(MARKS[marked] if class_ else f"{MARKS[marked]} {marked}", WARN)
            mark = mark + " " + sign if class_ else sign
        same_day = frame.captured_at.date() == self._frames[self._cursor].captured_at.date()
        words = f"{frame.captured_at:%H:%M:%S}" if same_day else f"{frame.captured_at:%d %b %H:%M}"
        time = (words, "bold $accent" if here else DIM)
        return Content.assemble("▸" if here else " ", time, " ", mark)
