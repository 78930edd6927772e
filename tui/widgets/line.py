"""A widget that draws words and draws them again only when they changed."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


class Line(Widget):
    """Subclasses say what to draw in `words`; `redraw` sends it where it differs from what is there."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._drawn: Content | None = None

    def words(self) -> Content:
        """What to draw at the size the widget has now."""
        return Content("")

    def redraw(self) -> None:
        """Draw again if there is something else to draw."""
        now = self.words()
        if self._drawn is None or now.plain != self._drawn.plain or now.spans != self._drawn.spans:
            self.refresh()

    def render(self) -> Content:
        self._drawn = self.words()
        return self._drawn
