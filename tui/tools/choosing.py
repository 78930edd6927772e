"""What is looked at: the task, the camera, the filter, a day or a time, and the line that says what is next."""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import date, datetime
from functools import partial

from textual.content import Content

from core.errors import PrintModelsError
from core.text import safe
from tui.drawing import DIM
from tui.screens.label_texts import greeting
from tui.sorter import facts_of
from tui.sorting import Filtered
from tui.tools.tool import Tool

_FILTER_HINT = "label:active  !label  day:-1  08:54-09:25   (nothing: all frames)"
_WHEN_HINT = "11 Nov 08:54   08:54   -2   yesterday 9:00"
#: So many of what a word can become are shown.
_SHOWN = 12
_COLUMN = re.compile(r"column ([0-9]+)")


class Choosing(Tool):
    """What the frames are gone through for."""

    #: What was said until the filter's answer is there.
    _filtering: Content | None = None

    def do_task(self) -> None:
        self.desk.give_way()
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
        self.desk.give_way()
        self.state.show_source(names[(names.index(self.state.source) + 1) % len(names)])
        self.bridge.recordings(self.state.source)
        self.desk.pm.sorter.again()
        self.desk.screen.show_state()

    def do_next_line(self) -> None:
        self.desk.view.next_line(greeting(self.state))

    # --- the filter ---------------------------------------------------------------------------------------------

    def do_filter(self) -> None:
        from core.labels.filters import complete

        facts = facts_of(self.state)
        become = partial(complete, facts=facts)
        self.desk.ask(
            self.state.filter,
            self._filtered,
            hint=_FILTER_HINT,
            changed=lambda text: self._candidates(become(text, len(text))),
            complete=become,
        )
        self._candidates(become(self.state.filter, len(self.state.filter)))

    def _candidates(self, found: list[str]) -> None:
        """Show what the word that is written can become."""
        if not found:
            self.desk.view.notify_line(None)
            return
        more = f"  … {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        words = "  ".join(safe(word, limit=30) for word in found[:_SHOWN])
        self.desk.view.notify_line(Content.assemble(("tab ", "bold $accent"), words, (more, DIM)))

    def _filtered(self, text: str) -> bool:
        try:
            self.desk.pm.sorter.filter(text)
        except PrintModelsError as error:
            self.desk.notice(error.what, error.remedy)
            if column := _COLUMN.search(error.what):
                self.desk.point(int(column[1]) - 1)
            return False
        self.desk.view.notify_line(None)
        self._filtering = self.desk.notice("filtering …") if text else None
        return True

    def receive(self, result: object) -> None:
        if isinstance(result, Filtered) and result.text == self.state.filter:
            self.desk.unsay(self._filtering)
            self.desk.screen.show_state()

    # --- a day or a time ----------------------------------------------------------------------------------------

    def do_go_to(self) -> None:
        if self.state.frame is None:
            self.desk.notice("There is no frame to go to.")
        else:
            self.desk.ask("", self._go_to, hint=_WHEN_HINT)

    def _go_to(self, text: str) -> bool:
        if not text:
            return True
        try:
            when = self._moment(text)
        except PrintModelsError as error:
            self.desk.notice(error.what, error.remedy)
            return False
        frames = self.state.frames
        at = bisect_left(frames, when, key=lambda frame: frame.captured_at)
        on_day = at < len(frames) and frames[at].captured_at.date() == when.date()
        if not on_day:  # the nearest one before or after
            beside = range(max(0, at - 1), min(at + 1, len(frames)))
            at = min(beside, key=lambda place: abs(frames[place].captured_at - when))
        if self.state.anchor is None:
            self.desk.end()
        self.desk.moved(self.state.go(at), "This is the frame.")
        if not on_day:
            self.desk.notice(f"No frame from {when:%d %b %H:%M} on that day:", "this is the nearest one.")
        return True

    def _moment(self, text: str) -> datetime:
        """Return the moment a person wrote: a day, a time of the day on screen, or both. Raises WrongUsage."""
        from core.frames.names import parse_clock, parse_day

        day, _, clock = text.strip().rpartition(" ")
        if ":" not in clock:
            day, clock = text.strip(), ""
        frame = self.state.frame
        assert frame is not None
        on = frame.captured_at.date()
        if day:
            there = {span.day for span in facts_of(self.state).days}
            digits = parse_day(day, date.today(), there)
            on = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        return datetime.combine(on, parse_clock(clock) if clock else datetime.min.time())
