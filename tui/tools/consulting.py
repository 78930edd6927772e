"""What a person looks up without leaving the frame: its history, the classes with their examples, the days."""

from __future__ import annotations

from tui.tools.tool import Tool


class Consulting(Tool):
    """Screens over Label; each is imported when it is first asked for."""

    def do_history(self) -> None:
        from tui.screens.history import HistoryScreen

        frame = self.state.frame
        if frame is None:
            self.desk.notice("There is no frame.")
        else:
            self.desk.pm.push_screen(HistoryScreen(frame.key))

    def do_guide(self) -> None:
        from tui.screens.guide import GuideScreen

        self.desk.pm.push_screen(GuideScreen(self.state.task))

    def do_calendar(self) -> None:
        from tui.screens.calendar import CalendarScreen

        frame = self.state.frame
        if frame is None:
            self.desk.notice("There is no frame, so there is no day.")
        else:
            if self.state.anchor is None:
                self.desk.end()
            self.desk.pm.push_screen(CalendarScreen(frame.captured_at))
