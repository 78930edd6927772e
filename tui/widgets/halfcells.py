"""Pictures as half-cells, and the widget that draws one and sends only the cells that changed.

Two pixels lie in a cell: one is the colour of a half block, the other its background. A cell whose colours moved by
less than can be seen keeps what is on the screen: two frames of a fixed camera then differ where something happened,
and little goes over the line. What always holds: no pixel is off by more than `painting.KEPT`, however many pictures
came before, because every new one is held against what is on the screen. Where the terminal has sixteen colours the
picture is dithered in grey. The first picture of all is drawn without numpy, whose import would keep a person waiting.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Self, cast

from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.errors import NoWidget
from textual.geometry import Offset, Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.changed import all_cells, changed_cells, even, regions
from tui.widgets.painting import CHANGED, WHOLE, Painter
from tui.widgets.uncovered import lines_beside, over, uncovered, write
from tui.wire import Changed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.frames.decode import Picture
    from tui.careful import CarefulApp

#: Signs and codes of a piece of what goes over a slow line: some thousand bytes.
_PIECE = 400
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

    grey = even(picture.pixels) @ np.array([0.299, 0.587, 0.114]) / 255 * (len(_GREYS) - 1)
    height, width = grey.shape
    pattern = np.tile((np.array(_PATTERN) + 0.5) / 16, (height // 4 + 1, width // 4 + 1))[:height, :width]
    level = np.minimum((grey + pattern).astype(np.int32), len(_GREYS) - 1)
    found: NDArray[np.int32] = (-1 - np.array(_GREYS, dtype=np.int32))[level]
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


def _alike(picture: Picture, other: Picture | None) -> bool:
    return other is not None and (picture.columns, picture.rows) == (other.columns, other.rows)


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
        #: What of the picture is still to be written over a slow line, where it was to go, who is told then, and the
        #: picture that comes after it.
        self._to_send: deque[str] = deque()
        self._to = (0, 0)
        self._told: Callable[[], object] = _nothing
        self._waiting: tuple[Picture, Callable[[], object]] | None = None
        #: Where the picture is on the screen and what lay over it, and the parts of lines that Textual is to draw.
        self._known: tuple[Region, list[Region]] | None = None
        self._unsure: list[Region] = []

    def keep_what_is_there(self) -> None:
        """Have what is on the screen not sent again where only what is around it moved; one widget of an app does."""
        self._pm.after_update, self._pm.kept = self._after, self._kept

    def on_unmount(self) -> None:
        if self._pm.after_update == self._after:
            self._pm.after_update = self._pm.kept = None

    def refresh(self, *regions: Region, **how: bool) -> Self:
        for part in regions or (Region(0, 0, *self.size),):
            lines = (Region(part.x, y, part.width, 1) for y in range(part.y, part.bottom))
            self._unsure += (line.translate(self.region.offset) for line in lines)
        return super().refresh(*regions, **how)

    def _after(self, update: object) -> None:
        """Take what was sent to the terminal for what is there; where nothing was known, nothing else is."""
        here = self._here
        if here is not None and (self._known is None or self._known[0] != here):
            self._unsure = lines_beside(here, ())
        sent: dict[int, list[tuple[int, int]]] = {}
        for y, first, end in update.spans if isinstance(update, Changed) else ():
            sent.setdefault(y, []).append((first, end))
        self._unsure = [
            part
            for part in (self._unsure if isinstance(update, Changed) else ())
            if not any(x <= part.x and part.right <= end for x, end in sent.get(part.y, ()))
        ]
        self._known = (here, over(self)) if here is not None else None

    def _kept(self) -> list[Region]:
        """Return the picture's lines that need not be written: they are there, and nothing lies or lay over them."""
        here = self._here
        if here is None or self._known is None or self._known[0] != here:
            return []
        return lines_beside(here, [*over(self), *self._known[1], *self._unsure])

    @property
    def _here(self) -> Region | None:
        """The picture's part of the screen; None where it is not all there to be seen."""
        if self.picture is None or not self._lines or self.screen is not self.app.screen or not self.display:
            return None
        try:
            seen = self.screen.find_widget(self).visible_region
        except NoWidget:
            return None
        size = Size(self.picture.columns, (self.picture.rows + 1) // 2)
        corner = Offset(*self._corner)
        whole = seen == self.region and min(corner) >= 0
        return Region.from_offset(self.region.offset + corner, size) if whole else None

    def show(self, picture: Picture | None, shown: Callable[[], object] = _nothing) -> None:
        """Show a picture at its own size, or nothing; `shown` is called when it has been handed to the terminal."""
        few = self.app.console.color_system in (None, "standard")
        if (
            self._to_send
            and picture is not None
            and few == self._few_colours
            and _alike(picture, self.picture)
        ):
            self._waiting = picture, shown
            return
        self._to_send.clear()
        self._waiting = None
        before, self.picture = self.picture, picture
        few, self._few_colours = self._few_colours, few
        if picture is None:
            self._clear()
            self.call_after_refresh(shown)
        elif picture is before and few == self._few_colours:
            self.call_after_refresh(shown)
        elif not _alike(picture, before) or not self._lines or few != self._few_colours:
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
        self._pm.when_written(_get_ready)
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
        place, link = self._place(), self._pm.link
        slow = link is not None and link.slow
        text = list(painter.pieces(self._lines, place or (0, 0), _PIECE if slow else 0))
        if place is None:
            self.call_after_refresh(shown)
            return False
        # Where something that lies over it goes away, Textual draws it as it is by then.
        self._styles_cache.set_dirty(self.size.region)
        if slow and text:
            self._to_send.extend(text)
            self._to, self._told = place, shown
            self.call_after_refresh(self._go_on)  # the title goes before it
            return True
        if text:
            write(self, text[0])
        shown()
        return True

    def _go_on(self) -> None:
        """Write the pieces that there is room for on a slow line; Textual draws them where something came over them."""
        if not self._to_send:
            return
        link = self._pm.link
        if self._place() != self._to:
            self._to_send.clear()
            self.refresh()
            self.call_after_refresh(self._all_sent)
            return
        while self._to_send and (link is None or not link.full):
            write(self, self._to_send.popleft())
            if self._to_send:
                self._pm.ask()
        if self._to_send and link is not None:
            link.when_room(self._go_on, "pieces")
        else:
            self._all_sent()

    def _all_sent(self) -> None:
        told, self._told = self._told, _nothing
        told()
        if self._waiting is not None and not self._to_send:
            (picture, shown), self._waiting = self._waiting, None
            self.show(picture, shown)

    @property
    def _pm(self) -> CarefulApp:
        return cast("CarefulApp", self.app)

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
