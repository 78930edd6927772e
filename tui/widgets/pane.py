"""A part of a screen that scrolls by keys: it never takes the focus, and tells its screen when its size changed."""

from __future__ import annotations

from textual import events
from textual.containers import VerticalScroll
from textual.geometry import Size


class Pane(VerticalScroll, can_focus=False):
    """Text that was laid out for one width is laid out anew for another: the screen's `resized` does that."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._last = Size(0, 0)

    @property
    def room(self) -> int:
        """The cells a line may take."""
        return max(10, self.scrollable_content_region.width)

    def keep(self, line: int) -> None:
        """Scroll no further than it takes for a line to be seen, with one more on its far side."""
        top, high = self.scroll_offset.y, max(1, self.scrollable_content_region.height)
        if line <= top:
            self.scroll_to(y=max(0, line - 1), animate=False)
        elif line > top + high - 2:
            self.scroll_to(y=line - high + 2, animate=False)

    def on_resize(self, event: events.Resize) -> None:
        if event.size != self._last:
            self._last = event.size
            resized = getattr(self.screen, "resized", None)
            if resized is not None:
                self.call_after_refresh(resized)
