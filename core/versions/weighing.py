"""What the images of a draft weigh, and what of it is new to the repository. One truth for header, status and release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.versions.manifest import Item

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.versions.selection import Chosen

#: So many files of unknown size are asked for theirs; the rest counts as their mean, frames of a camera being alike.
_ASKED = 1000


def images_of(
    chosen: Sequence[Chosen], held: Mapping[str, Item], index: FrameIndex
) -> list[tuple[str | None, int]]:
    """Return (oid, bytes) of every image of a draft; `held` are the parent version's items by frame.

    An oid nobody recorded is the parent version's where the size agrees, else None; an unknown size is the file's.
    """
    images: list[tuple[str | None, int | None]] = []
    unknown: list[int] = []
    for place, one in enumerate(chosen):
        item = held.get(one.frame)
        oid, size = one.oid, one.size
        if item is not None and oid in (None, item.oid) and size in (None, item.size):
            oid, size = item.oid, item.size
        if size is None:
            unknown.append(place)
        images.append((oid, size))
    asked = {place: _size(index, chosen[place].frame) for place in unknown[:_ASKED]}
    mean = sum(asked.values()) // len(asked) if asked else 0
    return [
        (oid, asked.get(place, mean) if size is None else size) for place, (oid, size) in enumerate(images)
    ]


def _size(index: FrameIndex, frame: str) -> int:
    found = index.get(frame)
    return (found.size if found is not None else None) or 0
