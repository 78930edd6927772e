"""Change points: the next and the previous frame at which a label, what a model says, or the picture changes.

What always holds: picture changes are those of the days that were read; a day that was not is entered at its first
frame, and read there. While a stretch is marked, forward means the last frame before a change: that is where it ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.human import count
from core.labels.stretches import next_point
from tui import spans
from tui.changes import ChangesRead
from tui.tools.tool import Tool

if TYPE_CHECKING:
    from tui.state import State
    from tui.tools.desk import Desk

#: So many frames are looked through for one key, which takes less time than to draw a picture.
FAR = 50_000
#: Days whose points are kept.
_DAYS = 64


class Pointing(Tool):
    """From change to change."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._points: dict[tuple[str, str], tuple[str, ...]] = {}
        self._measured = False

    def do_point_next(self) -> None:
        state = self.state
        if not state.frames:
            return
        last = len(state.frames) - 1
        ahead = state.anchor is not None  # the end of a stretch lies before the change
        begin = min(state.cursor + ahead, last)
        found = self._next(begin, 1)
        if found is None and begin + FAR < last:
            self._far(begin + FAR)
        elif found is None and ahead and state.cursor < last:
            self.desk.moved(state.go(last), "")
        elif found is None:
            self.desk.notice("Nothing changes after this frame.")
        else:
            self.desk.moved(state.go(found - ahead), "")

    def do_point_previous(self) -> None:
        state = self.state
        found = self._next(state.cursor, -1) if state.frames else None
        if found is not None:
            self.desk.moved(state.go(found), "")
        elif state.cursor > FAR:
            self._far(state.cursor - FAR)
        else:
            self.desk.notice("Nothing changes before this frame.")

    def _far(self, at: int) -> None:
        """Stand where the look ended."""
        self.desk.moved(self.state.go(at), "")
        self.desk.notice(f"Nothing changes in {count(FAR)} frames:", "the same key looks on from here.")

    def receive(self, result: object) -> None:
        if isinstance(result, ChangesRead):
            self._measured = self._measured or bool(result.changes)
            self._points.pop((result.source, result.day), None)
            self._points[(result.source, result.day)] = result.points
            while len(self._points) > _DAYS:
                del self._points[next(iter(self._points))]

    # --- where ----------------------------------------------------------------------------------------------------

    def _next(self, at: int, by: int) -> int | None:
        state = self.state
        maps = [spans.classes_of(state), spans.guesses_of(state)]
        maps = [known for known in maps if known]
        changed = {*self._changed(), *self._unread(at, by)}
        end = at + by * FAR
        extra = {*changed, end} if 0 < end < len(state.frames) else changed
        found = next_point(spans.keys_of(state), maps, at, by, extra=sorted(extra))
        if found == end and end not in changed and not any(_changes(state, known, end) for known in maps):
            return None
        return found

    def _changed(self) -> list[int]:
        """Return the places at which the picture changed, of the days that were read."""
        found = []
        for (source, _), keys in self._points.items():
            if source == self.state.source:
                found += [place for key in keys if (place := self.state.place_of(key)) is not None]
        return found

    def _unread(self, at: int, by: int) -> list[int]:
        """Return the frame at which the next day begins, or the last of the day before, where that was not read yet."""
        frames = self.state.frames
        if not self._measured:
            return []
        while 0 <= at < len(frames):
            begin, end = spans.day_of(frames, at)
            if _day(frames[at].key) not in self._points:
                return []
            at = end if by > 0 else begin - 1
            if 0 <= at < len(frames) and _day(frames[at].key) not in self._points:
                return [at]
        return []


def _changes(state: State, known: Mapping[str, str], at: int) -> bool:
    """True where a frame has another value than the one before it."""
    return 0 < at < len(state.frames) and known.get(state.frames[at].key) != known.get(
        state.frames[at - 1].key
    )


def _day(key: str) -> tuple[str, str]:
    """Return source and day folder of a frame, as changes are read by them."""
    source, _, rest = key.partition("/")
    return source, rest.rpartition("/")[0]
