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

from core.human import count, plural, size
from core.progress import Progress
from core.tasks import Task
from core.text import safe
from tui import keymap
from tui.drawing import BAD, BOLD, DIM, GOOD, WARN
from tui.messages import Advanced, Failed, Released, ReleasePlanned
from tui.screens.base import Place
from tui.storing import STEPS
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
        self._draw()

    def show_state(self) -> None:
        super().show_state()
        self._draw()

    def receive(self, result: object) -> None:
        match result:
            case ReleasePlanned() if self._made is None and result.plan.task.name == self._about.name:
                self._plan, self._busy = result.plan, False
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
            "confirm": self._plan is not None and not self._busy and not self._made and not self._ask_over,
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

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        plan = self.query_one("#plan", Static)
        plan.display = self._plan is not None or self._problem is None
        plan.update(plan_text(self._plan, done=self._made is not None))
        self.query_one("#outcome", Static).update(self._outcome())
        if self._made is not None or self._problem is not None:
            self.call_after_refresh(self.query_one("#release").scroll_end, animate=False)
        super().show_state()

    def _outcome(self) -> Content:
        if self._made is not None:
            return made_text(self._made)
        if self._problem is not None:
            remedy = self._problem.remedy.replace("--push", "p adds the push")
            return Content.assemble(("✗ ", BAD), (self._problem.what, BAD), "\n\n", remedy)
        if self._busy and self._plan is not None:
            return _progress_line(self._progress)
        if self._ask_over and self._plan is not None:
            return Content.assemble(
                ("This goes over the plan: ", f"bold {BAD}"), self._plan.price.line(),
                "\nWhat is pushed to a hosted LFS can't be taken back. ", ("O", BOLD), " pushes it even so.",
            )  # fmt: skip
        if self._plan is not None:
            return Content.assemble("Press ", ("Y", BOLD), " to do this. Nothing has been written yet.")
        return Content("")

    # --- keys ---------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        if event.key == "y" and self._plan is not None and not self._busy:
            self.say("A release is confirmed with an upper-case Y.")

    def action_confirm(self) -> None:
        if self._plan is None or self._busy or self._made is not None:
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


def plan_text(plan: ReleasePlan | None, *, done: bool) -> Content:
    """What a release would do: content, price, steps with their git commands."""
    if plan is None:
        return Content.styled("Looking at the draft and the repository …", DIM)
    classes = ", ".join(f"{name} {count(number)}" for name, number in plan.classes.items())
    lines = [
        Content.assemble((f"{plan.task.name} {plan.name}", BOLD), f"   {plan.summary}"),
        Content.assemble(
            ("images  ", DIM), f"{plural(plan.images, 'image')} ({classes}), {size(plan.bytes)}"
        ),
        Content.assemble(("price   ", DIM), (plan.price.line(), BOLD)),
    ]
    if plan.target is not None:
        where = f"{safe(plan.target.remote)} ({safe(plan.target.url, limit=100)})"
        lines.append(Content.assemble(("upload  ", DIM), f"{size(plan.upload)} to {where}"))
    else:
        lines.append(Content.assemble(("push    ", DIM), "no; p adds it. The tag stays on this machine"))
    lines += [Content.assemble(("note    ", WARN), safe(notice)) for notice in plan.notices]
    lines.append(Content(""))
    for step in plan.steps:
        what, command = STEPS[step]
        command = command.format(
            path=plan.path, tag=plan.tag, remote=safe(plan.target.remote) if plan.target else "",
            branch=safe(plan.target.branch) if plan.target else "",
        )  # fmt: skip
        lines.append(
            Content.assemble(
                ("✓ ", GOOD) if done else ("☐ ", DIM),
                (f"{step:7}", BOLD),
                f"  {what}",
                (f"\n           {command}", DIM),
            )
        )
    return Content("\n").join([*lines, Content("")])


def _progress_line(progress: Progress | None) -> Content:
    if progress is None:
        return Content.styled("beginning …", WARN)
    done = f"  {count(progress.done)} of {count(progress.total)}" if progress.total else ""
    cells = 24 * progress.done // progress.total if progress.total else 0
    bar = f"  {'█' * cells}{'░' * (24 - cells)}" if progress.total else ""
    return Content.assemble(
        (safe(progress.step), f"bold {WARN}"), done, (bar, ""), (f"  {safe(progress.note)}", DIM)
    )


def made_text(made: CoreReleased) -> Content:
    """What a release made."""
    far = f"released on {safe(made.pushed)}" if made.pushed else "tagged on this machine, not pushed"
    lines = [
        Content.assemble(("✓ ", GOOD), (safe(made.tag), BOLD), f" is {far}"),
        Content.assemble(("images  ", DIM), f"{plural(made.images, 'image')}, {size(made.bytes)}"),
        Content.assemble(("digest  ", DIM), safe(made.digest)),
        Content.assemble(("commit  ", DIM), safe(made.commit)),
        Content.assemble(("folder  ", DIM), safe(made.path)),
    ]
    lines += [Content.assemble(("note    ", WARN), safe(notice)) for notice in made.notices]
    return Content("\n").join(lines)
