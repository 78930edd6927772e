"""What a training started now would do: every default with its reason; arrows change it, enter starts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from core.tasks import Task
from tui import keymap
from tui.drawing import BAD, BOLD, DIM, WARN
from tui.messages import Failed, RunStarted, Setting, TrainingOffered
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
        #: What a person chose instead of a default, by the setting's key.
        self._asked: dict[str, str] = {}
        self._at = 0
        self._line = 0

    def compose_body(self) -> ComposeResult:
        with Pane(id="start"):
            yield Static(id="offer", markup=False)

    def on_mount(self) -> None:
        self._ask()

    def _ask(self) -> None:
        self._problem = None
        self.query_one("#start").border_title = Content(f"train on {self._about.name}")
        self.bridge.offer_training(self._about, dict(self._asked))
        self._draw()

    def receive(self, result: object) -> None:
        match result:
            case TrainingOffered() if result.task == self._about.name:
                self._offer = result
                self._at = min(self._at, max(0, len(result.settings) - 1))
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
            if action.footer and (ready or action.id not in ("begin", "value_on"))
        ]

    def _draw(self) -> None:
        text = self.query_one("#offer", Static)
        text.update(self._text())
        super().show_state()
        if self._offer is not None and self._offer.settings:
            self.call_after_refresh(self.query_one("#start", Pane).keep, self._line if self._at else 0)

    def _text(self) -> Content:
        if self._problem is not None:
            return Content.assemble(("✗ ", BAD), (self._problem.what, BAD), "\n\n", self._problem.remedy)
        if self._offer is None:
            return Content.styled("Looking at the versions …", DIM)
        width = self.query_one("#start", Pane).room
        if self._offer.problem:
            why = [
                *wrapped(self._offer.problem, width, BAD),
                *wrapped(self._offer.remedy, width),
                Content(""),
            ]
            if not self._offer.settings:
                return Content("\n").join(why)
            rows, self._line = _rows(self._offer.settings, width, self._at, self._asked)
            self._line += len(why)
            return Content("\n").join([*why, *rows])
        last = (
            "Starting …"
            if self._starting
            else "enter starts it; it goes on in the background when you leave."
        )
        lines = [*wrapped(self._offer.summary, width, BOLD), *wrapped(last, width), Content("")]
        rows, self._line = _rows(self._offer.settings, width, self._at, self._asked)
        self._line += len(lines)
        return Content("\n").join([*lines, *rows])

    def resized(self) -> None:
        super().resized()
        self._draw()

    def action_begin(self) -> None:
        if self._offer is not None and not self._offer.problem and not self._starting:
            self._starting = True
            self.bridge.start_training(self._about, dict(self._asked))
            self._draw()

    def action_other_task(self) -> None:
        tasks = list(self.state.workspace.tasks.values())
        self._about = tasks[(tasks.index(self._about) + 1) % len(tasks)]
        self._offer, self._asked, self._at = None, {}, 0
        self._ask()

    def action_line_on(self) -> None:
        self._move(1)

    def action_line_back(self) -> None:
        self._move(-1)

    def _move(self, by: int) -> None:
        if self._offer is not None and self._offer.settings:
            self._at = max(0, min(self._at + by, len(self._offer.settings) - 1))
            self._draw()

    def action_value_on(self) -> None:
        self._change(1)

    def action_value_back(self) -> None:
        self._change(-1)

    def _change(self, by: int) -> None:
        """Take the next value of the setting at the cursor; what depends on it is asked for again."""
        if self._offer is None or self._starting or not self._offer.settings:
            return
        setting = self._offer.settings[self._at]
        if not setting.choices:
            self.say(
                "A training learns from the latest version; another one: print-models train --dataset-dir"
            )
            return
        now = setting.choices.index(setting.value) if setting.value in setting.choices else 0
        self._asked[setting.key] = setting.choices[(now + by) % len(setting.choices)]
        self._offer = replace(
            self._offer,
            settings=tuple(
                replace(one, value=self._asked[one.key]) if one is setting else one
                for one in self._offer.settings
            ),
        )
        self._ask()

    def action_close(self) -> None:
        self.dismiss()


def _rows(
    settings: tuple[Setting, ...], width: int, at: int, asked: Mapping[str, str]
) -> tuple[list[Content], int]:
    """Each setting with its value and its reason, in one row where that fits, else the reason below where the cursor
    is; and the line of the cursor."""
    lines: list[Content] = []
    line = 0
    values = [_value(one, width) for one in settings]
    value_room = max(len(value) for value in values) + 2
    beside = width - _NAME - value_room
    for number, (one, value) in enumerate(zip(settings, values, strict=True)):
        here = number == at
        line = len(lines) if here else line
        mark = ("▸", "bold $accent") if here else ("+" if one.key in asked else " ", WARN)
        arrows = ("◂ ▸", "bold $accent") if here and one.choices else ("", "")
        head = Content.assemble(mark, (f"{one.name:{_NAME - 1}}", DIM), (f"{value:{value_room}}", BOLD))
        if beside >= _REASON:
            first, *rest = wrapped(one.reason, beside, DIM)
            lines.append(Content.assemble(head, first))
            lines += [Content.assemble(" " * (_NAME + value_room), part) for part in rest]
        else:
            lines.append(Content.assemble(head, arrows).truncate(width, ellipsis=True))
            lines += (
                [Content.assemble("  ", part) for part in wrapped(one.reason, width - 2, DIM)] if here else []
            )
    return lines, line


def _value(one: Setting, width: int) -> str:
    """Return a value as it is shown: of a path its last part, and no more than half a line."""
    text = one.value.rsplit("/", 1)[-1] if one.value.startswith("/") else one.value
    most = max(8, width // 2)
    return text if len(text) <= most else f"{text[: most - 1]}…"
