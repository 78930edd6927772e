"""What suggestions look at: a task's frames in order of time as columns, and how their embeddings are looked at.

What always holds: plain arrays, one entry a frame; frames of one recording that lie together have one `piece`, and
recordings that must be judged together (the same one, or too near in time) one `unit`; embeddings are fetched a piece
at a time, so that a million frames need no matrix of their own. Made by the worker, in tests and benchmarks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from core.assist.head import NEVER, SAMPLE, Bools, Floats, Head, Ints, Space, Vectors, space_of
from core.frames.names import source_of

#: Frames of which what a head looks at is kept (50 MB); of more it is worked out each time.
_KEPT = 50_000
_PIECE = 20_000
_MINUTE = 60.0


@dataclass(frozen=True, eq=False)
class Scene:
    """The frames of a task that count, in order of time, one source after the other.

    `labels` has the number of a frame's class or -1, `accepted` those labels that came from a suggestion, `aside`
    frames that a mark puts aside: they are neither learned from nor asked for. `known` are frames with an embedding.
    `recordings` are their names, `minutes` moments.
    """

    classes: tuple[str, ...]
    keys: Sequence[str]
    known: Bools
    recordings: Sequence[str]
    minutes: Floats
    labels: Ints
    accepted: Bools
    aside: Bools
    embargo_minutes: float = 5.0

    @cached_property
    def pieces(self) -> Ints:
        """A number a frame that rises where another recording begins."""
        names = self.recordings
        begins = np.fromiter((at > 0 and names[at] != names[at - 1] for at in range(len(names))), np.int64)
        found: Ints = np.cumsum(begins)
        return found

    @cached_property
    def units(self) -> Ints:
        """A number a frame, the same for recordings that lie within the embargo of each other: one tells the other."""
        names, number = self.recordings, dict[str, int]()
        of = np.fromiter((number.setdefault(name, len(number)) for name in names), np.int64)
        parent = list(range(len(number)))

        def root(at: int) -> int:
            while parent[at] != at:
                parent[at] = parent[parent[at]]
                at = parent[at]
            return at

        for at in np.flatnonzero(np.diff(of)).tolist():
            near = self.minutes[at + 1] - self.minutes[at] <= self.embargo_minutes
            if near and source_of(self.keys[at]) == source_of(self.keys[at + 1]):
                first, second = sorted((root(int(of[at])), root(int(of[at + 1]))))
                parent[second] = first
        return np.array([root(at) for at in range(len(parent))], np.int64)[of] if len(of) else of

    @cached_property
    def learned(self) -> Ints:
        """The class of every frame that is learned from, -1 for the others."""
        found: Ints = np.where(self.known & ~self.aside, self.labels, -1)
        return found

    @property
    def open(self) -> Bools:
        """Frames that can still be asked for."""
        found: Bools = self.known & ~self.aside & (self.labels < 0)
        return found


class Looks:
    """What a head sees of frames: their embeddings in the directions that matter here."""

    def __init__(self, vectors: Callable[[Ints], Vectors], known: Bools) -> None:
        """Take what gives the embeddings of some places (all of them `known`)."""
        self._vectors, self.known = vectors, known
        places = np.flatnonzero(known)
        if len(places) > SAMPLE:
            places = places[np.linspace(0, len(places) - 1, SAMPLE).astype(np.int64)]
        self.space: Space = (
            space_of(vectors(places)) if len(places) else Space(np.zeros(1), np.zeros((1, 1)), np.ones(1))
        )
        self._kept: Floats | None = None
        if len(known) <= _KEPT:
            self._kept = np.zeros((len(known), self.space.axes.shape[1]))
            for some in self._pieces(np.flatnonzero(known)):
                self._kept[some] = self.space.of(vectors(some))

    @property
    def axes(self) -> int:
        """How many numbers are seen of a frame, at most `head.AXES`."""
        return int(self.space.axes.shape[1])

    def of(self, places: Ints) -> Floats:
        """Return what is seen of frames (n x k), all of which must be known."""
        if self._kept is not None:
            return self._kept[places]
        found = np.empty((len(places), self.axes))
        at = 0
        for some in self._pieces(places):
            found[at : at + len(some)] = self.space.of(self._vectors(some))
            at += len(some)
        return found

    def plain(self, places: Ints) -> Floats:
        """Return the same with distances as between the embeddings: what differs little counts little."""
        found: Floats = self.of(places) * self.space.plain
        return found

    def logits(self, head: Head, places: Ints) -> Floats:
        """Return the head's logits of frames (n x classes); what has no embedding says nothing: all classes alike."""
        found = np.where(head.present, 0.0, NEVER) * np.ones((len(places), 1))
        seen = np.flatnonzero(self.known[places])
        for some in self._pieces(seen):
            found[some] = head.logits(self.of(places[some]))
        return found

    @staticmethod
    def _pieces(places: Ints) -> list[Ints]:
        return np.array_split(places, -(-len(places) // _PIECE)) if len(places) else []


def minutes_of(moments: Sequence[datetime]) -> Floats:
    """Return moments in minutes since a day that doesn't matter."""
    begin = datetime(2000, 1, 1)
    return np.fromiter(((moment - begin).total_seconds() / _MINUTE for moment in moments), np.float64)
