"""The Training screen: every training, and the chosen one's progress, curves, words and log.

What always holds: it reads what a training writes and asks core to start or stop one; closing the app changes nothing.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from tui import keymap
from tui.drawing import BAD, BOLD, DIM, GOOD, WARN
from tui.messages import Failed, RunRow, RunSeen, RunsSeen, RunStarted, RunStopped
from tui.screens.base import Place
from tui.screens.confirm import ConfirmScreen
from tui.screens.start import StartScreen
from tui.widgets.curves import Curves, blocks, legend

_LOOK_S = 1.0
_STATES = {
    "running": ("▶", WARN), "starting": ("▶", WARN), "stopping": ("■", WARN), "finished": ("✓", GOOD),
    "stopped": ("■", DIM), "failed": ("✗", BAD), "killed": ("✗", BAD), "interrupted": ("✗", BAD),
}  # fmt: skip


class TrainingScreen(Place):
    """Watch trainings."""

    PLACE = keymap.TRAINING
    SCROLLS = "#run-log"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.TRAINING)

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[RunRow, ...] | None = None
        self._chosen = ""
        self._started = ""
        self._seen: RunSeen | None = None
        self._timer: Timer | None = None

    def compose_body(self) -> ComposeResult:
        with Container(id="training"):
            with VerticalScroll(id="runs", can_focus=False):
                yield Static(id="run-list", markup=False)
            with Container(id="run"):
                yield Static(id="run-head", markup=False)
                with Container(id="charts"):
                    with Container():
                        yield Static(id="loss-legend", markup=False)
                        yield Curves(id="loss")
                    with Container():
                        yield Static(id="accuracy-legend", markup=False)
                        yield Curves(id="accuracy", percent=True)
                with VerticalScroll(id="run-log", can_focus=False):
                    yield Static(id="run-text", markup=False)

    def on_mount(self) -> None:
        self.query_one("#runs").border_title = Content("trainings")
        self._timer = self.set_interval(_LOOK_S, self._look)

    def show_state(self) -> None:
        super().show_state()
        if self.state.runs is not None:
            self._take(self.state.runs)
        self.bridge.runs()
        self._look()
        self._draw()

    def resized(self) -> None:
        super().resized()
        self._draw()

    def _look(self) -> None:
        """Look at the chosen run again, unless it is over and was looked at."""
        if self.app.screen is not self or not self._chosen:
            return
        over = self._seen is not None and self._seen.id == self._chosen and _over(self._seen.state)
        if not over:
            self.bridge.run(self._chosen)

    def _take(self, rows: tuple[RunRow, ...]) -> None:
        self._rows = rows
        known = {row.id for row in rows}
        if self._started in known:
            self._chosen, self._started = self._started, ""
        elif self._chosen not in known:
            self._chosen = rows[0].id if rows else ""

    def receive(self, result: object) -> None:
        match result:
            case RunsSeen():
                self._take(result.rows)
                self._look()
            case RunSeen() if result.id == self._chosen:
                if result == self._seen:
                    return
                self._seen = result
            case RunStarted():
                self._started = result.id
                self.say(f"{result.id} has started; it goes on when you leave.")
                self.bridge.runs()
            case RunStopped():
                self.say(result.words)
                self.bridge.runs()
            case Failed(job="start" | "stop"):
                pass
            case _:
                return
        self._draw()

    # --- drawing ------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        rows = self._rows or ()
        phone = self.has_class("-phone") or self.has_class("-low")
        empty = not rows
        self.query_one("#charts").display = not phone and not empty
        self.query_one("#run-list", Static).update(
            runs_text(rows, self._chosen) if rows else _none_yet(self._rows)
        )
        at = next((at for at, row in enumerate(rows) if row.id == self._chosen), 0)
        self.query_one("#runs", VerticalScroll).scroll_to(y=max(0, at - 1), animate=False)
        seen = self._seen if self._seen is not None and self._seen.id == self._chosen else None
        head = self.query_one("#run-head", Static)
        if seen is None:
            head.update(Content.styled("looking …", DIM) if self._chosen else "")
            self.query_one("#run-text", Static).update("")
            return
        head.update(head_text(seen, max(10, self.app.size.width - 40), phone=phone))
        self.query_one("#loss", Curves).show(seen.loss)
        self.query_one("#accuracy", Curves).show(seen.accuracy, seen.baselines)
        best = max(seen.baselines.items(), key=lambda pair: pair[1], default=None)
        beside = (best[0].replace("_", " "), best[1]) if best is not None else None
        self.query_one("#loss-legend", Static).update(legend("loss", seen.loss, ""))
        self.query_one("#accuracy-legend", Static).update(legend("accuracy", seen.accuracy, " %", beside))
        self.query_one("#run-text", Static).update(_words_and_log(seen))
        self.query_one("#run-log", VerticalScroll).scroll_home(animate=False)

    # --- keys ---------------------------------------------------------------------------------------------------

    def _choose(self, by: int) -> None:
        rows = self._rows or ()
        at = next((at for at, row in enumerate(rows) if row.id == self._chosen), 0) + by
        if rows and 0 <= at < len(rows):
            self._chosen = rows[at].id
            self._look()
            self._draw()

    def action_run_down(self) -> None:
        self._choose(1)

    def action_run_up(self) -> None:
        self._choose(-1)

    def action_train(self) -> None:
        self.app.push_screen(StartScreen(self.state.task))

    def action_stop_training(self) -> None:
        running = [row for row in self._rows or () if not _over(row.state)]
        row = next((row for row in running if row.id == self._chosen), next(iter(running), None))
        if row is None:
            self.say("No training is running.")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.bridge.stop_training(row.id)

        question = ConfirmScreen(
            f"Stop {row.id}?", "It ends after the step it is at; its best epoch is kept."
        )
        self.app.push_screen(question, answered)


def _over(state: str) -> bool:
    return state not in ("starting", "running", "stopping")


def _none_yet(rows: tuple[RunRow, ...] | None) -> Content:
    if rows is None:
        return Content.styled("looking …", DIM)
    return Content.assemble(
        ("There is no training yet. ", BOLD), "N shows what one would do, enter starts it."
    )


def runs_text(rows: tuple[RunRow, ...], chosen: str) -> Content:
    """The list, newest first."""
    lines = []
    for row in rows:
        glyph, style = _STATES.get(row.state, ("?", DIM))
        mark = ("▸ ", "bold $accent") if row.id == chosen else "  "
        name = (row.id, BOLD if row.id == chosen else "")
        lines.append(
            Content.assemble(
                mark,
                (glyph, style),
                " ",
                name,
                f" {row.dataset} ",
                (row.state, style),
                (f"  {row.words}", DIM),
            )
        )
    return Content("\n").join(lines)


def head_text(seen: RunSeen, width: int, *, phone: bool) -> Content:
    """State and progress bar; on a small screen the curves as blocks."""
    glyph, style = _STATES.get(seen.state, ("?", DIM))
    first = Content.assemble((f"{glyph} {seen.state}  ", f"bold {style}"), seen.headline)
    lines = [first]
    if not _over(seen.state):
        cells = max(8, min(40, width))
        done = round((seen.share or 0) * cells)
        after = "  ".join(text for text in (f"{100 * (seen.share or 0):.0f} %", seen.eta, seen.speed) if text)
        lines.append(Content.assemble(("█" * done, WARN), ("░" * (cells - done), DIM), f"  {after}"))
    if phone:
        for name, curve, unit in (("loss", seen.loss, ""), ("accuracy", seen.accuracy, " %")):
            points = curve.get("validation") or curve.get("train") or ()
            if points:
                lines.append(
                    Content.assemble(
                        (f"{name:9}", DIM), blocks(points, max(8, width)), f" {points[-1][1]:.3g}{unit}"
                    )
                )
    return Content("\n").join(lines)


def _words_and_log(seen: RunSeen) -> Content:
    words = [Content(word) for word in seen.words]
    log = [Content.styled(line, DIM) for line in seen.log[-40:]]
    return Content("\n").join([*words, *([Content("")] if words and log else []), *log])
