"""A label that stands alone: what those near it in time contradict. One rule for the queue and for `check`. Pure.

What always holds: inside a stretch the label before and the one after agree against it; the first or the last before a gap
has neighbours on one side alone, and there three in a row do, since a recording may begin with a change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

#: So many labels in a row contradict one that has neighbours on one side alone.
WITNESSES = 3


def unbroken(moments: Sequence[datetime], gap: timedelta) -> Iterator[tuple[int, int]]:
    """Yield (first, end) of each run of moments, in order, that no gap of more than `gap` cuts."""
    first = 0
    for at in range(1, len(moments) + 1):
        if at == len(moments) or moments[at] - moments[at - 1] > gap:
            yield first, at
            first = at


def alone(classes: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield (place, 'inside' | 'first' | 'last', the other class) of each lone label of a run, in order of places."""
    if _agree(classes[1 : 1 + WITNESSES], classes[:1]):
        yield 0, "first", classes[1]
    for at in range(1, len(classes) - 1):
        if classes[at - 1] != classes[at] != classes[at + 1] == classes[at - 1]:
            yield at, "inside", classes[at - 1]
    if _agree(classes[-1 - WITNESSES : -1], classes[-1:]):
        yield len(classes) - 1, "last", classes[-2]


def _agree(near: Sequence[str], one: Sequence[str]) -> bool:
    """True where there are witnesses enough, all of one class, and that is another than the one beside them."""
    return len(near) == WITNESSES and len(set(near)) == 1 and near[0] != one[0]
