"""A picture as sixels, laid over blank cells after the screen below it has been written.

What always holds: the cells below are blanks that Textual knows; whenever it has written any of them the picture is
sent again, and what lies over the picture (a notice, something said in passing) is written again on top. Nothing is
sent while another screen is in front, or where the picture would be cut off or reach into the last two rows, whose
sixels would scroll the screen. Encoding happens in a thread; the latest picture wins. Imported late.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Console
from textual._compositor import ChopsUpdate  # there is no public name for an update of parts of the screen
from textual.errors import NoWidget
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget
from textual_image.renderable import SixelImage

from tui.careful import CarefulApp
from tui.widgets.pixels import cells_of, fitted

if TYPE_CHECKING:
    from core.frames.decode import Picture

_FREE_BELOW = 2
#: Pictures that wait to be encoded, and encoded ones kept at hand (some hundred kB each).
_AHEAD, _READY = 3, 8
_OVER = "#notice, #next, Toast"
#: What a sixel begins with up to its size, and the definition of a colour.
_HEAD = re.compile('\x1bP[0-9;]*q(?:"[0-9;]+)?')
_COLOUR = re.compile("#[0-9]+;2;[0-9]+;[0-9]+;[0-9]+")
_Next = tuple["Picture", tuple[int, int], Callable[[], object]]


def encoded(picture: Picture, box: tuple[int, int]) -> tuple[str, tuple[int, int]]:
    """Return a picture scaled to the box as an escape sequence, and its size in pixels."""
    image = fitted(picture, box)
    segments = Console(width=image.width, height=image.height).render(SixelImage(image))
    data = next(segment.text for segment in segments if segment.text.startswith("\x1bP"))
    return _colours_first(data), image.size


def _colours_first(data: str) -> str:
    """Return the same picture with every colour defined before the first pixel.

    xterm paints some pixels wrong that come before the last definition: noise along the upper edge.
    """
    head = _HEAD.match(data)
    if head is None:
        return data
    drawn = data[head.end() :]
    return head.group() + "".join(_COLOUR.findall(drawn)) + _COLOUR.sub(_name_of, drawn)


def _name_of(definition: re.Match[str]) -> str:
    return definition.group().partition(";")[0]


class Sixel(Widget):
    """The frame's picture as pixels."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._data = ""
        self._ready: OrderedDict[tuple[str, tuple[int, int]], tuple[str, tuple[int, int]]] = OrderedDict()
        self._ahead: deque[tuple[Picture, tuple[int, int]]] = deque(maxlen=_AHEAD)
        self._next: _Next | None = None
        self._busy = False
        self._shown: Callable[[], object] | None = None

    def on_mount(self) -> None:
        assert isinstance(self.app, CarefulApp)
        self.app.after_update = self._after

    def put(self, picture: Picture | None, box: tuple[int, int], shown: Callable[[], object]) -> None:
        """Show a picture in a box of pixels, or nothing; `shown` is called once it has been sent."""
        self._shown = None
        if picture is None:
            self._next, self._data, self.display = None, "", False
            return
        self._next = (picture, box, shown)
        self._begin()

    def prepare(self, picture: Picture, box: tuple[int, int]) -> None:
        """Encode a neighbour when nothing else is wanted: the step to it then waits for nothing."""
        self._ahead.append((picture, box))
        self._begin()

    def _begin(self) -> None:
        if not self._busy:
            self._busy = True
            self.run_worker(self._work())

    async def _work(self) -> None:
        try:
            while self._next is not None or self._ahead:
                mine = self._next
                picture, box = mine[:2] if mine is not None else self._ahead.popleft()
                place = (picture.oid, box)
                if place not in self._ready:
                    self._ready[place] = await asyncio.to_thread(encoded, picture, box)
                data, size = self._ready[place]
                self._ready.move_to_end(place)
                while len(self._ready) > _READY:
                    self._ready.popitem(last=False)
                if mine is not None and self._next is mine:
                    self._next = None
                    self._take(data, size, mine[2])
        finally:
            self._busy = False

    def _take(self, data: str, size: tuple[int, int], shown: Callable[[], object]) -> None:
        cells = Size(*cells_of(size))
        self._data, self._shown = data, shown
        region = self._place() if self.size == cells else None
        if region is not None:
            self._send(region, self._over(region))
            return
        self.styles.width, self.styles.height = cells
        self.display = True
        self.refresh()

    def render_line(self, y: int) -> Strip:
        return Strip.blank(self.size.width, self.rich_style)

    def _after(self, update: object) -> None:
        """Send the picture again where the update wrote any of its cells; called after every update of the screen."""
        region = self._place()
        if region is None:
            return
        over = self._over(region)
        if isinstance(update, ChopsUpdate):
            written = [Region(x1, y, x2 - x1, 1).intersection(region) for y, x1, x2 in update.spans]
            bare = [
                span
                for span in written
                if span.area and not any(widget.region.contains_region(span) for widget in over)
            ]
            if not bare:
                return
        self._send(region, over)

    def _over(self, region: Region) -> list[Widget]:
        """Return what lies over a part of the picture."""
        return [
            widget for widget in self.screen.query(_OVER) if widget.display and widget.region.overlaps(region)
        ]

    def _send(self, region: Region, over: list[Widget]) -> None:
        assert self.app._driver is not None
        self.app._driver.write(f"\x1b[{region.y + 1};{region.x + 1}H{self._data}\x1b[1;1H")
        for widget in over:
            widget.refresh()
        if self._shown is not None:
            shown, self._shown = self._shown, None
            shown()

    def _place(self) -> Region | None:
        """Return where the picture lies on the screen; None where it can't be sent now."""
        if not self._data or not self.display or self.screen is not self.app.screen:
            return None
        region = self.region
        whole = self._seen() == region and region.bottom <= self.app.size.height - _FREE_BELOW
        return region if whole and region.area else None

    def _seen(self) -> Region:
        """Return the part of the widget that no container cuts off."""
        try:
            return self.screen.find_widget(self).visible_region
        except NoWidget:
            return Region()
