"""What is remembered of a picture beside its file: how much it differs from the one before, its light, its signature.

What always holds: plain numbers, no pixels, so that lists and queues look at a million of them without numpy. Made by
frames/change, kept by frames/measured; frames/points and the queues read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: Width and height of the small grey picture that everything is measured on, in pixels.
SMALL = (64, 36)
#: Signatures that differ in no more bits are near-duplicates: the noise of a camera that looks at a still scene.
ALIKE = 4


class Change(NamedTuple):
    """A frame against the one before it of its source, also over midnight; frames that can't be read are passed over.

    `motion` is the mean difference in grey, 0 to 255, of two small pictures (`SMALL`), after what light and noise did
    to all of them was taken out: about 0 where nothing moved. `brightness` is the mean grey, 0 to 255. `signature` is
    a difference hash of 64 bits. `spot` is the greatest difference of a small place, 0 to 255: what a part that was
    taken off, or a lamp on the printer, changes. `back` is the same against the frame before the one before: near 0
    after one odd frame. A source's first frame has no motion, spot and back.
    """

    motion: float
    brightness: float
    signature: int
    spot: float = 0.0
    back: float = 0.0


def distance(one: int, other: int) -> int:
    """Return in how many bits two signatures differ, 0 to 64."""
    return (one ^ other).bit_count()


def near(signature: int, signatures: Sequence[int], bits: int = ALIKE) -> list[int]:
    """Return the places of those signatures that differ from `signature` in at most `bits` bits."""
    return [place for place, other in enumerate(signatures) if (signature ^ other).bit_count() <= bits]


def groups(changes: Sequence[Change | None], threshold: float, bits: int = ALIKE) -> list[tuple[int, int]]:
    """Return the runs of near-duplicates among one source's frames in order of time: inclusive places, two or more each.

    Nothing moves within a run (motion at most `threshold`), and every frame of it has a signature near the first one's,
    so that a slow drift ends it. None (not measured) ends a run too.
    """
    found: list[tuple[int, int]] = []
    begin = 0
    for place in range(1, len(changes) + 1):
        first = changes[begin]
        here = changes[place] if place < len(changes) else None
        if first is not None and here is not None and _repeats(first, here, threshold, bits):
            continue
        if place - begin > 1:
            found.append((begin, place - 1))
        begin = place
    return found


def _repeats(first: Change, here: Change, threshold: float, bits: int) -> bool:
    return here.motion <= threshold and distance(first.signature, here.signature) <= bits
