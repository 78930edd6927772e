"""Why a label is doubted: the frame beside the labelled frames that look most alike, a row for each class.

What always holds: nothing is labelled here; pictures are shown where there is room for them, else the times of the
frames. Opened from Label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from core.frames.names import captured_at
from core.tasks import Task
from core.terminals import ASCII
from core.text import safe
from tui import keymap
from tui.drawing import DIM, class_mark
from tui.messages import PictureReady
from tui.screens.base import Place
from tui.widgets.halfcells import Still
from tui.widgets.line import Words
from tui.widgets.pane import Pane

if TYPE_CHECKING:
    from core.frames.decode import Picture
    from core.labels.model import Label
    from core.labels.suggested import Doubt

#: Pictures in a row, the doubted frame first; classes that have one.
_MOST, _ROWS = 4, 4
#: Columns of the terminal from which on all of them fit.
_WIDE = 120
#: With fewer nobody is named.
_NARROW = 60
#: Cells of a picture at least, and how many of them are as high as one is wide.
_LEAST, _SHAPE = 12, 3.5


class EvidenceScreen(Place):
    """What speaks for a label, and what against it."""

    PLACE = keymap.EVIDENCE
    SCROLLS = "#evidence"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.EVIDENCE)

    def __init__(self, task: Task, doubt: Doubt, labels: Mapping[str, Label]) -> None:
        super().__init__()
        self._about, self._doubt = task, doubt
        self._label = labels.get(doubt.frame)
        self._rows = rows_of(doubt, labels)[:_ROWS]
        self._pictures: dict[tuple[str, tuple[int, int]], Picture] = {}

    def compose_body(self) -> ComposeResult:
        with Pane(id="evidence"):
            yield Words("evidence-head")
            for row in range(len(self._rows)):
                yield Words(f"evidence-class-{row}")
                with Horizontal(id=f"evidence-row-{row}", classes="examples"):
                    for at in range(_MOST):
                        yield Container(_drawer(self.pm.graphics, f"evidence-{row}-{at}"), classes="small")
                yield Words(f"evidence-times-{row}")

    def on_mount(self) -> None:
        moment = captured_at(self._doubt.frame)
        when = (
            f"{moment:%H:%M:%S} of {moment.day} {moment:%b}" if moment else safe(self._doubt.frame, limit=40)
        )
        self.query_one("#evidence").border_title = Content(f"the label of {when}")

    def show_state(self) -> None:
        super().show_state()
        self._draw()

    def resized(self) -> None:
        super().resized()
        self._draw()

    def receive(self, result: object) -> None:
        if isinstance(result, PictureReady) and result.key in {self._doubt.frame, *self._doubt.evidence}:
            self._pictures[result.key, result.box] = result.picture
            self._draw()

    @property
    def _columns(self) -> int:
        """How many pictures lie side by side: where there is little room fewer that can be seen."""
        return _MOST if self.size.width >= _WIDE else _MOST - 1

    def _room(self) -> tuple[int, int]:
        """Return width and height of a picture in cells; (0, 0) where there is no room for them."""
        each = self.query_one("#evidence", Pane).room // self._columns - 1
        # Beside the pictures: the head, a line above and below each row, the edges and what the app has.
        high = (self.size.height - 6) // max(1, len(self._rows)) - 2
        each = min(each, int(high * _SHAPE))
        return (each, int(each / _SHAPE)) if each >= _LEAST and self.pm.pictures else (0, 0)

    def _draw(self) -> None:
        if not self.query(f"#evidence-times-{len(self._rows) - 1}"):
            return
        width, height = self._room()
        box = (width, 2 * height)
        label = self._label if self.size.width >= _NARROW else None
        self.query_one("#evidence-head", Words).show(head_of(self._about, self._doubt, label))
        lacking: list[str] = []
        for row, (class_, keys) in enumerate(self._rows):
            shown = [self._doubt.frame, *keys[: self._columns - 1]]
            line = Content.assemble(" beside ", class_mark(self._about, class_), (", the most alike", DIM))
            self.query_one(f"#evidence-class-{row}", Words).show(line)
            strip = self.query_one(f"#evidence-row-{row}")
            strip.display, strip.styles.height = width > 0, height
            for at in range(_MOST):
                key = shown[at] if width and at < len(shown) else ""
                found = self._pictures.get((key, box))
                if key and found is None:
                    lacking.append(key)
                if width:
                    strip.children[at].styles.width, strip.children[at].styles.height = width, height
                _put(self.query_one(f"#evidence-{row}-{at}"), found)
            self.query_one(f"#evidence-times-{row}", Words).show(times_of(shown, width))
        if lacking:
            self.bridge.strip(list(dict.fromkeys(lacking)), box)

    def action_close(self) -> None:
        self.dismiss()


def _drawer(graphics: str, id_: str) -> Still | Static:
    return Static(id=id_, markup=False) if graphics == ASCII else Still(id=id_)


def _put(drawer: Widget, picture: Picture | None) -> None:
    """Show a picture, or nothing, as the terminal can."""
    if isinstance(drawer, Still):
        drawer.show(picture)
    elif isinstance(drawer, Static):
        from tui.widgets.letters import lettered

        drawer.update("\n".join(lettered(picture)) if picture is not None else "")


def rows_of(doubt: Doubt, labels: Mapping[str, Label]) -> list[tuple[str, list[str]]]:
    """Return the frames of the evidence by the class they have now: first that of the label, then the suggested one."""
    found: dict[str, list[str]] = {doubt.class_: [], doubt.suggested: []}
    for key in doubt.evidence:
        if key in labels:
            found.setdefault(labels[key].class_, []).append(key)
    return [(class_, keys) for class_, keys in found.items() if keys]


def head_of(task: Task, doubt: Doubt, label: Label | None) -> Content:
    """'● active by Ana · hand   suggested ○ offline 90%'."""
    by = f" by {safe(label.who, limit=30)} · {label.how}" if label is not None else ""
    share = "" if doubt.confidence is None else f" {doubt.confidence:.0%}"
    return Content.assemble(
        " ", class_mark(task, doubt.class_), (by, DIM), ("   suggested ", DIM), class_mark(task, doubt.suggested), share
    )  # fmt: skip


def times_of(keys: Sequence[str], width: int) -> Content:
    """The times of the frames, below their pictures; without pictures those of all but the first, in a line."""
    words, day = [], captured_at(keys[0])
    for key in keys:
        moment = captured_at(key)
        same = moment is not None and day is not None and moment.date() == day.date()
        time = f"{moment:%H:%M:%S}" if same else f"{moment.day} {moment:%b %H:%M}" if moment else ""
        words.append(time or safe(key.rpartition("/")[2], limit=16))
    if not width:
        return Content.styled(f"   {', '.join(words[1:])}", DIM)
    words[0] = f"this, {words[0]}"
    return Content.styled("".join(f" {said[:width]:<{width}}" for said in words), DIM)
