"""The log of git commands that were run here: what changed the repository, to be read and repeated by hand."""

from __future__ import annotations

import re
import textwrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from tui import keymap
from tui.drawing import DIM
from tui.messages import Failed, GitLogRead
from tui.screens.base import Place
from tui.widgets.pane import Pane
from tui.writing import wrapped


class LogScreen(Place):
    """Shows the end of .print-models/git.log."""

    PLACE = keymap.LOG
    SCROLLS = "#log"
    SAYS = frozenset({"git log"})
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.LOG)

    def __init__(self) -> None:
        super().__init__()
        self._read: GitLogRead | None = None

    def compose_body(self) -> ComposeResult:
        with Pane(id="log"):
            yield Static("reading …", id="log-text", markup=False)

    def on_mount(self) -> None:
        self.query_one("#log").border_title = Content("git commands that changed something here")

    def receive(self, result: object) -> None:
        text = self.query_one("#log-text", Static)
        match result:
            case GitLogRead():
                self._read = result
                self._draw()
                self.query_one("#log", Pane).scroll_end(animate=False)
            case Failed(job="git log"):
                text.update(Content(f"{result.what} {result.remedy}"))

    def resized(self) -> None:
        super().resized()
        self._draw()

    def _draw(self) -> None:
        if self._read is None or not self.is_mounted:
            return
        width = self.query_one("#log", Pane).room
        lines = [part for line in self._read.lines for part in command(line, width)]
        lines = lines or [Content("No git command was run yet.")]
        if self.state.problems:
            lines += [Content(""), Content("In the camera folders is no frame:")]
            lines += [part for line in self.state.problems for part in wrapped(line, width)]
        self.query_one("#log-text", Static).update(Content("\n").join(lines))

    def action_close(self) -> None:
        self.dismiss()


def command(line: str, width: int) -> list[Content]:
    """Return a line of the log: when, then the command; what goes on below is indented, so that each is seen to begin."""
    when, _, words = line.partition(" ")
    moment, day = when.partition("T")[2], when.partition("T")[0]
    if not moment:
        return wrapped(line, width)
    # What separates the lines of a message would be read as a part of its words.
    words = re.sub(r"(\\x0a)+", " ¶ ", words)
    parts = textwrap.wrap(words, max(12, width - 2), break_on_hyphens=False) or [""]
    head = Content.assemble((f"{day} {moment}", DIM))
    return [head, *(Content(f"  {part}") for part in parts)]
