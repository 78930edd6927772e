"""Pictures as half-cells, and the widget that draws one and sends only the cells that changed.

Two pixels lie in a cell: the upper one is the colour of ▀, the lower one its background. A cell whose two colours
moved by less than can be seen keeps what is on the screen: two frames of a fixed camera then differ where something
happened, and little goes over the line. Where the terminal has sixteen colours the picture is dithered in grey.
The first picture of all is drawn without numpy, whose import would keep a person waiting for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.frames.decode import Picture

#: Steps of a channel (of 256) that a cell may differ before it is drawn again; noise of a camera, not a thing.
_UNSEEN = 7
#: Bits of a colour that are dropped: 64 steps per channel can't be told from 256 in a cell.
_ROUNDED = 0xFC
#: Unchanged cells between two changed ones that are cheaper drawn again than jumped over.
_BRIDGED = 1
#: The greys that every terminal with sixteen colours has, from dark to bright, and an ordered pattern between them.
_GREYS = (0, 8, 7, 15)
_PATTERN = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))
_ROUND = bytes(level & _ROUNDED for level in range(256))


@lru_cache(maxsize=1 << 15)
def _style(upper: int, lower: int) -> Style:
    return Style(color=_colour(upper), bgcolor=_colour(lower))


@lru_cache(maxsize=1 << 13)
def _colour(packed: int) -> Color:
    if packed < 0:
        return Color.from_ansi(-packed - 1)
    return Color.from_rgb(packed >> 16, packed >> 8 & 255, packed & 255)


def pack(pixels: NDArray[np.uint8], *, few_colours: bool) -> NDArray[np.int32]:
    """Return one number per pixel, an even number of rows: packed rgb, or −1−n for the n-th colour of a terminal."""
    import numpy as np

    if pixels.shape[0] % 2:
        pixels = np.vstack([pixels, pixels[-1:]])
    if few_colours:
        grey = pixels @ np.array([0.299, 0.587, 0.114]) / 255 * (len(_GREYS) - 1)
        height, width = grey.shape
        pattern = np.tile((np.array(_PATTERN) + 0.5) / 16, (height // 4 + 1, width // 4 + 1))[:height, :width]
        level = np.minimum((grey + pattern).astype(np.int32), len(_GREYS) - 1)
        dithered: NDArray[np.int32] = (-1 - np.array(_GREYS, dtype=np.int32))[level]
        return dithered
    wide = pixels.astype(np.int32) & _ROUNDED
    return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]


def pack_plainly(picture: Picture) -> list[list[int]]:
    """Return what `pack` does of a picture in all colours, as lists."""
    rounded, wide = picture.rgb.translate(_ROUND), 3 * picture.columns
    rows = [rounded[at : at + wide] for at in range(0, len(rounded), wide)]
    packed = [
        [
            red << 16 | green << 8 | blue
            for red, green, blue in zip(row[::3], row[1::3], row[2::3], strict=True)
        ]
        for row in rows
    ]
    return packed if len(packed) % 2 == 0 else [*packed, packed[-1]]


def cells(upper: list[int], lower: list[int]) -> Strip:
    """Return one line of cells: equal neighbours are one run, a cell of one colour is a blank on it."""
    segments, run, last = [], 0, (0, 0)
    for pair in zip(upper, lower, strict=True):
        if pair != last and run:
            segments.append(_run(run, last))
            run = 0
        run, last = run + 1, pair
    if run:
        segments.append(_run(run, last))
    return Strip(segments, len(upper))


def _run(length: int, pair: tuple[int, int]) -> Segment:
    return Segment((" " if pair[0] == pair[1] else "▀") * length, _style(*pair))


class Still(Widget):
    """The picture itself; it takes one that was decoded and scaled elsewhere, and never reads a file."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._first: Picture | None = None
        self._pixels: NDArray[np.uint8] | None = None
        self._packed: NDArray[np.int32] | None = None
        self._lines: list[list[int]] = []

    def show(self, picture: Picture | None) -> None:
        """Show a picture at its own size, or nothing."""
        if picture is None:
            self._first = self._pixels = self._packed = None
            self.display = False
            return
        few = self.app.console.color_system in (None, "standard")
        if self._first is not None:
            self._pixels = self._first.pixels
            self._packed = pack(self._pixels, few_colours=few)
        before, self._first = self._pixels, None
        if before is None or before.shape != (picture.rows, picture.columns, 3):
            self._show_whole(picture, few_colours=few)
            return
        import numpy as np

        pixels = picture.pixels
        moved = np.abs(pixels.astype(np.int16) - before).max(axis=2) > _UNSEEN
        self._pixels = _even(np.where(moved[..., None], pixels, before), moved)
        packed = pack(self._pixels, few_colours=few)
        changed = packed != self._packed
        self._packed, self._lines = packed, packed.tolist()
        spans = list(regions(changed[0::2] | changed[1::2]))
        if spans:
            self.refresh(*spans)

    def recolour(self) -> None:
        """Draw the picture again: the terminal turned out to have more colours."""
        pixels = self._first.pixels if self._first is not None else self._pixels
        if pixels is None:
            return
        few = self.app.console.color_system in (None, "standard")
        self._first, self._pixels, self._packed = None, pixels, pack(pixels, few_colours=few)
        self._lines = self._packed.tolist()
        self.refresh()

    def _show_whole(self, picture: Picture, *, few_colours: bool) -> None:
        self._first = picture
        self._lines = (
            pack(picture.pixels, few_colours=True).tolist() if few_colours else pack_plainly(picture)
        )
        self.styles.width, self.styles.height = picture.columns, len(self._lines) // 2
        self.display = True
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if 2 * y + 1 >= len(self._lines):
            return Strip.blank(self.size.width)
        return cells(self._lines[2 * y], self._lines[2 * y + 1])


def _even(pixels: NDArray[np.uint8], moved: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Give pixels that moved the colour to their left where the two can't be told apart: a run of one colour is short."""
    import numpy as np

    told = pixels.astype(np.int16)
    for column in np.flatnonzero(moved[:, 1:].any(axis=0)).tolist():
        left, here = told[:, column], told[:, column + 1]
        same = moved[:, column + 1] & (np.abs(here - left).max(axis=1) <= _UNSEEN)
        here[same] = left[same]
    even: NDArray[np.uint8] = told.astype(np.uint8)
    return even


def regions(changed: NDArray[np.bool_]) -> Iterator[Region]:
    """Yield the stretches of changed cells, line by line; `changed` is rows x columns."""
    import numpy as np

    for y in np.flatnonzero(changed.any(axis=1)).tolist():
        places = np.flatnonzero(changed[y])
        gaps = np.flatnonzero(np.diff(places) > _BRIDGED + 1)
        firsts = places[np.concatenate(([0], gaps + 1))].tolist()
        lasts = places[np.concatenate((gaps, [len(places) - 1]))].tolist()
        for first, last in zip(firsts, lasts, strict=True):
            yield Region(first, y, last - first + 1, 1)
