"""Looking at a frame otherwise: what changed since the frame before, as heat; and the frame before in its place.

What always holds: nothing is drawn by itself, every picture follows a key; what is not the frame itself is said on the
edge of the picture, and no label is given to it. The difference stays on while a person moves, the frame before does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.looks import BEFORE, HEAT, ITSELF, Look
from tui.tools.tool import Tool

if TYPE_CHECKING:
    from core.frames.index import Frame
    from tui.tools.desk import Desk

_FIRST = "This is the first frame: there is none before it."


class Looking(Tool):
    """What is drawn in the place of the frame under the cursor."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._heat = False
        #: The frame in whose place the one before is shown.
        self._blinked = ""

    def do_difference(self) -> None:
        """Show what changed, or the frame itself again."""
        if not self._heat and self._before() is None:
            self.desk.notice(_FIRST)
            return
        self._heat, self._blinked = not self._heat, ""
        self.desk.redraw()

    def do_blink(self) -> None:
        """Show the frame before, or this one again."""
        frame = self.state.frame
        if frame is None or self._before() is None:
            self.desk.notice(_FIRST)
            return
        self._blinked = "" if self._blinked == frame.key else frame.key
        self.desk.redraw()

    def target(self, frame: Frame) -> tuple[str, Look, str]:
        """Return which frame is to be drawn and how, and the frame before it where that is needed ('' else)."""
        region = self.state.looks.region(frame.source)
        before = self._before() if self._heat or self._blinked == frame.key else None
        if self._blinked != frame.key:
            self._blinked = ""
        if before is None:
            return frame.key, Look(ITSELF, region), ""
        if self._blinked:
            return before.key, Look(BEFORE, region), ""
        return frame.key, Look(HEAT, region), before.key

    def words(self, look: Look) -> str:
        """Say what is drawn, where that is not the whole frame itself."""
        parts = {HEAT: ["what changed"], BEFORE: ["THE FRAME BEFORE"]}.get(look.lens, [])
        if not look.region.whole:
            parts.append(f"zoom ×{1 / look.region.size:.3g}")
        return " · ".join(parts)

    def _before(self) -> Frame | None:
        """The frame before in time of the same camera, whatever the filter shows."""
        from core.frames.among import place_among

        frame = self.state.frame
        at = place_among(self.state.every, frame.key) if frame else None
        return self.state.every[at - 1] if at else None
