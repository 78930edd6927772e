"""The inside of the printer's enclosure that never moves: walls, frame, rods, bed, spool.

Painted once per process; every frame starts from a copy. `window` says where daylight comes in, for
the light to be laid over it.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.demo.space import Canvas, Colour, Floats, View, moved, shade

_PANEL = (70, 72, 77)
_METAL = (150, 153, 159)
_SHEET = (74, 73, 76)
LEFT, RIGHT, BACK, FLOOR, TOP = -95.0, 405.0, 420.0, -85.0, 470.0


def paint_room(view: View, chance: np.random.Generator) -> Image.Image:
    """Paint the empty enclosure, oversampled, in neutral light."""
    canvas = Canvas(view)
    _walls(canvas)
    _spool(canvas, (268.0, BACK - 26, 268.0), (188, 190, 186))
    _frame(canvas)
    _drive(canvas)
    _bed(canvas)
    return _speckle(canvas.image, chance)


def window(view: View) -> Floats:
    """Give the corners (4, 2), in pixels of the frame, of the clear panel on the left."""
    corners = np.array([(LEFT, 20, 60), (LEFT, 370, 60), (LEFT, 370, 420), (LEFT, 20, 420)])
    flat: Floats = view.project(corners) / (view.scale / max(view.width / 1920, view.height / 1080))
    return flat


def _walls(canvas: Canvas) -> None:
    front = -240.0
    canvas.face(
        [(LEFT, front, FLOOR), (RIGHT, front, FLOOR), (RIGHT, BACK, FLOOR), (LEFT, BACK, FLOOR)], (48, 49, 52)
    )
    canvas.face([(LEFT, BACK, FLOOR), (RIGHT, BACK, FLOOR), (RIGHT, BACK, TOP), (LEFT, BACK, TOP)], _PANEL)
    canvas.face(
        [(RIGHT, front, FLOOR), (RIGHT, BACK, FLOOR), (RIGHT, BACK, TOP), (RIGHT, front, TOP)],
        shade(_PANEL, 0.84),
    )
    canvas.face(
        [(LEFT, front, FLOOR), (LEFT, BACK, FLOOR), (LEFT, BACK, TOP), (LEFT, front, TOP)], shade(_PANEL, 0.7)
    )
    canvas.face([(LEFT, 20, 60), (LEFT, 370, 60), (LEFT, 370, 420), (LEFT, 20, 420)], (92, 98, 106))
    # Foam panels: the seams are what tells a wall from a backdrop.
    for x in np.arange(LEFT + 70, RIGHT, 90):
        canvas.line([(x, BACK, FLOOR), (x, BACK, TOP)], shade(_PANEL, 0.82), 1.6)
    for z in (60.0, 205.0, 350.0):
        canvas.line([(LEFT, BACK, z), (RIGHT, BACK, z)], shade(_PANEL, 0.82), 1.6)
        canvas.line([(RIGHT, BACK, z), (RIGHT, front, z)], shade(_PANEL, 0.7), 1.6)
    for y in np.arange(front + 60, BACK, 110):
        canvas.line([(RIGHT, y, FLOOR), (RIGHT, y, TOP)], shade(_PANEL, 0.7), 1.6)
    # Where the surfaces meet it is darker.
    for a, b in (((LEFT, BACK), (LEFT, BACK)), ((RIGHT, BACK), (RIGHT, BACK))):
        canvas.line([(*a, FLOOR), (*b, TOP)], (30, 31, 33), 5)
    canvas.line([(LEFT, BACK, FLOOR), (RIGHT, BACK, FLOOR)], (28, 29, 31), 7)


def _extrusion(
    canvas: Canvas, low: tuple[float, ...], high: tuple[float, ...], colour: Colour = _METAL
) -> None:
    """A slotted aluminium profile along its longest axis: a box with a dark groove on the front."""
    canvas.box(low, high, colour)
    sides = [b - a for a, b in zip(low, high, strict=True)]
    along = sides.index(max(sides))
    middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    middle[1] = low[1]
    if along == 1:
        middle[2] = high[2]
    start, end = middle.copy(), middle.copy()
    start[along], end[along] = low[along], high[along]
    canvas.line([start, end], shade(colour, 0.42), 5)


def _frame(canvas: Canvas) -> None:
    _extrusion(canvas, (LEFT + 2, BACK - 24, FLOOR), (LEFT + 26, BACK - 2, TOP))
    _extrusion(canvas, (RIGHT - 26, BACK - 24, FLOOR), (RIGHT - 2, BACK - 2, TOP))
    _extrusion(canvas, (LEFT, BACK - 26, FLOOR), (RIGHT, BACK - 2, FLOOR + 24))
    _extrusion(canvas, (LEFT, BACK - 24, 392), (RIGHT, BACK - 2, 416))
    canvas.box((LEFT + 30, BACK - 30, 384), (RIGHT - 30, BACK - 24, 391), (214, 214, 206))  # the lamp's strip
    _extrusion(canvas, (LEFT + 2, -240, FLOOR), (LEFT + 24, BACK, FLOOR + 22), shade(_METAL, 0.8))
    _extrusion(canvas, (RIGHT - 24, -240, FLOOR), (RIGHT - 2, BACK, FLOOR + 22), shade(_METAL, 0.8))


def _drive(canvas: Canvas) -> None:
    """Rods and screws that the gantry climbs on."""
    for x in (LEFT + 44, RIGHT - 44):
        canvas.tube([(x, BACK - 40, FLOOR + 20), (x, BACK - 40, 392)], (170, 172, 176), 9)
        canvas.tube([(x + 16, BACK - 40, FLOOR + 20), (x + 16, BACK - 40, 392)], (132, 128, 118), 6)
        canvas.box((x - 16, BACK - 60, FLOOR + 24), (x + 26, BACK - 24, FLOOR + 62), (36, 37, 40))
    canvas.box((60, BACK - 14, 190), (120, BACK - 2, 236), (186, 187, 184))  # a label on the wall
    for z in (226.0, 216.0, 206.0):
        canvas.line([(67, BACK - 15, z), (67 + 46 - (226 - z) * 0.9, BACK - 15, z)], (84, 84, 86), 2.4)


def _bed(canvas: Canvas) -> None:
    base = np.array([(-16, -18, -60), (330, -18, -60), (330, 330, -60), (-16, 330, -60)], dtype=float)
    canvas.shadow(moved(base, 0, 0, FLOOR + 60), 0.75, 60)
    for x in (30.0, 250.0):
        canvas.box((x, -10, FLOOR), (x + 20, 310, -16), (104, 106, 110))
    canvas.box((-8, -8, -22), (308, 308, -12), (58, 58, 62))
    canvas.box((-4, -4, -12), (304, 304, -4), (142, 142, 146))
    canvas.box((-2, -2, -4), (302, 302, 0), _SHEET)
    canvas.box((118, -22, -4), (182, -2, 0), shade(_SHEET, 0.94))  # the tab to lift the sheet by
    ring = shade(_SHEET, 1.32)
    for step in range(0, 301, 50):
        canvas.line([(step, 4, 0.2), (step, 296, 0.2)], ring, 0.8)
        canvas.line([(4, step, 0.2), (296, step, 0.2)], ring, 0.8)
    for x, y in ((14.0, 14.0), (286.0, 14.0), (14.0, 286.0), (286.0, 286.0)):
        canvas.disc((x, y, 0.3), 4.5, (40, 40, 42), upright=False)
    # Traces of earlier prints: every bed that was ever used has them.
    for x, y, r in ((96.0, 196.0, 34.0), (196.0, 118.0, 27.0), (188.0, 210.0, 20.0)):
        canvas.disc((x, y, 0.3), r, shade(_SHEET, 1.1), upright=False)
        canvas.disc((x, y, 0.3), r - 2.2, shade(_SHEET, 1.16), upright=False)
    canvas.box((-40, 268, -10), (-22, 300, 22), (30, 30, 32))  # the nozzle brush and its holder
    canvas.box((-38, 270, 22), (-24, 298, 30), (176, 146, 70))


def _spool(canvas: Canvas, centre: tuple[float, float, float], colour: Colour) -> None:
    x, y, z = centre
    canvas.disc((x + 8, y + 22, z - 8), 66, (40, 41, 44))
    for depth in range(20, -1, -2):
        canvas.disc(
            (x, y + depth, z), 64 if depth in (0, 20) else 56, shade((226, 120, 52), 0.5 + 0.012 * depth)
        )
    canvas.disc((x, y, z), 64, shade(colour, 0.55))
    for turn in np.arange(6) * (np.pi / 3) + 0.2:
        canvas.disc((x + np.cos(turn) * 39, y - 0.5, z + np.sin(turn) * 39), 13, (196, 98, 40))
    canvas.disc((x, y - 0.5, z), 19, (52, 53, 57))
    canvas.disc((x, y - 1, z), 8, (128, 130, 134))


def _speckle(image: Image.Image, chance: np.random.Generator) -> Image.Image:
    """Give surfaces a fine grain and a few faint stains, so that they are not flat colour."""
    grain = chance.normal(1.0, 0.035, (image.height // 2, image.width // 2)).astype(np.float32)
    blots = chance.normal(0.0, 1.0, (image.height // 120 + 2, image.width // 120 + 2)).astype(np.float32)
    stains = Image.fromarray(blots).resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC)
    factor = np.repeat(np.repeat(grain + 0.02 * np.asarray(stains), 2, axis=0), 2, axis=1)
    pixels = np.asarray(image).astype(np.float32)
    grained = np.clip(pixels[: factor.shape[0], : factor.shape[1]] * factor[..., None], 0, 255)
    return Image.fromarray(grained.astype(np.uint8))
