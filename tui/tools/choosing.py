"""What is looked at: the task, the camera, the filter, and the line that says what is next."""

from __future__ import annotations

from textual.content import Content

from core.errors import PrintModelsError
from tui.screens.label_texts import what_next
from tui.sorting import Filtered
from tui.tools.tool import Tool

_FILTER_HINT = "label:active  !label  day:-1  08:54-09:25   (nothing: all frames)"


class Choosing(Tool):
    """What the frames are gone through for."""

    def do_task(self) -> None:
        self.desk.end()
        self.desk.just = Content("")
        self.desk.pm.next_task()
        self.desk.screen.show_state()

    def do_source(self) -> None:
        names = list(self.state.workspace.active_sources)
        if len(names) < 2:
            self.desk.notice(
                "There is one camera here.", "Add another one: print-models source add NAME PATH"
            )
            return
        self.desk.end()
        self.state.show_source(names[(names.index(self.state.source) + 1) % len(names)])
        self.bridge.recordings(self.state.source)
        self.desk.pm.sorter.again()
        self.desk.screen.show_state()

    def do_next_line(self) -> None:
        self.desk.view.next_line(what_next(self.state))

    def do_filter(self) -> None:
        self.desk.ask(self.state.filter, self._filtered, hint=_FILTER_HINT)

    def _filtered(self, text: str) -> bool:
        try:
            self.desk.pm.sorter.filter(text)
        except PrintModelsError as error:
            self.desk.notice(error.what, error.remedy)
            return False
        self.desk.view.notify_line(None)
        return True

    def receive(self, result: object) -> None:
        if isinstance(result, Filtered) and result.text == self.state.filter:
            self.desk.screen.show_state()
