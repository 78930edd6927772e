"""The line in which a person writes something: a filter, a date, a reason, a note; there only while it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from tui.widgets.key_line import KeyLine


class AskLine(Input):
    """Takes the keyboard until enter or esc."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back", show=False)]

    class Left(Message):
        """The line is closed: what was written will do, or esc was pressed."""

    def __init__(self) -> None:
        super().__init__(id="ask")
        self.cursor_blink = False
        self._done: Callable[[str], bool] = lambda text: True
        self._heard: Callable[[str], None] | None = None

    def open(
        self,
        text: str,
        done: Callable[[str], bool],
        *,
        hint: str = "",
        changed: Callable[[str], None] | None = None,
    ) -> None:
        """Show the line, in the place of the keys, with `text`; `done` says whether what was written will do."""
        self._done, self._heard = done, changed
        self.placeholder = hint
        self.value = text
        self.cursor_position = len(text)
        self._take_place(True)
        self.focus()

    def close(self) -> None:
        """Take it away."""
        self._take_place(False)
        self.screen.set_focus(None)

    def _take_place(self, here: bool) -> None:
        self.display = here
        self.screen.query_one(KeyLine).display = not here

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.display and self._heard is not None:
            self._heard(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._done(event.value.strip()):
            self.action_leave()

    def action_leave(self) -> None:
        self.close()
        self.post_message(self.Left())
