"""Many frames as little more than their names: the list of a camera's frames, and views of some of them.

What always holds: never changed; in order of (time, key) of each source; a frame is made anew each time it is asked for,
from the names of its folder, which are shared with the index. What is usual (names that tell the moment, folders one
after the other in time) keeps nothing else; only where a moment is told by something else, or folders overlap, moments
and an order are kept beside the names. Views (slices, what a filter lets through) keep places only. Made by
frames/index; frames/among looks things up in it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate, chain, count, pairwise
from typing import NamedTuple, overload

from msgspec import Struct

from core.frames.names import captured_at, is_told, usual_moment
from core.frames.packed import Names

_MICROSECOND = timedelta(microseconds=1)


class Frame(NamedTuple):
    """One picture of a source. Size in bytes and mtime are known where the file was asked (`FrameIndex.get`)."""

    key: str
    source: str
    captured_at: datetime
    size: int | None = None
    mtime_ns: int | None = None


class _Folders(Struct, frozen=True, eq=False):
    """Folders: the source and what the keys begin with of each, its names, and the number of the first of them.

    `moments` of a folder are in microseconds since the first of all, where its names don't tell them. `lasts` are the
    moments of the last frames as names begin with them, where all folders follow each other in time.
    """

    sources: Sequence[str]
    heads: Sequence[str]
    names: Sequence[Names]
    moments: Sequence[array[int] | None]
    starts: Sequence[int]
    lasts: Sequence[str] = ()

    @classmethod
    def of(
        cls, given: Iterable[tuple[str, str, Names, array[int] | None]], *, usual: bool = False
    ) -> _Folders:
        """Take folders one after the other: source, what the keys begin with, names, moments.

        `usual` are folders of one source that follow each other in time, and whose names tell it.
        """
        rows = list(given)
        sources, heads = [row[0] for row in rows], [row[1] for row in rows]
        names = [row[2] for row in rows]
        starts = array("I", accumulate(map(len, names), initial=0))
        lasts = [some[-1][:15] for some in names] if usual else ()
        return cls(sources, heads, names, [row[3] for row in rows], starts, lasts)

    def name(self, number: int) -> tuple[int, str]:
        """Return the folder and the name of a frame by its number."""
        folder = bisect_right(self.starts, number) - 1
        return folder, self.names[folder][number - self.starts[folder]]

    def pieces(self, first: int, end: int) -> Iterator[tuple[int, int, Sequence[str]]]:
        """Yield for the frames from one number up to another: folder, place in it, names; a folder at a time."""
        folder = bisect_right(self.starts, first) - 1
        while first < end:
            upto, begin = min(end, self.starts[folder + 1]), self.starts[folder]
            yield folder, first - begin, self.names[folder][first - begin : upto - begin]
            folder, first = folder + 1, upto

    def moment(self, folder: int, place: int, name: str) -> datetime:
        """Return the moment of a frame; of one whose name tells none, which no camera lists, the first of all."""
        known = self.moments[folder]
        if known is not None:
            return datetime.min + known[place] * _MICROSECOND
        return usual_moment(name) or captured_at(self.heads[folder] + name) or datetime.min


class FrameList(Sequence[Frame]):
    """Frames in order; `folder_list` makes one of whole folders, slices and `at` make others of it."""

    __slots__ = ("_folders", "_numbers")

    def __init__(self, folders: _Folders, numbers: Sequence[int]) -> None:
        self._folders, self._numbers = folders, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> Frame: ...
    @overload
    def __getitem__(self, at: slice) -> FrameList: ...
    def __getitem__(self, at: int | slice) -> Frame | FrameList:
        if isinstance(at, slice):
            return FrameList(self._folders, self._numbers[at])
        number, of = self._numbers[at], self._folders
        folder, name = of.name(number)
        moment = of.moment(folder, number - of.starts[folder], name)
        return Frame(of.heads[folder] + name, of.sources[folder], moment)

    def key(self, at: int) -> str:
        """Return the key of the frame at a place, in less time than the whole frame takes."""
        folder, name = self._folders.name(self._numbers[at])
        return self._folders.heads[folder] + name

    def place_of(self, key: str) -> int | None:
        """Return the place of a frame, or that of the next one where this list is a view without it.

        None where that takes looking: moments that names don't tell, a frame of no folder here.
        """
        of, cut = self._folders, key.rfind("/") + 1
        folder = bisect_left(of.heads, key[:cut])
        if folder == len(of.heads) or of.heads[folder] != key[:cut] or of.moments[folder] is not None:
            return None
        names, name = of.names[folder], key[cut:]
        at = bisect_left(names, name)
        if at == len(names) or names[at] != name:
            return None
        return bisect_left(self._numbers, of.starts[folder] + at)

    def from_moment(self, moment: datetime) -> int | None:
        """Return the place of the first frame that is not before a moment; None where that takes looking."""
        of = self._folders
        if not of.lasts or not 1000 <= moment.year < 9999:
            return None
        if moment.microsecond:  # names tell whole seconds
            moment = moment.replace(microsecond=0) + timedelta(seconds=1)
        name = moment.isoformat().replace("-", "").replace(":", "")
        folder = bisect_left(of.lasts, name)
        if folder == len(of.lasts):
            return len(self)
        number = of.starts[folder] + bisect_left(of.names[folder], name)
        numbers = self._numbers
        if isinstance(numbers, range) and numbers.step == 1:
            return min(max(number, numbers.start), numbers.stop) - numbers.start
        return bisect_left(numbers, number)

    def by_key(self) -> Callable[[Iterable[str]], Iterator[tuple[int, bool]]] | None:
        """Return what `up_to` asks of whole folders whose keys are in order as they stand; None of any other frames."""
        of = self._folders
        whole = self._numbers == range(of.starts[-1]) and len({*map(len, of.heads)}) < 2
        if not whole or any(one >= two for one, two in pairwise(of.heads)) or any(of.moments):
            return None

        def told(keys: Iterable[str]) -> Iterator[tuple[int, bool]]:
            at, names = -1, of.names[0][:0] if of.names else ()
            for key in keys:
                folder = bisect_right(of.heads, key) - 1
                if folder < 0 or not key.startswith(of.heads[folder]):
                    yield of.starts[folder + 1], False
                    continue
                if folder != at:
                    at, names = folder, of.names[folder][:]
                place = bisect_right(names, name := key[len(of.heads[folder]) :])
                yield of.starts[folder] + place, place > 0 and names[place - 1] == name

        return told

    def keys(self) -> Iterator[str]:
        """Yield the key of every frame."""
        numbers, of = self._numbers, self._folders
        if not (isinstance(numbers, range) and numbers.step == 1):
            return map(self.key, range(len(numbers)))
        pieces = of.pieces(numbers.start, numbers.stop)
        return chain.from_iterable(map(of.heads[folder].__add__, names) for folder, _, names in pieces)

    def __iter__(self) -> Iterator[Frame]:
        for source, found in self._in_folders():
            for key, moment in found:
                yield Frame(key, source, moment)

    def moments(self) -> Iterator[tuple[str, datetime]]:
        """Yield the key and the moment of every frame."""
        return chain.from_iterable(found for _, found in self._in_folders())

    def _in_folders(self) -> Iterator[tuple[str, Iterator[tuple[str, datetime]]]]:
        """Yield source, and keys with moments, of the frames of one folder after the other."""
        numbers, of = self._numbers, self._folders
        if not (isinstance(numbers, range) and numbers.step == 1):
            for frame in map(self.__getitem__, range(len(numbers))):
                yield frame.source, iter(((frame.key, frame.captured_at),))
            return
        for folder, first, names in of.pieces(numbers.start, numbers.stop):
            head, moment = of.heads[folder], partial(of.moment, folder)
            told = map(moment, count(first), names)
            yield of.sources[folder], zip(map(head.__add__, names), told, strict=True)

    def at(self, places: Iterable[int]) -> FrameList:
        """Return the frames at some places, in the order of the places."""
        if isinstance(places, range) and places.step == 1:
            return self[places.start : places.stop]
        return FrameList(self._folders, array("I", map(self._numbers.__getitem__, places)))

    def shown_in(self, every: FrameList) -> array[int] | None:
        """Return by the place among `every` frame the place here, -1 for what is not; None for another list's frames."""
        if self._folders is not every._folders:
            return None
        found = array("i", [-1]) * self._folders.starts[-1]
        for place, number in enumerate(self._numbers):
            found[number] = place
        return array("i", map(found.__getitem__, every._numbers))

    @classmethod
    def joined(cls, lists: Sequence[FrameList]) -> FrameList:
        """Return the frames of lists one after the other."""
        every = [one._folders for one in lists]
        of = _Folders.of(
            row for one in every for row in zip(one.sources, one.heads, one.names, one.moments, strict=True)
        )
        begins = [0, *accumulate(one.starts[-1] for one in every)][: len(lists)]
        if all(one._numbers == range(one._folders.starts[-1]) for one in lists):
            return cls(of, range(of.starts[-1]))
        numbers = (
            begin + number for begin, one in zip(begins, lists, strict=True) for number in one._numbers
        )
        return cls(of, array("I", numbers))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrameList):
            return NotImplemented
        if self._folders is other._folders and self._numbers == other._numbers:
            return True
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash((len(self), self.key(0), self.key(-1)) if self else 0)

    def __repr__(self) -> str:
        return f"<{len(self)} frames{f' from {self.key(0)!r} to {self.key(-1)!r}' if self else ''}>"


