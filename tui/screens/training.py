"""The Training screen: every training, and the chosen one's words, progress, curves, results and log.

What always holds: it reads what a training writes, once a second, and draws only what changed; closing the app changes
nothing; what stops a training or commits a model is confirmed.
"""

from __future__ import annotations

import os
from typing import ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from tui import keymap, plain
from tui.drawing import DIM
from tui.messages import Failed, RunPromoted, RunRow, RunSeen, RunsSeen, RunStarted, RunStopped
from tui.mistakes import MistakesSeen
from tui.opening import open_frame
from tui.screens.start import StartScreen
from tui.screens.training_acts import Acting
from tui.screens.training_texts import head_text, none_yet, over, results_text, runs_text, words_and_log
from tui.widgets.ask_line import AskLine
from tui.widgets.curves import BESIDE, Curves, legend
from tui.widgets.key_line import KeyLine
from tui.widgets.letter_curves import LETTERS, LetterCurves
from tui.widgets.pane import Pane

_LOOK_S = 1.0
#: Two charts stand side by side from this width on, one from the other.
_TWO_CHARTS, _ONE_CHART = 76, 34
#: From so many columns on the list of trainings stays beside the results.
_BOTH = 110


class TrainingScreen(Acting):
    """Watch trainings."""

    PLACE = keymap.TRAINING
    SCROLLS = "#run-log"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.TRAINING)

    def __init__(self) -> None:
        super().__init__()
        self._started = ""
        self._seen: RunSeen | None = None
        self._beside: dict[str, RunSeen] = {}
        self._results = False
        self._at = 0
        self._top = ""
        self._titled = ""
        #: What every text shows, by its id.
        self._drawn: dict[str, Content] = {}

    def compose_body(self) -> ComposeResult:
        with Container(id="training"):
            with Pane(id="runs"):
                yield Static(id="run-list", markup=False)
            with Container(id="run"):
                yield Static(id="run-head", markup=False)
                with Container(id="charts"):
                    with Container(id="loss-chart"):
                        yield Static(id="loss-legend", markup=False)
                        yield self._chart("loss")
                    with Container(id="accuracy-chart"):
                        yield Static(id="accuracy-legend", markup=False)
                        yield self._chart("accuracy", percent=True)
                with Pane(id="run-log"):
                    yield Static(id="run-text", markup=False)
        yield AskLine()

    def _chart(self, name: str, *, percent: bool = False) -> Curves | LetterCurves:
        """Make a chart: of dots in colours, or of letters where dots would be alike."""
        self._letters = self.app.no_color or plain.wanted(os.environ)
        return (LetterCurves if self._letters else Curves)(id=name, percent=percent)

    def on_mount(self) -> None:
        self.query_one("#runs").border_title = Content("trainings")
        self.set_interval(_LOOK_S, self._look)

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
        if not self.is_current or not self._chosen:
            return
        if self._seen is None or self._seen.id != self._chosen or not over(self._seen.state):
            self.bridge.run(self._chosen)

    def _take(self, rows: tuple[RunRow, ...]) -> None:
        self._rows = rows
        known = {row.id: row for row in rows}
        if self._started in known:
            self._chosen, self._started = self._started, ""
        elif self._chosen not in known:
            at_work = next((row.id for row in rows if not over(row.state)), "")
            self._chosen = at_work or (rows[0].id if rows else "")
        # One that is over was taken up again: what was seen of it is old.
        row, seen = known.get(self._chosen), self._seen
        if row is not None and seen is not None and seen.id == row.id and seen.state != row.state:
            self.bridge.run(row.id)

    def receive(self, result: object) -> None:
        match result:
            case RunsSeen():
                self._take(result.rows)
                self._look()
            case RunSeen() if result.id == self._chosen:
                if result == self._seen:
                    return
                self._seen = result
                if result.id in self._beside:
                    self._beside[result.id] = result
                # The list is looked at less often: what is known here of one training goes into its row.
                self._rows = tuple(
                    replace(row, state=result.state) if row.id == result.id else row
                    for row in self._rows or ()
                )
            case RunStarted():
                self._started = result.id
                self.say(result.warning or f"{result.id} has started; it goes on when you leave.")
                self.bridge.runs()
            case RunStopped() | RunPromoted():
                self.say(result.words)
                self.bridge.runs()
                self.bridge.look_at_git()
            case MistakesSeen():
                self.offer_frames(result)
                return
            case Failed(job="mistakes"):
                self.no_frames(result)
                return
            case Failed(job="promote"):
                self.ask_why(result)
                return
            case _:
                return
        self._draw()

    # --- drawing ------------------------------------------------------------------------------------------------

    def keys(self) -> list[tuple[str, str | Content]]:
        """Only what can be done with the chosen training now."""
        rows, row = self._rows or (), self._row()
        can = {
            "stop_training": any(not over(one.state) for one in rows),
            "resume": row is not None and over(row.state) and row.state != "finished",
            "promote": row is not None and row.state in ("finished", "stopped"),
            "results": row is not None,
            "open_frame": bool(self._wrong()),
        }
        return [*keymap.footer_of(self.PLACE, without=[name for name, holds in can.items() if not holds])]

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        rows = self._rows or ()
        self.query_one("#run").display = bool(rows)
        self.query_one("#runs").set_class(not rows, "-alone")
        box = self.query_one("#runs", Pane)
        # A table of results needs the columns of the list, where there are few.
        box.display = not (self._results and rows and self.size.width < _BOTH)
        room = box.room
        self._put(
            "run-list",
            runs_text(rows, self._chosen, room, tuple(self._beside)) if rows else none_yet(self._rows),
        )
        at = next((at for at, row in enumerate(rows) if row.id == self._chosen), 0)
        box.scroll_to(y=max(0, 2 * at - 2), animate=False)
        self.query_one(KeyLine).show(self.keys())
        self._draw_run()

    def _draw_run(self) -> None:
        seen = self._seen if self._seen is not None and self._seen.id == self._chosen else None
        if self._titled != self._chosen:
            self._titled = self._chosen
            self.query_one("#run").border_title = Content(self._chosen)
        width = max(16, self.query_one("#run").content_size.width)
        drawn = seen is not None and not self._results and any(seen.loss.values())
        charts = self._charts(width) if drawn else ()
        self.query_one("#charts").display = bool(charts)
        self.query_one("#loss-chart").display = "loss" in charts
        if seen is None:
            self._put("run-head", Content.styled("looking …", DIM) if self._chosen else Content(""))
            self._put("run-text", Content(""))
            return
        self.query_one("#run-head").display = not (self._results and self.has_class("-low"))
        self._put(
            "run-head", head_text(seen, width, charts=("loss", "accuracy") if self._results else charts)
        )
        if charts:
            self._draw_charts(seen)
        room = self.query_one("#run-log", Pane).room
        line = 0
        if self._results:
            words, line = results_text(seen, room, self._at)
            self._put("run-text", words)
        else:
            self._put("run-text", words_and_log(seen, room))
        top = f"{seen.id} {self._results}"
        if top != self._top:
            self._top = top
            self.query_one("#run-log", Pane).scroll_home(animate=False)
        if line:
            self.call_after_refresh(self.query_one("#run-log", Pane).keep, line)

    def _charts(self, width: int) -> tuple[str, ...]:
        """Which curves have room for a chart."""
        if self.has_class("-low") or width < _ONE_CHART:
            return ()
        return ("loss", "accuracy") if width >= _TWO_CHARTS else ("accuracy",)

    def _draw_charts(self, seen: RunSeen) -> None:
        loss, accuracy = dict(seen.loss), dict(seen.accuracy)
        if set(self._beside) - {
            seen.id
        }:  # several are compared by what validation says; the rest would only hide it
            loss.pop("train", None)
            accuracy.pop("train", None)
        for number, other in enumerate(self._beside.values(), 1):
            if other.id != seen.id:
                loss[str(number)] = other.loss.get("validation", ())
                accuracy[str(number)] = other.accuracy.get("validation", ())
        dark = self.app.current_theme.dark
        for name, curves, levels in (("loss", loss, {}), ("accuracy", accuracy, seen.baselines)):
            chart = self.query_one(f"#{name}")
            if isinstance(chart, Curves | LetterCurves):
                chart.show(curves, levels)
        best = max(seen.baselines.items(), key=lambda pair: pair[1], default=None)
        shown = (best[0].replace("_", " "), best[1]) if best is not None else None
        signs = LETTERS if self._letters else None
        self._put("loss-legend", legend("loss", loss, "", dark=dark, letters=signs))
        self._put("accuracy-legend", legend("accuracy", accuracy, " %", shown, dark=dark, letters=signs))

    def _put(self, name: str, content: Content) -> None:
        """Draw a text where it changed; the screen is laid out anew only where its lines became more or fewer."""
        before = self._drawn.get(name)
        if before is not None and before.is_same(content):
            return
        self._drawn[name] = content
        lines = before is not None and before.plain.count("\n") == content.plain.count("\n")
        self.query_one(f"#{name}", Static).update(content, layout=not lines)

    # --- keys ---------------------------------------------------------------------------------------------------

    def _wrong(self) -> tuple[tuple[str, str, str, str, int], ...]:
        """The frames among which the arrows choose: what the chosen training got wrong, while its results are shown."""
        seen = self._seen
        return seen.wrong if self._results and seen is not None and seen.id == self._chosen else ()

    def _choose(self, by: int) -> None:
        if wrong := self._wrong():
            self._at = max(0, min(self._at + by, len(wrong) - 1))
            self._draw()
            return
        rows = self._rows or ()
        at = next((at for at, row in enumerate(rows) if row.id == self._chosen), 0) + by
        if rows and 0 <= at < len(rows):
            self._chosen, self._at = rows[at].id, 0
            self._look()
            self._draw()

    def action_run_down(self) -> None:
        self._choose(1)

    def action_run_up(self) -> None:
        self._choose(-1)

    def action_results(self) -> None:
        self._results, self._at = not self._results, 0
        self._draw()

    def action_open_frame(self) -> None:
        wrong, seen = self._wrong(), self._seen
        task = self.state.workspace.tasks.get(seen.task) if seen is not None else None
        if not wrong:
            self.action_train()
        elif task is None:
            self.say("The task of this training is no longer in print-models.toml.")
        elif told := open_frame(self.pm, task, wrong[self._at][0]):
            self.say(told)

    def action_overlay(self) -> None:
        """Lay the chosen training's validation curve beside those of the others, or take it away again."""
        seen = self._seen
        if seen is None or seen.id != self._chosen:
            return
        if self._beside.pop(seen.id, None) is not None:
            self.say(f"The curve of {self._when(seen.id)} is drawn with its own training only.")
        elif len(self._beside) == len(BESIDE):
            self.say(f"{len(BESIDE)} curves can be told apart; o on a numbered training takes its away.")
        else:
            self._beside[seen.id] = seen
            number = len(self._beside)
            self.say(
                f"The validation curve of {self._when(seen.id)} ({number}) lies beside that of any you choose."
            )
        self._draw()

    def _when(self, run_id: str) -> str:
        return next((row.when for row in self._rows or () if row.id == run_id), run_id)

    def action_train(self) -> None:
        self.app.push_screen(StartScreen(self.state.task))
