"""The Versions screen: the draft and every version of a task; of the chosen one what changes, its cost, its soundness.

What always holds: the direction is always written (base → target); the card is what core writes; a version's bytes are
read again only when that is asked for; what is held back or rolled back is core's doing, drawn as core answers it.
"""

from __future__ import annotations

from time import monotonic
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from core.human import plural
from core.terminals import ASCII
from tui import keymap
from tui.messages import (
    Advanced,
    DraftPriced,
    Failed,
    Labelled,
    LabelsChanged,
    LabelsRead,
    Released,
)
from tui.screens import versions_panes as panes
from tui.screens.release import ReleaseScreen
from tui.screens.versions_panes import LONG_S
from tui.screens.versions_review import Reviewing
from tui.version_messages import (
    DRAFT,
    CardSeen,
    CellSeen,
    Fetched,
    FetchOffered,
    Finding,
    GatesSeen,
    LinesSeen,
    PairSeen,
    RolledBack,
    Thumb,
    VersionChecked,
    VersionFacts,
    VersionsSeen,
)
from tui.widgets.ask_line import AskLine
from tui.widgets.hunks import Hunks
from tui.widgets.key_line import KeyLine
from tui.widgets.pane import Pane

#: Actions of the footer that belong to the changes alone, and those that give way to them there.
_AMONG_CHANGES = frozenset({"hold", "comment", "fetch_pictures"})
_ELSEWHERE = frozenset({"next_task", "card", "sound", "frames"})


