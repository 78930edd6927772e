"""One of several, chosen by its number or letter, or with arrows and enter: queues, views, reasons.

What always holds: rows may come while the list is looked at; the cursor stays on its row then. Nothing is chosen by a
row that came after a person looked: a number belongs to its row for good. Opened over Label by its tools.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from tui import keymap
from tui.drawing import BOLD, DIM
from tui.screens.base import Place
from tui.widgets.key_line import KeyLine
from tui.widgets.pane import Pane
from tui.writing import beside, wrapped

#: What chooses the rows, in their order: letters that move or close are not among them.
NAMES = "123456789abcdefghilmnoprstuvwxyz"
_REASON = 58
#: Wider rows would part a word from what is said of it.
_WIDEST = 96


class Row(NamedTuple):
    """One of several: `id` is handed to who asked, `word` names it, `tail` stands at the end, `why` where there is room.

    `head` is a heading above it, where another part of the list begins. `own` marks one that a person made.
    """

    id: str
    word: Content
    tail: str = ""
    why: str = ""
    head: str = ""
    own: bool = False


class PickScreen(Place):
    """A list to choose from; `chosen` is called with the id, after the list has gone."""

    PLACE = keymap.PICK
    SCROLLS = "#pick"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.PICK)

    def __init__(
        self,
        title: str,
        rows: Sequence[Row],
        chosen: Callable[[str], None],
        *,
        last: str = "",
        drop: Callable[[str], None] | None = None,
    ) -> None:
        """`last` is a line below the rows; `drop` is called with the id of a row that may be forgotten."""
        super().__init__()
        self._title, self._rows, self._chosen = title, list(rows), chosen
        self._cursor = 0
        self._last, self._drop = last, drop
        self._moved = False

    def compose_body(self) -> ComposeResult:
        with Pane(id="pick"):
            yield Static(id="pick-rows", markup=False)

    def on_mount(self) -> None:
        self.query_one("#pick").border_title = Content(self._title)

    def resized(self) -> None:
        super().resized()
        self.draw()

    def show_state(self) -> None:
        super().show_state()
        self.draw()

    def keys(self) -> list[tuple[str, str | Content]]:
        without = [] if self._rows else ["pick"]
        if self.row is None or not self.row.own:
            without.append("drop_view")
        return list(keymap.footer_of(self.PLACE, without=without))

    @property
    def row(self) -> Row | None:
        """The row at the cursor."""
        return self._rows[self._cursor] if self._rows else None

    def show_rows(self, rows: Sequence[Row], last: str, *, first: str = "") -> None:
        """Show these rows, with a line below them; the cursor stays on its row, or goes to `first` if nobody moved it."""
        here = self.row.id if self.row is not None and (self._moved or not first) else first
        self._rows, self._last = list(rows), last
        self._cursor = next((at for at, row in enumerate(self._rows) if row.id == here), 0)
        if self.query(KeyLine):  # else it is drawn as soon as it has its parts
            self.show_state()

    def draw(self) -> None:
        """Draw the rows for the room there is."""
        if not self.query("#pick-rows"):
            return
        width = min(_WIDEST, self.query_one("#pick", Pane).room)
        lines: list[Content] = []
        here = 0
        for at, row in enumerate(self._rows):
            if row.head:
                lines += (
                    [Content(""), Content.styled(row.head, DIM)] if lines else [Content.styled(row.head, DIM)]
                )
            here = len(lines) if at == self._cursor else here
            lines.append(self._line(at, row, width))
        lines += [Content(""), *wrapped(self._last, width, DIM)] if self._last else []
        self.query_one("#pick-rows", Static).update(Content("\n").join(lines))
        self.query_one("#pick", Pane).keep(here)

    def _line(self, at: int, row: Row, width: int) -> Content:
        here = at == self._cursor
        name = NAMES[at] if at < len(NAMES) else " "
        head = Content.assemble("▸" if here else " ", (f" {name} ", "bold $accent"))
        word = row.word.stylize(BOLD) if here else row.word
        tail = Content.assemble((row.tail, BOLD if here else ""))
        if row.why and width >= _REASON:
            tail = Content.assemble((row.why, DIM), f"{row.tail:>9}")
        return beside(head + word, tail, width)

    # --- keys ---------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        at = NAMES.find(event.key) if len(event.key) == 1 else -1
        if 0 <= at < len(self._rows):
            event.stop()
            self._take(self._rows[at])

    def _take(self, row: Row) -> None:
        self.dismiss()
        self._chosen(row.id)

    def action_pick(self) -> None:
        if self.row is not None:
            self._take(self.row)

    def action_pick_down(self) -> None:
        self._go(1)

    def action_pick_up(self) -> None:
        self._go(-1)

    def _go(self, by: int) -> None:
        self._moved = True
        self._cursor = max(0, min(len(self._rows) - 1, self._cursor + by))
        self.show_state()

    def action_drop_view(self) -> None:
        if self.row is not None and self.row.own and self._drop is not None:
            self._drop(self.row.id)

    def action_close(self) -> None:
        self.dismiss()
