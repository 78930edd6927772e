"""The log of git commands that were run here: what changed the repository, to be read and repeated by hand."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from tui import keymap
from tui.messages import Failed, GitLogRead
from tui.screens.base import Place
from tui.widgets.pane import Pane


class LogScreen(Place):
    """Shows the end of .print-models/git.log."""

    PLACE = keymap.LOG
    SCROLLS = "#log"
    SAYS = frozenset({"git log"})
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.LOG)

    def compose_body(self) -> ComposeResult:
        with Pane(id="log"):
            yield Static("reading …", id="log-text", markup=False)

    def on_mount(self) -> None:
        self.query_one("#log").border_title = Content("git commands that changed something here")

    def receive(self, result: object) -> None:
        text = self.query_one("#log-text", Static)
        match result:
            case GitLogRead():
                lines = list(result.lines) or ["No git command was run yet."]
                if self.state.problems:
                    lines += ["", "In the camera folders is no frame:", *self.state.problems]
                text.update(Content("\n".join(lines)))
                self.query_one("#log", Pane).scroll_end(animate=False)
            case Failed(job="git log"):
                text.update(Content(f"{result.what} {result.remedy}"))

    def action_close(self) -> None:
        self.dismiss()
