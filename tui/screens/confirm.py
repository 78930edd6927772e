"""One question over a screen, answered with an upper-case Y or not at all."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import keymap
from tui.drawing import BOLD


class ConfirmScreen(ModalScreen[bool]):
    """Ask; dismissed with True only by Y."""

    PLACE = keymap.CONFIRM
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.CONFIRM)

    def __init__(self, question: str, consequence: str) -> None:
        super().__init__()
        self._question, self._consequence = question, consequence

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm"):
            yield Static(
                Content.assemble(
                    (self._question, BOLD), f"\n{self._consequence}\n\n", ("Y", "bold $accent"), " yes   ",
                    ("n", "bold $accent"), " no",
                ),
                markup=False,
            )  # fmt: skip

    def action_confirm(self) -> None:
        self.dismiss(True)

    def action_decline(self) -> None:
        self.dismiss(False)
