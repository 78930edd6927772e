"""What the Versions screen consists of, and how each of its views is drawn: the list on the left, one view on the right.

What always holds: the direction is always written (base → target); what is not known yet is said to be looked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from core.human import count
from core.progress import Progress
from core.tasks import Task
from tui.drawing import BAD, DIM
from tui.messages import DraftPriced, Failed
from tui.screens.versions_summary import lines_of, matrix_view, overview_of, price_line
from tui.screens.versions_texts import Sound, findings_of, frames_of, list_of, sound_of
from tui.version_messages import (
    DRAFT,
    CardSeen,
    GatesSeen,
    LinesSeen,
    PairSeen,
    VersionChecked,
    VersionFacts,
    VersionsSeen,
)
from tui.widgets.ask_line import AskLine
from tui.widgets.hunks import Hunks
from tui.widgets.line import Line
from tui.widgets.pane import Pane

if TYPE_CHECKING:
    pass

OVERVIEW, CHANGES, FRAMES, CARD, FINDINGS = "overview", "changes", "frames", "card", "findings"
MATRIX, LINEAGE, SPLITS, IMPACT = "matrix", "lineage", "splits", "impact"
#: The views that are a cursor among many: they have the whole width where there is little.
WHOLE = frozenset({CHANGES, FRAMES, CARD, LINEAGE, SPLITS, IMPACT})
#: What is looked at for longer than this says how far it is.
LONG_S = 1.0
_HEADS = {
    LINEAGE: "where it comes from and what came of it  (l: back)",
    SPLITS: "how it is split, by recording  (s: back)",
    IMPACT: "what its labels fix and break  (e: back)",
}


@dataclass(slots=True)
class Seen:
    """What has arrived, and what is looked at: `chosen` is the target, `base` None for the one it would be by itself."""

    chosen: str = DRAFT
    base: str | None = None
    view: str = OVERVIEW
    at: int = 0
    cell: tuple[int, int] = (0, 0)
    versions: VersionsSeen | None = None
    facts: VersionFacts | None = None
    pair: PairSeen | None = None
    card: CardSeen | None = None
    lines: LinesSeen | None = None
    gates: GatesSeen | None = None
    checked: dict[tuple[str, str], VersionChecked] = field(default_factory=dict)
    problem: Failed | None = None
    reading: Progress | None = None
    looking: tuple[float, Progress] | None = None

    def pair_of(self, task: Task) -> PairSeen | None:
        """The pair that is looked at, None until it has come."""
        pair = self.pair
        return pair if pair is not None and (pair.task, pair.target) == (task.name, self.chosen) else None

    def sound(self, task: Task) -> Sound:
        """How sound the target is, as far as that is known."""
        about = (task.name, self.chosen)
        known = self.gates is not None and (self.gates.task, self.gates.target) == about
        return sound_of(self.gates if known else None, self.checked.get(about))

    @property
    def progress(self) -> str:
        """How far what takes long is, '' where nothing does."""
        now = self.reading
        if now is None and self.looking is not None and monotonic() - self.looking[0] >= LONG_S:
            now = self.looking[1]
        if now is None:
            return ""
        return f"{now.step}: {count(now.done)} of {count(now.total)}" if now.total else f"{now.step} …"


def compose() -> ComposeResult:
    """Yield the list and the views."""
    with Container(id="two"):
        with Pane(id="versions-list"):
            yield Static(id="versions", markup=False)
        with Pane(id="detail"):
            yield Static(id="diff", markup=False)
        with Vertical(id="changes"):
            yield HunksHead()
            yield Hunks()
    yield AskLine()


class HunksHead(Line):
    """The line over the hunks: what changes and what it costs."""

    def __init__(self) -> None:
        super().__init__("hunks-head")
        self._pair: PairSeen | None = None

    def show(self, pair: PairSeen) -> None:
        """Draw it for a pair."""
        self._pair = pair
        self.redraw()

    def words(self) -> Content:
        if self._pair is None:
            return Content("")
        if not self._pair.hunks:
            return Content.styled("Nothing changes.  (d: back)", DIM)
        return price_line(self._pair, self.content_size.width)


class Panes:
    """Draws what has been seen."""

    def __init__(self, screen: Screen[None], seen: Seen) -> None:
        self._screen, self.seen = screen, seen

    @property
    def hunks(self) -> Hunks:
        return self._screen.query_one(Hunks)

    def draw(self, task: Task, draft: DraftPriced | None) -> None:
        """Draw the list and the view."""
        seen, screen = self.seen, self._screen
        box = screen.query_one("#versions-list", Pane)
        box.border_title = Content(task.name)
        # What is read at length has a screen for itself that is no wider than it needs.
        box.display = seen.view not in WHOLE or not (screen.has_class("-phone") or screen.size.width < 110)
        if screen.has_class("-phone") and seen.view != OVERVIEW:
            box.display = False
        text = screen.query_one("#versions", Static)
        if seen.versions is None or seen.versions.task != task.name:
            text.update(Content.styled("looking …", DIM))
        else:
            facts = seen.facts if seen.facts is not None and seen.facts.task == task.name else None
            base = seen.pair.base if seen.base is not None and seen.pair else ""
            rows, at = list_of(seen.versions.rows, draft, facts, seen.chosen, box.room, base)
            text.update(rows)
            box.scroll_to(y=max(0, at - 2), animate=False)
        self._detail(task)

    def _detail(self, task: Task) -> None:
        seen, screen, pair = self.seen, self._screen, self.seen.pair_of(task)
        detail, changes = screen.query_one("#detail", Pane), screen.query_one("#changes", Vertical)
        listed = seen.view == CHANGES and pair is not None and seen.problem is None
        detail.display, changes.display = not listed, listed
        text = screen.query_one("#diff", Static)
        text.display = True
        for card in screen.query("#card"):
            card.display = False
        title = f"{pair.base or 'nothing'} → {pair.target}" if pair else f"{seen.base or '…'} → {seen.chosen}"
        told = f" {seen.progress} " if seen.progress else ""
        for box in (detail, changes):
            box.border_title, box.border_subtitle = Content(title), Content(told)
        if seen.problem is not None:
            text.update(Content.assemble((seen.problem.what, BAD), "\n\n", seen.problem.remedy))
        elif pair is None:
            text.update(Content.styled("looking …", DIM))
        elif seen.view == CARD:
            self._card(detail, text, pair)
        elif listed:
            self._changes(pair)
        else:
            text.update(self._words(pair, detail, task))

    def _words(self, pair: PairSeen, detail: Pane, task: Task) -> Content:
        seen, width = self.seen, detail.room
        if seen.view == FRAMES:
            seen.at = max(0, min(seen.at, len(pair.frames) - 1))
            words, line = frames_of(pair, width, seen.at)
            self._screen.call_after_refresh(detail.keep, line)
            return words
        if seen.view == FINDINGS:
            return findings_of(pair.name, seen.sound(task), width)
        if seen.view == MATRIX:
            return matrix_view(pair, task, width, seen.cell)
        if seen.view in _HEADS:
            known = seen.lines
            if known is None or (known.view, known.task, known.target) != (seen.view, task.name, seen.chosen):
                return Content.styled("looking …", DIM)
            return lines_of(known, _HEADS[seen.view], width)
        return overview_of(pair, seen.sound(task), task, width)

    def _changes(self, pair: PairSeen) -> None:
        self._screen.query_one(HunksHead).show(pair)
        hunks = self.hunks
        hunks.show(pair.hunks, marks=pair.holding)
        self.place(pair)

    def place(self, pair: PairSeen) -> None:
        """Say at which of how many hunks the cursor is."""
        told = f" · {self.seen.progress}" if self.seen.progress else ""
        words = f" {count(self.hunks.place + 1)} of {count(len(pair.hunks))}{told} " if pair.hunks else ""
        self._screen.query_one("#changes", Vertical).border_subtitle = Content(words)

    def _card(self, detail: Pane, text: Static, pair: PairSeen) -> None:
        from textual.widgets import Markdown  # a second of imports that opening the app need not wait for

        seen, screen = self.seen.card, self._screen
        future = " as it will be" if pair.target == DRAFT else ""
        detail.border_title = Content(f"README.md of {pair.name}{future}")
        if seen is None or (seen.task, seen.target) != (pair.task, pair.target):
            text.update(Content.styled("looking …", DIM))
            return
        text.display = False
        card = next(iter(screen.query(Markdown)), None)
        if card is None:
            detail.mount(Markdown(seen.text, id="card", open_links=False))
            return
        card.display = True
        if card.source != seen.text:
            card.update(seen.text)
