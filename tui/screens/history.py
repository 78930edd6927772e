"""What happened to a frame: every label and mark given or taken off, newest first; who, when, how, on which machine."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from core.text import safe
from tui import keymap
from tui.drawing import DIM, MARKS, WARN, class_mark
from tui.label_messages import HistoryRead
from tui.messages import Failed, Labelled, LabelsChanged
from tui.screens.base import Place
from tui.widgets.pane import Pane
from tui.writing import wrapped

if TYPE_CHECKING:
    from core.labels.model import HistoryEntry
    from tui.state import State


class HistoryScreen(Place):
    """The history of one frame; it follows what other sessions do to it."""

    PLACE = keymap.HISTORY
    SCROLLS = "#history"
    SAYS = frozenset({"history"})
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.HISTORY)

    def __init__(self, frame: str) -> None:
        super().__init__()
        self._frame = frame
        self._read: HistoryRead | None = None
        self._problem: Failed | None = None

    def compose_body(self) -> ComposeResult:
        with Pane(id="history"):
            yield Static("reading …", id="history-text", markup=False)

    def on_mount(self) -> None:
        name = safe(self._frame.rpartition("/")[2], limit=60)
        self.query_one("#history").border_title = Content(f"history of {name}")
        self.bridge.history(self._frame)

    def receive(self, result: object) -> None:
        match result:
            case HistoryRead() if result.frame == self._frame:
                self._read = result
            case Failed(job="history"):
                self._problem = result
            case Labelled() if self._frame in result.labels:
                self.bridge.history(self._frame)
                return
            case LabelsChanged():
                self.bridge.history(self._frame)
                return
            case _:
                return
        self._draw()

    def resized(self) -> None:
        super().resized()
        self._draw()

    def _draw(self) -> None:
        if not self.query("#history-text"):
            return
        width = self.query_one("#history", Pane).room
        text = self.query_one("#history-text", Static)
        if self._problem is not None:
            text.update(Content(f"{self._problem.what} {self._problem.remedy}"))
        elif self._read is not None:
            text.update(Content("\n").join(history_lines(self.state, self._read.entries, width)))

    def action_close(self) -> None:
        self.dismiss()


def history_lines(state: State, entries: tuple[HistoryEntry, ...], width: int) -> list[Content]:
    """Return the entries, newest first, each in two lines: what, then who and how; what was undone is struck through."""
    if not entries:
        return wrapped("Nothing was labelled or marked here yet.", width)
    lines: list[Content] = []
    for entry in reversed(entries):
        what = _said(state, entry, entry.after)
        if entry.before is not None:
            what = Content.assemble(what, (", was ", DIM), _said(state, entry, entry.before))
        if entry.undone:
            what = Content.assemble(what.stylize("strike"), ("  undone", WARN))
        where = f" on {safe(entry.host, limit=30)}" if entry.host else ""
        first = Content.assemble((f"{_when(entry.at)}  ", DIM), what)
        second = f"  by {safe(entry.who, limit=30)} · {entry.how}{where} · {safe(entry.task, limit=40)}"
        lines.append(first.truncate(width, ellipsis=True))
        lines += wrapped(f"  “{safe(entry.words, limit=400)}”", width) if entry.words else []
        lines += wrapped(second, width, DIM)
    return lines


def _said(state: State, entry: HistoryEntry, value: str | None) -> Content:
    task = state.workspace.tasks.get(entry.task)
    if value is None:
        return Content("no mark" if entry.task == "marks" else "no label")
    if task is not None:
        return class_mark(task, value)
    sign = f"{MARKS[value]} " if value in MARKS else ""
    return Content.styled(f"{sign}{safe(value, limit=40)}", WARN)


def _when(at: str) -> str:
    """The moment of a step in this machine's time."""
    try:
        moment = datetime.fromisoformat(at).astimezone()
    except ValueError:
        return safe(at, limit=20)
    return f"{moment.day} {moment:%b %Y %H:%M}"
