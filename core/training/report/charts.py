"""The charts of a result: curves, confusion, classes beside the baselines, confidence, models beside each other.

What always holds: pure; a number that decides stands in the chart in words too; shares go from 0 to 100 %, so that two
charts can be held beside each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.human import count
from core.training import results
from core.training.events import Epoch
from core.training.report.shapes import Dot, Drawing, Line, Rect, Shape, Text, fitted, wide
from core.training.result_tables import span

_WIDE = 520
_SERIES = 6


def curves(history: Sequence[Epoch], clock: float | None) -> list[Drawing]:
    """Draw loss and balanced accuracy by epoch; `clock` is what the time alone reaches. Nothing of a single epoch."""
    if len(history) < 2:
        return []
    numbers = [epoch.number for epoch in history]
    loss: list[tuple[str, Sequence[float | None]]] = [
        ("training", [epoch.train_loss for epoch in history]),
        ("validation", [epoch.loss for epoch in history]),
    ]
    known = [value for _, values in loss for value in values if value is not None]
    drawn = [_plot("loss", "Loss by epoch", numbers, loss, max(known) * 1.05 or 1.0, percent=False)]
    shares: list[tuple[str, Sequence[float | None]]] = [
        ("balanced accuracy", [one.balanced for one in history])
    ]
    shares += [
        (f"recall {label}", [one.recall.get(label) for one in history])
        for label in sorted({name for one in history for name in one.recall})
    ]
    if any(value is not None for _, values in shares for value in values):
        drawn.append(
            _plot("accuracy", "Validation by epoch", numbers, shares, 1.0, percent=True, clock=clock)
        )
    return drawn


def _plot(
    name: str,
    title: str,
    numbers: Sequence[int],
    series: Sequence[tuple[str, Sequence[float | None]]],
    top: float,
    *,
    percent: bool,
    clock: float | None = None,
) -> Drawing:
    left, right, high, low, high_of_legend = 52, _WIDE - 12, 46, 210, 248
    shapes: list[Shape] = [_title(title)]
    for step in range(5):
        y = low - (low - high) * step / 4
        value = top * step / 4
        shapes.append(Line(((left, y), (right, y)), "hair"))
        shapes.append(
            Text(left - 8, y + 4, f"{100 * value:.0f} %" if percent else f"{value:.2f}", "soft", "end", 11)
        )

    def x_of(number: int) -> float:
        return left + (right - left) * (number - numbers[0]) / max(1, numbers[-1] - numbers[0])

    def y_of(value: float) -> float:
        return low - (low - high) * min(1.0, max(0.0, value / top))

    for number in {numbers[0], numbers[len(numbers) // 2], numbers[-1]}:
        shapes.append(Text(x_of(number), low + 18, str(number), "soft", "middle", 11))
    if clock is not None:
        shapes.append(Line(((left, y_of(clock)), (right, y_of(clock))), "soft", 1.5, dashed=True))
        shapes.append(Text(right, y_of(clock) - 5, "the clock", "soft", "end", 11))
    x, y = float(left), high_of_legend
    for place, (label, values) in enumerate(series):
        role = f"k{place % _SERIES}"
        points = tuple((x_of(n), y_of(v)) for n, v in zip(numbers, values, strict=True) if v is not None)
        if points:
            said = fitted(label, right - left - 18, 12)
            if x > left and x + 18 + wide(said, 12) > right:
                x, y = float(left), y + 18
            shapes.append(Line(points, role, 2))
            shapes += [Rect(x, y - 6, 12, 4, role), Text(x + 18, y, said, "soft", size=12)]
            x += 34 + wide(said, 12)
    return Drawing(name, title, _WIDE, y + 14, shapes)


def confusion(found: Mapping[str, Any]) -> Drawing:
    """Draw what is of which class (down) and what it was called (across), each row's shares as strength."""
    table: Mapping[str, Mapping[str, int]] = found["confusion"]
    names = list(table)
    cell, left, high = max(60, min(110, 360 // max(1, len(names)))), 150, 78
    width, height = left + cell * len(names) + 20, high + cell * len(names) + 16
    shapes: list[Shape] = [
        _title("What is what, and what it was called"),
        Text(left, 46, "called", "soft", size=12),
    ]
    for across, label in enumerate(names):
        said = fitted(label, cell - 4, 12)
        shapes.append(Text(left + cell * (across + 0.5), high - 10, said, "ink", "middle", 12))
    for down, label in enumerate(names):
        total = sum(table[label].values())
        said = fitted(f"is {label}", left - 14, 12)
        shapes.append(Text(left - 10, high + cell * (down + 0.5) + 4, said, "ink", "end", 12))
        for across, called in enumerate(names):
            number = table[label].get(called, 0)
            part = number / total if total else 0.0
            x, y = left + cell * across, high + cell * down
            role = "good" if label == called else "bad"
            shapes.append(Rect(x + 1, y + 1, cell - 2, cell - 2, "faint", 0.5))
            if number:
                shapes.append(Rect(x + 1, y + 1, cell - 2, cell - 2, role, 0.65 * part))
            shapes.append(Text(x + cell / 2, y + cell / 2 + 2, count(number), "ink", "middle", 16, bold=True))
            shapes.append(
                Text(
                    x + cell / 2,
                    y + cell / 2 + 19,
                    results.percent(part if total else None),
                    "ink",
                    "middle",
                    11,
                )
            )
    return Drawing("confusion", "Confusion", max(width, 320), height, shapes)  # fmt: skip


def classes(found: Mapping[str, Any]) -> Drawing:
    """Draw the balanced accuracy, each class's recall and precision with intervals, and what sees no picture."""
    rows: list[tuple[str, Mapping[str, Any], str, str]] = [("balanced accuracy", found, "balanced", "k0")]
    for label, one in found["classes"].items():
        rows += [
            (f"recall of {label}", one, "recall", "k2"),
            (f"precision of {label}", one, "precision", "k3"),
        ]
    plain = [
        (name.replace("_", " "), {"share": one["balanced"] if one else None}, "share", "soft")
        for name, one in found["baselines"].items()
    ]
    return _dots(
        "classes", "With 95 % intervals over recordings; below, rules that see no picture", [*rows, *plain]
    )


def models(rows: Sequence[tuple[str, Mapping[str, Any]]], clock: tuple[str, float] | None) -> Drawing:
    """Draw models by name with their balanced accuracy, and the clock below them."""
    drawn: list[tuple[str, Mapping[str, Any], str, str]] = [
        (name, one, "balanced", "k0") for name, one in rows
    ]
    if clock:
        drawn.append((clock[0].replace("_", " "), {"share": clock[1]}, "share", "soft"))
    return _dots("models", "Balanced accuracy on the same images", drawn, clock[1] if clock else None)


def _dots(
    name: str,
    title: str,
    rows: Sequence[tuple[str, Mapping[str, Any], str, str]],
    clock: float | None = None,
) -> Drawing:
    left, right, high, step = 190, _WIDE - 96, 44, 26
    low = high + step * len(rows)
    shapes: list[Shape] = [_title(title)]
    for part in range(5):
        x = left + (right - left) * part / 4
        shapes.append(Line(((x, high), (x, low)), "hair"))
        shapes.append(Text(x, low + 18, f"{25 * part} %", "soft", "middle", 11))

    def at(value: float) -> float:
        return left + (right - left) * value

    if clock is not None:
        shapes.append(Line(((at(clock), high), (at(clock), low)), "soft", 1.5, dashed=True))
    for place, (label, one, share, role) in enumerate(rows):
        y = high + step * (place + 0.5)
        shapes.append(Text(left - 12, y + 4, fitted(label, left - 16, 12), "ink", "end", 12))
        value, bottom, top = one.get(share), one.get(f"{share}_low"), one.get(f"{share}_high")
        if value is None:
            shapes.append(Text(left + 6, y + 4, "not measured", "soft", size=11))
            continue
        if bottom is not None and top is not None:
            shapes.append(Line(((at(bottom), y), (at(top), y)), role, 3))
        shapes.append(Dot(at(value), y, 5, role))
        shapes.append(Text(right + 10, y + 4, span(one, share), "ink", size=11))
    return Drawing(name, title, _WIDE, low + 28, shapes)


def reliability(found: Mapping[str, Any]) -> Drawing:
    """Draw how often answers of a confidence are right: a calibrated model follows the diagonal."""
    left, right, high, low = 52, 312, 46, 306
    measured = found["calibration"]
    shapes: list[Shape] = [_title("How often it is right when it is so sure")]
    for part in range(5):
        x, y = left + (right - left) * part / 4, low - (low - high) * part / 4
        shapes += [Line(((left, y), (right, y)), "hair"), Line(((x, high), (x, low)), "hair")]
        shapes += [
            Text(left - 8, y + 4, f"{25 * part} %", "soft", "end", 11),
            Text(x, low + 18, f"{25 * part} %", "soft", "middle", 11),
        ]
    shapes.append(Line(((left, low), (right, high)), "soft", 1.5, dashed=True))
    most = max(one["images"] for one in measured["bins"])
    points = []
    for one in measured["bins"]:
        x = left + (right - left) * one["confidence"]
        y = low - (low - high) * one["right"]
        points.append((x, y))
        shapes.append(Dot(x, y, 3 + 5 * (one["images"] / most) ** 0.5, "k0"))
    if len(points) > 1:
        shapes.append(Line(tuple(points), "k0", 1.5))
    shapes.append(
        Text(left, low + 38, f"off by {100 * measured['error']:.1f} points on average", "soft", size=12)
    )
    return Drawing("confidence", "Confidence and truth", 340, low + 50, shapes)


def _title(words: str) -> Text:
    return Text(4, 18, words, "ink", size=13, bold=True)


def of_result(
    found: Mapping[str, Any], history: Sequence[Epoch] = (), validation: Mapping[str, Any] | None = None
) -> list[Drawing]:
    """Return every chart of a result; the curves of its training where they are known, beside `validation`'s clock."""
    beside = (validation or found)["baselines"]
    clock = max((beside[name]["balanced"] for name in results.CLOCK if beside.get(name)), default=None)
    drawn = [classes(found), confusion(found)]
    if found.get("calibration"):
        drawn.append(reliability(found))
    return [*drawn, *curves(history, clock)]
