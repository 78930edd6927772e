"""The Release screen: the steps with their git commands and the price, a `Y`, progress, and what came of it.

What always holds: nothing is done before `Y`; going over the plan's limit needs another key after that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from core.progress import Progress
from core.tasks import Task
from tui import keymap
from tui.drawing import BAD, BOLD
from tui.messages import Advanced, Failed, Released, ReleasePlanned
from tui.screens.base import Place
from tui.screens.release_texts import blocked_text, made_text, plan_text, progress_line
from tui.screens.versions_texts import Sound, sound_of
from tui.version_messages import DRAFT, GatesSeen
from tui.widgets.pane import Pane

if TYPE_CHECKING:
    from core.release import Released as CoreReleased
    from core.release import ReleasePlan


class ReleaseScreen(Place):
    """Release the draft of a task."""

    PLACE = keymap.RELEASE
    SCROLLS = "#release"
    SAYS = frozenset({"release"})
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.RELEASE)

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._about = task
        self._push = False
        self._plan: ReleasePlan | None = None
        self._ask_over = False
        self._busy = True
        self._progress: Progress | None = None
        self._steps_done: set[str] = set()
        self._problem: Failed | None = None
        self._made: CoreReleased | None = None
        self._gates: GatesSeen | None = None

    def compose_body(self) -> ComposeResult:
        with Pane(id="release"):
            yield Static(id="plan", markup=False)
            yield Static(id="outcome", markup=False)

    def on_mount(self) -> None:
        self.query_one("#release").border_title = Content(f"release {self._about.name}")
        self._ask()

    def _ask(self) -> None:
        self._plan, self._problem, self._made, self._busy = None, None, None, True
        self._ask_over, self._progress = False, None
        self.bridge.plan_release(self._about, push=self._push)
        self.bridge.compare.gates(self._about, DRAFT)
        self._draw()

    def resized(self) -> None:
        super().resized()
        self._draw()

    def show_state(self) -> None:
        super().show_state()
        self._draw()

    def receive(self, result: object) -> None:
        match result:
            case ReleasePlanned() if self._made is None and result.plan.task.name == self._about.name:
                self._plan, self._busy = result.plan, False
            case GatesSeen(target="draft") if result.task == self._about.name:
                self._gates = result
            case Advanced(job="release"):
                self._progress = result.progress
            case Released():
                self._made, self._busy, self._progress = result.result, False, None
            case Failed(job="release"):
                self._problem, self._busy, self._progress = result, False, None
            case _:
                return
        self._draw()

    # --- drawing ------------------------------------------------------------------------------------------------

    def keys(self) -> list[tuple[str, str | Content]]:
        running = self._busy and self._plan is not None
        wanted = {
            "confirm": self._ready() and not self._ask_over,
            "over": self._ask_over,
            "push": not self._busy and not self._made,
            "stop_release": running,
            "close": not running,
        }
        return [
            (keymap.shown(action.keys[0]), action.word)
            for action in keymap.actions_of(self.PLACE)
            if wanted.get(action.id)
        ]

    def _ready(self) -> bool:
        """True where a yes would be taken."""
        return self._plan is not None and not self._busy and self._made is None and not self._blocked()

    def _sound(self) -> Sound:
        return sound_of(self._gates, None)

    def _blocked(self) -> bool:
        """True where the gates object to what would be exported; a version that is there already was asked about then."""
        return self._plan is not None and self._plan.planned is not None and bool(self._sound().blocks)

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        plan, width = self.query_one("#plan", Static), self.query_one("#release", Pane).room
        plan.display = self._plan is not None or self._problem is None
        plan.update(plan_text(self._plan, self._sound(), width, done=self._made is not None))
        self.query_one("#outcome", Static).update(self._outcome())
        if self._made is not None or self._problem is not None:
            self.call_after_refresh(self.query_one("#release").scroll_end, animate=False)
        super().show_state()

    def _outcome(self) -> Content:
        if self._made is not None:
            return made_text(self._made)
        if self._problem is not None:
            problem = self._problem
            return Content.assemble(("✗ ", BAD), (problem.what, BAD), "\n\n", problem.remedy)
        if self._busy and self._plan is not None:
            return progress_line(self._progress)
        if self._ask_over and self._plan is not None:
            return Content.assemble(
                ("This goes over the plan: ", f"bold {BAD}"), self._plan.price.line(),
                "\nWhat is pushed to a hosted LFS can't be taken back. ", ("O", BOLD), " pushes it even so.",
            )  # fmt: skip
        if self._blocked():
            return blocked_text(self._sound(), self.query_one("#release", Pane).room)
        if self._plan is not None:
            return Content.assemble("Press ", ("Y", BOLD), " to do this. Nothing has been written yet.")
        return Content("")

    # --- keys ---------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        if event.key == "y" and self._ready():
            self.say("A release is confirmed with an upper-case Y.")

    def action_confirm(self) -> None:
        if self._plan is None or not self._ready():
            return
        if self._plan.target is not None and self._plan.price.over:
            self._ask_over = True
            self._draw()
        else:
            self._go(over=False)

    def action_over(self) -> None:
        if self._ask_over:
            self._go(over=True)

    def _go(self, *, over: bool) -> None:
        assert self._plan is not None
        self._busy, self._ask_over, self._problem = True, False, None
        self.bridge.release.run(self._plan, over=over)
        self._draw()

    def action_push(self) -> None:
        if not self._busy and self._made is None:
            self._push = not self._push
            self._ask()

    def action_stop_release(self) -> None:
        if self._busy:
            self.bridge.release.stop()
            self.say("Stopping at the next step; what is done already stays.")

    def action_close(self) -> None:
        if self._busy and self._plan is not None:
            self.say("The release is running: K stops it.")
            return
        self.bridge.release.stop()
        self.dismiss()
