"""What is looked up among frames in order of time: in a list of ours (frames/framelist) quickly, in any other by looking.

What always holds: pure; no frame is made that isn't asked for, as far as that can be; both kinds give the same answers.
Called by the app, the filters and queues, the draft.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, compress, count
from operator import itemgetter, ne
from typing import Any

from core.frames.framelist import Frame, FrameList
from core.frames.names import captured_at

_KEY: Callable[[Any], str] = itemgetter(0)
_KEY_AND_MOMENT: Callable[[Any], Any] = itemgetter(0, 2)
_MOMENT: Callable[[Any], datetime] = itemgetter(2)
_ORDER: Callable[[Any], Any] = itemgetter(2, 0)
#: So many keys are held against each other at first, and at most, at one go.
_LEAST, _MOST = 16, 512


def joined(lists: Sequence[Sequence[Frame]]) -> Sequence[Frame]:
    """Return the frames of several lists one after the other."""
    known = [one for one in lists if isinstance(one, FrameList)]
    if len(known) < len(lists):
        return tuple(chain.from_iterable(lists))
    return known[0] if len(known) == 1 else FrameList.joined(known) if known else ()


def keys_of(frames: Sequence[Frame]) -> Iterable[str]:
    """Return the keys of frames, without making the frames where that can be."""
    return frames.keys() if isinstance(frames, FrameList) else map(_KEY, frames)


def key_at(frames: Sequence[Frame]) -> Callable[[int], str]:
    """Return what tells the key of the frame at a place."""
    return frames.key if isinstance(frames, FrameList) else lambda at: frames[at][0]


def place_from(frames: Sequence[Frame], key: str) -> int:
    """Return the place of a frame among frames of one source in order of (time, key), or that of the next one."""
    found = frames.place_of(key) if isinstance(frames, FrameList) else None
    if found is not None:
        return found
    return bisect_left(frames, (captured_at(key) or datetime.min, key), key=_ORDER)


def moment_from(frames: Sequence[Frame], moment: datetime, first: int = 0, end: int | None = None) -> int:
    """Return the place of the first frame, from place `first` up to `end`, in order of time, that is not before a moment."""
    end = len(frames) if end is None else end
    found = frames.from_moment(moment) if isinstance(frames, FrameList) else None
    if found is not None:
        return min(max(found, first), end)
    return bisect_left(frames, moment, first, end, key=_MOMENT)


def moment_after(frames: Sequence[Frame], moment: datetime, first: int = 0, end: int | None = None) -> int:
    """Return the place of the first frame, from place `first` up to `end`, in order of time, that is after a moment."""
    end = len(frames) if end is None else end
    found = None
    if isinstance(frames, FrameList) and moment.year < 9999:
        found = frames.from_moment(moment + timedelta(microseconds=1))
    if found is not None:
        return min(max(found, first), end)
    return bisect_right(frames, moment, first, end, key=_MOMENT)


def place_among(frames: Sequence[Frame], key: str) -> int | None:
    """Return the place of a frame among frames of one source in order of (time, key), None where it is not there."""
    at = place_from(frames, key)
    return at if at < len(frames) and key_at(frames)(at) == key else None


def up_to(frames: Sequence[Frame], keys: Iterable[str]) -> Iterator[tuple[int, bool]]:
    """Yield for each of some keys, in order of keys, how many of all frames' keys don't come after it, and if it is one."""
    told = frames.by_key() if isinstance(frames, FrameList) else None
    if told is not None:
        yield from told(keys)
        return
    listed = sorted(keys_of(frames))
    for key in keys:
        place = bisect_right(listed, key)
        yield place, place > 0 and listed[place - 1] == key


class Moments:
    """Key and moment of frames, to be gone over as often as one likes."""

    def __init__(self, frames: Iterable[Frame]) -> None:
        self._frames = frames

    def __iter__(self) -> Iterator[tuple[str, datetime]]:
        frames = self._frames
        return frames.moments() if isinstance(frames, FrameList) else map(_KEY_AND_MOMENT, frames)


def alike_from(frames: Sequence[Frame], at: int, keys: Sequence[str], number: int, most: int) -> int:
    """Return how many keys from `number` on, up to `most`, are those of the frames from place `at` on."""
    found, size = 0, _LEAST
    while found < most:
        size = min(size, most - found)
        ahead = list(keys_of(frames[at + found : at + found + size]))
        here = keys[number + found : number + found + size]
        if here != ahead or not here:
            return found + next(compress(count(), map(ne, here, ahead)), min(len(here), len(ahead)))
        found, size = found + len(here), min(2 * size, _MOST)
    return found


def picked(frames: Sequence[Frame], places: Iterable[int]) -> Sequence[Frame]:
    """Return the frames at some places, in the order of the places."""
    return frames.at(places) if isinstance(frames, FrameList) else [frames[at] for at in places]
