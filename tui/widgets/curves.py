"""A chart of a training's curves: textual-plot where there is room, a line of blocks where there is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.content import Content
from textual_plot import HiResMode, PlotWidget

Points = Sequence[tuple[float, float]]

_STYLES = {"train": "#6cb6ff", "validation": "#f0b440"}
_BASELINE = "#7d8896"
_SHORT = {"validation": "valid."}
_BLOCKS = "▁▂▃▄▅▆▇█"


class Curves(PlotWidget, can_focus=False):
    """Curves by name over epochs; it draws again only when they changed."""

    def __init__(self, *, percent: bool = False, id: str | None = None) -> None:
        super().__init__(id=id, allow_pan_and_zoom=False)
        self.set_reactive(PlotWidget.margin_top, 0)
        self.set_reactive(PlotWidget.margin_bottom, 2)
        self.set_reactive(PlotWidget.margin_left, 6)
        self._percent = percent
        self._shown: object = None

    def show(self, curves: Mapping[str, Points], baselines: Mapping[str, float] | None = None) -> None:
        """Draw these curves, and baselines as level lines."""
        now = (dict(curves), dict(baselines or {}))
        if now == self._shown:
            return
        self._shown = now
        self.clear()
        ends = [x for points in curves.values() for x, _ in points]
        last = max(ends, default=1.0)
        best = max((baselines or {}).items(), key=lambda pair: pair[1], default=None)
        if best is not None:
            self.plot(
                [1.0, max(last, 1.01)], [best[1]] * 2, line_style=_BASELINE, hires_mode=HiResMode.BRAILLE
            )
        for name, points in curves.items():
            if points:
                xs, ys = [x for x, _ in points], [y for _, y in points]
                if len(points) == 1:
                    xs, ys = [xs[0], xs[0] + 0.01], [ys[0], ys[0]]
                self.plot(
                    xs, ys, line_style=_STYLES.get(name, "white"), hires_mode=HiResMode.BRAILLE, label=name
                )
        last = max(last, 2.0)
        self.set_xlimits(1.0, last)
        self.set_xticks(
            [1.0 + round((last - 1) * part / 4) for part in range(5)] if last > 4 else _up_to(last)
        )
        if self._percent:
            self.set_ylimits(0.0, 100.0)
            self.set_yticks([0.0, 50.0, 100.0])


def _up_to(last: float) -> list[float]:
    return [float(epoch) for epoch in range(1, int(last) + 1)]


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
    name: str, curves: Mapping[str, Points], unit: str, baseline: tuple[str, float] | None = None
) -> Content:
    """Return 'loss ▪ train 0.21 ▪ valid. 0.30' with the colours of the lines."""
    digits = 0 if unit else 2
    parts: list[tuple[str, str]] = [(name, "bold")]
    parts += [
        (f" ▪ {_SHORT.get(curve, curve)} {points[-1][1]:.{digits}f}{unit}", _STYLES.get(curve, ""))
        for curve, points in curves.items()
        if points
    ]
    if baseline is not None:
        parts.append((f" ┄ {baseline[0]} {baseline[1]:.0f}{unit}", _BASELINE))
    return Content.assemble(*parts)
