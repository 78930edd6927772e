"""A chart as plain shapes, in pixels from the upper left; what draws them decides on colours and fonts.

`role` names what a shape stands for: ink, soft, faint, hair (lines of the ground), good, bad, or k0 to k5 for classes
and series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled rectangle; `strength` 0 to 1 is how much of its colour covers the ground."""

    x: float
    y: float
    width: float
    height: float
    role: str
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points; `dashed` for what is only there to compare with."""

    points: tuple[tuple[float, float], ...]
    role: str
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float
    role: str


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text whose base line is at `y`; `anchor` is start, middle or end. `words` may come from outside."""

    x: float
    y: float
    words: str
    role: str = "ink"
    anchor: str = "start"
    size: int = 13
    bold: bool = False


Shape = Rect | Line | Dot | Text


def wide(words: str, size: int) -> float:
    """Return about how many pixels a text takes; the fonts it is drawn with differ by a tenth."""
    return 0.56 * size * len(words)


def fitted(words: str, room: float, size: int) -> str:
    """Return a text that fits into so many pixels, cut in its middle where it is longer: names differ at their ends."""
    most = max(3, int(room / (0.56 * size)))
    if len(words) <= most:
        return words
    return f"{words[: most // 2]}…{words[len(words) - (most - most // 2 - 1) :]}"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart: its `name` (of a file), its title in words, its size, and its shapes from back to front."""

    name: str
    title: str
    width: int
    height: int
    shapes: Sequence[Shape]