def folder_list(source: str, folders: Iterable[tuple[str, Names]]) -> FrameList:
    """Return the frames of a source, from what the keys of each folder begin with and its names in order of (moment, name).

    Folders are in the order of what their keys begin with. Frames without a moment are left out.
    """
    given = [one for one in folders if len(one[1])]
    if not is_told(source) and _in_time(given):
        of = _Folders.of(((source, head, names, None) for head, names in given), usual=True)
        return FrameList(of, range(of.starts[-1]))
    found: list[tuple[str, str, Names, array[int] | None]] = []
    for head, names in given:
        dated = [(name, at) for name in names if (at := captured_at(head + name)) is not None]
        moments = array("q", ((at - datetime.min) // _MICROSECOND for _, at in dated))
        found.append((source, head, Names.of(name for name, _ in dated), moments))
    of = _Folders.of(one for one in found if len(one[2]))
    keys = list(FrameList(of, range(of.starts[-1])).keys())
    told = array("q", chain.from_iterable(moments or () for *_, moments in found))
    order = array("I", sorted(sorted(range(len(keys)), key=keys.__getitem__), key=told.__getitem__))
    in_order = all(one < two for one, two in pairwise(order))
    return FrameList(of, range(len(keys)) if in_order else order)


def _in_time(given: Iterable[tuple[str, Names]]) -> bool:
    """True where names tell the moments of folders, and the folders follow each other in time."""
    before = datetime.min
    for head, names in given:
        first, last = captured_at(head + names[0]), captured_at(head + names[-1])
        if first is None or last is None or first < before:
            return False
        before = last
    return True
