"""What is being printed: parts that grow in layers, and the spaghetti of a print that failed.

A part is a stack of outlines. Only the sides that look at the camera are painted, each strip lit by its
own normal, so that round things look round; every other strip is a little darker, which reads as layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.demo.schedule import Job
from core.demo.space import Canvas, Colour, Floats, moved, shade

_STRIP = 1.3  # mm: coarser than real layers, fine enough to read as layers
_SUN = np.array([-0.45, -0.75, 0.48])
_HEIGHTS = {
    "vase": 80.0,
    "box": 42.0,
    "rook": 66.0,
    "planter": 52.0,
    "gear": 24.0,
    "tower": 84.0,
    "cup": 58.0,
}
#: How a part moves that comes loose, by failure: slide in mm, spin in radians, lean in mm per mm of height.
_LOOSE: dict[str | None, tuple[tuple[float, float], float, float]] = {
    None: ((0.0, 0.0), 0.0, 0.0),
    "spaghetti": ((26.0, 14.0), 0.0, 0.0),
    "detached": ((-74.0, -36.0), 0.9, -0.4),
}
_STRANDS = {"spaghetti": 110, "detached": 14}  # what a head draws that has lost its part
_HOLLOW = ("vase", "box", "planter", "cup")


@dataclass(frozen=True, slots=True)
class Part:
    """A part on the bed: its job and what of it exists, in mm."""

    job: Job
    height: float  # of the whole part
    printed: float  # of what exists
    loose: float  # 0..1: how far it has come off the bed

    @property
    def hollow(self) -> bool:
        return self.job.part in _HOLLOW

    def outline(self, z: float) -> Floats:
        """Give the outline (n, 3) at a height, in the room."""
        flat = _profile(self.job.part, z / self.height) * self.job.scale
        slide, spin, lean = _LOOSE[self.job.failure]
        turn = self.job.turn + spin * self.loose
        cos, sin = np.cos(turn), np.sin(turn)
        turned = flat @ np.array([[cos, sin], [-sin, cos]])
        x = self.job.x + (slide[0] + lean * z) * self.loose
        y = self.job.y + slide[1] * self.loose
        return np.column_stack([turned[:, 0] + x, turned[:, 1] + y, np.full(len(flat), z)])


def part_of(job: Job, progress: float, mess: float) -> Part:
    """Work out what exists of a part; a failed one has stopped growing at its onset and slides away."""
    height = _HEIGHTS[job.part] * job.scale
    printed = height * progress
    loose = 0.0
    if job.fails_at is not None and mess > 0:
        printed = height * min(progress, job.fails_at)
        loose = min(1.0, mess * 2.5)
    return Part(job, height, printed, loose)


def paint_part(canvas: Canvas, part: Part) -> None:
    """Paint what exists of a part, bottom up, with its shadow on the bed."""
    if part.printed <= 0:
        return
    colour = part.job.colour
    canvas.shadow(moved(part.outline(0.0), 14.0 + part.printed * 0.2, 8.0, 0.0), 0.5, 16)
    canvas.shadow(part.outline(0.0), 0.6, 6)
    levels = np.append(np.arange(0.0, part.printed, _STRIP), part.printed)
    lower = part.outline(float(levels[0]))
    for number, level in enumerate(levels[1:]):
        upper = part.outline(float(level))
        _strip(canvas, lower, upper, shade(colour, 1.0 if number % 2 else 0.93))
        lower = upper
    _top(canvas, part, lower, colour)


def _strip(canvas: Canvas, lower: Floats, upper: Floats, colour: Colour) -> None:
    """Paint one strip of a part's side: the edges that look at the camera, far ones first."""
    bottom, top = canvas.view.project(lower), canvas.view.project(upper)
    beside = np.roll(lower, -1, axis=0) - lower
    normals = np.column_stack([beside[:, 1], -beside[:, 0], np.zeros(len(beside))])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    lit = 0.5 + 0.55 * np.clip(normals @ _SUN, 0.0, 1.0) + 0.12 * normals[:, 0]
    following = np.roll(np.arange(len(lower)), -1)
    # Screen area tells which way an edge faces: outlines run counter-clockwise seen from above.
    ab, ac = bottom[following] - bottom, top - bottom
    facing = (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]) < 0
    for i in np.argsort(-lower[:, 1]):
        if facing[i]:
            k = following[i]
            canvas.flat(np.array([bottom[i], bottom[k], top[k], top[i]]), shade(colour, float(lit[i])))


