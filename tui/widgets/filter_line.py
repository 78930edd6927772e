"""The line in which a filter is written; there only while it is."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


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
        """Show the line with the filter that is on."""
        self.value = text
        self.display = True
        self.focus()

    def close(self) -> None:
        """Take it away."""
        self.display = False
        self.screen.set_focus(None)

    def action_leave(self) -> None:
        self.post_message(self.Left())
