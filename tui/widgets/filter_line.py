"""The line in which a filter is written; there only while it is."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from tui.widgets.key_line import KeyLine


class FilterLine(Input):
    """Takes the keyboard until enter or esc."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back", show=False)]

    class Left(Message):
        """The line was left without a new filter."""

    def __init__(self) -> None:
        super().__init__(
            id="filter", placeholder="label:active  !label  day:-1  08:54-09:25   (nothing: all frames)"
        )
        self.cursor_blink = False

    def open(self, text: str) -> None:
        """Show the line, in the place of the keys, with the filter that is on."""
        self.value = text
        self._take_place(True)
        self.focus()

    def close(self) -> None:
        """Take it away."""
        self._take_place(False)
        self.screen.set_focus(None)

    def _take_place(self, here: bool) -> None:
        self.display = here
        self.screen.query_one(KeyLine).display = not here

    def action_leave(self) -> None:
        self.post_message(self.Left())
