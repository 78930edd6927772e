"""The Release screen: a checklist with git's commands as they run, the price, what can't be taken back, and a `Y`.

What always holds: nothing is done before `Y`; going over the plan's limit needs another key after that; what was
interrupted is finished or taken back from here, the latter after a `Y` of its own.
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
from tui.drawing import BAD, BOLD, WARN
from tui.messages import Advanced, Failed, Released, ReleasePlanned
from tui.release_messages import Interrupted, StepsSeen, StepsTold, TakenBack, ToBeShown, Trains
from tui.screens.base import Place
from tui.screens.confirm import ConfirmScreen
from tui.screens.release_texts import (
    TAGGED,
    blocked_text,
    failed_text,
    interrupted_text,
    made_text,
    plan_text,
    progress_line,
    steps_text,
    taken_back_text,
)
from tui.screens.sheet import SheetScreen
from tui.screens.versions_texts import Sound, sound_of
from tui.version_messages import DRAFT, GatesSeen
from tui.widgets.pane import Pane

if TYPE_CHECKING:
    from core.release import Released as CoreReleased
    from core.release import ReleasePlan

#: On fewer lines than this the steps are told without what each is for.
_FEW = 30


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
        self._gates: GatesSeen | None = None
        self._forget()

    def _forget(self) -> None:
        """Begin anew: nothing is planned, run or said."""
        self._plan: ReleasePlan | None = None
        self._steps = StepsSeen(())
        self._told = StepsTold({}, {})
        self._broken: Interrupted | None = None
        self._problem: Failed | None = None
        self._made: CoreReleased | TakenBack | None = None
        self._progress: Progress | None = None
        self._busy, self._going, self._ask_over, self._over = True, False, False, False

    def compose_body(self) -> ComposeResult:
        with Pane(id="release"):
            yield Static(id="broken", markup=False)
            yield Static(id="plan", markup=False)
            yield Static(id="steps", markup=False)
            yield Static(id="outcome", markup=False)
        yield Static(id="question-line", markup=False)

    def on_mount(self) -> None:
        self.query_one("#release").border_title = Content(f"release {self._about.name}")
        self._ask()

    def _ask(self) -> None:
        self._forget()
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
            case ReleasePlanned() if self._made is None and self._wanted(result.plan):
                self._plan, self._busy = result.plan, False
            case StepsSeen() if not self._going:
                self._steps = result
            case StepsTold():
                self._told = result
            case ToBeShown():
                self._show_first(result)
            case Interrupted() if not self._going and self._made is None:
                self._broken = result
                self._busy = self._busy and not (result.running or result.training)
            case Trains():
                self._broken, self._plan, self._progress = result.found, None, None
                self._busy = self._going = False
            case GatesSeen(target="draft") if result.task == self._about.name:
                self._gates = result
            case Advanced(job="release"):
                self._progress = result.progress
            case Released():
                self._ended(result.result)
            case TakenBack():
                self._ended(result)
            case Failed(job="release"):
                self._problem, self._busy, self._going, self._progress = result, False, False, None
                self.bridge.release.look(self.bridge.workspace)
            case _:
                return
        self._draw()

    def _wanted(self, plan: ReleasePlan) -> bool:
        return self._broken is not None or plan.task.name == self._about.name

    def _ended(self, made: CoreReleased | TakenBack) -> None:
        self._made, self._broken, self._problem, self._progress = made, None, None, None
        self._busy = self._going = False

    # --- drawing ------------------------------------------------------------------------------------------------

    def keys(self) -> list[tuple[str, str | Content]]:
        wanted = {
            "confirm": self._ready() and not self._ask_over,
            "over": self._ask_over,
            "push": not self._busy and not self._made and self._broken is None,
            "abort": self._abortable(),
            "stop_release": self._going,
            "close": not self._going,
        }
        return [
            (
                keymap.shown(action.keys[0]),
                "finish it" if self._broken and action.id == "confirm" else action.word,
            )
            for action in keymap.actions_of(self.PLACE)
            if wanted.get(action.id)
        ]

    def _ready(self) -> bool:
        """True where a yes would be taken."""
        return self._plan is not None and not self._busy and self._made is None and not self._blocked()

    def _abortable(self) -> bool:
        """True where something was interrupted that has no tag yet."""
        found = self._broken
        return found is not None and not (self._busy or found.running or TAGGED in found.done)

    def _sound(self) -> Sound:
        return sound_of(self._gates, None)

    def _blocked(self) -> bool:
        """True where the gates object to what would be exported; a version that is there already was asked about then."""
        if self._plan is None or self._plan.planned is None or self._broken is not None:
            return False
        return bool(self._sound().blocks)

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        plan, width = self.query_one("#plan", Static), self.query_one("#release", Pane).room
        broken = self.query_one("#broken", Static)
        broken.display = self._broken is not None and not self._going and self._problem is None
        if self._broken is not None:
            broken.update(interrupted_text(self._broken, width))
        plan.display = (self._plan is not None or self._problem is None) and not self._elsewhere()
        done, fixed = self._made is not None, self._broken is not None or self._going
        plan.update(plan_text(self._plan, self._sound(), width, done=done, fixed=fixed))
        steps = self.query_one("#steps", Static)
        steps.display = bool(self._steps.steps) and not isinstance(self._made, TakenBack)
        states, brief = self._states(), self.size.height < _FEW
        steps.update(steps_text(self._steps.steps, states, self._told.ran, width, brief=brief))
        self.query_one("#outcome", Static).update(self._outcome())
        asked, ask = self._asked(), self.query_one("#question-line", Static)
        ask.display = asked is not None
        if asked is not None:
            ask.update(asked)
        if self._made is not None or self._problem is not None:
            self.call_after_refresh(self._to_outcome)
        super().show_state()

    def _to_outcome(self) -> None:
        """Show how it ended; who left the screen with the last key finds none of its parts any more."""
        for outcome in self.query("#outcome"):
            self.query_one("#release").scroll_to_widget(outcome, top=True, animate=False, force=True)

    def _elsewhere(self) -> bool:
        """True where others are at it: another process, or the training."""
        return self._broken is not None and (self._broken.running or bool(self._broken.training))

    def _states(self) -> dict[str, str]:
        """How far each step is; where it stopped, that is no longer being done."""
        known = self._broken.done if self._broken is not None else frozenset()
        states = {step: "done" for step in known} | dict(self._told.states)
        if not self._going and self._made is None:
            states = {step: "stopped" if state == "doing" else state for step, state in states.items()}
        return states

    def _outcome(self) -> Content:
        width = self.query_one("#release", Pane).room
        if isinstance(self._made, TakenBack):
            return taken_back_text(self._made, width)
        if self._made is not None:
            return made_text(self._made)
        if self._problem is not None:
            return failed_text(self._problem, self._broken, width)
        if self._blocked() and not (self._going or self._ask_over):
            return blocked_text(self._sound(), width)
        return Content("")

    def _asked(self) -> Content | None:
        """What is asked, or how far it is: below what scrolls, so that it is seen on any screen."""
        if self._made is not None or self._problem is not None:
            return None
        if self._going:
            return progress_line(self._progress)
        plan = self._plan
        if self._ask_over and plan is not None:
            return Content.assemble(
                ("This goes over the plan: ", f"bold {BAD}"), plan.price_line,
                "\nWhat is pushed to a hosted LFS can't be taken back. ", ("O", BOLD), " pushes it even so.",
            )  # fmt: skip
        if plan is None or self._busy or self._blocked():
            return None
        if plan.shows and not plan.agreed:
            return Content.assemble(
                "Press ", ("Y", BOLD), " to see the pictures that become readable there. "
                "Nothing is sent before another ", ("Y", BOLD), "."
            )  # fmt: skip
        if self._broken is not None:
            return Content.assemble("Press ", ("Y", BOLD), " to finish it.")
        if plan.target is not None:
            return Content.assemble(
                "Press ", ("Y", BOLD), " to do this. Nothing has been written yet. ",
                ("What is pushed can't be taken back.", WARN),
            )  # fmt: skip
        return Content.assemble("Press ", ("Y", BOLD), " to do this. Nothing has been written yet.")

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

    def _go(self, *, over: bool, shown: bool = False) -> None:
        assert self._plan is not None
        self._busy, self._going, self._ask_over, self._problem = True, True, False, None
        self._over = over
        self._told = StepsTold({}, {})
        self.bridge.release.run(self._plan, over=over, again=self._broken is not None, shown=shown)
        self._draw()

    def _show_first(self, found: ToBeShown) -> None:
        """Show what the first push makes readable, and go on where a person says yes to it."""
        self._plan, self._busy, self._going, self._progress = found.plan, False, False, None

        def answered(yes: bool) -> None:
            if yes:
                self._go(over=self._over, shown=True)
            else:
                self.say("Nothing was sent or written.")

        self.app.push_screen(SheetScreen(found.plan, found.batches, answered))

    def action_push(self) -> None:
        if not self._busy and self._made is None and self._broken is None:
            self._push = not self._push
            self._ask()

    def action_abort(self) -> None:
        found = self._broken
        if found is None or not self._abortable():
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._busy, self._problem = True, None
                self.bridge.release.abort(self.bridge.workspace)
                self._draw()

        consequence = (
            "Its folder and what is staged or committed of it go. Labels and other people's changes stay."
        )
        self.app.push_screen(ConfirmScreen(f"Take {found.task} {found.version} back?", consequence), answered)

    def action_stop_release(self) -> None:
        if self._going:
            self.bridge.release.stop()
            self.say("Stopping at the next step; what is done already stays, and R goes on from there.")

    def action_close(self) -> None:
        if self._going:
            self.say("The release is running: K stops it.")
            return
        self.bridge.release.stop()
        self.dismiss()
