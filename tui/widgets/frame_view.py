"""The frame under the cursor: its picture, or why there is none, facts on the box's edges, a notice over it.

What always holds: `drawn` is the key of the frame whose picture (or stated failure) has been handed to the terminal,
'' from the moment another one is asked for; a label may only be given to that frame. The edges are widgets of their
own: a change of words sends one line, not the picture again. How pictures are drawn can be exchanged at any time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from core.terminals import ASCII, HALFCELL, SIXEL, TGP
from tui.looks import HEAT, PLAIN, Look
from tui.widgets.edge import Edge
from tui.widgets.halfcells import Still

if TYPE_CHECKING:
    from core.frames.decode import Picture
    from tui.careful import CarefulApp
    from tui.widgets.letters import Letters
    from tui.widgets.pixels import Room
    from tui.widgets.sixel import Sixel
    from tui.widgets.tgp import Tgp

Ask = Callable[[str, tuple[int, int]], None]
_AGAIN_S = 1.0


class _Cells(Protocol):
    """Draws a picture as text."""

    def show(self, picture: Picture | None, shown: Callable[[], object]) -> None: ...


class _Pixels(Protocol):
    """Draws a picture as pixels, which are encoded first."""

    def put(self, picture: Picture | None, room: Room, shown: Callable[[], object]) -> None: ...

    def prepare(self, picture: Picture, room: Room) -> None: ...


def _made(graphics: str) -> Still | Letters | Sixel | Tgp:
    """Return the widget that draws pictures that way. Those but for half-blocks are imported when they are wanted."""
    if graphics == TGP:
        from tui.widgets.tgp import Tgp

        return Tgp(id="still")
    if graphics == SIXEL:
        from tui.widgets.sixel import Sixel

        return Sixel(id="still")
    if graphics == ASCII:
        from tui.widgets.letters import Letters

        return Letters(id="still")
    return Still(id="still")


class FrameView(Container):
    """A box with one picture in it."""

    class Drawn(Message):
        """The picture, or why there is none, of this frame is on the screen."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, graphics: str = "") -> None:
        """`graphics` says how the picture is drawn: one of core.terminals.GRAPHICS, without it as half-blocks."""
        super().__init__(id="frame")
        self.graphics = graphics or HALFCELL
        self._drawer = _made(graphics)
        self.drawn = ""
        self.readable = False
        self.wanted: tuple[str, tuple[int, int]] = ("", (0, 0))
        self._asked = 0
        #: Whether the line was slow when this frame was asked for.
        self._slow = False
        #: How it is drawn, and the frame whose own picture (not what changed in it) was on the screen, and is still.
        self.look = PLAIN
        self.own = ""

    def compose(self) -> ComposeResult:
        yield Edge("frame-top", "┌┐")
        with Container(id="inside"):
            yield self._drawer
            yield Static(id="why", markup=False)
            yield Static(id="next", markup=False)
            yield Static(id="mode", markup=False)
            yield Static(id="notice", markup=False)
        yield Edge("frame-bottom", "└┘")

    def on_mount(self) -> None:
        self.query_one("#why").display = False
        self.query_one("#notice").display = False
        self.query_one("#next").display = False
        self.query_one("#mode").display = False
        self._begin()

    def _begin(self) -> None:
        self._drawer.display = isinstance(self._drawer, Still)
        if isinstance(self._drawer, Still):
            self._drawer.keep_what_is_there()

    def box_of(self, key: str) -> tuple[int, int]:
        """The pixels there is room for, as the line is by now where it is another frame that will be wanted.

        One that is on the screen stays as it is.
        """
        link = cast("CarefulApp", self.app).link
        if key != self.wanted[0] and link is not None:
            self._slow = link.slow
        return self.box

    @property
    def box(self) -> tuple[int, int]:
        """The pixels there is room for: of half-blocks and letters a cell is one wide and two high."""
        if self.graphics in (SIXEL, TGP):
            return self._room.box
        size = self.query_one("#inside").content_size
        return max(1, size.width), max(1, size.height * 2)

    @property
    def _room(self) -> Room:
        from tui.widgets.pixels import room

        size = self.query_one("#inside").content_size
        return room(size.width, size.height, slow=self._slow)

    async def draw_as(self, graphics: str) -> None:
        """Draw pictures another way from here on; the one that was there has to be asked for again."""
        self.want("")
        self.graphics = graphics
        await self._drawer.remove()
        self._drawer = _made(graphics)
        self._begin()
        await self.query_one("#inside").mount(self._drawer, before=0)

    def title(self, words: Content) -> None:
        """Write on the upper edge."""
        self.query_one("#frame-top", Edge).show(words)

    def subtitle(self, words: Content, corners: str = "└┘") -> None:
        """Write on the lower edge; its ends are those of a line between two panes where one lies below."""
        self.query_one("#frame-bottom", Edge).show(words, corners)

    def want(self, key: str, box: tuple[int, int] = (0, 0), look: Look = PLAIN) -> None:
        """Another frame (or size, or look) is asked for; until it is drawn no label counts."""
        self._asked += 1
        self.wanted, self.look, self.drawn, self.readable = (key, box), look, "", False
        if key != self.own:
            self.own = ""

    def show_picture(self, key: str, picture: Picture) -> None:
        """Show a picture when the line has room for it and no other was asked for until then.

        It counts as drawn when the terminal has it.
        """
        link = cast("CarefulApp", self.app).link
        if link is not None and link.full:
            link.when_room(partial(self._in_turn, key, picture, self._asked))
            return
        self.query_one("#why").display = False
        self._put(picture, partial(self._on_screen, key, True))

    def _in_turn(self, key: str, picture: Picture, asked: int) -> None:
        if asked == self._asked and self.is_attached:
            self.show_picture(key, picture)

    def prepare(self, picture: Picture, box: tuple[int, int]) -> None:
        """Take a neighbour's picture, which may be wanted next."""
        if self.graphics in (SIXEL, TGP) and box == self.wanted[1]:
            cast("_Pixels", self._drawer).prepare(picture, self._room)

    def _put(self, picture: Picture | None, shown: Callable[[], object]) -> None:
        if self.graphics in (SIXEL, TGP):
            cast("_Pixels", self._drawer).put(picture, self._room, shown)
            return
        cast("_Cells", self._drawer).show(picture, shown)

    def show_reason(self, key: str, what: str, remedy: str = "", *, again: Ask | None = None) -> None:
        """Show why there is no picture; where that passes by itself, `again` asks for it after a moment."""
        self.show_hint(Content.assemble((what, "bold $error"), "\n\n" if remedy else "", remedy))
        self.call_after_refresh(self._on_screen, key, False)
        if again is not None:
            self.set_timer(_AGAIN_S, partial(self._ask_again, again, self.wanted))

    def _ask_again(self, ask: Ask, wanted: tuple[str, tuple[int, int]]) -> None:
        if self.wanted == wanted:
            self.want(*wanted, self.look)
            ask(*wanted)

    def show_hint(self, text: Content) -> None:
        """Show words instead of a picture."""
        self._put(None, lambda: None)
        why = self.query_one("#why", Static)
        why.update(text)
        why.display = True

    def notify_line(self, text: Content | None) -> None:
        """Show a line over the picture's foot until the next key, or take it off."""
        self._over("#notice", text)

    def next_line(self, text: Content | None) -> None:
        """Show a line over the picture's head until the next key, or take it off."""
        self._over("#next", text)

    def mode_line(self, text: Content | None) -> None:
        """Show a line over the picture's head for as long as a tool has the keys, or take it off."""
        self._over("#mode", text)

    def _over(self, id: str, text: Content | None) -> None:
        line = self.query_one(id, Static)
        if text is not None:
            line.update(text)
        if line.display != (text is not None):
            line.display = text is not None

    def _on_screen(self, key: str, readable: bool) -> None:
        """It has been drawn; on a slow line it counts when the terminal has it."""
        cast("CarefulApp", self.app).when_arrived(partial(self._written, key, readable, self._asked))

    def _written(self, key: str, readable: bool, asked: int) -> None:
        if (
            asked != self._asked
        ):  # the cursor was elsewhere since, and what came of that is still to be written
            return
        if key == self.wanted[0]:
            self.drawn, self.readable = key, readable
            if self.look.lens != HEAT:
                self.own = key
            self.post_message(self.Drawn(key))
