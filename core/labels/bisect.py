"""Bisection: the place where the class changes is found by looking at a few frames, and both sides are painted.

What always holds: no answer and no label that is not to be covered is ever contradicted. Between two places of the
same known class all frames have that class; between two of different classes the middle is looked at, until they are
neighbours. So a truth with one change is found exactly, in at most ceil(log2 n) + 2 looks at n frames; one with more
changes ends in a painting that agrees with everything that was said. Two classes or ten: an answer names its class,
and a third one between two others leaves two changes to find. Pure; the app's lanes call this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

from core.frames.names import captured_at, stem
from core.human import count, plural
from core.labels.stretches import Stretch

#: A place and the class known there; None for a frame that was looked at and can't be told.
_Known = tuple[int, str | None]


@dataclass(frozen=True)
class Bisection:
    """One search in the frames from place `first` to place `last`; `answer` gives the next state of it.

    `before` and `after` are the classes known on the two places just outside, None where nothing is known there.
    `labels` are the places inside whose label counts as known and stays, `answers` what was said, in order.
    """

    first: int
    last: int
    before: str | None
    after: str | None
    labels: tuple[tuple[int, str], ...] = ()
    answers: tuple[_Known, ...] = ()
    keys: Sequence[str] = field(default=(), repr=False, compare=False)

    @classmethod
    def start(
        cls,
        keys: Sequence[str],
        classes: Mapping[str, str],
        first: int,
        last: int,
        before: str | None = None,
        after: str | None = None,
        *,
        cover: bool = False,
    ) -> Bisection:
        """Return a search that has asked nothing yet.

        A label inside counts as known and is kept; with `cover` labels inside are not looked at and painted over.
        Raises IndexError where the frames are none.
        """
        if not 0 <= first <= last < len(keys):
            raise IndexError(f"no frames from place {first} to {last}")
        inside = () if cover else range(first, last + 1)
        labels = tuple(
            (place, class_) for place in inside if (class_ := classes.get(keys[place])) is not None
        )
        return cls(first, last, before, after, labels, (), keys)

    def answer(self, class_: str) -> Bisection:
        """Return the search after somebody said that the frame at `look` is of this class; found ones stay as is."""
        return self if self.look is None else replace(self, answers=(*self.answers, (self.look, class_)))

    def skip(self) -> Bisection:
        """Return the search after nobody could tell the frame at `look`: its nearest neighbour is asked for."""
        return self if self.look is None else replace(self, answers=(*self.answers, (self.look, None)))

    def back(self) -> Bisection:
        """Return the search with the last answer taken back; the first state stays as it is."""
        return replace(self, answers=self.answers[:-1])

    @property
    def look(self) -> int | None:
        """The place to look at next, None where everything is known."""
        return self._next

    @property
    def looks_left(self) -> int:
        """How many looks there are at most, as long as every answer is a class that stands beside it."""
        known: list[_Known] = [*self._known, *((place, None) for place in self._open_ends)]
        left = len(self._open_ends)
        for (start, one), (end, other) in pairwise(sorted(known, key=lambda item: item[0])):
            if one is None or one != other:
                left += (end - start - 1).bit_length()
        return left + (self._in_between is not None)

    @property
    def painted(self) -> tuple[Stretch, ...]:
        """What to paint, in order, once nothing is left to look at; else nothing. Kept labels lie outside of it."""
        return self._painting if self.look is None else ()

    @property
    def said(self) -> str:
        """What to do now, or what was found, in a line."""
        if self.look is None:
            return self._found
        number = f"look {len(self.answers) + 1}"
        if self._open_ends:
            which = "first" if self.look - self.first <= self.last - self.look else "last"
            return f"{number}: the {which} of {plural(self.last - self.first + 1, 'frame')}"
        left, right = next(pair for pair in pairwise(self._known) if pair[0][0] < self.look < pair[1][0])
        sides = f"{left[1]} {self._time(left[0])} and {right[1]} {self._time(right[0])}"
        return f"{number}: between {sides} · at most {plural(self.looks_left, 'look')} left"

    # --- what follows from what is known ---------------------------------------------------------------------------

    @cached_property
    def _known(self) -> list[tuple[int, str]]:
        """Places of known class in order, the two outside included."""
        known = {place: class_ for place, class_ in (*self.labels, *self.answers) if class_ is not None}
        if self.before is not None:
            known[self.first - 1] = self.before
        if self.after is not None:
            known[self.last + 1] = self.after
        return sorted(known.items())

    @cached_property
    def _blind(self) -> frozenset[int]:
        return frozenset(place for place, class_ in self.answers if class_ is None)

    @cached_property
    def _next(self) -> int | None:
        if self._open_ends:
            return self._open_ends[0]
        changes = [
            (right - left, middle)
            for (left, one), (right, other) in pairwise(self._known)
            if one != other and (middle := self._middle(left, right)) is not None
        ]
        return max(changes, key=lambda change: change[0])[1] if changes else self._in_between

    @cached_property
    def _open_ends(self) -> list[int]:
        """Where to look at the two ends, as far as nothing is known on them or outside of them."""
        lowest, highest = (
            (self._known[0][0], self._known[-1][0]) if self._known else (self.last + 1, self.first - 1)
        )
        ends = (
            self._outermost(range(self.first, lowest)),
            self._outermost(range(self.last, highest, -1)),
        )
        return [place for place in dict.fromkeys(ends) if place is not None]

    def _outermost(self, places: range) -> int | None:
        return next((place for place in places if place not in self._blind), None)

    @cached_property
    def _in_between(self) -> int | None:
        """Where to look once between two sides that are alike, before all between them is taken to be as they are."""
        if self._open_ends or len(self._known) != 2 or self._known[0][1] != self._known[1][1]:
            return None
        return self._middle(self._known[0][0], self._known[1][0])

    def _middle(self, left: int, right: int) -> int | None:
        """Return the place nearest to the middle between two places that was not skipped, None where there is none."""
        middle = (left + right) // 2
        near = (place for off in range(right - left) for place in (middle + off, middle - off))
        return next((place for place in near if left < place < right and place not in self._blind), None)

    @cached_property
    def _painting(self) -> tuple[Stretch, ...]:
        kept = {place for place, _ in self.labels}
        found: list[Stretch] = []
        for number, (place, class_) in enumerate(self._known):
            if self.first <= place <= self.last and place not in kept:
                _add(found, Stretch(place, place, class_))
            following = self._known[number + 1] if number + 1 < len(self._known) else None
            if following is not None and following[1] == class_ and following[0] - place > 1:
                _add(found, Stretch(place + 1, following[0] - 1, class_))
        return tuple(found)

    @property
    def _found(self) -> str:
        changes = [
            f"{one} → {other} at {self._time(right)}"
            for (_, one), (right, other) in pairwise(self._known)
            if one != other
        ]
        frames = sum(stretch.count for stretch in self._painting)
        what = ", ".join(changes) or (f"{self._known[0][1]} throughout" if self._known else "nothing known")
        untold = self.last - self.first + 1 - frames - len(self.labels)
        return f"{what} · {plural(frames, 'frame')}" + (f", {count(untold)} not told" if untold else "")

    def _time(self, place: int) -> str:
        """Return when a place's frame was taken, else its name; the place outside of all frames has none."""
        if not 0 <= place < len(self.keys):
            return ""
        at = captured_at(self.keys[place])
        return f"{at:%H:%M:%S}" if at is not None else stem(self.keys[place])


def _add(found: list[Stretch], stretch: Stretch) -> None:
    """Add a stretch, joined to the last one where it goes on with the same class."""
    if found and found[-1].last + 1 == stretch.first and found[-1].class_ == stretch.class_:
        stretch = Stretch(found.pop().first, stretch.last, stretch.class_)
    found.append(stretch)
