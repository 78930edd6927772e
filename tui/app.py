"""The app: opens the workspace, takes what arrives, keeps the state, and shows one screen at a time.

What always holds: everything a screen draws is in `state`; whoever is on top gets each result after the state has it.
Nothing here waits for the disk: the bridge does, in its threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Any, ClassVar

from textual import events
from textual.app import SystemCommand
from textual.filter import LineFilter
from textual.screen import Screen
from textual.timer import Timer

from core.personal import Personal
from core.tasks import Task
from core.workspace import Workspace
from tui import assisting, keymap, own_keys, palette, plain
from tui.bridge import Bridge
from tui.careful import CarefulApp
from tui.label_messages import ManyGoneOutside, Marked, PredictionsRead, Undoes, ViewRead
from tui.messages import (
    Arrived,
    DraftPriced,
    Failed,
    Flushed,
    FramesFound,
    GitSeen,
    Labelled,
    LabelsChanged,
    LabelsRead,
    NotLabelled,
    RecordingsFound,
    Released,
    RunsSeen,
)
from tui.release_messages import Interrupted
from tui.screens.base import Place
from tui.screens.confirm import ask_many_gone
from tui.screens.help import HelpScreen
from tui.screens.label import LabelScreen
from tui.screens.later import later
from tui.screens.log import LogScreen
from tui.sorter import Sorter
from tui.sorting import Totalled
from tui.state import State
from tui.styles import Styles
from tui.themes import THEMES, colours, named

#: What may come after the first picture comes so much later: beside it, it would slow it down.
_FIRST_S = 0.15
_REST_S = 0.5
_FLUSH_S = 1.0
_LONG_REST_S = 5.0
_POLL_S, _RUNS_S, _SCAN_S = 1.0, 2.0, 20.0


class PrintModelsApp(CarefulApp):
    """print-models in a terminal."""

    TITLE = "print-models"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        keymap.LABEL: LabelScreen,
        keymap.VERSIONS: later("versions", "VersionsScreen"),
        keymap.STORAGE: later("storage", "StorageScreen"),
        keymap.TRAINING: later("training", "TrainingScreen"),
    }
    DEFAULT_MODE = keymap.LABEL

    def __init__(
        self,
        workspace: Workspace,
        *,
        personal: Personal | None = None,
        graphics: str = "halfcell",
        said: str = "",
        debug: bool = False,
        suggests: bool = False,
    ) -> None:
        """`said` is said at first; with `suggests` a process beside the app suggests labels.

        Raises WrongUsage where the personal settings name no theme, or keys that can't be.
        """
        super().__init__(workspace.private, debug=debug)
        personal = personal or Personal()
        keymap.use(own_keys.remapped(personal.keys))
        # Before the styles are read for the first time: a change of theme reads them all again.
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = named(personal.theme)
        self.stylesheet = Styles(variables=self.get_css_variables())
        self._plain = [plain.Ascii()] if plain.wanted(os.environ) else []
        self.graphics, self.pictures, self._first_said = graphics, graphics != "none", said
        self._suggests = suggests
        task = workspace.task(None)
        self.state = State(
            workspace, task, next(iter(workspace.active_sources), next(iter(workspace.sources)))
        )
        self.bridge = Bridge(workspace, self._post)
        self.sorter = Sorter(self.state, self.bridge.sorting)
        self._rests: dict[str, Timer] = {}
        self._writes_at = 0.0
        self._said: dict[str, str] = {}

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The classes' colours, for themes that have none."""
        return colours(dark=self.current_theme.dark)

    def _post(self, result: object) -> None:
        """Hand a result to the event loop; called from the worker threads."""
        self.post_message(Arrived(result))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Where the terminal has no UTF-8, everything is drawn in ASCII."""
        first = [plain.Styled()] if self.no_color else []
        return [*first, *super().get_line_filters(), *self._plain]

    def wear(self, name: str) -> None:
        """Change the colours, and remember that for the next time."""
        self.theme = named(name)
        self.bridge.keep_theme(name)

    def on_mount(self) -> None:
        self.animation_level = "none"
        self.set_keymap(keymap.changes())
        self.tell([self._first_said] if self._first_said else [], title="Pictures", severity="warning")
        self.bridge.read_labels()
        self.set_timer(_FIRST_S, self._look_around)
        self.set_interval(_POLL_S, self._poll)
        self.set_interval(_RUNS_S, self.bridge.runs)
        self.set_interval(_SCAN_S, self._scan_again)

    def _poll(self) -> None:
        self.bridge.poll()
        if self._suggests:
            self.bridge.assistant.want(assisting.wanted(self.state, self.current_mode))

    def _look_around(self) -> None:
        """What may come after the first picture."""
        self.bridge.release.look(self.state.workspace)
        self.bridge.look_at_git()
        self.bridge.runs()

    def on_app_focus(self, event: events.AppFocus) -> None:
        self.bridge.flush()
        self.bridge.look_at_git()

    # --- results ------------------------------------------------------------------------------------------------

    def on_arrived(self, event: Arrived) -> None:
        if not self.is_running:  # the app is closing: its screens lose their parts one by one
            return
        if self._take(event.result):
            for screen in self.screen_stack:
                if isinstance(screen, Place):
                    screen.show_header()
        for screen in self.screen_stack:
            if isinstance(screen, Place):
                screen.arrived(event.result)

    def _take(self, result: object) -> bool:
        """Put a result into the state; True where the header may look different now."""
        state = self.state
        match result:
            case FramesFound():
                changed = self.sorter.frames_came(result)
                if changed and not result.scanning:
                    self._soon()
                    self.bridge.recordings(state.source)
                return changed
            case RecordingsFound():
                if result.source == state.source and state.take_recordings(result.starts):
                    self.sorter.queue()
                return False
            case LabelsRead():
                state.take_all_labels(result.labels)
                self.sorter.again()
                self.tell(result.said, severity="warning")
                self._soon()
            case Labelled():
                self.sorter.take_labels({result.step.task: result.labels}, undone=result.step.how == "undo")
                self._try_again(result)
                self._soon()
            case LabelsChanged():
                self.sorter.take_labels(result.labels)
                self._soon()
            case Marked():
                self._soon()
            case NotLabelled():
                state.unsaved.take(result)
            case DraftPriced():
                state.drafts[result.task] = result
            case Totalled():
                self.sorter.take(result)
            case GitSeen():
                changed = state.git != result
                state.git = result
                return changed
            case RunsSeen():
                changed = state.training != result.running
                state.training, state.runs = result.running, result.rows
                if self.current_mode != keymap.TRAINING:
                    self.tell(
                        result.ended, title="Finished while you were away" if result.away else "Training"
                    )
                return changed
            case Flushed():
                self.tell(result.said, title="Label files", severity="warning")
                self.bridge.look_at_git()
                return False
            case Released():
                self.bridge.look_at_git()
                self._soon()
            case Failed():
                self._failed(result)
                return False
            case _:
                self._take_aside(result)
                return False
        return True

    def _take_aside(self, result: object) -> None:
        """Put a result into the state that the header says nothing of."""
        match result:
            case ViewRead():
                self.state.take_view(result)
                if result.place in self.MODES:
                    self.go(result.place)
                self.bridge.first_frames(self.state.source, result.frame)
                self.set_timer(_FIRST_S, self.bridge.scan)
            case Undoes():
                self.state.undoes = result.step
            case PredictionsRead():
                self.tell(result.said, title="Predictions", severity="warning")
                self.sorter.take(result)
            case Interrupted() if getattr(self.screen, "PLACE", "") != keymap.RELEASE:
                self.tell([result.hint], title="Release", severity="warning")
            case ManyGoneOutside():
                ask_many_gone(self, result)
            case _:
                self.sorter.take(result)

    def _try_again(self, saved: Labelled) -> None:
        """The store takes labels again: give it those it did not take."""
        for step in self.state.unsaved.again(saved):
            task = self.state.workspace.task(step.task)
            if step.each is None:
                self.bridge.label(task, step.frames, step.class_, {}, step.how)
            else:
                self.bridge.label_each(task, step.each, step.how, step.how)

    def _failed(self, result: Failed) -> None:
        """Say what failed; a look that is repeated by itself says it once."""
        words = f"{result.what} {result.remedy}".strip()
        known = self._said.get(result.job)
        self._said[result.job] = words
        if words != known and result.job not in getattr(self.screen, "SAYS", ()):
            self.tell([words], title=f"{result.job} failed", severity="error")

    def _soon(self) -> None:
        """After a moment of rest: the price of the draft; after a little more, the label files."""
        self._after("draft", _REST_S, self._price)
        self._after("total", _REST_S, self.sorter.total)
        self._write_later()
        self._after("recordings", _LONG_REST_S, self._find_recordings)
        self.moved()

    def _write_later(self) -> None:
        """Label files follow after a moment's rest; where one is large, every half minute, however busy a person is."""
        from core.labels.sync import rest_before_writing

        seconds = rest_before_writing(self.state.workspace)
        due = self._writes_at - monotonic()
        seconds = due if seconds > _FLUSH_S and due > 0 else seconds
        self._writes_at = monotonic() + seconds
        self._after("flush", seconds, self.bridge.flush)

    def moved(self) -> None:
        """Where the person is now is kept after a moment of rest."""
        self._after("view", _LONG_REST_S, self._keep_view)

    def _keep_view(self) -> None:
        if not self.state.scanning:
            self.bridge.keep_view(self.state.view(self.current_mode))

    def _price(self) -> None:
        self.bridge.price(self.state.task)

    def _find_recordings(self) -> None:
        self.bridge.recordings(self.state.source)

    def _scan_again(self) -> None:
        """Look for new frames, and for a camera that is (not) there any more."""
        self.bridge.scan(again=not self.state.unreachable and bool(self.state.frames))

    def _after(self, name: str, seconds: float, call: object) -> None:
        timer = self._rests.get(name)
        if timer is not None:
            timer.stop()
        assert callable(call)
        self._rests[name] = self.set_timer(seconds, call)

    # --- going places -------------------------------------------------------------------------------------------

    def go(self, place: str) -> None:
        """Show a screen."""
        if self.current_mode != place:
            self.switch_mode(place)
            self.moved()

    def next_task(self) -> None:
        """Switch to the next task."""
        names = list(self.state.workspace.tasks)
        at = (names.index(self.state.task.name) + 1) % len(names)
        self.to_task(self.state.workspace.tasks[names[at]])

    def to_task(self, task: Task) -> None:
        """Switch to a task."""
        self.state.task = task
        self.bridge.price(task)
        self.sorter.new_task()

    def show_help(self, place: str) -> None:
        """Show every key that works on a screen."""
        self.push_screen(HelpScreen(place, self.state.task))

    def show_git_log(self) -> None:
        """Show the git commands that were run here."""
        self.push_screen(LogScreen())
        self.bridge.git_log()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: what works here, and where the rest is."""
        yield from palette.commands(self, screen)

    async def action_quit(self) -> None:
        """Leave: the label files are brought in step, trainings go on."""
        self.leave(0)

    def leave(self, code: int) -> None:
        """Leave with that exit code; the next opening begins where this one ends."""
        self._keep_view()
        super().leave(code)
