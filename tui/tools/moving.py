"""Moving through the frames: by one, by ten, by recording, to the ends."""

from __future__ import annotations

from tui.tools.tool import Tool

_LAST, _FIRST = "This is the last frame.", "This is the first frame."


class Moving(Tool):
    """The cursor."""

    def do_next(self) -> None:
        self.desk.moved(self.state.move(1), _LAST)

    def do_previous(self) -> None:
        self.desk.moved(self.state.move(-1), _FIRST)

    def do_ten_on(self) -> None:
        self.desk.moved(self.state.move(10), _LAST)

    def do_ten_back(self) -> None:
        self.desk.moved(self.state.move(-10), _FIRST)

    def do_recording_next(self) -> None:
        self.desk.moved(self.state.go_recording(1), "This is the last recording.")

    def do_recording_previous(self) -> None:
        self.desk.moved(self.state.go_recording(-1), "This is the first recording.")

    def do_first(self) -> None:
        self.desk.moved(self.state.go(0), _FIRST)

    def do_last(self) -> None:
        self.desk.moved(self.state.go(len(self.state.frames) - 1), _LAST)

    def advance(self) -> bool:
        return self.state.move(1)
