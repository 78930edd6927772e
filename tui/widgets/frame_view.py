"""The frame under the cursor: its picture, or why there is none, with facts in the border and a notice over it.

What always holds: `drawn` is the key of the frame whose picture (or stated failure) has been handed to the terminal,
'' from the moment another one is asked for; a label may only be given to that frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.widgets.halfcells import Still

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class FrameView(Container):
    """A bordered box with one picture in it."""

    class Drawn(Message):
        """The picture, or why there is none, of this frame is on the screen."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self) -> None:
        super().__init__(id="frame")
        self.drawn = ""
        self.readable = False
        self.wanted: tuple[str, tuple[int, int]] = ("", (0, 0))

    def compose(self) -> ComposeResult:
        yield Still(id="still")
        yield Static(id="why", markup=False)
        yield Static(id="notice", markup=False)

    def on_mount(self) -> None:
        self.query_one("#why").display = False
        self.query_one("#notice").display = False
        self.query_one(Still).display = False

    @property
    def box(self) -> tuple[int, int]:
        """The pixels there is room for: a cell is one wide and two high."""
        size = self.content_size
        return max(1, size.width), max(1, size.height * 2)

    def want(self, key: str, box: tuple[int, int] = (0, 0)) -> None:
        """Another frame (or size) is asked for; until it is drawn no label counts."""
        self.wanted, self.drawn, self.readable = (key, box), "", False

    def show_picture(self, key: str, pixels: NDArray[np.uint8]) -> None:
        """Show a picture; it counts as drawn after the next refresh."""
        why = self.query_one("#why", Static)
        why.display = False
        self.query_one(Still).show(pixels)
        self.call_after_refresh(self._on_screen, key, True)

    def show_reason(self, key: str, what: str, remedy: str = "") -> None:
        """Show why there is no picture."""
        self.query_one(Still).show(None)
        why = self.query_one("#why", Static)
        why.update(Content.assemble((what, "bold $error"), "\n\n" if remedy else "", remedy))
        why.display = True
        self.call_after_refresh(self._on_screen, key, False)

    def show_hint(self, text: Content) -> None:
        """Show what to do where there is no frame at all."""
        self.query_one(Still).show(None)
        why = self.query_one("#why", Static)
        why.update(text)
        why.display = True

    def notify_line(self, text: Content | None) -> None:
        """Show a line over the picture's foot until the next key, or take it off."""
        notice = self.query_one("#notice", Static)
        if text is None:
            notice.display = False
        else:
            notice.update(text)
            notice.display = True

    def _on_screen(self, key: str, readable: bool) -> None:
        if key == self.wanted[0]:
            self.drawn, self.readable = key, readable
            self.post_message(self.Drawn(key))
