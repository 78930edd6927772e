"""What core's pure functions about stretches, prints and bisection look at, taken from the state; and what may be painted.

What always holds: nothing is copied: keys and classes are looked up in the state's own frames and labels, a piece at a
time. A frame that another task is known to rule out (`when` of the task) is never painted in bulk. Lives on the event
loop; the tools that give many labels at once call it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, overload

from msgspec import Struct

from core.frames.among import key_at
from core.frames.among import keys_of as keys_of_frames
from core.labels.prints import print_at
from core.labels.stretches import Stretch, stretch_at

if TYPE_CHECKING:
    from datetime import datetime

    from core.frames.index import Frame
    from tui.state import State


class _Classed(Protocol):
    @property
    def class_(self) -> str: ...


class Keys(Sequence[str]):
    """The keys of frames, in their order."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames, self._key = frames, key_at(frames)

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return list(keys_of_frames(self._frames[at]))
        return self._key(at)


class Classes(Mapping[str, str]):
    """Frame → class, of labels or of what a model said."""

    def __init__(self, of: Mapping[str, _Classed]) -> None:
        self._of = of

    def __getitem__(self, key: str) -> str:
        return self._of[key].class_

    def __contains__(self, key: object) -> bool:
        return key in self._of

    def get(self, key: str, default: Any = None) -> Any:  # asked of every frame
        found = self._of.get(key)
        return default if found is None else found.class_

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)


class Census(Struct, frozen=True):
    """Some frames: those that may be painted, how many have which class already, and how many another task rules out."""

    keys: tuple[str, ...]
    given: Counter[str]
    out: int

    @property
    def bare(self) -> int:
        """How many have no label."""
        return len(self.keys) - self.given.total()


def keys_of(state: State) -> Keys:
    """Return the keys of the frames that are shown."""
    return Keys(state.frames)


def classes_of(state: State) -> Classes:
    """Return the labels of the task on screen."""
    return Classes(state.of(state.task))


def guesses_of(state: State) -> Classes:
    """Return what the model said for the task on screen."""
    return Classes(state.guesses.get(state.task.name, {}))


def stops_of(state: State) -> frozenset[int]:
    """Return the places at which recordings begin."""
    return frozenset(state.starts)


def ruled_out(state: State, key: str) -> bool:
    """True where another task's label, or what a model said for it, says that the frame does not count for the task."""
    when = state.task.when
    if when is None or key in state.of(state.task):
        return False
    task, class_ = when
    said = state.labels.get(task, {}).get(key) or state.guesses.get(task, {}).get(key)
    return said is not None and said.class_ != class_


class _RuledOut(Mapping[str, str]):
    """Frame → '' where another task rules it out."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __getitem__(self, key: str) -> str:
        if not ruled_out(self._state, key):
            raise KeyError(key)
        return ""

    def get(self, key: str, default: object = None) -> str | None:  # type: ignore[override]  # asked of every frame
        return "" if ruled_out(self._state, key) else None

    def __iter__(self) -> Iterator[str]:
        return (key for key in keys_of_frames(self._state.frames) if ruled_out(self._state, key))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def print_of(state: State) -> Stretch | None:
    """Return the print under the cursor: its recording, of a task with `when` as far as no frame of it is ruled out.

    None where the frame under the cursor is ruled out itself.
    """
    keys, stops = keys_of(state), stops_of(state)
    if state.task.when is None:
        return print_at(keys, state.cursor, stops=stops)
    if ruled_out(state, keys[state.cursor]):
        return None
    return stretch_at(keys, _RuledOut(state), state.cursor, stops=stops)


def census(state: State, keys: Iterable[str]) -> Census:
    """Count what a class given to all of these frames would change."""
    done = state.of(state.task)
    wanted = list(keys)
    free = tuple(key for key in wanted if not ruled_out(state, key)) if state.task.when else tuple(wanted)
    given = Counter(done[key].class_ for key in free if key in done)
    return Census(free, given, len(wanted) - len(free))


def between(state: State, first: Frame, last: Frame) -> list[str]:
    """Return the keys of the frames that are shown from one frame to another, both included."""
    frames = state.frames
    begin = bisect_left(frames, (first.captured_at, first.key), key=_order)
    end = bisect_left(frames, (last.captured_at, last.key), key=_order)
    return list(keys_of_frames(frames[begin : end + 1]))


def day_of(frames: Sequence[Frame], at: int) -> tuple[int, int]:
    """Return the places at which the calendar day of place `at` begins, and at which it has ended."""
    midnight = frames[at].captured_at.replace(hour=0, minute=0, second=0, microsecond=0)
    moments = (midnight, midnight + timedelta(days=1))
    begin, end = (bisect_left(frames, moment, key=lambda frame: frame.captured_at) for moment in moments)
    return begin, end


def _order(frame: Frame) -> tuple[datetime, str]:
    return frame.captured_at, frame.key
