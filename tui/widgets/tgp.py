"""A picture by kitty's graphics protocol: the terminal keeps its pixels, and placeholders on the screen name them.

Placeholders are text: a private letter with two marks for row and column, in a colour that is the picture's id. What
always holds: a picture is given to the terminal before its placeholders are written, the one before is dropped after
them, and none is left behind when the app ends. Imported late.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.encoder import Encoder
from tui.widgets.pixels import Room, cells_of, forgotten, transmitted

if TYPE_CHECKING:
    from core.frames.decode import Picture

_PLACEHOLDER = "\U0010eeee"
#: The marks that the protocol gives the numbers from 0 on: what stands above a letter and is never taken apart.
_MARKS = """
305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1 5a8-5a9 5ab-5ac 5af
5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733 735-736 73a 73d 73f-741 743 745 747
749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954 f82-f83 f86-f87 135d-135f 17dd 193a 1a17 1a75-1a7c
1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0 1dc0-1dc1 1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1 20d4-20d7 20db-20dc
20e1 20e7 20e9 20f0 2cef-2cf1 2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3 aab7-aab8 aabe-aabf aac1
fe20-fe26 10a0f 10a38 1d185-1d189 1d1aa-1d1ad 1d242-1d244
"""


def marks() -> list[str]:
    """Return the mark of every number from 0 on."""
    spans = [span.partition("-") for span in _MARKS.split()]
    return [
        chr(code) for first, _, last in spans for code in range(int(first, 16), int(last or first, 16) + 1)
    ]


class Tgp(Widget):
    """The frame's picture as pixels."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._encoder = Encoder(self, self._encoded, self._take)
        self._marks = marks()
        #: Ids of our own: other programs in this terminal count from 1 on.
        self._numbers = (0x40_00_00 | (os.getpid() & 0x1FFF) << 8, 0x40_00_01 | (os.getpid() & 0x1FFF) << 8)
        self._number = 0
        self._cells = (0, 0)
        self._shown: Callable[[], object] | None = None

    def on_unmount(self) -> None:
        self._drop(self._number)

    def put(self, picture: Picture | None, room: Room, shown: Callable[[], object]) -> None:
        """Show a picture in its room, or nothing; `shown` is called once it has been sent."""
        self._encoder.want(picture, room)
        self._shown = shown if picture is not None else None
        if picture is None:
            self.display = False

    def prepare(self, picture: Picture, room: Room) -> None:
        """Take a neighbour, which may be wanted next."""
        self._encoder.prepare(picture, room)

    def _encoded(self, picture: Picture, room: Room) -> str:
        """Return a picture as it is sent under the first id; called in a thread."""
        return transmitted(picture, room, id=self._numbers[0], cells=self._most(cells_of(room, picture)))

    def _most(self, cells: tuple[int, int]) -> tuple[int, int]:
        """No more columns and rows than there are marks for."""
        return min(cells[0], len(self._marks)), min(cells[1], len(self._marks))

    def _take(self, picture: Picture, room: Room, data: str) -> None:
        before, self._number = self._number, self._numbers[self._number == self._numbers[0]]
        self._write(data.replace(f"\x1b_Gi={self._numbers[0]},", f"\x1b_Gi={self._number},", 1))
        self._cells = self._most(cells_of(room, picture))
        self.styles.width, self.styles.height = self._cells
        self.display = True
        self.refresh()
        self.call_after_refresh(self._sent, before, self._shown)

    def _sent(self, before: int, shown: Callable[[], object] | None) -> None:
        if before != self._number:
            self._drop(before)
        if shown is not None and shown == self._shown:
            self._shown = None
            shown()

    def _drop(self, id: int) -> None:
        if id:
            self._write(forgotten(id))

    def _write(self, data: str) -> None:
        driver = self.app._driver
        if driver is not None:
            driver.write(data)

    def render_line(self, y: int) -> Strip:
        columns, rows = self._cells
        if y >= rows or not self._number:
            return Strip.blank(self.size.width, self.rich_style)
        style = self.rich_style + Style(
            color=Color.from_rgb(self._number >> 16, self._number >> 8 & 255, self._number & 255)
        )
        row = _PLACEHOLDER + self._marks[y]
        cells = [Segment(row + mark, style) for mark in self._marks[:columns]]
        return Strip(cells, columns)
