"""Looking at a part of the picture: the arrows move it, + and - change how near it is; remembered for each camera.

What always holds: a part is decoded from the file as finely as it is shown; labels count as ever, it is the frame's own
picture. Another tool may take the keys meanwhile: the part stays, and `z` gives the arrows back.
"""

from __future__ import annotations

from textual.content import Content

from core.frames.regions import Region
from tui.drawing import BOLD, DIM
from tui.label_messages import ViewRead
from tui.tools.tool import Tool

_ARROWS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_NEARER = {"plus": 0.5, "equals_sign": 0.5, "minus": 2.0}


class Zooming(Tool):
    """A part of the picture, large."""

    def do_zoom(self) -> None:
        """Show a part, let the arrows move it, or show all again."""
        looks = self.state.looks
        if looks.zoomed and self.desk.mode is self:
            self._leave()
            return
        looks.zoomed = True
        self.desk.begin(self)
        self.desk.redraw()

    def receive(self, result: object) -> None:
        """Begin as the app was left."""
        if isinstance(result, ViewRead) and self.state.looks.zoomed and self.desk.mode is None:
            self.desk.begin(self)

    def on_key(self, key: str) -> bool:
        if key == "escape":
            self._leave()
            return True
        source, looks = self.state.source, self.state.looks
        here = looks.remembered(source)
        region: Region | None = None
        if key in _ARROWS:
            region = here.moved(*_ARROWS[key])
        elif key in _NEARER:
            region = here.scaled(_NEARER[key])
        if region is None:
            return False
        if region.whole:
            self._leave()
        elif region != here:
            looks.regions[source] = region
            self.desk.redraw()
            self.desk.pm.moved()
        return True

    def line(self) -> Content | None:
        size = self.state.looks.remembered(self.state.source).size
        return Content.assemble(
            (f"zoom ×{1 / size:.3g} ", BOLD), ("arrows move it, + - nearer and farther", DIM)
        )

    def keys(self) -> list[tuple[str, str | Content]] | None:
        return [("← ↑ ↓ →", "move"), ("+", "nearer"), ("-", "farther"), ("z", "all of it"), ("?", "help")]

    def _leave(self) -> None:
        self.state.looks.zoomed = False
        self.desk.end()
        self.desk.redraw()
        self.desk.pm.moved()
