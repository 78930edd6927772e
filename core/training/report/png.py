"""Shapes to PNG by Pillow, twice as many pixels as the chart is wide: for a message, a slide, a README.

What always holds: the same chart gives the same bytes with the same Pillow; no font file is needed.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont

from core.text import safe
from core.training.report.shapes import Dot, Drawing, Line, Rect, Text

SCALE = 2
_GROUND = (255, 255, 255)
#: The light colours of the page.
_COLOURS = {
    "ink": (29, 33, 38), "soft": (93, 102, 112), "faint": (231, 228, 222), "hair": (220, 216, 208),
    "good": (31, 122, 77), "bad": (179, 38, 30), "k0": (59, 111, 182), "k1": (194, 97, 31), "k2": (47, 143, 124),
    "k3": (138, 87, 176), "k4": (166, 138, 18), "k5": (181, 68, 110),
}  # fmt: skip
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
_DASH = 5


def png(drawing: Drawing) -> bytes:
    """Return a chart as a PNG on white."""
    image = Image.new("RGB", (drawing.width * SCALE, drawing.height * SCALE), _GROUND)
    draw = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        colour = _COLOURS.get(shape.role, _COLOURS["ink"])
        if isinstance(shape, Rect):
            if shape.width > 0 and shape.height > 0:
                box = (shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)
                draw.rectangle([round(SCALE * side) for side in box], fill=_mixed(colour, shape.strength))
        elif isinstance(shape, Line):
            for part in _dashes(shape) if shape.dashed else [shape.points]:
                points = [(SCALE * x, SCALE * y) for x, y in part]
                draw.line(points, fill=colour, width=max(1, round(SCALE * shape.width)), joint="curve")
        elif isinstance(shape, Dot):
            x, y, r = SCALE * shape.x, SCALE * shape.y, SCALE * shape.radius
            draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
        else:
            _text(draw, shape, colour)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _text(draw: ImageDraw.ImageDraw, shape: Text, colour: tuple[int, int, int]) -> None:
    font = ImageFont.load_default(SCALE * shape.size)
    # The font that Pillow brings has few signs; what it lacks would be a box.
    words = (
        safe(shape.words, limit=120).replace("–", "-").replace("−", "-").replace("→", "->").replace("↓", "")
    )
    draw.text(
        (SCALE * shape.x, SCALE * shape.y), words, fill=colour, font=font, anchor=_ANCHORS[shape.anchor]
    )


def _mixed(colour: tuple[int, int, int], strength: float) -> tuple[int, ...]:
    return tuple(
        round(ground + (own - ground) * strength) for own, ground in zip(colour, _GROUND, strict=True)
    )


def _dashes(line: Line) -> Iterable[tuple[tuple[float, float], ...]]:
    """Yield the visible pieces of a dashed line."""
    for (x1, y1), (x2, y2) in pairwise(line.points):
        length = math.hypot(x2 - x1, y2 - y1)
        pieces = max(1, round(length / _DASH))
        for piece in range(0, pieces, 2):
            a, b = piece / pieces, min(1.0, (piece + 1) / pieces)
            yield (x1 + (x2 - x1) * a, y1 + (y2 - y1) * a), (x1 + (x2 - x1) * b, y1 + (y2 - y1) * b)
