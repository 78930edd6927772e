"""The queue that is worked through: its frames in the order of work, which of them are decided, and where one stands.

What always holds: nothing here looks at every frame for a key or a label. Places are those in the frames that are shown;
they hold as long as these very frames are shown. Made in a lane by `tui.sorting`, kept by the state.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import lt
from typing import TYPE_CHECKING

from msgspec import Struct, field

from core.frames.among import key_at, keys_of
from core.frames.framelist import FrameList

if TYPE_CHECKING:
    from core.frames.index import Frame
    from core.labels.queues import Kind


#: Queues whose order changes with every label: what is first is the next, wherever one stands.
RANKED = frozenset({"suggested"})


class WorkQueue(Struct, eq=False):
    """`order` has the places of its frames in the order of work, `waits` a 1 for each that is not decided.

    `index` finds the position of a place where the order is not that of time; None where it is. `gone` are frames that
    were decided while the queue was worked through and that it holds no longer.
    """

    kind: Kind
    frames: Sequence[Frame]
    order: array[int]
    waits: bytearray
    index: Mapping[int, int] | None = None
    gone: int = 0
    left: int = 0
    fresh: frozenset[int] = field(default_factory=frozenset)
    _at: int = -1

    def position(self, place: int) -> int | None:
        """Return the position of a frame in the queue, None where it is not in it."""
        if self.index is not None:
            return self.index.get(place)
        at = bisect_left(self.order, place)
        return at if at < len(self.order) and self.order[at] == place else None

    def go(self, place: int, by: int, *, round_: bool = True) -> int | None:
        """Return the place of the next frame that waits, seen from `place`, or of the one before; None where none does.

        `round_` goes on at the other end. From a frame that is not in the queue it goes on in time, or where the order
        is another one from the frame that was gone to last.
        """
        if not self.left:
            return None
        if by > 0 and self.kind.id in RANKED:
            return self._first(place)
        at = self.position(place)
        if at is None and self.index is None:
            at = bisect_left(self.order, place)
            at = at - 1 if by > 0 else at  # between two
        elif at is None:
            at = self._at if self._at >= 0 or by > 0 else len(self.order)
        if by > 0:
            found = self.waits.find(1, at + 1)
            found = self.waits.find(1, 0, at + 1) if found < 0 and round_ else found
        else:
            found = self.waits.rfind(1, 0, max(at, 0))
            found = self.waits.rfind(1, max(at, 0)) if found < 0 and round_ else found
        if found < 0:
            return None
        self._at = found
        return self.order[found]

    def _first(self, place: int) -> int | None:
        """Return the place of the first frame that waits, or of the one after it where that is `place`."""
        found = self.waits.find(1)
        if found >= 0 and self.order[found] == place:
            further = self.waits.find(1, found + 1)
            found = further if further >= 0 else found
        self._at = found
        return None if found < 0 else self.order[found]

    def begin(self, place: int) -> int | None:
        """Return the place of the frame to begin with: in time the next one from `place` on, else the first of the order."""
        if self.index is None:
            at = self.position(place)
            return place if at is not None and self.waits[at] else self.go(place, 1)
        self._at = -1
        found = self.waits.find(1)
        return None if found < 0 else self.order[found]

    def settle(self, places: Iterable[int], waits: bool) -> None:
        """Take that frames were decided, or wait again; those of them that were just decided are `fresh`."""
        changed = []
        for place in places:
            at = self.position(place)
            if at is not None and self.waits[at] != waits:
                self.waits[at] = waits
                changed.append(place)
        self.left += len(changed) if waits else -len(changed)
        self.fresh = frozenset() if waits else frozenset(changed)

    @property
    def total(self) -> int:
        """How many frames it had when it was chosen, and came since."""
        return len(self.order) + self.gone

    @property
    def done(self) -> int:
        """How many of them were decided since it was chosen."""
        return self.total - self.left

    def number(self, place: int) -> int | None:
        """Return the number from 1 of a frame in it, None for one that is not in it."""
        at = self.position(place)
        return None if at is None else at + 1 + self.gone


def arranged(
    kind: Kind,
    places: Sequence[int],
    every: Sequence[Frame],
    frames: Sequence[Frame],
    decided: Collection[str] = (),
) -> WorkQueue:
    """Return a queue over the frames that are shown; `places` are in the order of work, among all frames of a camera.

    What was `decided` since the queue was chosen stays decided.
    """
    order = array("i", places)
    if every is not frames:
        shown = _shown(every, frames)
        order = array("i", [at for place in order if (at := shown[place]) >= 0])
    in_time = all(map(lt, order, order[1:]))
    waits = bytearray(b"\x01") * len(order)
    held = 0
    if decided:
        key_of = key_at(frames)
        for number, place in enumerate(order):
            if key_of(place) in decided:
                waits[number] = 0
                held += 1
    return WorkQueue(
        kind,
        frames,
        order,
        waits,
        None if in_time else {place: number for number, place in enumerate(order)},
        gone=len(decided) - held,
        left=len(order) - held,
    )


def _shown(every: Sequence[Frame], frames: Sequence[Frame]) -> array[int]:
    """Return by the place among all frames the place among those that are shown, -1 for what is not."""
    known = frames.shown_in(every) if isinstance(frames, FrameList) and isinstance(every, FrameList) else None
    if known is not None:
        return known
    found = array("i", [-1]) * len(every)
    at, upto, of = 0, len(frames), key_at(frames)
    for place, key in enumerate(keys_of(every)):
        if at < upto and key == of(at):
            found[place] = at
            at += 1
    return found
