"""What the keys of the Versions screen do with hunks, labels and versions; the screen itself draws and takes results.

What always holds: what changes something is asked of the bridge, and drawn as it is answered.
"""

from __future__ import annotations

from textual.content import Content

from core.human import plural, size
from core.progress import Progress
from tui.opening import open_frame, open_frames
from tui.screens import versions_panes as panes
from tui.screens.base import Place
from tui.screens.confirm import ConfirmScreen
from tui.screens.pick import PickScreen, Row
from tui.screens.versions_panes import Panes, Seen
from tui.screens.versions_summary import cells_of
from tui.version_messages import DRAFT, CellSeen, FetchOffered, HunkSeen, RolledBack
from tui.widgets.ask_line import AskLine

_COMMENTS = "what changed here, and why; empty takes it off"


class Reviewing(Place):
    """The actions on what is looked at; `VersionsScreen` is one."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = Seen()
        self._panes = Panes(self, self._seen)

    def _ask_target(self) -> None:
        """Ask for what is shown of the target."""

    def _draw(self) -> None:
        """Draw what has been seen."""

    # --- the hunks ----------------------------------------------------------------------------------------------

    def _hunk(self) -> HunkSeen | None:
        """The hunk at the cursor, None where the changes are not looked at."""
        pair = self._seen.pair_of(self.state.task)
        return self._panes.hunks.at if pair is not None and self._seen.view == panes.CHANGES else None

    def _holdable(self) -> HunkSeen | None:
        """The hunk at the cursor where it can be held back or written on; else that is said."""
        hunk, pair = self._hunk(), self._seen.pair
        if hunk is None:
            self.say("d shows what changes: there a stretch is held back or written on.")
        elif pair is not None and not pair.holding:
            self.say(
                "Only what the draft changes against the version it follows can be held back or written on."
            )
            return None
        return hunk

    def action_hold(self) -> None:
        hunk = self._holdable()
        if hunk is not None:
            self.bridge.compare.hold(self.state.task, (hunk.id,), not hunk.held)

    def action_comment(self) -> None:
        hunk = self._holdable()
        if hunk is not None:
            self.query_one(AskLine).open(hunk.comment, lambda text: self._comment(hunk, text), hint=_COMMENTS)

    def _comment(self, hunk: HunkSeen, text: str) -> bool:
        if text != hunk.comment:
            self.bridge.compare.comment(self.state.task, hunk.id, text)
        return True

    def action_hunk_recording(self) -> None:
        if self._hunk() is not None:
            self._panes.hunks.jump(1)

    def action_hunk_back(self) -> None:
        if self._hunk() is not None:
            self._panes.hunks.jump(-1)

    def action_fetch_pictures(self) -> None:
        """Ask what the pictures of the stretch at the cursor cost that are not on this machine."""
        hunk = self._hunk()
        if hunk is None:
            self.say(
                "d shows what changes: there the pictures of a stretch are fetched that only a remote has."
            )
            return
        away = self._panes.hunks.away()
        if away:
            self.say("asking what they weigh …")
            self.bridge.compare.offer_pictures(self.state.task, away)
        else:
            self.say("Every picture that is shown of this stretch is here.")

    def _offer(self, offer: FetchOffered) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self._seen.reading = Progress("fetching pictures", 0, None)
                self.bridge.compare.fetch_pictures(offer)
                self._draw()

        question = f"Fetch {plural(offer.pictures, 'picture')}, {size(offer.bytes)}, from {offer.where}?"
        consequence = "Nothing else is downloaded. A host may bill that size as bandwidth."
        self.app.push_screen(ConfirmScreen(question, consequence), answered)

    # --- the labels ---------------------------------------------------------------------------------------------

    def _move_cell(self, down: int, right: int) -> None:
        seen, pair = self._seen, self._seen.pair_of(self.state.task)
        if pair is None or seen.view != panes.MATRIX:
            return
        olds, news = cells_of(pair, self.state.task)
        y, x = seen.cell
        seen.cell = max(0, min(y + down, len(olds) - 1)), max(0, min(x + right, len(news) - 1))
        self._draw()

    def action_cell_right(self) -> None:
        self._move_cell(0, 1)

    def action_cell_left(self) -> None:
        self._move_cell(0, -1)

    def _open_cell(self, cell: CellSeen) -> None:
        pair = self._seen.pair_of(self.state.task)
        if pair is None or not cell.keys:
            return
        before, after = (label or "none" for label in (cell.before, cell.after))
        words = f"{pair.base or 'nothing'} → {pair.target}: {before} → {after}"
        told = open_frames(self.pm, self.state.task, words, cell.keys)
        if told:
            self.say(told)

    # --- what labels would fix and break ------------------------------------------------------------------------

    def _ask_impact(self) -> None:
        """Have what is looked at worked out as soon as it is known what it is compared with; nothing else goes on."""
        seen, task = self._seen, self.state.task
        pair = seen.pair_of(task)
        if seen.view == panes.IMPACT and pair is not None:
            self.bridge.compare.impact(task, seen.chosen, pair.base)
        else:
            self.bridge.compare.stop_impact()

    def on_screen_suspend(self) -> None:
        self.bridge.compare.stop_impact()

    def _open_impact(self) -> None:
        seen, task = self._seen, self.state.task
        known = seen.lines
        if known is None or (known.view, known.task, known.target) != (panes.IMPACT, task.name, seen.chosen):
            return
        if not known.frames:
            self.say("There is no frame to show.")
            return
        told = open_frames(self.pm, task, f"impact of {seen.chosen}", known.frames)
        if told:
            self.say(told)

    # --- what enter and the upper-case keys do ------------------------------------------------------------------

    def action_check(self) -> None:
        seen, task = self._seen, self.state.task
        pair, hunk = seen.pair_of(task), self._hunk()
        if hunk is not None:
            self._open(hunk.frames[0].key)
        elif seen.view == panes.FRAMES and pair is not None and pair.frames:
            self._open(pair.frames[min(seen.at, len(pair.frames) - 1)][0])
        elif seen.view == panes.IMPACT:
            self._open_impact()
        elif seen.view == panes.MATRIX and pair is not None:
            olds, news = cells_of(pair, task)
            self.bridge.compare.cell(task, seen.chosen, olds[seen.cell[0]], news[seen.cell[1]])
        elif seen.chosen == DRAFT:
            self.say(
                "The draft has no bytes of its own yet; choose a version with the arrows, or R to release it."
            )
        elif seen.view not in (panes.FRAMES, panes.CHANGES):
            seen.view = panes.OVERVIEW
            self.bridge.compare.check(task, seen.chosen)
            seen.reading = Progress(f"reading {seen.chosen}", 0, None)
            self._draw()

    def _open(self, key: str) -> None:
        told = open_frame(self.pm, self.state.task, key)
        if told:
            self.say(told)

    def action_base(self) -> None:
        """Choose what the target is compared with."""
        seen = self._seen
        names = [row.name for row in reversed(seen.versions.rows)] if seen.versions else []
        rows = [Row("", Content("as it is by itself"), why="what the draft follows, a version's parent")]
        rows += [Row(name, Content(name)) for name in names if name != seen.chosen]
        rows.append(Row("nothing", Content("nothing"), why="all that it holds"))
        self.app.push_screen(PickScreen(f"compare {seen.chosen} with", rows, self._take_base))

    def _take_base(self, name: str) -> None:
        self._seen.base = name or None
        self._ask_target()

    def action_rollback(self) -> None:
        """Bring the draft back to the chosen version, after a yes."""
        name, task = self._seen.chosen, self.state.task
        if name == DRAFT:
            self.say("Choose with the arrows the version that the draft shall go back to.")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.say(f"going back to {name} …")
                self.bridge.compare.rollback(task, name)

        question = f"Take the draft of {task.name} back to {name}?"
        consequence = (
            f"Labels become what {name} says, as one step: u on Label takes it back. No version changes."
        )
        self.app.push_screen(ConfirmScreen(question, consequence), answered)

    def _rolled_back(self, done: RolledBack) -> None:
        """Say what became of it, and look at the draft."""
        kept = f"; {plural(len(done.left), 'frame')} stay out, marked since" if done.left else ""
        self.say(f"The draft is {done.name} again: {plural(done.changed, 'label')} changed{kept}.")
        self._seen.chosen, self._seen.base, self._seen.view = DRAFT, None, panes.OVERVIEW
        self.bridge.poll()
        self._ask_target()
