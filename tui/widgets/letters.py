"""A picture in ASCII letters: where the terminal shows no colours, or no other signs.

A letter's ink stands for the brightness of its cell, on a dark ground. What always holds: no colour is sent, no byte
above 127, and of the next picture only the letters that changed, with some play so that noise changes none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.changed import regions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.frames.decode import Picture

#: From dark to bright, by how much of a cell they fill.
_RAMP = " .:-=+*o#%@"
#: A letter stays while its brightness is less than so many steps of the ramp away.
_PLAY = 0.75
#: Of all cells so many per cent are darker than the darkest letter, as many brighter than the brightest.
_CLIPPED = 2
#: Limits of brightness that moved by less (of 256) stay: the whole picture would change otherwise.
_SAME_LIGHT = 12.0


def lettered(picture: Picture) -> list[str]:
    """Return the lines of a picture that stands alone."""
    return _written(_steps(*_greys(picture)).round().astype(np.intp))


def _greys(picture: Picture) -> tuple[NDArray[np.float64], float, float]:
    """Return the brightness of every cell, and that of the darkest and the brightest that count."""
    pixels = picture.pixels
    if pixels.shape[0] % 2:
        pixels = np.vstack([pixels, pixels[-1:]])
    grey = pixels @ np.array([0.299, 0.587, 0.114])
    cells = (grey[0::2] + grey[1::2]) / 2
    dark, bright = np.percentile(cells, (_CLIPPED, 100 - _CLIPPED)).tolist()
    return cells, dark, bright


def _steps(cells: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Return the place of every cell in the ramp, not rounded."""
    return np.clip((cells - low) / max(1.0, high - low), 0, 1) * (len(_RAMP) - 1)


def _written(levels: NDArray[np.intp]) -> list[str]:
    table = np.frombuffer(_RAMP.encode(), dtype=np.uint8)
    return [row.tobytes().decode() for row in table[levels]]


class Letters(Widget):
    """The picture itself; two of its pixels, one above the other, are a letter."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._levels: NDArray[np.intp] | None = None
        self._light = (0.0, 0.0)
        self._lines: list[str] = []

    def show(self, picture: Picture | None, shown: Callable[[], object]) -> None:
        """Show a picture, or nothing; `shown` is called when it has been handed to the terminal."""
        self.call_after_refresh(shown)
        if picture is None:
            self._levels = None
            self.display = False
            return
        before, levels = self._levels, self._levels_of(picture)
        self._levels = levels
        self._lines = _written(levels)
        if before is None or before.shape != levels.shape:
            self.styles.width, self.styles.height = levels.shape[1], levels.shape[0]
            self.display = True
            self.refresh()
            return
        changed = list(regions(before != levels))
        if changed:
            self.refresh(*changed)

    def _levels_of(self, picture: Picture) -> NDArray[np.intp]:
        """Return a place in the ramp for every cell."""
        cells, dark, bright = _greys(picture)
        if max(abs(dark - self._light[0]), abs(bright - self._light[1])) > _SAME_LIGHT:
            self._light = (dark, bright)
        low, high = self._light
        exact = _steps(cells, low, high)
        levels: NDArray[np.intp] = exact.round().astype(np.intp)
        if self._levels is not None and self._levels.shape == levels.shape:
            levels = np.where(np.abs(exact - self._levels) < _PLAY, self._levels, levels)
        return levels

    def render_line(self, y: int) -> Strip:
        if y >= len(self._lines):
            return Strip.blank(self.size.width, self.rich_style)
        return Strip([Segment(self._lines[y], self.rich_style)], len(self._lines[y]))