class VersionsScreen(Reviewing):
    """What there is, what would change, what it costs, is it sound."""

    PLACE = keymap.VERSIONS
    SCROLLS = "#detail"
    SAYS = frozenset({"versions", "pair", "card", "check", "gates", "lineage", "splits", "impact", "fetch"})
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.VERSIONS)

    def compose_body(self) -> ComposeResult:
        yield from panes.compose()

    def on_mount(self) -> None:
        self._panes.hunks.pictures = self.pm.pictures
        self._panes.hunks.letters = self.pm.graphics == ASCII

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
        self._ask_target()
        ask.facts(task)

    def _ask_target(self) -> None:
        task, ask, seen = self.state.task, self.bridge.compare, self._seen
        ask.pair(task, seen.chosen, seen.base)
        ask.gates(task, seen.chosen)
        self._ask_view()

    def _ask_view(self) -> None:
        task, ask, seen = self.state.task, self.bridge.compare, self._seen
        asked = {panes.CARD: ask.card, panes.LINEAGE: ask.lineage, panes.SPLITS: ask.splits}.get(seen.view)
        if asked is not None:
            asked(task, seen.chosen)
        self._ask_impact()

    # --- results ------------------------------------------------------------------------------------------------

    def receive(self, result: object) -> None:
        task, seen = self.state.task, self._seen
        match result:
            case VersionsSeen() if result.task == task.name:
                seen.versions, seen.problem = result, None
            case VersionFacts() if result.task == task.name:
                seen.facts = result
            case PairSeen() if (result.task, result.target) == (task.name, seen.chosen):
                self._take_pair(result)
            case CardSeen() if (result.task, result.target) == (task.name, seen.chosen):
                seen.card = result
            case LinesSeen():
                seen.lines, seen.reading = result, None if result.view == panes.IMPACT else seen.reading
            case CellSeen() if result.task == task.name:
                self._open_cell(result)
                return
            case RolledBack() if result.task == task.name:
                self._rolled_back(result)
            case Thumb():
                self._panes.hunks.take(result)
                if result.picture is None and self._hunk() is not None:
                    self.query_one(KeyLine).show(self.keys())
                return
            case FetchOffered():
                self._offer(result)
                return
            case Fetched():
                self._came(result)
            case VersionChecked():
                seen.checked[result.task, result.name], seen.reading = result, None
            case Released():
                seen.chosen, seen.base, seen.view = DRAFT, None, panes.OVERVIEW
                self._ask()
                return
            case Labelled() | LabelsChanged() | LabelsRead():
                self._ask()
                return
            case DraftPriced():
                pass
            case GatesSeen() | Advanced() | Failed():
                if not self._take_look(result):
                    return
            case _:
                return
        self._draw()

    def _came(self, done: Fetched) -> None:
        self._seen.reading = None
        self.say(f"{plural(done.pictures, 'picture')} came, every byte hashed.")
        self._panes.hunks.ask_again()

    def _take_pair(self, pair: PairSeen) -> None:
        seen, task = self._seen, self.state.task
        seen.pair, seen.problem, seen.looking = pair, None, None
        self._ask_impact()
        draft = self.state.drafts.get(task.name)
        if pair.target == DRAFT and draft is not None and draft.new_bytes != pair.new_bytes:
            self.bridge.price(task)  # what other tasks have put into Git LFS meanwhile, or what is held back

    def _take_look(self, result: GatesSeen | Advanced | Failed) -> bool:
        """Take what the gates say, how far a look is, or why it failed; False where that is another screen's."""
        task, seen = self.state.task.name, self._seen
        match result:
            case GatesSeen():
                seen.looking = None
                if (result.task, result.target) == (task, seen.chosen):
                    seen.gates = result
            case Advanced(job="check" | "fetch" | "impact"):
                seen.reading = result.progress
            case Failed(job="fetch"):
                seen.reading = None
                self.say(f"{result.what} {result.remedy}", bad=True)
            case Advanced(job="gates" | "pair"):
                seen.looking = (seen.looking[0] if seen.looking else monotonic(), result.progress)
                self.set_timer(LONG_S, self._draw)
                return False
            case Failed(job="gates"):
                seen.looking = None
                failed = Finding("block", "check", result.what, result.remedy)
                seen.gates = GatesSeen(task, seen.chosen, (failed,))
            case Failed(job="versions" | "pair" | "card" | "check" | "lineage" | "splits" | "impact"):
                seen.problem, seen.reading = result, None
            case _:
                return False
        return True

    # --- drawing ------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        task = self.state.task
        self._panes.draw(task, self.state.drafts.get(task.name))
        if self._seen.view == panes.CHANGES:
            self.query_one(KeyLine).show(self.keys())
            self.call_after_refresh(self._ask_pictures)

    def _ask_pictures(self) -> None:
        hunks = self._panes.hunks
        lacking = hunks.lacking()
        if lacking:
            self.bridge.compare.thumbnails.ask(lacking, hunks.box)

    def on_hunks_moved(self, event: Hunks.Moved) -> None:
        pair = self._seen.pair_of(self.state.task)
        if pair is not None:
            self._panes.place(pair)
            self.query_one(KeyLine).show(self.keys())
            self._ask_pictures()

    # --- keys ---------------------------------------------------------------------------------------------------

    def keys(self) -> list[tuple[str, str | Content]]:
        """Among stretches and frames `enter` opens one; elsewhere it reads a version again."""
        seen, among = self._seen, self._seen.view == panes.CHANGES
        opens = seen.view in (panes.CHANGES, panes.FRAMES, panes.MATRIX, panes.IMPACT)
        without = set(_ELSEWHERE) if among else set(_AMONG_CHANGES)
        if among and seen.chosen != DRAFT:
            without |= {"hold", "comment"}
        if among and not self._panes.hunks.away():
            without.add("fetch_pictures")
        if seen.view == panes.OVERVIEW:
            without.add("overview")
        words = {"enter": "open it"} if opens else {}
        footer = keymap.footer_of(self.PLACE, without=without)
        if among:
            words["d"] = "summary"
            hunk = self._hunk()
            words["space"] = "take in" if hunk is not None and hunk.held else "hold back"
            order = ("space", "#", "enter", "d", "F", "esc")
            footer.sort(key=lambda row: order.index(row[0]) if row[0] in order else len(order))
        elif opens:  # what the list is for has room on the narrowest footer
            footer.sort(key=lambda row: row[0] != "enter")
        return [(key, words.get(key, word)) for key, word in footer]

    def on_key(self, event: events.Key) -> None:
        if not self.query_one(AskLine).display:
            super().on_key(event)

    def _choose(self, by: int) -> None:
        seen = self._seen
        if seen.view == panes.CHANGES:
            self._panes.hunks.go(self._panes.hunks.place + by)
        elif seen.view == panes.FRAMES:
            seen.at = max(0, seen.at + by)
            self._draw()
        elif seen.view == panes.MATRIX:
            self._move_cell(by, 0)
        else:
            self._choose_version(by)

    def _choose_version(self, by: int) -> None:
        seen = self._seen
        names = [DRAFT, *(row.name for row in reversed(seen.versions.rows))] if seen.versions else [DRAFT]
        at = (names.index(seen.chosen) if seen.chosen in names else 0) + by
        if 0 <= at < len(names):
            seen.chosen, seen.base, seen.problem, seen.at = names[at], None, None, 0
            self._home()
            self._ask_target()
            self._draw()

    def _home(self) -> None:
        self.query_one("#detail", Pane).scroll_home(animate=False)

    def _look_at(self, view: str) -> None:
        seen = self._seen
        seen.view = panes.OVERVIEW if seen.view == view else view
        seen.at, seen.cell = 0, (0, 0)
        self.query_one(KeyLine).show(self.keys())
        self._ask_view()
        self._home()
        self._draw()

    def action_overview(self) -> None:
        if self._seen.view != panes.OVERVIEW:
            self._look_at(panes.OVERVIEW)

    def action_version_down(self) -> None:
        self._choose(1)

    def action_version_up(self) -> None:
        self._choose(-1)

    def action_changes(self) -> None:
        self._look_at(panes.CHANGES)

    def action_frames(self) -> None:
        self._look_at(panes.FRAMES)

    def action_card(self) -> None:
        self._look_at(panes.CARD)

    def action_sound(self) -> None:
        self._look_at(panes.FINDINGS)

    def action_matrix(self) -> None:
        self._look_at(panes.MATRIX)

    def action_lineage(self) -> None:
        self._look_at(panes.LINEAGE)

    def action_splits(self) -> None:
        self._look_at(panes.SPLITS)

    def action_impact(self) -> None:
        self._look_at(panes.IMPACT)

    def action_further(self) -> None:
        if self._seen.view == panes.CHANGES:
            self._choose(self._panes.hunks.page)
        else:
            self.action_page_on()

    def action_backward(self) -> None:
        if self._seen.view == panes.CHANGES:
            self._choose(-self._panes.hunks.page)
        else:
            self.action_page_back()

    def action_release(self) -> None:
        self.app.push_screen(ReleaseScreen(self.state.task))

    def action_next_task(self) -> None:
        self._seen.chosen, self._seen.base = DRAFT, None
        self.pm.next_task()
        self.show_state()
