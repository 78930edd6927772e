"""The frame under the cursor: its picture, or why there is none, facts on the box's edges, a notice over it.

What always holds: `drawn` is the key of the frame whose picture (or stated failure) has been handed to the terminal,
'' from the moment another one is asked for; a label may only be given to that frame. The edges are widgets of their
own: a change of words sends one line, not the picture again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.widgets import pixels
from tui.widgets.edge import Edge
from tui.widgets.halfcells import Still

if TYPE_CHECKING:
    from core.frames.decode import Picture

Ask = Callable[[str, tuple[int, int]], None]
_AGAIN_S = 1.0


class FrameView(Container):
    """A box with one picture in it."""

    class Drawn(Message):
        """The picture, or why there is none, of this frame is on the screen."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, graphics: str = "") -> None:
        """`graphics` says how the picture is drawn: as sixel or tgp, else as half-blocks."""
        super().__init__(id="frame")
        self._pixels = pixels.made(graphics) if graphics in (pixels.SIXEL, pixels.TGP) else None
        self._still = Still(id="still")
        self.drawn = ""
        self.readable = False
        self.wanted: tuple[str, tuple[int, int]] = ("", (0, 0))

    def compose(self) -> ComposeResult:
        yield Edge("frame-top", "┌┐")
        with Container(id="inside"):
            yield self._pixels or self._still
            yield Static(id="why", markup=False)
            yield Static(id="next", markup=False)
            yield Static(id="notice", markup=False)
        yield Edge("frame-bottom", "└┘")

    def on_mount(self) -> None:
        self.query_one("#why").display = False
        self.query_one("#notice").display = False
        self.query_one("#next").display = False
        self.query_one("#still").display = False

    @property
    def box(self) -> tuple[int, int]:
        """The pixels there is room for: of half-blocks a cell is one wide and two high."""
        size = self.query_one("#inside").content_size
        if self._pixels is not None:
            return pixels.room(size.width, size.height)
        return max(1, size.width), max(1, size.height * 2)

    def title(self, words: Content) -> None:
        """Write on the upper edge."""
        self.query_one("#frame-top", Edge).show(words)

    def subtitle(self, words: Content, corners: str = "└┘") -> None:
        """Write on the lower edge; its ends are those of a line between two panes where one lies below."""
        self.query_one("#frame-bottom", Edge).show(words, corners)

    def want(self, key: str, box: tuple[int, int] = (0, 0)) -> None:
        """Another frame (or size) is asked for; until it is drawn no label counts."""
        self.wanted, self.drawn, self.readable = (key, box), "", False

    def show_picture(self, key: str, picture: Picture) -> None:
        """Show a picture; it counts as drawn after the next refresh, or when its pixels have been sent."""
        self.query_one("#why").display = False
        if self._pixels is not None:
            self._pixels.put(picture, self.wanted[1], partial(self._on_screen, key, True))
            return
        self._still.show(picture)
        self.call_after_refresh(self._on_screen, key, True)

    def prepare(self, picture: Picture, box: tuple[int, int]) -> None:
        """Take a neighbour's picture, which may be wanted next."""
        if self._pixels is not None:
            self._pixels.prepare(picture, box)

    def show_reason(self, key: str, what: str, remedy: str = "", *, again: Ask | None = None) -> None:
        """Show why there is no picture; where that passes by itself, `again` asks for it after a moment."""
        self.show_hint(Content.assemble((what, "bold $error"), "\n\n" if remedy else "", remedy))
        self.call_after_refresh(self._on_screen, key, False)
        if again is not None:
            self.set_timer(_AGAIN_S, partial(self._ask_again, again, self.wanted))

    def _ask_again(self, ask: Ask, wanted: tuple[str, tuple[int, int]]) -> None:
        if self.wanted == wanted:
            self.want(*wanted)
            ask(*wanted)

    def show_hint(self, text: Content) -> None:
        """Show words instead of a picture."""
        if self._pixels is not None:
            self._pixels.put(None, self.wanted[1], lambda: None)
        else:
            self._still.show(None)
        why = self.query_one("#why", Static)
        why.update(text)
        why.display = True

    def notify_line(self, text: Content | None) -> None:
        """Show a line over the picture's foot until the next key, or take it off."""
        self._over("#notice", text)

    def next_line(self, text: Content | None) -> None:
        """Show a line over the picture's head until the next key, or take it off."""
        self._over("#next", text)

    def _over(self, id: str, text: Content | None) -> None:
        line = self.query_one(id, Static)
        if text is not None:
            line.update(text)
        if line.display != (text is not None):
            line.display = text is not None

    def _on_screen(self, key: str, readable: bool) -> None:
        if key == self.wanted[0]:
            self.drawn, self.readable = key, readable
            self.post_message(self.Drawn(key))
