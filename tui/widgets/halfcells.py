"""Pictures as half-cells, and the widget that draws one and sends only the cells that changed.

Two pixels lie in a cell: one is the colour of a half block, the other its background. A cell whose colours moved by
less than can be seen keeps what is on the screen: two frames of a fixed camera then differ where something happened,
and little goes over the line. What always holds: no pixel is off by more than `painting.KEPT`, however many pictures
came before, because every new one is held against what is on the screen. Where the terminal has sixteen colours the
picture is dithered in grey. The first picture of all is drawn without numpy, whose import would keep a person waiting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.painting import CHANGED, KEPT, WHOLE, Cell, Painter
from tui.widgets.uncovered import uncovered, write

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.frames.decode import Picture

#: Unchanged cells between two changed ones that are cheaper drawn again than jumped over.
_BRIDGED = 1
#: Steps of green by which a pixel stands out that must not be evened out; one by more is seen all the same.
_FAINT = (6, 13)
#: The greys that every terminal with sixteen colours has, from dark to bright, and an ordered pattern between them.
_GREYS = (0, 8, 7, 15)
_PATTERN = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))


@lru_cache(maxsize=1 << 15)
def _style(upper: int, lower: int) -> Style:
    return Style(color=_colour(upper), bgcolor=_colour(lower))


@lru_cache(maxsize=1 << 13)
def _colour(packed: int) -> Color:
    if packed < 0:
        return Color.from_ansi(-packed - 1)
    return Color.from_rgb(packed >> 16, packed >> 8 & 255, packed & 255)


def dithered(picture: Picture) -> NDArray[np.int32]:
    """Return one number per pixel, an even number of rows: −1−n for the n-th colour of a terminal, all of them greys."""
    import numpy as np

    grey = _even(picture.pixels) @ np.array([0.299, 0.587, 0.114]) / 255 * (len(_GREYS) - 1)
    height, width = grey.shape
    pattern = np.tile((np.array(_PATTERN) + 0.5) / 16, (height // 4 + 1, width // 4 + 1))[:height, :width]
    level = np.minimum((grey + pattern).astype(np.int32), len(_GREYS) - 1)
    found: NDArray[np.int32] = (-1 - np.array(_GREYS, dtype=np.int32))[level]
    return found


def _even(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an even number of rows: the last one twice where it had no other in its cells."""
    import numpy as np

    return np.vstack([pixels, pixels[-1:]]) if pixels.shape[0] % 2 else pixels


