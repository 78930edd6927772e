"""Stretches: consecutive frames of a source with the same class. The day bar and painting use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from core.frames.names import source_of


@dataclass(frozen=True, slots=True)
class Stretch:
    """`count` frames in a row, `first` to `last`, of one class; None for unlabelled ones."""

    first: str
    last: str
    count: int
    class_: str | None


def stretches(keys: Iterable[str], classes: Mapping[str, str]) -> list[Stretch]:
    """Cut ordered frames into stretches of the same class; another source ends a stretch."""
    found = []
    for (_, class_), group in groupby(keys, key=lambda key: (source_of(key), classes.get(key))):
        run = list(group)
        found.append(Stretch(run[0], run[-1], len(run), class_))
    return found
