"""One question over a screen, answered with an upper-case Y or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import keymap
from tui.drawing import BOLD
from tui.screens.keyed import Keyed
from tui.writing import wrapped

if TYPE_CHECKING:
    from tui.app import PrintModelsApp
    from tui.label_messages import ManyGoneOutside


class ConfirmScreen(Keyed, ModalScreen[bool]):
    """Ask; dismissed with True only by Y."""

    PLACE = keymap.CONFIRM
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.CONFIRM)

    def __init__(self, question: str, consequence: str) -> None:
        super().__init__()
        self._question, self._consequence = question, consequence

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm"):
            yield Static(id="question", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        """Lay the words out for the width there is: all of them can be read before anyone says yes."""
        width = max(16, min(72, event.size.width * 9 // 10 - 6))
        lines = [*wrapped(self._question, width, BOLD), *wrapped(self._consequence, width), Content("")]
        lines.append(Content.assemble(("Y", "bold $accent"), " yes   ", ("n", "bold $accent"), " no"))
        self.query_one("#question", Static).update(Content("\n").join(lines))

    def action_confirm(self) -> None:
        self.dismiss(True)

    def action_decline(self) -> None:
        self.dismiss(False)


def ask_many_gone(app: PrintModelsApp, question: ManyGoneOutside) -> None:
    """Many labels would go with a change made outside: only a person says yes to that."""

    def answered(yes: bool | None) -> None:
        if yes:
            app.bridge.accept_outside(question.task)
        else:
            app.tell(["The labels stay; the file is left as it is."], title="Label files")

    consequence = "Take those labels off here too? u brings them back."
    app.push_screen(ConfirmScreen(question.what, consequence), answered)
