"""A picture as sixels, laid over blank cells after the screen below it has been written.

Over a slow line it goes in pieces, each when there is room for it, so that a key and its words never wait for a whole
picture; the next picture goes on where the one before it was left, and round to there again, so that all of the screen
moves while a key is held. What always holds: the cells below are blanks that Textual knows; whenever it has written any of them the picture is
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
from tui.terminal import cell_pixels
from tui.widgets.encoder import Encoder
from tui.widgets.pixels import Room, cells_of, in_pieces, sixels, size_in
from tui.widgets.uncovered import lines_beside
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
        #: The picture's pieces, the rows of cells that each is high, those that are still to be sent, and the one after
        #: the last that was.
        self._pieces: list[str] = []
        self._high = 0
        self._pixels = (0, 0)
        self._to_send: list[int] = []
        self._next = 0
        self._shown: Callable[[], object] | None = None
        #: Where the picture is on the screen, and what lay over it.
        self._sent: tuple[str, Region, list[Region]] | None = None

    @property
    def _pm(self) -> CarefulApp:
        assert isinstance(self.app, CarefulApp)
        return self.app

    def on_mount(self) -> None:
        self._pm.after_update, self._pm.kept = self._after, self._kept

    def on_unmount(self) -> None:
        if self._pm.after_update == self._after:
            self._pm.after_update = self._pm.kept = None

    def put(self, picture: Picture | None, room: Room, shown: Callable[[], object]) -> None:
        """Show a picture in its room, or nothing; `shown` is called once it has been sent."""
        self._encoder.want(picture, room)
        if picture is None:
            self._shown, self._data, self.display = None, "", False
            self._to_send = []
        else:
            self._shown = shown

    def prepare(self, picture: Picture, room: Room) -> None:
        """Take a neighbour, which may be wanted next."""
        self._encoder.prepare(picture, room)

    def _encoded(self, picture: Picture, room: Room) -> str:
        """Return the picture's bytes; called in a thread."""
        return sixels(picture, room)

    def _take(self, picture: Picture, room: Room, data: str) -> None:
        cells, before = Size(*cells_of(room, picture)), self._pixels
        self._pixels = size_in(room, picture)
        self._data, self._pieces = data, in_pieces(data)
        self._high = room.piece // cell_pixels()[1] or cells.height
        self._to_send = []
        # Of one that is a little larger an edge would stay beside it.
        if self.size == cells and self._pixels == before and self._place() is not None:
            if self._pm.link is not None and self._pm.link.slow:
                self.call_after_refresh(self._send)  # the title goes before it
            else:
                self._send()
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
            kept = {line.y for line in update.kept}
            self._spoilt(
                [
                    y
                    for y in range(region.y, region.bottom)
                    if y not in kept and not any(one.region.y <= y < one.region.bottom for one in over)
                ],
                over,
            )
            return
        if isinstance(update, ChopsUpdate):
            written = [Region(x1, y, x2 - x1, 1).intersection(region) for y, x1, x2 in update.spans]
            bare = [
                span
                for span in written
                if span.area and not any(widget.region.contains_region(span) for widget in over)
            ]
            if not bare or (self._sent is not None and self._sent[:2] == (self._data, region)):
                self._spoilt([span.y for span in bare], over)
                return
        self._send()

    def _spoilt(self, lines: list[int], over: list[Widget]) -> None:
        """Send those pieces again of which lines of the screen were written."""
        if self._sent is not None:
            self._sent = (*self._sent[:2], [widget.region for widget in over])
            if lines:
                self._send({(y - self._sent[1].y) // self._high for y in lines})

    def _kept(self) -> list[Region]:
        """Return the picture's lines that need not be written: it is there, and nothing lies or lay over it."""
        region = self._place()
        if region is None or self._sent is None or self._sent[:2] != (self._data, region):
            return []
        over = [widget.region for widget in self._over(region)]
        if any(one.x > region.x or one.right < region.right for one in over):
            return []  # of its lines a part would be written that is the picture's
        gone = [] if self._sent[2] == over else self._sent[2]
        return lines_beside(region, [*over, *gone])

    def _over(self, region: Region) -> list[Widget]:
        """Return what lies over a part of the picture."""
        return [
            widget for widget in self.screen.query(_OVER) if widget.display and widget.region.overlaps(region)
        ]

    def _send(self, spoilt: set[int] | None = None) -> None:
        """Begin to send the picture, or the `spoilt` ones of its pieces beside those that are on their way already."""
        region = self._place()
        if region is None:
            return
        self._sent = (self._data, region, [widget.region for widget in self._over(region)])
        count = len(self._pieces)
        wanted = {*self._to_send, *spoilt} if spoilt is not None else set(range(count))
        self._to_send = sorted(wanted, key=lambda piece: (piece - self._next) % count)
        self._go_on()

    def _go_on(self) -> None:
        """Send the pieces that there is room for on the line; what lies over the picture is written again on top."""
        region = self._place()
        if self._sent is None or region != self._sent[1]:
            return  # it is sent anew where it lies by then
        assert self.app._driver is not None
        link, had = self._pm.link, len(self._to_send)
        while self._to_send and (link is None or not link.full):
            piece = self._to_send.pop(0)
            at = f"\x1b[{region.y + 1 + piece * self._high};{region.x + 1}H"
            self.app._driver.write(f"{at}{self._pieces[piece]}\x1b[1;1H")
            self._next = (piece + 1) % len(self._pieces)
            if self._to_send:
                self._pm.ask()
        if len(self._to_send) < had:
            for widget in self._over(region):
                widget.refresh()
        if self._to_send and link is not None:
            link.when_room(self._go_on, "pieces")
        elif self._shown is not None:
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
