"""The Storage screen: three lines (stored, what the drafts add, what is here) and the ledger of the `storage` command."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from core.human import count, size
from tui import keymap
from tui.drawing import BAD, BOLD, DIM
from tui.messages import Failed, LedgerSeen, Released
from tui.screens.base import Place


class StorageScreen(Place):
    """What Git LFS holds, and what the drafts cost."""

    PLACE = keymap.STORAGE
    SCROLLS = "#storage"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.STORAGE)

    def __init__(self) -> None:
        super().__init__()
        self._seen: LedgerSeen | None = None
        self._problem: Failed | None = None
        self._measuring = False

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="storage", can_focus=False):
            yield Static(id="ledger", markup=False)

    def show_state(self) -> None:
        super().show_state()
        self._measure()

    def _measure(self) -> None:
        self._measuring = True
        self.bridge.ledger()
        self._draw()

    def receive(self, result: object) -> None:
        match result:
            case LedgerSeen():
                self._seen, self._problem, self._measuring = result, None, False
            case Failed(job="storage"):
                self._problem, self._measuring = result, False
            case Released():
                self.bridge.ledger()
                return
            case _:
                return
        self._draw()

    def _draw(self) -> None:
        box = self.query_one("#storage")
        box.border_title = Content("storage")
        box.border_subtitle = Content("measuring …" if self._measuring else "")
        text = self.query_one("#ledger", Static)
        if self._problem is not None:
            text.update(Content.assemble((self._problem.what, BAD), "\n\n", self._problem.remedy))
        elif self._seen is not None:
            text.update(ledger_text(self._seen, self.app.size.width - 4))

    def resized(self) -> None:
        super().resized()
        self._draw()

    def action_reload(self) -> None:
        self._measure()


def ledger_text(seen: LedgerSeen, width: int) -> Content:
    """Three lines, the plan, and the table."""
    price = Content.styled(seen.draft, f"bold {BAD}" if seen.over else BOLD)
    lines = [
        Content.assemble(("stored   ", DIM), (seen.stored, BOLD)),
        Content.assemble(("drafts   ", DIM), price),
        Content.assemble(("here     ", DIM), (seen.here, BOLD)),
        Content(""),
    ]
    for line in seen.plan:
        head, _, words = line.partition("  ")
        lines.append(Content.assemble((f"{head:9}", DIM), words.strip()))
    if not seen.rows:
        remedy = "A release puts the first objects there: V, then R."
        return Content("\n").join([*lines, Content(""), Content(remedy)])
    room = max(12, width - 34)
    name = min(room, max(len(row.name) for row in seen.rows))
    lines += [Content(""), Content.styled(f"{'':{name}}  {'files':>7}  {'bytes':>9}  {'no other':>9}", DIM)]
    for row in seen.rows:
        shown = row.name if len(row.name) <= name else row.name[: name - 1] + "…"
        lines.append(
            Content.assemble(
                f"{shown:{name}}",
                f"  {count(row.files):>7}  {size(row.bytes):>9}",
                (f"  {size(row.exclusive):>9}", DIM),
            )
        )
    return Content("\n").join(lines)
