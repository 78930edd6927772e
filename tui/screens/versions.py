"""The Versions screen: the draft and every version of a task; of the chosen one what changes, its cost, its soundness.

What always holds: the direction is always written (base → target); the card is what core writes; a version's bytes are
read again only when that is asked for.
"""

from __future__ import annotations

from time import monotonic
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from core.human import count
from core.progress import Progress
from tui import keymap
from tui.drawing import BAD, DIM
from tui.messages import (
    Advanced,
    DraftPriced,
    Failed,
    Labelled,
    LabelsChanged,
    LabelsRead,
    Released,
)
from tui.opening import open_frame
from tui.screens.base import Place
from tui.screens.release import ReleaseScreen
from tui.screens.versions_texts import Sound, findings_of, frames_of, list_of, overview_of, sound_of
from tui.version_messages import (
    DRAFT,
    CardSeen,
    Finding,
    GatesSeen,
    PairSeen,
    VersionChecked,
    VersionFacts,
    VersionsSeen,
)
from tui.widgets.key_line import KeyLine
from tui.widgets.pane import Pane

_OVERVIEW, _FRAMES, _CARD, _FINDINGS = "overview", "frames", "card", "findings"
#: What is looked at for longer than this says how far it is.
_LONG_S = 1.0


class VersionsScreen(Place):
    """What there is, what would change, what it costs, is it sound."""

    PLACE = keymap.VERSIONS
    SCROLLS = "#detail"
    SAYS = frozenset({"versions", "pair", "card", "check", "gates"})
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.VERSIONS)

    def __init__(self) -> None:
        super().__init__()
        self._seen: VersionsSeen | None = None
        self._facts: VersionFacts | None = None
        self._pair: PairSeen | None = None
        self._card: CardSeen | None = None
        self._gates: GatesSeen | None = None
        self._checked: dict[tuple[str, str], VersionChecked] = {}
        self._problem: Failed | None = None
        self._reading: Progress | None = None
        self._looking: tuple[float, Progress] | None = None
        self._chosen = DRAFT
        self._view = _OVERVIEW
        self._at = 0

    def compose_body(self) -> ComposeResult:
        with Container(id="two"):
            with Pane(id="versions-list"):
                yield Static(id="versions", markup=False)
            with Pane(id="detail"):
                yield Static(id="diff", markup=False)

    def show_state(self) -> None:
        super().show_state()
        self._ask()
        self._draw()

    def resized(self) -> None:
        super().resized()
        self._draw()

    def _ask(self) -> None:
        task, ask = self.state.task, self.bridge.compare
        ask.versions(task)
        ask.pair(task, self._chosen)
        ask.gates(task, self._chosen)
        ask.facts(task)
        if self._view == _CARD:
            ask.card(task, self._chosen)

    def receive(self, result: object) -> None:
        task = self.state.task.name
        match result:
            case VersionsSeen() if result.task == task:
                self._seen, self._problem = result, None
            case VersionFacts() if result.task == task:
                self._facts = result
            case PairSeen() if result.task == task and result.target == self._chosen:
                self._pair, self._problem = result, None
                draft = self.state.drafts.get(task)
                if result.target == DRAFT and draft is not None and draft.new_bytes != result.new_bytes:
                    self.bridge.price(self.state.task)  # what other tasks have put into Git LFS meanwhile
            case CardSeen() if result.task == task and result.target == self._chosen:
                self._card = result
            case GatesSeen():
                self._looking = None
                if (result.task, result.target) == (task, self._chosen):
                    self._gates = result
            case VersionChecked():
                self._checked[result.task, result.name], self._reading = result, None
            case Advanced(job="check"):
                self._reading = result.progress
            case Advanced(job="gates"):
                self._looking = (self._looking[0] if self._looking else monotonic(), result.progress)
                self.set_timer(_LONG_S, self._draw)
            case Failed(job="gates"):
                self._looking = None
                failed = Finding("block", "check", result.what, result.remedy)
                self._gates = GatesSeen(task, self._chosen, (failed,))
            case Failed(job="versions" | "pair" | "card" | "check"):
                self._problem, self._reading = result, None
            case Released():
                self._chosen, self._view = DRAFT, _OVERVIEW
                self._ask()
                return
            case Labelled() | LabelsChanged() | LabelsRead():
                self._ask()
                return
            case DraftPriced():
                pass
            case _:
                return
        self._draw()

    # --- drawing ------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        task = self.state.task
        box, detail = (
            self.query_one("#versions-list", Pane),
            self.query_one("#detail", Pane),
        )
        box.border_title = Content(task.name)
        # Where one stands above the other, what is read at length has the screen for itself.
        box.display = self._view == _OVERVIEW or not self.has_class("-phone")
        seen = self._seen if self._seen is not None and self._seen.task == task.name else None
        if seen is None:
            self.query_one("#versions", Static).update(Content.styled("looking …", DIM))
        else:
            facts = self._facts if self._facts is not None and self._facts.task == task.name else None
            draft = self.state.drafts.get(task.name)
            width = box.room
            text, at = list_of(seen.rows, draft, facts, self._chosen, width)
            self.query_one("#versions", Static).update(text)
            box.scroll_to(y=max(0, at - 2), animate=False)
        self._draw_detail(detail)

    def _draw_detail(self, detail: Pane) -> None:
        task, pair = self.state.task, self._pair
        text = self.query_one("#diff", Static)
        text.display = True
        for card in self.query("#card"):
            card.display = False
        if pair is not None and (pair.task != task.name or pair.target != self._chosen):
            pair = None
        detail.border_title = Content(
            f"{pair.base or 'nothing'} → {pair.target}" if pair else f"… → {self._chosen}"
        )
        told = self._progress()
        detail.border_subtitle = Content(f" {told} " if told else "")
        if self._problem is not None:
            text.update(Content.assemble((self._problem.what, BAD), "\n\n", self._problem.remedy))
        elif pair is None:
            text.update(Content.styled("looking …", DIM))
        elif self._view == _CARD:
            self._draw_card(detail, text, pair)
        else:
            text.update(self._words(pair, detail))

    def _words(self, pair: PairSeen, detail: Pane) -> Content:
        width = detail.room
        if self._view == _FRAMES:
            self._at = max(0, min(self._at, len(pair.frames) - 1))
            words, line = frames_of(pair, width, self._at)
            self.call_after_refresh(detail.keep, line)
            return words
        if self._view == _FINDINGS:
            return findings_of(pair.name, self._sound(), width)
        return overview_of(pair, self._sound(), self.state.task, width)

    def _sound(self) -> Sound:
        gates = self._gates
        about = (self.state.task.name, self._chosen)
        known = gates is not None and (gates.task, gates.target) == about
        return sound_of(gates if known else None, self._checked.get(about))

    def _draw_card(self, detail: Pane, text: Static, pair: PairSeen) -> None:
        from textual.widgets import Markdown  # a second of imports that opening the app need not wait for

        seen = self._card
        future = " as it will be" if pair.target == DRAFT else ""
        detail.border_title = Content(f"README.md of {pair.name}{future}")
        if seen is None or (seen.task, seen.target) != (pair.task, pair.target):
            text.update(Content.styled("looking …", DIM))
            return
        text.display = False
        card = next(iter(self.query(Markdown)), None)
        if card is None:
            detail.mount(Markdown(seen.text, id="card", open_links=False))
            return
        card.display = True
        if card.source != seen.text:
            card.update(seen.text)

    def _progress(self) -> str:
        now = self._reading
        if now is None and self._looking is not None and monotonic() - self._looking[0] >= _LONG_S:
            now = self._looking[1]
        return f"{now.step}: {count(now.done)} of {count(now.total or 0)}" if now else ""

    # --- keys ---------------------------------------------------------------------------------------------------

    def keys(self) -> list[tuple[str, str | Content]]:
        """In the list of frames `enter` opens one; elsewhere it reads a version again."""
        opens = self._view == _FRAMES and self._pair is not None and bool(self._pair.frames)
        return [
            (key, "open it" if opens and key == "enter" else word)
            for key, word in keymap.footer_of(self.PLACE)
        ]

    def _choose(self, by: int) -> None:
        if self._view == _FRAMES:
            self._at = max(0, self._at + by)
            self._draw()
            return
        names = [DRAFT, *(row.name for row in reversed(self._seen.rows))] if self._seen else [DRAFT]
        at = (names.index(self._chosen) if self._chosen in names else 0) + by
        if 0 <= at < len(names):
            self._chosen, self._problem, self._at = names[at], None, 0
            self._home()
            self.bridge.compare.pair(self.state.task, self._chosen)
            self.bridge.compare.gates(self.state.task, self._chosen)
            if self._view == _CARD:
                self.bridge.compare.card(self.state.task, self._chosen)
            self._draw()

    def _home(self) -> None:
        self.query_one("#detail", Pane).scroll_home(animate=False)

    def _look_at(self, view: str) -> None:
        self._view = _OVERVIEW if self._view == view else view
        self._at = 0
        self.query_one(KeyLine).show(self.keys())
        if self._view == _CARD:
            self.bridge.compare.card(self.state.task, self._chosen)
        self._home()
        self._draw()

    def action_version_down(self) -> None:
        self._choose(1)

    def action_version_up(self) -> None:
        self._choose(-1)

    def action_frames(self) -> None:
        self._look_at(_FRAMES)

    def action_card(self) -> None:
        self._look_at(_CARD)

    def action_sound(self) -> None:
        self._look_at(_FINDINGS)

    def action_check(self) -> None:
        if self._view == _FRAMES:
            self._open_frame()
            return
        if self._chosen == DRAFT:
            self.say(
                "The draft has no bytes of its own yet; choose a version with the arrows, or R to release it."
            )
            return
        self._view = _OVERVIEW
        self.bridge.compare.check(self.state.task, self._chosen)
        self._reading = Progress(f"reading {self._chosen}", 0, None)
        self._draw()

    def _open_frame(self) -> None:
        pair = self._pair
        if pair is None or pair.task != self.state.task.name or not pair.frames:
            return
        told = open_frame(self.pm, self.state.task, pair.frames[min(self._at, len(pair.frames) - 1)][0])
        if told:
            self.say(told)

    def action_release(self) -> None:
        self.app.push_screen(ReleaseScreen(self.state.task))

    def action_next_task(self) -> None:
        self._chosen = DRAFT
        self.pm.next_task()
        self.show_state()
