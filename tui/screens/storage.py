"""The Storage screen: three lines (stored, what the drafts add, what only this machine has); the ledger behind enter."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from core.human import count, size
from tui import keymap
from tui.drawing import BAD, BOLD, DIM, GOOD
from tui.messages import Failed, LedgerSeen, Released
from tui.screens.base import Place
from tui.widgets.pane import Pane
from tui.writing import hung, wrapped

_THREE, _LEDGER, _PLANS = "three", "ledger", "plans"

#: The cells that the figures of a row of the ledger take.
_FIGURES = 31


class StorageScreen(Place):
    """What Git LFS holds, and what the drafts cost."""

    PLACE = keymap.STORAGE
    SCROLLS = "#storage"
    SAYS = frozenset({"storage"})
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.STORAGE)

    def __init__(self) -> None:
        super().__init__()
        self._seen: LedgerSeen | None = None
        self._problem: Failed | None = None
        self._measuring = False
        self._view = _THREE

    def compose_body(self) -> ComposeResult:
        with Pane(id="storage"):
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
        if not self.is_mounted:
            return
        box = self.query_one("#storage", Pane)
        box.border_title = Content("storage" + (" · measuring …" if self._measuring else ""))
        text = self.query_one("#ledger", Static)
        width = box.room
        if self._problem is not None:
            text.update(Content.assemble((self._problem.what, BAD), "\n\n", self._problem.remedy))
        elif self._seen is None:
            text.update(Content.styled("measuring …", DIM))
        else:
            lines = three_lines(self._seen, width)
            lines += {_THREE: _ways, _LEDGER: ledger_lines, _PLANS: plan_lines}[self._view](self._seen, width)
            text.update(Content("\n").join(lines))

    def resized(self) -> None:
        super().resized()
        self._draw()

    def _look_at(self, view: str) -> None:
        self._view = _THREE if self._view == view else view
        self.query_one("#storage", Pane).scroll_home(animate=False)
        self._draw()

    def action_reload(self) -> None:
        self._measure()

    def action_ledger(self) -> None:
        self._look_at(_LEDGER)

    def action_plans(self) -> None:
        self._look_at(_PLANS)


def three_lines(seen: LedgerSeen, width: int) -> list[Content]:
    """What is stored, what the drafts add, what only this machine has."""
    lines = hung("stored", seen.stored, width, style=BOLD)
    lines += hung("drafts add", seen.draft, width, style=f"bold {BAD}" if seen.over else BOLD)
    lines += hung("only here", seen.here, width, style=BOLD)
    return [*lines, Content("")]


def _ways(seen: LedgerSeen, width: int) -> list[Content]:
    """The plan, and the keys to more."""
    lines = [line for head, words in seen.plan for line in hung(head, words, width)]
    if not seen.rows:
        lines += [
            Content(""),
            *wrapped("nothing is stored yet. A release puts the first objects there: V, then R.", width),
        ]
    return lines


def ledger_lines(seen: LedgerSeen, width: int) -> list[Content]:
    """One row for each version, for the models, and for what is neither."""
    if not seen.rows:
        return wrapped("nothing is stored yet. A release puts the first objects there: V, then R.", width)
    name = max(len(row.name) for row in seen.rows)
    beside = name + _FIGURES <= width
    indent = name if beside else 2
    head = f"{'':{indent}}  {'files':>7}  {'bytes':>9}  {'its own':>9}"
    lines = [Content.styled(head, DIM).truncate(width, ellipsis=True)]
    for row in seen.rows:
        # Where a name has no room beside its figures, they stand below it: its end tells versions apart.
        if not beside:
            lines.append(Content(row.name).truncate(width, ellipsis=True))
        line = Content.assemble(
            f"{row.name if beside else '':{indent}}",
            f"  {count(row.files):>7}  {size(row.bytes):>9}",
            (f"  {size(row.exclusive):>9}", DIM),
        )
        lines.append(line.truncate(width, ellipsis=True))
    return [
        *lines,
        Content(""),
        *wrapped("its own: bytes that no other row shares; they would go with it.", width, DIM),
    ]


def plan_lines(seen: LedgerSeen, width: int) -> list[Content]:
    """What the drafts would come to under every plan."""
    note = "▸ is the one in use. Another one: plan = in print-models.toml, below [storage]; then r measures again."
    lines = [*wrapped(note, width, DIM), Content("")]
    for row in seen.plans:
        mark = ("▸ ", f"bold {GOOD}") if row.chosen else ("  ", "")
        style = BAD if row.over else ""
        line = Content.assemble(mark, (f"{row.name:19}", BOLD), (f"{row.share:>9}", style))
        lines.append(line.truncate(width, ellipsis=True))
        words = f"{row.note}; clones: {row.clones}"
        lines += [Content.assemble("    ", text) for text in wrapped(words, width - 4, DIM)]
    return lines
