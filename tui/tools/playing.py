"""Going on by itself, frame after frame, until a key.

What always holds: the next frame is asked for only after this one was drawn and written to the terminal, so that the
line sets the pace and nothing is queued before it. Any key stops.
"""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from textual.content import Content
from textual.timer import Timer

from tui.drawing import BOLD, DIM
from tui.tools.tool import Tool

if TYPE_CHECKING:
    from tui.tools.desk import Desk

#: No more frames a second than can be looked at.
_LEAST_S = 0.1
_COUNTED = 12


class Playing(Tool):
    """Frames forward."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._drawn: deque[float] = deque(maxlen=_COUNTED)
        self._next: Timer | None = None

    def do_play(self) -> None:
        """Begin; a key ends it."""
        if self.state.frame is None or self.state.cursor + 1 >= len(self.state.frames):
            self.desk.notice("This is the last frame.")
            return
        self._drawn.clear()
        self.desk.begin(self)
        self._on()

    def on_class(self, class_: str) -> bool:
        self.desk.end()
        return True

    def on_key(self, key: str) -> bool:
        self.desk.end()
        return True

    def left(self) -> None:
        if self._next is not None:
            self._next.stop()
            self._next = None

    def drawn(self) -> None:
        if self.desk.mode is self:
            self.desk.pm.when_written(self._paced)

    def _paced(self) -> None:
        """The frame has been written: go on, but no faster than can be looked at."""
        if self.desk.mode is not self or self._next is not None:
            return
        now = monotonic()
        wait = max(0.0, self._drawn[-1] + _LEAST_S - now) if self._drawn else 0.0
        self._drawn.append(now + wait)
        self._next = self.desk.screen.set_timer(max(0.001, wait), self._on)

    def _on(self) -> None:
        self._next = None
        if self.desk.mode is not self:
            return
        if not self.state.move(1):
            self.desk.end()
            self.desk.notice("This is the last frame.")
            return
        self.desk.redraw()

    def line(self) -> Content | None:
        pace = ""
        if len(self._drawn) > 1:
            took = max(0.001, self._drawn[-1] - self._drawn[0])
            pace = f" {(len(self._drawn) - 1) / took:.1f} frames a second"
        return Content.assemble(("play", BOLD), pace, (" · any key stops", DIM))

    def keys(self) -> list[tuple[str, str | Content]] | None:
        return [("any key", "stops")]
