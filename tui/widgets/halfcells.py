"""A picture as half-cells: textual-image's half-cell widget with a renderable that draws exactly the pixels given.

Two pixels lie in a cell: the upper one is the colour of ▀, the lower one its background. Colours are rounded a little
so that styles are shared and equal neighbours become one run: fewer bytes on a slow line.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as PILImage
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from textual_image.widget import HalfcellImage

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bits of a colour that are dropped: 64 steps per channel can't be told from 256 in a cell.
_ROUNDED = 0xFC


@lru_cache(maxsize=1 << 15)
def _style(upper: int, lower: int) -> Style:
    return Style(color=_colour(upper), bgcolor=_colour(lower))


@lru_cache(maxsize=1 << 13)
def _colour(packed: int) -> Color:
    return Color.from_rgb(packed >> 16, packed >> 8 & 255, packed & 255)


class HalfCells:
    """A rich renderable of a PIL image, one pixel wide and two high per cell, at its own size."""

    def __init__(self, image: Any, width: object = None, height: object = None) -> None:
        pixels = np.asarray(image.convert("RGB"), dtype=np.uint32) & _ROUNDED
        packed = (pixels[..., 0] << 16) | (pixels[..., 1] << 8) | pixels[..., 2]
        if packed.shape[0] % 2:
            packed = np.vstack([packed, packed[-1:]])
        self._upper, self._lower = packed[0::2].tolist(), packed[1::2].tolist()
        self._width = packed.shape[1]

    def cleanup(self) -> None:
        """There is nothing to free in the terminal."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for upper, lower in zip(self._upper, self._lower, strict=True):
            run, last = 0, (-1, -1)
            for pair in zip(upper, lower, strict=True):
                if pair != last and run:
                    yield Segment("▀" * run, _style(*last))
                    run = 0
                run, last = run + 1, pair
            yield Segment("▀" * run, _style(*last))
            yield Segment("\n")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self._width, self._width)


class Still(HalfcellImage, Renderable=HalfCells):
    """The picture itself; it takes pixels that were decoded and scaled elsewhere, and never reads a file."""

    def show(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show these pixels (height x width x 3, uint8), or nothing."""
        if pixels is None:
            self.image = None
            self.display = False
            return
        height, width = pixels.shape[:2]
        self.styles.width, self.styles.height = width, (height + 1) // 2
        self.display = True
        self.image = PILImage.fromarray(pixels)
