"""Stretches: consecutive frames with the same class, and where a class changes; the unit of work on the Label screen.

A place is the number of a frame in the ordered keys of what is shown. All functions are pure and look at the frames
around a place, in pieces that grow, never at all frames of a camera where a change is near. A stretch never crosses a
place in `stops` (the first frames of recordings) nor leaves its source. The app's lanes call this.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from core.frames.names import source_of

_LEAST, _MOST = (
    64,
    8192,
)  # frames looked at in one piece: short runs cost little, long ones run at the speed of C
_NO_STOPS: frozenset[int] = frozenset()


class Stretch(Struct, frozen=True):
    """The frames from place `first` to place `last`, both included, of one class; None for unlabelled ones."""

    first: int
    last: int
    class_: str | None

    @property
    def count(self) -> int:
        """How many frames it has."""
        return self.last - self.first + 1

    @property
    def places(self) -> range:
        """Its places, in order."""
        return range(self.first, self.last + 1)


def stretch_at(
    keys: Sequence[str], classes: Mapping[str, str], at: int, *, stops: AbstractSet[int] = _NO_STOPS
) -> Stretch:
    """Return the stretch of one class that place `at` lies in. Raises IndexError where there is no such place."""
    class_ = classes.get(keys[at])
    return Stretch(_down(keys, classes, at, class_, stops), _up(keys, classes, at, class_, stops), class_)


def gap_at(
    keys: Sequence[str], classes: Mapping[str, str], at: int, *, stops: AbstractSet[int] = _NO_STOPS
) -> Stretch | None:
    """Return the unlabelled frames around place `at`, None where that frame has a label."""
    return None if keys[at] in classes else stretch_at(keys, classes, at, stops=stops)


def next_point(
    keys: Sequence[str],
    maps: Sequence[Mapping[str, object]],
    at: int,
    by: int,
    *,
    extra: Sequence[int] = (),
) -> int | None:
    """Return the nearest change point after place `at` (`by` > 0) or before it (`by` < 0), None where there is none.

    A change point is the first frame at which a value of one of `maps` (labels, predictions) differs from the frame
    before it, or a place in the ascending `extra` (where the picture changed).
    """
    if by > 0:
        place = bisect_right(extra, at)
        limit = extra[place] if place < len(extra) else len(keys)
        for values in maps:
            limit = _change_up(keys, values, at, limit)
        return limit if limit < len(keys) else None
    place = bisect_left(extra, at)
    limit = extra[place - 1] if place else 0
    found = place > 0
    for values in maps:
        before = _change_down(keys, values, at, limit)
        if before is not None:
            limit, found = before, True
    return limit if found else None


def _up(
    keys: Sequence[str], classes: Mapping[str, str], at: int, class_: str | None, stops: AbstractSet[int]
) -> int:
    """Return the last place of the run of `class_` that `at` lies in."""
    source, begin, size = source_of(keys[at]), at + 1, _LEAST
    while begin < len(keys):
        piece = keys[begin : begin + size]
        if not (
            list(map(classes.get, piece)).count(class_) == len(piece)
            and stops.isdisjoint(range(begin, begin + len(piece)))
            and source_of(piece[-1]) == source
        ):
            for place, key in enumerate(piece, begin):
                if classes.get(key) != class_ or place in stops or source_of(key) != source:
                    return place - 1
        begin += len(piece)
        size = min(_MOST, size * 2)
    return len(keys) - 1


def _down(
    keys: Sequence[str], classes: Mapping[str, str], at: int, class_: str | None, stops: AbstractSet[int]
) -> int:
    """Return the first place of the run of `class_` that `at` lies in."""
    source, end, size = source_of(keys[at]), at, _LEAST
    while end > 0:
        begin = max(0, end - size)
        piece = keys[begin:end]
        if not (
            list(map(classes.get, piece)).count(class_) == len(piece)
            and stops.isdisjoint(range(begin + 1, end + 1))
            and source_of(piece[0]) == source
        ):
            for place in range(end - 1, begin - 1, -1):
                key = keys[place]
                if classes.get(key) != class_ or place + 1 in stops or source_of(key) != source:
                    return place + 1
        end = begin
        size = min(_MOST, size * 2)
    return 0


def _change_up(keys: Sequence[str], values: Mapping[str, object], at: int, limit: int) -> int:
    """Return the first place after `at`, below `limit`, whose value differs from the one before it; else `limit`."""
    last, begin, size = values.get(keys[at]), at + 1, _LEAST
    while begin < limit:
        found = list(map(values.get, keys[begin : min(limit, begin + size)]))
        if found.count(last) != len(found):
            return begin + next(place for place, value in enumerate(found) if value != last)
        begin += len(found)
        size = min(_MOST, size * 2)
    return limit


def _change_down(keys: Sequence[str], values: Mapping[str, object], at: int, limit: int) -> int | None:
    """Return the last place before `at`, above `limit`, whose value differs from the one before it, None for none."""
    if at < 1:
        return None
    last, end, size = values.get(keys[at - 1]), at - 1, _LEAST
    while end > limit:
        begin = max(limit, end - size)
        found = list(map(values.get, keys[begin:end]))
        if found.count(last) != len(found):
            return end - next(place for place, value in enumerate(reversed(found)) if value != last)
        end = begin
        size = min(_MOST, size * 2)
    return None
