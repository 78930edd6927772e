"""What a training started now would do: every default with its reason; enter starts it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from core.tasks import Task
from tui import keymap
from tui.drawing import BAD, BOLD, DIM
from tui.messages import Failed, RunStarted, TrainingOffered
from tui.screens.base import Place
from tui.widgets.pane import Pane
from tui.writing import wrapped

_NAME, _REASON = 13, 24


class StartScreen(Place):
    """Start a training with the defaults."""

    PLACE = keymap.START
    SCROLLS = "#start"
    SAYS = frozenset({"start"})
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.START)

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._about = task
        self._offer: TrainingOffered | None = None
        self._starting = False
        self._problem: Failed | None = None

    def compose_body(self) -> ComposeResult:
        with Pane(id="start"):
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
        width = self.query_one("#start", Pane).room
        last = (
            "Starting …"
            if self._starting
            else "enter starts it; it goes on in the background when you leave."
        )
        return Content("\n").join([*_rows(self._offer.settings, width), Content(""), *wrapped(last, width)])

    def resized(self) -> None:
        super().resized()
        self._draw()

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


def _rows(settings: tuple[tuple[str, str, str], ...], width: int) -> list[Content]:
    """Each setting with its value and its reason: in one row where that fits, else the reason below."""
    lines: list[Content] = []
    value_room = max(len(value) for _, value, _ in settings) + 2
    beside = width - _NAME - value_room
    for name, value, reason in settings:
        head = Content.assemble((f"{name:{_NAME}}", DIM), (f"{value:{value_room}}", BOLD))
        if beside >= _REASON:
            first, *rest = wrapped(reason, beside, DIM)
            lines.append(Content.assemble(head, first))
            lines += [Content.assemble(" " * (_NAME + value_room), line) for line in rest]
        else:
            lines.append(head.truncate(width, ellipsis=True))
            lines += [Content.assemble("  ", line) for line in wrapped(reason, width - 2, DIM)]
    return lines
