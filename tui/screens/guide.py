"""The classes of a task: key, glyph, word, how many, and the frames a person pinned as examples of them.

What always holds: pictures are shown where there is room for them, else the times of the frames; a class without an
example says how one is pinned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content

from core.frames.names import captured_at
from core.human import plural
from core.tasks import Task
from core.text import safe
from tui import keymap
from tui.drawing import DIM, class_keys, class_mark
from tui.label_messages import MarksRead
from tui.messages import PictureReady
from tui.screens.base import Place
from tui.widgets.filmstrip import BOX, WIDTH
from tui.widgets.halfcells import Still
from tui.widgets.line import Words
from tui.widgets.pane import Pane

if TYPE_CHECKING:
    from core.frames.decode import Picture
    from tui.state import State

#: Examples of a class that are shown at most.
_MOST = 6


class GuideScreen(Place):
    """What each class looks like."""

    PLACE = keymap.GUIDE
    SCROLLS = "#guide"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.GUIDE)

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._about = task
        self._pictures: dict[str, Picture] = {}

    def compose_body(self) -> ComposeResult:
        with Pane(id="guide"):
            for code in range(len(self._about.classes)):
                yield Words(f"class-{code}")
                with Horizontal(id=f"row-{code}", classes="examples"):
                    for at in range(_MOST):
                        yield Container(Still(id=f"example-{code}-{at}"), classes="small")
                yield Words(f"times-{code}")

    def on_mount(self) -> None:
        self.query_one("#guide").border_title = Content(f"classes of {safe(self._about.name, limit=40)}")

    def show_state(self) -> None:
        super().show_state()
        self._draw()

    def resized(self) -> None:
        super().resized()
        self._draw()

    def receive(self, result: object) -> None:
        match result:
            case PictureReady() if result.box == BOX:
                self._pictures[result.key] = result.picture
                self._draw()
            case MarksRead():
                self._draw()

    def _draw(self) -> None:
        if not self.query(f"#example-{len(self._about.classes) - 1}-{_MOST - 1}"):
            return
        width = self.query_one("#guide", Pane).room
        room = width // (WIDTH + 1)
        pictured = room >= 2 and self.size.height >= 20 and self.pm.pictures
        examples = examples_of(self.state, self._about)
        lacking = []
        keys = {class_: key for key, class_ in class_keys(self._about).items()}
        for code, class_ in enumerate(self._about.classes):
            shown = examples[class_][: min(_MOST, room) if pictured else _MOST]
            number = self.state.class_counts(self._about)[class_]
            self.query_one(f"#class-{code}", Words).show(
                Content.assemble(
                    (f" {keys[class_]} ", "bold $accent"),
                    class_mark(self._about, class_),
                    (f"  {plural(number, 'frame')}", DIM),
                )
            )
            self.query_one(f"#row-{code}").display = pictured and bool(shown)
            for at in range(_MOST):
                key = shown[at] if pictured and at < len(shown) else ""
                found = self._pictures.get(key)
                if key and found is None:
                    lacking.append(key)
                still = self.query_one(f"#example-{code}-{at}", Still)
                still.show(found)
            self.query_one(f"#times-{code}", Words).show(_times(shown, examples[class_], width, pictured))
        if lacking:
            self.bridge.strip(lacking, BOX)

    def action_close(self) -> None:
        self.dismiss()


def examples_of(state: State, task: Task) -> dict[str, tuple[str, ...]]:
    """Return the pinned frames of each class of a task."""
    from core.labels.marks import examples

    known = state.known_of.get(task.name)
    return examples(known.marks if known else {}, task.name, task.classes)


def _times(shown: tuple[str, ...], every: tuple[str, ...], width: int, pictured: bool) -> Content:
    if not every:
        return Content.styled("   no example: * pins one", DIM).truncate(width)
    words = []
    for key in shown:
        moment = captured_at(key)
        said = f"{moment.day} {moment:%b %H:%M}" if moment else safe(key.rpartition("/")[2], limit=WIDTH)
        words.append(f" {said:<{WIDTH}}" if pictured else said)
    more = f"  … {len(every) - len(shown)} more" if len(every) > len(shown) else ""
    line = "".join(words) if pictured else "   " + ", ".join(words)
    return Content.styled(f"{line}{more}", DIM).truncate(width, ellipsis=True)
