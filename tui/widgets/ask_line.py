"""The line in which a person writes something: a filter, a date, a reason, a note; there only while it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from tui.widgets.key_line import KeyLine

Complete = Callable[[str, int], list[str]]
#: A word that ends so is not whole yet.
_OPEN = (":", "<", ">", "=")


def word_begin(text: str, at: int) -> int:
    """Return where the word at a column begins; what stands in quotes is one word."""
    begin, quote = at, ""
    for place, letter in enumerate(text[:at]):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        if letter.isspace() and not quote:
            begin = at
        elif begin == at:
            begin = place
    return begin


class AskLine(Input):
    """Takes the keyboard until enter or esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False),
        Binding("tab", "complete", "complete", show=False),
        Binding("right", "right_or_complete", "on, or complete", show=False),
    ]

    class Left(Message):
        """The line is closed: what was written will do, or esc was pressed."""

    def __init__(self) -> None:
        super().__init__(id="ask", select_on_focus=False)
        self.cursor_blink = False
        self._done: Callable[[str], bool] = lambda text: True
        self._heard: Callable[[str], None] | None = None
        self._complete: Complete | None = None

    def open(
        self,
        text: str,
        done: Callable[[str], bool],
        *,
        hint: str = "",
        changed: Callable[[str], None] | None = None,
        complete: Complete | None = None,
    ) -> None:
        """Show the line, in the place of the keys, with `text`; `done` says whether what was written will do.

        `complete` is asked for the words that the one at a column can become; tab puts the first of them there.
        """
        self._done, self._heard, self._complete = done, changed, complete
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

    def candidates(self) -> list[str]:
        """What the word at the cursor can become, the best first."""
        return self._complete(self.value, self.cursor_position) if self._complete is not None else []

    def action_complete(self) -> None:
        """Put the first candidate in the place of the word at the cursor."""
        found = self.candidates()
        if not found:
            return
        at = self.cursor_position
        begin = word_begin(self.value, at)
        end = at if found[0].endswith(_OPEN) else at + len(self.value[at:].split(" ", 1)[0])
        space = "" if found[0].endswith(_OPEN) or self.value[end : end + 1] == " " else " "
        self.value = f"{self.value[:begin]}{found[0]}{space}{self.value[end:]}"
        self.cursor_position = begin + len(found[0]) + len(space)

    def action_right_or_complete(self) -> None:
        """At the end of the line the arrow completes, within it moves."""
        if self.cursor_position == len(self.value) and self.candidates():
            self.action_complete()
        else:
            self.action_cursor_right()

    def action_leave(self) -> None:
        self.close()
        self.post_message(self.Left())
