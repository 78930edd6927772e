"""What a training started now would do: every default with its reason; enter starts it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from core.tasks import Task
from tui import keymap
from tui.drawing import BAD, BOLD, DIM
from tui.messages import Failed, RunStarted, TrainingOffered
from tui.screens.base import Place


class StartScreen(Place):
    """Start a training with the defaults."""

    PLACE = keymap.START
    SCROLLS = "#start"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.START)

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._about = task
        self._offer: TrainingOffered | None = None
        self._starting = False
        self._problem: Failed | None = None

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="start", can_focus=False):
            yield Static(id="offer", markup=False)

    def on_mount(self) -> None:
        self._ask()

    def _ask(self) -> None:
        self._offer, self._problem = None, None
        self.query_one("#start").border_title = Content(f"train on {self._about.name}")
        self.bridge.offer_training(self._about)
        self._draw()

    def receive(self, result: object) -> None:
        match result:
            case TrainingOffered() if result.task == self._about.name:
                self._offer = result
            case RunStarted():
                self.dismiss()
                return
            case Failed(job="start"):
                self._problem, self._starting = result, False
            case _:
                return
        self._draw()

    def keys(self) -> list[tuple[str, str | Content]]:
        ready = self._offer is not None and not self._offer.problem and not self._starting
        return [
            (keymap.shown(action.keys[0]), action.word)
            for action in keymap.actions_of(self.PLACE)
            if action.footer and (ready or action.id != "begin")
        ]

    def _draw(self) -> None:
        text = self.query_one("#offer", Static)
        text.update(self._text())
        super().show_state()

    def _text(self) -> Content:
        if self._problem is not None:
            return Content.assemble(("✗ ", BAD), (self._problem.what, BAD), "\n\n", self._problem.remedy)
        if self._offer is None:
            return Content.styled("Looking at the versions …", DIM)
        if self._offer.problem:
            return Content.assemble((self._offer.problem, BAD), "\n\n", self._offer.remedy)
        lines = [
            Content.assemble((f"{name:10}", DIM), (f"{value:22}", BOLD), (reason, DIM))
            for name, value, reason in self._offer.settings
        ]
        last = (
            "Starting …"
            if self._starting
            else "enter starts it; it goes on in the background when you leave."
        )
        return Content("\n").join([*lines, Content(""), Content(last)])

    def action_begin(self) -> None:
        if self._offer is not None and not self._offer.problem and not self._starting:
            self._starting = True
            self.bridge.start_training(self._about)
            self._draw()

    def action_other_task(self) -> None:
        tasks = list(self.state.workspace.tasks.values())
        self._about = tasks[(tasks.index(self._about) + 1) % len(tasks)]
        self._ask()

    def action_close(self) -> None:
        self.dismiss()
