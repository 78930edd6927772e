"""What is rendered for an update: of the widgets that it touches the lines that it touches.

Textual renders every widget between the uppermost and the lowest change. A step changes the title above the picture and
the facts below it, and the picture between them, which was drawn already, would be most of the work. What always holds: every cell of
the update is rendered. Used by the screens that a person switches between.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._compositor import (  # there is no public name for what puts a screen together
    ChopsUpdate,
    Compositor,
)
from textual.geometry import Region
from textual.strip import Strip

#: To look through more parts than these for every widget takes longer than it saves.
_MOST_PARTS = 100


class Sparing(Compositor):
    """Puts a screen together."""

    def __init__(self) -> None:
        super().__init__()
        self._touched: tuple[Region, ...] = ()

    def render_partial_update(self) -> ChopsUpdate | None:
        self._touched = tuple(self._dirty_regions)
        try:
            return super().render_partial_update()
        finally:
            self._touched = ()

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        if not 0 < len(self._touched) <= _MOST_PARTS:
            yield from super()._get_renders(crop)
            return
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            parts = [part for part in self._touched if part.overlaps(seen)]
            if seen.area and parts:
                top = max(seen.y, min(part.y for part in parts))
                bottom = min(seen.bottom, max(part.bottom for part in parts))
                # All of its columns: what is rendered is taken apart where widgets begin and end.
                lines = Region(seen.x, top, seen.width, bottom - top)
                yield region, lines, widget.render_lines(lines.translate(-region.offset))
