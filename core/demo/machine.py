"""The moving part of the printer: a gantry that climbs, a head that runs on it, cables that follow.

While printing the nozzle is on the part's top; idle and warming up, the head waits at the back on the left. One place per
frame: a camera that looks once a minute sees no motion, only positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.demo.parts import Part
from core.demo.room import BACK, LEFT, RIGHT
from core.demo.space import Canvas, Floats, shade

_DARK = (44, 45, 49)
_RAIL = (146, 149, 155)


@dataclass(frozen=True, slots=True)
class Head:
    """Where the tip of the nozzle is, in mm."""

    x: float
    y: float
    z: float


def parked(chance: np.random.Generator) -> Head:
    """The resting place, as exactly as a homed machine finds it."""
    return Head(14.0 + chance.normal(0, 0.3), 286.0, 118.0)


def printing(part: Part, wished: float, chance: np.random.Generator) -> Head:
    """Somewhere on the outline or inside the layer being printed; `wished` is how high the machine believes it is."""
    rim = part.outline(max(part.printed, 0.1))
    centre = rim.mean(axis=0)
    where = centre + (rim[int(chance.integers(len(rim)))] - centre) * chance.uniform(0.2, 0.98)
    where += [
        part.job.x - centre[0],
        part.job.y - centre[1],
        0.0,
    ]  # the machine knows of no part that came off
    return Head(float(where[0]), float(where[1]), wished + 0.6)


def paint_beam(canvas: Canvas, head: Head) -> None:
    """Paint the gantry: two side rails and the beam across, at the head's height."""
    z = head.z + 52
    for x in (LEFT + 30, RIGHT - 48):
        canvas.box((x, -235, z - 6), (x + 18, BACK - 34, z + 12), shade(_RAIL, 0.8))
        canvas.line([(x + 9, -235, z + 12.2), (x + 9, BACK - 34, z + 12.2)], shade(_RAIL, 0.4), 4)
        canvas.box((x - 6, BACK - 66, z - 22), (x + 26, BACK - 30, z + 22), _DARK)
        canvas.box((x - 8, head.y + 6, z - 12), (x + 26, head.y + 52, z + 18), (34, 35, 38))
    canvas.box((LEFT + 48, head.y + 22, z - 10), (RIGHT - 48, head.y + 44, z + 12), _RAIL)
    canvas.line([(LEFT + 48, head.y + 22, z + 1), (RIGHT - 48, head.y + 22, z + 1)], shade(_RAIL, 0.36), 6)
    canvas.line([(LEFT + 48, head.y + 21, z - 7), (RIGHT - 48, head.y + 21, z - 7)], (30, 30, 32), 2.2)
    canvas.line([(LEFT + 48, head.y + 21, z + 9), (RIGHT - 48, head.y + 21, z + 9)], (206, 208, 212), 1.6)


def paint_head(canvas: Canvas, head: Head) -> None:
    """Paint the head on its carriage, with fan, ducts, heater block, nozzle, and the cables above it."""
    x, y, z = head.x, head.y, head.z
    canvas.box((x - 26, y + 14, z + 30), (x + 26, y + 24, z + 86), (58, 60, 64))
    canvas.box((x - 7, y - 8, z + 7), (x + 7, y + 8, z + 16), (196, 170, 96))
    _nozzle(canvas, head)
    canvas.box((x - 4, y - 4, z + 16), (x + 4, y + 4, z + 26), (160, 162, 166))
    canvas.box((x - 22, y - 16, z + 24), (x + 22, y + 16, z + 78), (52, 54, 60))
    canvas.box((x - 22, y - 17, z + 66), (x + 22, y - 16, z + 78), (196, 52, 40))
    _fan(canvas, (x, y - 16.6, z + 46), 17.5)
    for side in (-1, 1):
        low, high = sorted((x + side * 20, x + side * 28))
        canvas.box((low, y - 14, z + 6), (high, y + 6, z + 40), (64, 66, 72))
    canvas.box((x - 15, y - 12, z + 78), (x + 15, y + 14, z + 98), (38, 39, 43))
    canvas.box((x - 8, y - 13, z + 84), (x + 4, y - 12, z + 92), (70, 150, 90))
    _cables(canvas, head)


def paint_heating(canvas: Canvas) -> None:
    """Paint the small light at the bed's tab that is on while it heats: all there is to see of a warm-up."""
    canvas.disc((150.0, -23.0, -2.0), 9, (120, 52, 20))
    canvas.disc((150.0, -23.5, -2.0), 5, (255, 168, 72))


def _nozzle(canvas: Canvas, head: Head) -> None:
    x, y, z = head.x, head.y, head.z
    canvas.face(
        [(x - 5, y - 4, z + 8), (x + 5, y - 4, z + 8), (x + 1, y - 2, z), (x - 1, y - 2, z)], (206, 170, 84)
    )


def _fan(canvas: Canvas, centre: tuple[float, float, float], radius: float) -> None:
    x, y, z = centre
    canvas.disc(centre, radius, (26, 27, 29))
    for turn in np.arange(7) * (2 * np.pi / 7):
        blade = [
            (x + np.cos(turn + a) * r, y - 0.3, z + np.sin(turn + a) * r)
            for a, r in ((0.0, 5.0), (0.15, radius * 0.92), (0.62, radius * 0.92), (0.5, 5.0))
        ]
        canvas.face(blade, (62, 64, 68))
    canvas.disc((x, y - 0.5, z), 6, (88, 90, 94))


def _cables(canvas: Canvas, head: Head) -> None:
    """The cable bundle and the white filament tube, hanging in arcs from the frame to the head."""
    top = np.array([head.x + 6, head.y + 6, head.z + 98])
    canvas.tube(_arc(top, np.array([160.0, BACK - 30, 380.0]), 62.0), (38, 38, 41), 8)
    canvas.tube(_arc(top - [12, 0, 0], np.array([252.0, BACK - 34, 330.0]), 86.0), (206, 208, 204), 4)


def _arc(start: Floats, end: Floats, rise: float) -> Floats:
    """A curve (n, 3) from start to end that first rises."""
    t = np.linspace(0.0, 1.0, 28)[:, None]
    control = start * 0.75 + end * 0.25 + [0.0, 0.0, rise]
    curve: Floats = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    return curve
