"""The help: every key that works on the screen it was called from, and the words; made from the keymap."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from core.tasks import Task
from tui import keymap
from tui.drawing import BOLD, COLOURS, FILLS, GLYPHS, class_keys
from tui.screens.base import Place
from tui.widgets.pane import Pane
from tui.writing import wrapped

#: How a stretch gets its class from a shell.
STRETCH = "print-models label --as CLASS --day D --from HH:MM --to HH:MM"

_KEYS, _KEYS_NARROW, _NARROW = 18, 11, 50

WORDS = (
    ("frame", "one picture of a camera"),
    ("task", "a question asked of every frame, with its classes"),
    ("draft", "the dataset version that would be made now; the header shows it with its price"),
    ("stretch", "frames in a row that were labelled, or changed, in one step"),
    ("version", "a folder datasets/TASK/vN that never changes, with its images in Git LFS"),
    ("recording", "frames of one sitting; a split never cuts one"),
    ("release", "a version with its commit and tag, and on demand on a remote"),
    ("split", "the sides of a version: a model learns from train, is measured on validation"),
    ("baseline", "what a rule reaches that sees no picture: a model has to beat it"),
    ("training", "a model being made in the background; it goes on when you leave"),
)

#: What the signs of the day bar mean.
BARS = (
    ("day", "the day, 6 h of it, or the recording (rec): + and - change that"),
    ("▾", "the frame under the cursor"),
    ("[ ]", "the stretch it lies in: frames in a row with one label, or with none"),
    ("━", "what is marked (a stretch that is begun)"),
    (FILLS[:4], "in a row: all frames of that cell have the class with this sign"),
    (GLYPHS[:4], "only some of them have it, the others no label"),
    ("·", "frames without a label; an empty cell has no frame"),
    ("▁ … █", "how much the picture changed, how bright it is, how sure the model"),
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
            yield Static(id="help-text", markup=False)

    def on_mount(self) -> None:
        self.query_one("#help").border_title = Content(f"keys on the {self._place} screen")

    def resized(self) -> None:
        super().resized()
        text = help_text(self._place, self._about, self.query_one("#help", Pane).room)
        self.query_one("#help-text", Static).update(text)

    def action_close(self) -> None:
        self.dismiss()


def help_text(place: str, task: Task, width: int) -> Content:
    """Everything that works on a screen, its group first, then the words; no line wider than `width`."""
    lines: list[Content] = []
    taken = class_keys(task) if place == keymap.LABEL else {}
    if taken:
        lines.append(Content.styled(f"Label as ({task.name})", BOLD))
        for code, class_ in enumerate(task.classes):
            keys = " ".join(
                key for key, meant in sorted(class_keys(task).items(), reverse=True) if meant == class_
            )
            lines += _row(keys, f"{GLYPHS[code]} {class_}", width, COLOURS[code])
        lines += wrapped(_many_at_once(taken), width)
        lines += wrapped("A stretch, in a shell; it is seen here within a second:", width)
        lines += [Content.assemble("  ", line) for line in wrapped(STRETCH, width - 2, "$accent")]
        lines.append(Content(""))
    for group, rows in keymap.help_of([place], taken).items():
        lines.append(Content.styled(group, BOLD))
        lines += [line for keys, words in rows for line in _row(keys, words, width)]
        lines.append(Content(""))
    if taken:
        lines.append(Content.styled("The bars", BOLD))
        lines += [line for signs, words in BARS for line in _row(signs, words, width)]
        lines.append(Content(""))
    lines.append(Content.styled("Words", BOLD))
    lines += [line for word, meaning in WORDS for line in _row(word, meaning, width)]
    return Content("\n").join(lines)


def _many_at_once(taken: Collection[str]) -> str:
    """How many frames are labelled with few keys, as far as there are keys for it."""
    found = {
        action.id: keymap.shown(keys[0])
        for action in keymap.actions_of(keymap.LABEL)
        if (keys := keymap.keys_of(action, taken))
    }
    ways = (
        ("stretch", "{}, move, a class key: a stretch."),
        ("verdict", "{}: a whole print."),
        ("bisect", "{}: where the class changes."),
        ("accept_stretch", "{}: what the model says of a stretch."),
    )
    said = [words.format(found[action]) for action, words in ways if action in found]
    return " ".join(["Many frames at once, each way one step:", *said])


def _row(keys: str, words: str, width: int, style: str = "") -> list[Content]:
    """Return keys with their words beside them; keys that need more room stand on a line of their own."""
    column = _KEYS if width >= _NARROW else _KEYS_NARROW
    first, *rest = wrapped(words, width - column - 2, style)
    if len(keys) >= column:
        head = [Content.styled(f"  {keys}", "$accent").truncate(width, ellipsis=True)]
        rest = [first, *rest]
    else:
        head = [Content.assemble("  ", (f"{keys:<{column}}", "$accent"), first)]
    return head + [Content.assemble(" " * (column + 2), line) for line in rest]
