"""A training's curves in letters: for a terminal without UTF-8 or without colours, where dots would all be alike.

What always holds: each curve has a letter of its own, which the legend names; the same is drawn whatever the locale, and
nothing but ASCII. Shown by the Training screen in the place of `curves.Curves`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

from textual.content import Content
from textual.widget import Widget

from tui.widgets.curves import Point, Points, ticks

#: What a curve is drawn with; one laid beside has its number as its name.
LETTERS = {"train": "t", "validation": "v"}
LEVEL = "-"
#: Columns for the numbers of the axis, and the fewest rows and columns that show anything.
_LEFT, _LEAST = 6, 3


class LetterCurves(Widget):
    """Curves by name over epochs, baselines as level lines."""

    def __init__(self, *, percent: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._percent = percent
        self._curves: Mapping[str, Points] = {}
        self._levels: tuple[float, ...] = ()

    def show(self, curves: Mapping[str, Points], baselines: Mapping[str, float] | None = None) -> None:
        """Draw these curves, and baselines as level lines."""
        now = dict(curves), tuple(sorted(set((baselines or {}).values())))
        if now != (self._curves, self._levels):
            self._curves, self._levels = now
            self.refresh()

    def render(self) -> Content:
        size = self.content_size
        scale = (0.0, 100.0) if self._percent else None
        return Content("\n".join(drawn(self._curves, self._levels, size.width, size.height, scale)))


def drawn(
    curves: Mapping[str, Points],
    levels: tuple[float, ...],
    width: int,
    height: int,
    scale: tuple[float, float] | None = None,
) -> list[str]:
    """Return a chart as `height` lines of `width` characters, its axes included; none where nothing would be seen.

    `scale` is the lowest and the highest value of the axis, else those of the curves. Where two curves meet, the later
    one of `curves` is drawn, validation above all.
    """
    columns, rows = width - _LEFT - 1, height - 2
    known = {name: points for name, points in curves.items() if points}
    if columns < _LEAST or rows < _LEAST or not known:
        return []
    values = [value for points in known.values() for _, value in points]
    low, high = scale or (min(values), max(values))
    high = high if high > low else low + max(abs(low), 1.0) * 0.1
    last = max(2.0, *(points[-1][0] for points in known.values()))
    cells = [[" "] * columns for _ in range(rows)]

    def row_of(value: float) -> int:
        return round((high - min(max(value, low), high)) / (high - low) * (rows - 1))

    for level in levels:
        cells[row_of(level)] = [LEVEL] * columns
    for name in sorted(known, key=lambda name: name == "validation"):
        sign, points = LETTERS.get(name, name[:1]), known[name]
        for column in range(columns):
            epoch = 1 + (last - 1) * column / (columns - 1)
            if points[0][0] <= epoch <= max(points[-1][0], points[0][0] + (last - 1) / columns):
                cells[row_of(_at(points, epoch))][column] = sign
    marks = {row_of(value): value for value in (low, (low + high) / 2, high)}
    lines = [f"{_number(marks.get(at)):>{_LEFT - 1}} |{''.join(row)}" for at, row in enumerate(cells)]
    return [*lines, " " * _LEFT + "+" + "-" * columns, _axis(last, columns)]


def _at(points: Points, epoch: float) -> float:
    """Return the value of a curve between two of its points."""
    after = bisect_left(points, epoch, key=_epoch)
    if after == 0 or after == len(points):
        return points[min(after, len(points) - 1)][1]
    (x0, y0), (x1, y1) = points[after - 1], points[after]
    return y0 + (y1 - y0) * (epoch - x0) / (x1 - x0)


def _epoch(point: Point) -> float:
    return point[0]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"[: _LEFT - 1]


def _axis(last: float, columns: int) -> str:
    """Return the line with round epochs below their columns."""
    line = [" "] * (columns + _LEFT + 1)
    for tick in ticks(last, max(2, columns // 8)):
        text = f"{tick:.0f}"
        at = _LEFT + 1 + round((tick - 1) / (last - 1) * (columns - 1))
        at = min(at, len(line) - len(text))
        line[at : at + len(text)] = text
    return "".join(line)
