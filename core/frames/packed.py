"""Many names as one text: a sequence of strings that takes little more room than their letters.

What always holds: never changed; equal to another that holds the same names in the same order; a name is made anew each
time it is asked for, so going over all of them by place is slower than iterating. Used by frames/rows and frames/index,
which keep the names of a million files.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import overload

#: Between two names: the one letter that none of them can hold, besides the slash.
_BETWEEN = "\0"


class Names(Sequence[str]):
    """File names, none of them empty, in the order they were given."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        """Take names as one text with a NUL between two; '' holds none."""
        self.text = text
        self._starts = _starts(text)

    @classmethod
    def of(cls, names: Iterable[str]) -> Names:
        """Pack names; those that are packed already are taken as they are."""
        return names if isinstance(names, cls) else cls(_BETWEEN.join(names))

    @classmethod
    def even(cls, text: str, each: int) -> Names:
        """Take names that are known to be of one length, `each` with the NUL behind it, without looking at them."""
        made = cls.__new__(cls)
        made.text, made._starts = text, range(0, len(text) + 2, each)
        return made

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...
    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        if isinstance(at, slice):
            first, end, step = at.indices(len(self))
            if step == 1:
                text = self.text[self._starts[first] : self._starts[max(first, end)] - 1]
                return tuple(text.split(_BETWEEN)) if first < end else ()
            return tuple(map(self.__getitem__, range(*at.indices(len(self)))))
        if not -len(self) <= at < len(self):
            raise IndexError("there are not so many names")
        at %= len(self)
        return self.text[self._starts[at] : self._starts[at + 1] - 1]

    def __iter__(self) -> Iterator[str]:
        return iter(self.text.split(_BETWEEN) if self.text else ())

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Names) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Names.of({tuple(self)!r})"


def _starts(text: str) -> Sequence[int]:
    """Return where each name begins, and one past the end; of names that are all of one length nothing is kept."""
    if not text:
        return range(1)
    each = (text + _BETWEEN).find(_BETWEEN) + 1
    count = text.count(_BETWEEN) + 1
    if count * each == len(text) + 1 and text[each - 1 :: each] == _BETWEEN * (count - 1):
        return range(0, len(text) + 2, each)
    return array("L", accumulate((len(name) + 1 for name in text.split(_BETWEEN)), initial=0))


NONE = Names("")
