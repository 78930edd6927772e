"""A picture as sixels, laid over blank cells after the screen below it has been written.

What always holds: the cells below are blanks that Textual knows; whenever it has written any of them the picture is
sent again, and what lies over the picture (a notice, something said in passing) is written again on top. An update
that would only write the same blanks again (a layout does, for every line that comes or goes) leaves them out.
Nothing is sent while another screen is in front, or where the picture would be cut off or reach into the last two
rows, whose sixels would scroll the screen. Imported late.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual._compositor import ChopsUpdate  # there is no public name for an update of parts of the screen
from textual.errors import NoWidget
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.careful import CarefulApp
from tui.widgets.encoder import Encoder
from tui.widgets.pixels import Room, cells_of, sixels
from tui.wire import Whole

if TYPE_CHECKING:
    from core.frames.decode import Picture

_FREE_BELOW = 2
_OVER = "#notice, #next, #mode, Toast"


class Sixel(Widget):
    """The frame's picture as pixels."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._encoder = Encoder(self, self._encoded, self._take)
        self._data = ""
        self._shown: Callable[[], object] | None = None
        #: Where the picture is on the screen, and what lay over it.
        self._sent: tuple[str, Region, list[Region]] | None = None

    def on_mount(self) -> None:
        assert isinstance(self.app, CarefulApp)
        self.app.after_update, self.app.kept = self._after, self._kept

    def on_unmount(self) -> None:
        assert isinstance(self.app, CarefulApp)
        if self.app.after_update == self._after:
            self.app.after_update = self.app.kept = None

    def put(self, picture: Picture | None, room: Room, shown: Callable[[], object]) -> None:
        """Show a picture in its room, or nothing; `shown` is called once it has been sent."""
        self._encoder.want(picture, room)
        if picture is None:
            self._shown, self._data, self.display = None, "", False
        else:
            self._shown = shown

    def prepare(self, picture: Picture, room: Room) -> None:
        """Take a neighbour, which may be wanted next."""
        self._encoder.prepare(picture, room)

    def _encoded(self, picture: Picture, room: Room) -> str:
        """Return the picture's bytes; called in a thread."""
        return sixels(picture, room)

    def _take(self, picture: Picture, room: Room, data: str) -> None:
        cells = Size(*cells_of(room, picture))
        self._data = data
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
            self._sent = None
            return
        over = self._over(region)
        if isinstance(update, Whole) and update.kept:
            self._sent = (self._data, region, [widget.region for widget in over])
            return
        if isinstance(update, ChopsUpdate):
            written = [Region(x1, y, x2 - x1, 1).intersection(region) for y, x1, x2 in update.spans]
            bare = [
                span
                for span in written
                if span.area and not any(widget.region.contains_region(span) for widget in over)
            ]
            if not bare:
                if self._sent is not None:
                    self._sent = (*self._sent[:2], [widget.region for widget in over])
                return
        self._send(region, over)

    def _kept(self) -> list[Region]:
        """Return the picture's lines that need not be written: it is there already, and nothing was taken off it."""
        region = self._place()
        if region is None or self._sent is None or self._sent[:2] != (self._data, region):
            return []
        over = [widget.region for widget in self._over(region)]
        if not all(one in over for one in self._sent[2]):
            return []
        if any(one.x > region.x or one.right < region.right for one in over):
            return []  # of its lines a part would be written that is the picture's
        lines = (Region(region.x, y, region.width, 1) for y in range(region.y, region.bottom))
        return [line for line in lines if not any(one.overlaps(line) for one in over)]

    def _over(self, region: Region) -> list[Widget]:
        """Return what lies over a part of the picture."""
        return [
            widget for widget in self.screen.query(_OVER) if widget.display and widget.region.overlaps(region)
        ]

    def _send(self, region: Region, over: list[Widget]) -> None:
        assert self.app._driver is not None
        self.app._driver.write(f"\x1b[{region.y + 1};{region.x + 1}H{self._data}\x1b[1;1H")
        self._sent = (self._data, region, [widget.region for widget in over])
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
