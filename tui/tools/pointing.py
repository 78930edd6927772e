"""Change points: the next and the previous frame at which a label, what a model says, or the picture changes.

What always holds: picture changes are those of the days that were read; a day that was not is entered at its first
frame, and read there. While a stretch is marked, forward means the last frame before a change: that is where it ends,
and no key leads out of its recording. Where pictures on the way were not measured yet, that is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

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
_ALL = 100


class _Day(NamedTuple):
    """The frames of a day at which the picture changed, and those that were not measured yet."""

    points: tuple[str, ...]
    lacking: frozenset[str]


class Pointing(Tool):
    """From change to change."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._days: dict[tuple[str, str], _Day] = {}
        self._measured = False

    def do_point_next(self) -> None:
        state = self.state
        if state.anchor is not None:
            self._in_stretch(1)
            return
        found = self._next(state.cursor, 1) if state.frames else None
        if found is not None:
            self.desk.moved(state.go(found), "")
        elif state.cursor + FAR < len(state.frames) - 1:
            self._far(state.cursor + FAR)
        else:
            self._nothing("after", range(state.cursor + 1, len(state.frames)))

    def do_point_previous(self) -> None:
        state = self.state
        if state.anchor is not None:
            self._in_stretch(-1)
            return
        found = self._next(state.cursor, -1) if state.frames else None
        if found is not None:
            self.desk.moved(state.go(found), "")
        elif state.cursor > FAR:
            self._far(state.cursor - FAR)
        else:
            self._nothing("before", range(state.cursor))

    def _nothing(self, where: str, places: range) -> None:
        """Say that no change lies there, or that it is not known."""
        measured = self._share(places)
        if measured == _ALL:
            self.desk.notice(f"Nothing changes {where} this frame.")
        else:
            self.desk.notice(f"No change is known {where} this frame:", f"pictures measured {measured} %.")

    def _in_stretch(self, by: int) -> None:
        """Go to where the stretch may end: the last frame before a change (or back to one), or of the recording."""
        state, here = self.state, self.state.cursor
        first, last = self._recording()
        end = last if by > 0 else first
        if not state.frames or here == end:
            self.desk.notice(f"The recording {'ends' if by > 0 else 'begins'} here.")
            return
        found = self._next(min(here + 1, last), 1) if by > 0 else self._next(here, -1)
        if found is None:
            at = min(end, here + FAR) if by > 0 else max(end, here - FAR)
        else:
            at = min(end, found - 1) if by > 0 else max(end, found)
        self.desk.moved(state.go(at), "")
        measured = self._share(range(min(here, at), max(here, at) + 1))
        if measured != _ALL:
            so = "this is the end of the recording." if by > 0 else "here the recording begins."
            so = so if at == end else "it may change in between."
            self.desk.notice(f"Pictures measured {measured} %:", so)

    def _recording(self) -> tuple[int, int]:
        """Return the first and the last place of the recording under the cursor; of the day where that is not known."""
        _, first, length = self.state.recording()
        if not length and self.state.frames:
            first, end = spans.day_of(self.state.frames, self.state.cursor)
            length = end - first
        return first, first + length - 1

    def _share(self, places: range) -> int:
        """Return how many per cent of some frames were measured; 100 only for all of them."""
        lacking = 0
        for place in places:
            key = self.state.frames[place].key
            day = self._days.get(_day(key))
            lacking += day is None or key in day.lacking
        return _ALL if not lacking else (len(places) - lacking) * _ALL // len(places)

    def _far(self, at: int) -> None:
        """Stand where the look ended."""
        self.desk.moved(self.state.go(at), "")
        self.desk.notice(f"Nothing changes in {count(FAR)} frames:", "the same key looks on from here.")

    def receive(self, result: object) -> None:
        if isinstance(result, ChangesRead):
            self._measured = self._measured or bool(result.changes)
            self._days.pop((result.source, result.day), None)
            self._days[(result.source, result.day)] = _Day(result.points, result.lacking)
            while len(self._days) > _DAYS:
                del self._days[next(iter(self._days))]

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
        for (source, _), day in self._days.items():
            if source == self.state.source:
                found += [place for key in day.points if (place := self.state.place_of(key)) is not None]
        return found

    def _unread(self, at: int, by: int) -> list[int]:
        """Return the frame at which the next day begins, or the last of the day before, where that was not read yet."""
        frames = self.state.frames
        if not self._measured:
            return []
        while 0 <= at < len(frames):
            begin, end = spans.day_of(frames, at)
            if _day(frames[at].key) not in self._days:
                return []
            at = end if by > 0 else begin - 1
            if 0 <= at < len(frames) and _day(frames[at].key) not in self._days:
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