def all_cells(picture: Picture) -> list[Cell]:
    """Return every cell of a picture, without numpy."""
    rgb, wide = picture.rgb, 3 * picture.columns
    rows = [
        [
            (green, red - green, blue - green)
            for red, green, blue in zip(row[::3], row[1::3], row[2::3], strict=True)
        ]
        for row in (rgb[at : at + wide] for at in range(0, len(rgb), wide))
    ]
    rows += rows[-1:] * (len(rows) % 2)
    return [
        Cell(y, x, upper, lower)
        for y in range(len(rows) // 2)
        for x, (upper, lower) in enumerate(zip(rows[2 * y], rows[2 * y + 1], strict=True))
    ]


def changed_cells(picture: Picture, shown: list[list[int]]) -> tuple[list[Cell], NDArray[np.bool_]]:
    """Return the cells of which a pixel is farther off than it may be from what is shown, and where they are."""
    import numpy as np

    def tones(red: NDArray[np.int32], green: NDArray[np.int32], blue: NDArray[np.int32]) -> NDArray[np.int32]:
        return np.stack([green, red - green, blue - green], axis=2)

    pixels, on_screen = _even(picture.pixels).astype(np.int32), np.array(shown, dtype=np.int32)
    new = tones(pixels[..., 0], pixels[..., 1], pixels[..., 2])
    moved = np.abs(new - tones(on_screen >> 16, on_screen >> 8 & 255, on_screen & 255)) > np.array(KEPT)
    off = moved.any(axis=2)
    where = off[0::2] | off[1::2]
    ys, xs = np.nonzero(where)
    halves = new[0::2][where].tolist(), new[1::2][where].tolist()
    thin = faint(new[..., 0])
    return list(
        map(Cell, ys.tolist(), xs.tolist(), *halves, (thin[0::2] | thin[1::2])[where].tolist())
    ), where


def faint(green: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return where a pixel is a little brighter than what is on both sides of it, or a little darker: a thin thread."""
    import numpy as np

    above, below = np.diff(green, axis=0)[:-1], -np.diff(green, axis=0)[1:]
    left, right = np.diff(green, axis=1)[:, :-1], -np.diff(green, axis=1)[:, 1:]
    stands = np.zeros_like(green)
    stands[1:-1] = _ridge(above, below)
    stands[:, 1:-1] = np.maximum(stands[:, 1:-1], _ridge(left, right))
    found: NDArray[np.bool_] = (stands >= _FAINT[0]) & (stands <= _FAINT[1])
    return found


def _ridge(one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return by how much a middle is above both sides, or below both; 0 where it is between them."""
    import numpy as np

    found: NDArray[np.int32] = np.where(one * other > 0, np.minimum(np.abs(one), np.abs(other)), 0)
    return found


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


def _nothing() -> None: ...


class Still(Widget):
    """The picture itself, amid its place; it takes one that was decoded and scaled elsewhere, and never reads a file.

    It keeps its place also without a picture: a widget that comes or goes has the whole screen laid out and sent anew.
    """

    DEFAULT_CSS = "Still { width: 100%; height: 100%; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.picture: Picture | None = None
        self._few_colours = False
        #: The pixels as they are on the screen: packed rgb, or a colour of the terminal; none before they are.
        self._lines: list[list[int]] = []

    def show(self, picture: Picture | None, shown: Callable[[], object] = _nothing) -> None:
        """Show a picture at its own size, or nothing; `shown` is called when it has been handed to the terminal."""
        before, self.picture = self.picture, picture
        few, self._few_colours = self._few_colours, self.app.console.color_system in (None, "standard")
        if picture is None:
            self._clear()
            self.call_after_refresh(shown)
        elif picture is before and few == self._few_colours:
            self.call_after_refresh(shown)
        elif (
            before is None
            or not self._lines
            or few != self._few_colours
            or (before.columns, before.rows) != (picture.columns, picture.rows)
        ):
            clean = not self._lines
            self._clear()
            if not clean or not self._show_whole(picture, shown, only_at_once=True):
                # What is in the way is gone after that.
                self.call_after_refresh(self._show_whole, picture, shown)
        elif self._few_colours:
            self._show_dithered(picture, shown)
        else:
            changed, where = changed_cells(picture, self._lines)
            if not self._painted(Painter(changed, CHANGED), shown):
                x, y = self._corner
                self.refresh(*(region.translate((x, y)) for region in regions(where)))

    def recolour(self) -> None:
        """Draw the picture again: the terminal turned out to have more colours."""
        picture, self.picture = self.picture, None
        if picture is not None:
            self.show(picture)

    def _clear(self) -> None:
        if self._lines:
            self._lines = []
            self.refresh()

    def _show_whole(
        self, picture: Picture, shown: Callable[[], object], *, only_at_once: bool = False
    ) -> bool:
        """Draw all of a picture; with `only_at_once` not where Textual would have to, which is False then."""
        if picture is not self.picture:
            return True
        if only_at_once and (self._few_colours or self._place() is None):
            return False
        if self._few_colours:
            self._lines = dithered(picture).tolist()
            self.refresh()
            self.call_after_refresh(shown)
            return True
        self._lines = [[0] * picture.columns for _ in range(picture.rows + picture.rows % 2)]
        if not self._painted(Painter(all_cells(picture), WHOLE), shown):
            self.refresh()
        _get_ready()
        return True

    @property
    def _corner(self) -> tuple[int, int]:
        """Column and row of the picture's first cell within the widget."""
        assert self.picture is not None
        size = self.size
        return (size.width - self.picture.columns) // 2, (size.height - (self.picture.rows + 1) // 2) // 2

    def _place(self) -> tuple[int, int] | None:
        """Return column and row of the picture on the screen, None where Textual is to draw it."""
        region = uncovered(self)
        x, y = self._corner
        all_colours = self.app.console._color_system is ColorSystem.TRUECOLOR
        return (region.x + x, region.y + y) if region and min(x, y) >= 0 and all_colours else None

    def _painted(self, painter: Painter, shown: Callable[[], object]) -> bool:
        """Draw cells at once; False where nothing was written, and Textual is to draw what is shown."""
        place = self._place()
        text = painter.paint(self._lines, place or (0, 0))
        if place is None:
            self.call_after_refresh(shown)
            return False
        write(self, text)
        # Where something that lies over it goes away, Textual draws it as it is by then.
        self._styles_cache.set_dirty(self.size.region)
        shown()
        return True

    def _show_dithered(self, picture: Picture, shown: Callable[[], object]) -> None:
        import numpy as np

        packed = dithered(picture)
        changed = packed != np.array(self._lines, dtype=np.int32)
        self._lines = packed.tolist()
        spans = [region.translate(self._corner) for region in regions(changed[0::2] | changed[1::2])]
        if spans:
            self.refresh(*spans)
        self.call_after_refresh(shown)

    def render_line(self, y: int) -> Strip:
        width, style = self.size.width, self.rich_style
        x, top = self._corner if self._lines and self.picture else (0, 0)
        row = 2 * (y - top)
        if not 0 <= row < len(self._lines):
            return Strip.blank(width, style)
        line = cells(self._lines[row], self._lines[row + 1])
        if x < 0:
            return line.crop(-x, width - x)
        return Strip.join([Strip.blank(x, style), line, Strip.blank(width - x - line.cell_length, style)])


@lru_cache(maxsize=1)
def _get_ready() -> None:
    """Import what the second picture needs while a person looks at the first."""
    threading.Thread(target=__import__, args=("numpy",), name="numpy", daemon=True).start()


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
