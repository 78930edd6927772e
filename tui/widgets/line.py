"""A widget that draws words and draws them again only where they changed."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget


class Line(Widget):
    """Subclasses say what to draw in `words`; `redraw` sends the lines that differ from what is there."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._drawn: Content | None = None

    def words(self) -> Content:
        """What to draw at the size the widget has now; lines are not wrapped."""
        return Content("")

    def redraw(self) -> None:
        """Draw again the lines that differ from those that are there."""
        before, now = self._drawn, self.words()
        if before is None:
            self.refresh()
            return
        old, new = before.split("\n", allow_blank=True), now.split("\n", allow_blank=True)
        if len(old) != len(new):
            self.refresh()
            return
        top, width = self.gutter.top, self.outer_size.width
        moved = [
            Region(0, top + y, width, 1)
            for y, (a, b) in enumerate(zip(old, new, strict=True))
            if a.plain != b.plain or a.spans != b.spans
        ]
        if moved:
            self.refresh(*moved)

    def render(self) -> Content:
        self._drawn = self.words()
        return self._drawn


class Words(Line):
    """A Line that is given its words."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._text = Content("")

    def show(self, text: Content) -> None:
        """Draw these words."""
        self._text = text
        self.redraw()

    def words(self) -> Content:
        return self._text
