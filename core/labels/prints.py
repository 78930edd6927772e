"""The verdict on a whole print: which of its frames one answer labels, and which say otherwise already.

A print is a recording: the frames from one place in `stops` to the next. Pure; the app's lanes call this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from core.labels.stretches import Stretch, stretch_at

_NO_LABELS: Mapping[str, str] = {}


class Verdict(NamedTuple):
    """What a verdict does: `paint` are the unlabelled frames it labels, `otherwise` those with another class.

    What is labelled otherwise is shown first and never painted over by the verdict itself.
    """

    paint: tuple[str, ...]
    otherwise: tuple[str, ...]


def print_at(keys: Sequence[str], at: int, *, stops: AbstractSet[int] = frozenset()) -> Stretch:
    """Return the recording that place `at` lies in, whatever its labels; its class is None."""
    return stretch_at(keys, _NO_LABELS, at, stops=stops)


def verdict(keys: Sequence[str], classes: Mapping[str, str], class_: str) -> Verdict:
    """Return what it means to say that all of a recording's frames are of `class_`, in order of frames."""
    paint = tuple(key for key in keys if key not in classes)
    return Verdict(paint, tuple(key for key in keys if classes.get(key, class_) != class_))
