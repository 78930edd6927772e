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

    def on_resize(self, event: events.Resize) -> None:
        if event.size != self._last:
            self._last = event.size
            resized = getattr(self.screen, "resized", None)
            if resized is not None:
                self.call_after_refresh(resized)
