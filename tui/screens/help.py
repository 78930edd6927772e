"""The help: every key that works on the screen it was called from, and the words; made from the keymap."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from core.tasks import Task
from tui import keymap
from tui.drawing import BOLD, COLOURS, GLYPHS, class_keys
from tui.screens.base import Place
from tui.widgets.pane import Pane

WORDS = (
    ("frame", "one picture of a camera"),
    ("task", "a question asked of every frame, with its classes"),
    ("draft", "the dataset version that would be made now; the header shows it with its price"),
    ("version", "a folder datasets/TASK/vN that never changes, with its images in Git LFS"),
    ("recording", "frames of one sitting; a split never cuts one"),
    ("release", "a version with its commit and tag, and on demand on a remote"),
    ("training", "a model being made in the background; it goes on when you leave"),
)


class HelpScreen(Place):
    """Keys and words."""

    PLACE = keymap.HELP
    SCROLLS = "#help"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.HELP)

    def __init__(self, place: str, task: Task) -> None:
        super().__init__()
        self._place, self._about = place, task

    def compose_body(self) -> ComposeResult:
        with Pane(id="help"):
            yield Static(help_text(self._place, self._about), id="help-text", markup=False)

    def on_mount(self) -> None:
        self.query_one("#help").border_title = Content(f"keys on the {self._place} screen")

    def action_close(self) -> None:
        self.dismiss()


def help_text(place: str, task: Task) -> Content:
    """Everything that works on a screen."""
    lines: list[Content] = []
    taken = class_keys(task) if place == keymap.LABEL else {}
    if taken:
        lines.append(Content.styled(f"Label as ({task.name})", BOLD))
        for code, class_ in enumerate(task.classes):
            keys = " ".join(
                key for key, meant in sorted(class_keys(task).items(), reverse=True) if meant == class_
            )
            lines.append(_row(keys, Content.styled(f"{GLYPHS[code]} {class_}", COLOURS[code])))
        lines.append(Content(""))
    for group, rows in keymap.help_of([place], taken).items():
        lines.append(Content.styled(group, BOLD))
        lines += [_row(keys, Content(words)) for keys, words in rows]
        lines.append(Content(""))
    lines.append(Content.styled("Words", BOLD))
    lines += [_row(word, Content(meaning)) for word, meaning in WORDS]
    return Content("\n").join(lines)


def _row(keys: str, words: Content) -> Content:
    return Content.assemble("  ", (f"{keys:<14}", "$accent"), words)