def _top(canvas: Canvas, part: Part, rim: Floats, colour: Colour) -> None:
    """Paint the upper face: walls around a hollow, or the lines of the infill, or the finished surface."""
    canvas.face(rim, shade(colour, 1.12))
    centre = rim.mean(axis=0)
    inner = centre + (rim - centre) * 0.9
    if part.hollow and part.printed > 3:
        canvas.face(inner, shade(colour, 0.42))
        sunk = inner[inner[:, 1] > centre[1]] - [0.0, 4.0, 0.0]
        canvas.line(sunk, shade(colour, 0.62), 4)
    elif part.printed < part.height:
        canvas.face(inner, shade(colour, 0.74))
        reach = float(np.abs(inner - centre).max())
        for offset in np.arange(-reach, reach, 7.0):
            half = float(np.sqrt(max(reach**2 - offset**2, 0.0))) * 0.72
            for sign in (1.0, -1.0):
                ends = np.array([(offset, -half * sign, 0.0), (offset + half * 0.4, half * sign, 0.0)])
                canvas.line(centre + ends * [0.8, 0.8, 1.0], shade(colour, 1.02), 0.9)


def _profile(part: str, t: float) -> Floats:
    """Give the outline (n, 2) of a kind of part at a share of its height, in mm around its middle."""
    around = np.linspace(0.0, 2 * np.pi, 60, endpoint=False)
    if part == "vase":
        radius = (
            27.0 * (1 + 0.26 * np.sin(np.pi * (1.55 * t - 0.12))) * (1 + 0.06 * np.cos(8 * around + 2.2 * t))
        )
    elif part == "box":
        radius = 33.0 / np.power(np.abs(np.cos(around)) ** 8 + np.abs(1.5 * np.sin(around)) ** 8, 1 / 8)
    elif part == "rook":
        radius = np.full(60, 26.0 - 11.0 * np.sin(np.pi * min(t / 0.78, 1.0)) ** 0.6 - 4.0 * t)
        radius += 6.0 if t > 0.78 else 0.0
    elif part == "planter":
        radius = (30.0 + 13.0 * t) * np.cos(np.pi / 6) / np.cos((around + 0.5 * t) % (np.pi / 3) - np.pi / 6)
    elif part == "gear":
        radius = 36.0 + 3.6 * np.tanh(4.0 * np.sin(12 * around))
    elif part == "tower":
        side = 19.0 - 5.0 * t
        turned = (around + 1.1 * t) % (np.pi / 2) - np.pi / 4
        radius = side * np.cos(np.pi / 4) / np.cos(turned) * 1.3
    else:
        radius = np.full(60, 30.0 + 4.0 * t)
    return np.column_stack([np.cos(around) * radius, np.sin(around) * radius])


def paint_spaghetti(canvas: Canvas, part: Part, mess: float, chance: np.random.Generator) -> None:
    """Paint the loose strands of a failed print; more of them the longer it has gone on, few where the part came off.

    `chance` must start from the same seed for every frame of a print: the strands of one frame are then the
    first of the next, and the heap only grows.
    """
    strands = max(3, round(_STRANDS[part.job.failure or "spaghetti"] * mess**0.8))
    x, y = part.job.x, part.job.y
    for number in range(strands):
        spread = 14.0 + 34.0 * min(1.0, number / 90)
        start = np.array([x + chance.normal(0, spread * 0.6), y - 10 + chance.normal(0, spread * 0.6)])
        strand = _strand(start, part.printed, number, chance)
        tone = float(chance.uniform(0.78, 1.18))
        canvas.line(moved(strand * [1.0, 1.0, 0.2], 3.0, 2.0, 0.2), (44, 43, 44), 1.0)
        canvas.line(strand, shade(part.job.colour, tone * 0.72), 1.5)
        canvas.line(moved(strand, 0.0, 0.0, 0.35), shade(part.job.colour, tone * 1.08), 0.7)


def _strand(start: Floats, height: float, number: int, chance: np.random.Generator) -> Floats:
    """A curl of filament (n, 3) that fell: loops of changing radius, sagging to the heap below it."""
    steps = 46
    turn = np.cumsum(chance.normal(0.28, 0.32, steps) * chance.choice((-1.0, 1.0)))
    stride = chance.uniform(1.2, 3.4)
    path = np.column_stack([np.cos(turn), np.sin(turn)]).cumsum(axis=0) * stride
    pile = 4.0 + 0.22 * number * float(np.exp(-((chance.normal()) ** 2)))
    lift = np.abs(np.sin(np.linspace(0.0, chance.uniform(2.0, 9.0), steps))) * chance.uniform(1.0, pile + 5.0)
    if number % 9 == 0:  # some still hang from the nozzle's height
        lift += np.linspace(min(height, 40.0) + 12.0, 0.0, steps) * 0.8
    return np.column_stack([path + start, lift + 0.6])
