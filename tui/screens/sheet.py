"""The contact sheet of a first push: every picture that becomes readable on the remote, in small, before a `Y`.

What always holds: nothing is sent or written from here; the screen answers yes or no, and only `Y` is a yes. A row is the
pictures of one class and day of a version; of a long row some are shown until it is unfolded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from core.frames.names import captured_at
from core.human import count, plural
from core.terminals import ASCII
from core.text import address, safe
from core.versions.seeing import Batch
from core.versions.seeing import Place as PicturePlace
from tui import keymap
from tui.drawing import BOLD, COLOURS, DIM, GLYPHS, WARN
from tui.screens.base import Place
from tui.version_messages import HunkSeen, Thumb
from tui.widgets.hunks import Hunks
from tui.writing import wrapped

if TYPE_CHECKING:
    from core.release import ReleasePlan

#: On fewer lines than this only what matters most is said over the pictures.
_FEW, _BRIEF = 20, 4


class Contacts(Hunks):
    """Rows of pictures, each with the sign of its class."""

    def __init__(self, signs: dict[str, tuple[str, str]]) -> None:
        super().__init__()
        self._signs = signs

    def sign_of(self, hunk: HunkSeen) -> tuple[str, str]:
        return self._signs.get(hunk.kind, ("?", DIM))


class SheetScreen(Place):
    """Ask whether these pictures may become readable there; `then` is told the answer."""

    PLACE = keymap.SHEET
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.SHEET)

    def __init__(self, plan: ReleasePlan, batches: Sequence[Batch], then: Callable[[bool], None]) -> None:
        super().__init__()
        self._plan, self._batches, self._then = plan, batches, then
        self._unfolded: set[int] = set()
        self._rows: tuple[tuple[int, HunkSeen], ...] = ()

    def compose_body(self) -> ComposeResult:
        yield Static(id="sheet-words", markup=False)
        yield Contacts(_signs(self._plan, self._batches))

    @property
    def _hunks(self) -> Contacts:
        return self.query_one(Contacts)

    def on_mount(self) -> None:
        self._hunks.pictures = self.pm.pictures
        self._hunks.letters = self.pm.graphics == ASCII

    def resized(self) -> None:
        super().resized()
        lines = words_of(self._plan, self._batches, self.size.width - 2, brief=self.size.height < _FEW)
        self.query_one("#sheet-words", Static).update(Content("\n").join(lines))
        self._draw()

    def _draw(self) -> None:
        self._rows = tuple(
            (number, row)
            for number, batch in enumerate(self._batches)
            for row in rows_of(number, batch, self._hunks.row if number in self._unfolded else 0)
        )
        self._hunks.show([row for _, row in self._rows], marks=False)
        self.call_after_refresh(self._ask_pictures)

    def _ask_pictures(self) -> None:
        lacking = self._hunks.lacking()
        if lacking:
            self.bridge.compare.thumbnails.ask(lacking, self._hunks.box)

    def receive(self, result: object) -> None:
        if isinstance(result, Thumb):
            self._hunks.take(result)

    def on_hunks_moved(self, event: Hunks.Moved) -> None:
        self._ask_pictures()

    # --- keys ---------------------------------------------------------------------------------------------------

    def keys(self) -> list[tuple[str, str | Content]]:
        words = {"Y": "publish them", "n": "no, go back"}
        return [(key, words.get(key, word)) for key, word in keymap.footer_of(self.PLACE)]

    def on_key(self, event: events.Key) -> None:
        if event.key == "y":
            self.say("A first push is confirmed with an upper-case Y.")

    def _go(self, by: int) -> None:
        self._hunks.go(self._hunks.place + by)

    def action_version_down(self) -> None:
        self._go(1)

    def action_version_up(self) -> None:
        self._go(-1)

    def action_further(self) -> None:
        self._go(self._hunks.page)

    def action_backward(self) -> None:
        self._go(-self._hunks.page)

    def action_unfold(self) -> None:
        """Show every picture of the row at the cursor, or some of them again."""
        at = self._hunks.place
        if at >= len(self._rows):
            return
        number = self._rows[at][0]
        self._unfolded ^= {number}
        self._draw()
        first = next(place for place, (of, _) in enumerate(self._rows) if of == number)
        if number not in self._unfolded:
            self._hunks.go(first)

    def action_confirm(self) -> None:
        self.dismiss()
        self._then(True)

    def action_decline(self) -> None:
        self.dismiss()
        self._then(False)


def words_of(plan: ReleasePlan, batches: Sequence[Batch], width: int, *, brief: bool) -> list[Content]:
    """What becomes readable where, in figures; `brief` where there are few lines."""
    target = plan.target
    where = f"{safe(target.remote, limit=40)} ({address(target.url)})" if target else ""
    total = sum(len(batch.places) for batch in batches)
    classes: dict[str, int] = {}
    for batch in batches:
        classes[batch.label] = classes.get(batch.label, 0) + len(batch.places)
    days, versions = len({one.day for one in batches}), len({(one.task, one.version) for one in plan.shows})
    each = ", ".join(f"{safe(name, limit=40)} {count(number)}" for name, number in classes.items())
    of = f" of {plural(days, 'day')}" + (f" in {plural(versions, 'version')}" if versions > 1 else "")
    told = f"{plural(total, 'picture')}{of} ({each})"
    if brief:
        words = f"First push: {told} become readable on {where}"
        return wrapped(words, width, WARN)[:_BRIEF]
    lines = wrapped(f"This is the first push to {where}. It becomes readable there:", width, BOLD)
    lines += wrapped(f"{told}; beside them labels, marks and history, with who gave each and when.", width)
    lines += wrapped("What is pushed can't be taken back.", width, WARN)
    if target is not None:
        lines += wrapped(f"As one page: {target.again} --dry-run --sheet pictures.html", width, DIM)
    return [*lines, Content("")]


def rows_of(number: int, batch: Batch, room: int) -> list[HunkSeen]:
    """Return one row for a batch, or with `room` as many as show every picture of it."""
    step = room or max(1, len(batch.places))
    parts = [batch.places[at : at + step] for at in range(0, len(batch.places), step)]
    return [_row(f"{number}.{part}", batch, places) for part, places in enumerate(parts)]


def _row(id_: str, batch: Batch, places: tuple[PicturePlace, ...]) -> HunkSeen:
    day = datetime.strptime(batch.day, "%Y%m%d") if batch.day else None
    first, last = captured_at(places[0].key), captured_at(places[-1].key)
    times = f" {first:%H:%M}–{last:%H:%M}" if first and last else ""
    brief = f"{day.day} {day:%b}{times}" if day else "no day in the names"
    where = f"{day:%a} {day.day} {day:%b %Y}{times}" if day else brief
    return HunkSeen(
        id=id_,
        recording=f"{batch.task}/{batch.version}",
        where=f"{safe(batch.task, limit=40)} {safe(batch.version, limit=20)} · {where}",
        brief=brief,
        change=safe(batch.label, limit=40),
        kind=f"{batch.task}/{batch.label}",
        bytes=0,
        frames=places,
    )


def _signs(plan: ReleasePlan, batches: Sequence[Batch]) -> dict[str, tuple[str, str]]:
    """Return the glyph and colour of each class, by task and class."""
    tasks = plan.workspace.tasks
    return {
        f"{name}/{label}": (GLYPHS[tasks[name].code(label)], COLOURS[tasks[name].code(label)])
        for name, label in {(batch.task, batch.label) for batch in batches}
        if name in tasks and label in tasks[name].classes
    }
