"""The day bars: how near they look, and what changed from frame to frame on the days they show, measured meanwhile.

What always holds: what was measured is asked for once the frame is on the screen, never before it; measuring begins
after a moment of rest and says how far it is in one place only; of changes the last few days are kept at hand.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from textual.timer import Timer

from tui import bars
from tui.changes import ChangesRead, Measured, Measuring
from tui.messages import FramesFound
from tui.tools.tool import Tool

if TYPE_CHECKING:
    from core.frames.signatures import Change
    from tui.tools.desk import Desk

#: Days whose changes are kept at hand.
_DAYS = 4
#: How long nobody moves before frames are measured that were not yet.
REST_S = 3.0


class Watching(Tool):
    """What the bars show beside labels and guesses."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._days: OrderedDict[tuple[str, str], ChangesRead] = OrderedDict()
        self._asked: set[tuple[str, str]] = set()
        self._measured = False
        self._rest: Timer | None = None
        #: How far measuring is, in a few cells; '' where nothing is measured.
        self.note = ""

    def do_bar_in(self) -> None:
        self._zoom(1, "This is the nearest view of the bars.")

    def do_bar_out(self) -> None:
        self._zoom(-1, "The bars show the whole day.")

    def _zoom(self, by: int, else_say: str) -> None:
        at = bars.ZOOMS.index(self.state.looks.bar) + by
        if not 0 <= at < len(bars.ZOOMS):
            self.desk.notice(else_say)
            return
        self.state.looks.bar = bars.ZOOMS[at]
        self.desk.redraw()

    # --- changes ------------------------------------------------------------------------------------------------

    @property
    def here(self) -> ChangesRead | None:
        """What is known of the day of the frame under the cursor."""
        place = self._place()
        return self._days.get(place) if place else None

    def change(self, key: str) -> tuple[Change, float] | None:
        """Return how much a frame changed, and from which motion on that is another picture for its camera."""
        read = self._days.get(_day_of(key))
        found = read.changes.get(key) if read else None
        return (found, read.threshold) if read and found else None

    def is_point(self, key: str) -> bool:
        """True where the picture changed at this frame, as far as its day is known."""
        read = self._days.get(_day_of(key))
        return read is not None and key in read.points

    def drawn(self) -> None:
        place = self._place()
        if place is None:
            return
        if place not in self._days and place not in self._asked:
            self._asked.add(place)
            self.bridge.changes(*place)
        if not self._measured and not self.state.workspace.read_only:
            if self._rest is not None:
                self._rest.stop()
            self._rest = self.desk.screen.set_timer(REST_S, self._measure)

    def _measure(self) -> None:
        """Measure what is missing, what is looked at first."""
        frame = self.state.frame
        if frame is not None and not self.state.scanning:
            self._measured = True
            self.bridge.measure(frame.key)

    def _place(self) -> tuple[str, str] | None:
        frame = self.state.frame
        return _day_of(frame.key) if frame else None

    def receive(self, result: object) -> None:
        match result:
            case ChangesRead():
                self._take(result)
            case Measuring():
                self._say(f"▅ {result.done * 100 // max(1, result.total)}%")
                place = self._place()
                if place is not None and place[1] == result.day:
                    self.bridge.changes(*place)
            case Measured():
                self._say("")
                for place in self._days:
                    self.bridge.changes(*place)
            case FramesFound():
                self._measured = False
                self._asked.clear()
                place = self._place()
                if place and place in self._days:  # the new frames were not measured
                    self.bridge.changes(*place)
                self.drawn()

    def _say(self, note: str) -> None:
        self.note = note
        self.desk.screen.show_bars()

    def _take(self, read: ChangesRead) -> None:
        place = (read.source, read.day)
        self._asked.discard(place)
        self._days[place] = read
        self._days.move_to_end(place)
        while len(self._days) > _DAYS:
            self._days.popitem(last=False)
        if place == self._place():
            self.desk.screen.show_bars()
            self.desk.screen.show_facts()
            self.desk.screen.show_strip()


def _day_of(key: str) -> tuple[str, str]:
    """Return source and day folder of a frame; '' where its frames lie in no folders of days."""
    source, _, rest = key.partition("/")
    return source, rest.rpartition("/")[0]
