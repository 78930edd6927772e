"""A chart of a training's curves: textual-plot where there is room, a line of blocks where there is not.

What always holds: a chart is drawn again only when its curves changed (the screen looks once a second), with at most
two points per cell of its width; every curve has a name in the legend and not only a colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import events
from textual.content import Content
from textual_plot import HiResMode, PlotWidget

Point = tuple[float, float]
Points = Sequence[Point]

#: What a curve is drawn in; the legend shows the same colour beside its name.
STYLES = {"train": "#6cb6ff", "validation": "#f0b440"}
_DARKER = {"train": "#0550ae", "validation": "#953800"}
#: Other trainings laid beside, in order; as many as can be told apart.
BESIDE = ("#d2a8ff", "#7ee787", "#ff9bce")
_BESIDE_DARKER = ("#6639ba", "#116329", "#99286e")
_BASELINE = "#8e9bab"
_SHORT = {"validation": "valid."}
_BLOCKS = "▁▂▃▄▅▆▇█"
_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)
_LEFT = 6


class Curves(PlotWidget, can_focus=False):
    """Curves by name over epochs, baselines as level lines."""

    def __init__(self, *, percent: bool = False, id: str | None = None) -> None:
        super().__init__(id=id, allow_pan_and_zoom=False)
        self.set_reactive(PlotWidget.margin_top, 0)
        self.set_reactive(PlotWidget.margin_bottom, 2)
        self.set_reactive(PlotWidget.margin_left, _LEFT)
        self._percent = percent
        self._curves: Mapping[str, Points] = {}
        self._baselines: Mapping[str, float] = {}
        self._shown: object = None

    def on_resize(self, event: events.Resize) -> None:
        """Another width takes another number of points."""
        self._draw()

    def show(self, curves: Mapping[str, Points], baselines: Mapping[str, float] | None = None) -> None:
        """Draw these curves, and baselines as level lines."""
        self._curves, self._baselines = dict(curves), dict(baselines or {})
        self._draw()

    def _draw(self) -> None:
        cells = max(8, self.size.width - _LEFT - 2)
        now = (self._curves, self._baselines, cells, self.app.current_theme.name)
        if now == self._shown:
            return
        self._shown = now
        self.clear()
        last = max((points[-1][0] for points in self._curves.values() if points), default=1.0)
        last = max(last, 2.0)
        for level in sorted(set(self._baselines.values())):
            self._line([(1.0, level), (last, level)], _BASELINE)
        styles = styles_of(self._curves, dark=self.app.current_theme.dark)
        for name, points in self._curves.items():
            if points:
                ends = points if len(points) > 1 else [points[0], (points[0][0] + 0.01, points[0][1])]
                self._line(thinned(ends, cells), styles[name])
        self.set_xlimits(1.0, last)
        self.set_xticks(ticks(last, max(2, cells // 8)))
        if self._percent:
            self.set_ylimits(0.0, 100.0)
            self.set_yticks([0.0, 50.0, 100.0])

    def _line(self, points: Points, style: str) -> None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        self.plot(xs, ys, line_style=style, hires_mode=HiResMode.BRAILLE)


def styles_of(curves: Mapping[str, Points], *, dark: bool) -> dict[str, str]:
    """Return the colour of every curve by its name: those of the chosen training, then of others in order."""
    own, others = (STYLES, BESIDE) if dark else (_DARKER, _BESIDE_DARKER)
    beside = [name for name in curves if name not in own]
    return {**own, **{name: others[at % len(others)] for at, name in enumerate(beside)}}


def thinned(points: Points, cells: int) -> Points:
    """Return at most two points per cell, in order: the lowest and the highest of each, so that no peak is lost."""
    if len(points) <= 2 * cells:
        return points
    kept: list[Point] = []
    for cell in range(cells):
        part = points[cell * len(points) // cells : (cell + 1) * len(points) // cells]
        ends = {min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])}
        kept += sorted(ends)
    return kept


def ticks(last: float, most: int) -> list[float]:
    """Return round epochs from 1 to `last`, at most `most` of them."""
    step = next((step for step in _STEPS if last / step < most), _STEPS[-1])
    rounded = [float(epoch) for epoch in range(step, int(last) + 1, step) if epoch > 1]
    return [1.0, *rounded]


def blocks(points: Points, width: int) -> str:
    """Return a curve as one line of blocks, its lowest value ▁ and its highest █."""
    values = [value for _, value in points]
    if not values:
        return ""
    if len(values) > width:
        values = [values[at * len(values) // width] for at in range(width)]
    low, high = min(values), max(values)
    if high == low:
        return _BLOCKS[3] * len(values)
    return "".join(_BLOCKS[round((value - low) / (high - low) * 7)] for value in values)


def legend(
    name: str,
    curves: Mapping[str, Points],
    unit: str,
    baseline: tuple[str, float] | None = None,
    *,
    dark: bool = True,
    letters: Mapping[str, str] | None = None,
) -> Content:
    """Return 'loss ▪ train 0.21 ▪ valid. 0.30' with the colours of the lines; others have their number as a name.

    Where curves are drawn in `letters`, each has its own in the place of the square.
    """
    digits = 0 if unit else 2
    styles = styles_of(curves, dark=dark)
    parts: list[tuple[str, str]] = [(name, "bold")]
    parts += [
        (
            f" {_named(curve, letters)} {points[-1][1]:.{digits}f}{unit}",
            styles.get(curve, ""),
        )
        for curve, points in curves.items()
        if points
    ]
    if baseline is not None:
        level = "-" if letters is not None else "┄"
        parts.append((f" {level} {baseline[0]} {baseline[1]:.0f}{unit}", "$dim"))
    return Content.assemble(*parts)


def _named(curve: str, letters: Mapping[str, str] | None) -> str:
    """Return a curve's sign and name; a number is both where curves are letters."""
    sign = "▪" if letters is None else letters.get(curve, "")
    return f"{sign} {_SHORT.get(curve, curve)}".strip()
