"""The frames around the cursor as small pictures, a page at a time.

What always holds: a step of the cursor within the page moves a mark and nothing else; the pictures change when the
page does. The screen asks for the pictures that are not there yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content

from core.tasks import Task
from tui.drawing import COLOURS, DIM, GLYPHS, UNLABELLED
from tui.widgets.halfcells import Still
from tui.widgets.line import Words
from tui.widgets.pointed import Pointed

if TYPE_CHECKING:
    from core.frames.decode import Picture
    from core.frames.index import Frame

#: A small picture in cells, and the pixels that makes.
WIDTH, HEIGHT = 16, 5
BOX = (WIDTH, 2 * HEIGHT)
_MOST = 28


class Filmstrip(Container):
    """A row of small pictures with times below them."""

    def __init__(self) -> None:
        super().__init__(id="strip")
        self._stills: list[Still] = []
        self._places = range(0)
        self._frames: Sequence[Frame] = ()

    def compose(self) -> ComposeResult:
        yield Horizontal(id="strip-pictures")
        yield Words("strip-times")

    def _make_room(self, number: int) -> None:
        """Add the small pictures that are lacking; where no strip fits on the screen none is ever made."""
        more = [Still(id=f"small-{at}") for at in range(len(self._stills), number)]
        if more:
            self._stills += more
            self.query_one("#strip-pictures").mount_all([Container(still, classes="small") for still in more])

    def page(self, cursor: int, total: int) -> range:
        """Return the places of the frames on the cursor's page."""
        number = max(1, min(_MOST, (self.content_size.width - 1) // (WIDTH + 1)))
        first = cursor // number * number
        return range(first, min(first + number, total))

    def show(
        self,
        frames: Sequence[Frame],
        places: range,
        cursor: int,
        task: Task,
        class_of: Callable[[str], str | None],
        picture: Callable[[str], Picture | None],
        changes: Callable[[str], bool] = lambda key: False,
    ) -> list[str]:
        """Draw the page; return the frames whose small picture is not there yet. `changes` says where it changed."""
        self._frames, self._places = frames, places
        lacking, times = [], [Content(" ")]
        self._make_room(len(places))
        for number, still in enumerate(self._stills):
            key = frames[places[number]].key if number < len(places) else ""
            found = picture(key) if key else None
            if key and found is None:
                lacking.append(key)
            still.show(found)
        for at in places:
            key = frames[at].key
            times.append(_time(frames[at], at == cursor, task, class_of(key), changed=changes(key)))
        self.query_one("#strip-times", Words).show(Content("").join(times))
        return lacking

    def shows(self, frames: Sequence[Frame], places: range) -> bool:
        """True where these places of these frames are the page that is drawn."""
        return frames is self._frames and places == self._places

    def on_click(self, event: events.Click) -> None:
        """Go to the frame that was pointed at."""
        at = (event.screen_x - self.content_region.x - 1) // (WIDTH + 1)
        if 0 <= at < len(self._places):
            self.post_message(Pointed(self._places[at]))


def _time(frame: Frame, here: bool, task: Task, class_: str | None, *, changed: bool) -> Content:
    code = task.code(class_) if class_ in task.classes and class_ else None
    glyph = (GLYPHS[code], COLOURS[code]) if code is not None else (UNLABELLED, DIM)
    words = f" {frame.captured_at:%H:%M:%S}{'▲' if here else ' '}"
    line = Content.assemble(
        (" ≠ " if changed else "   ", "bold $accent"), glyph, (words, "bold $accent" if here else DIM)
    )
    return line + Content(" " * max(0, WIDTH + 1 - line.cell_length))
