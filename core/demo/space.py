"""A pinhole camera over a room measured in millimetres, and a canvas that paints solids through it.

x goes right, y away from the camera, z up; the bed is the square 0..300 at z = 0. Everything is painted
far to near on a picture larger than the frame (OVERSAMPLE), which is then reduced: that smooths the edges.
The room, the machine and the parts are painted with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

OVERSAMPLE = 2
Colour = tuple[int, int, int]
Floats = NDArray[np.float64]

# Where the camera is and what it looks at, by place: where it was hung up, and where a knock left it.
_EYES = np.array([(20.0, -285.0, 345.0), (34.0, -278.0, 338.0)])
_TARGETS = np.array([(160.0, 160.0, 66.0), (134.0, 160.0, 88.0)])
_FOCAL = 1240.0  # pixels of a frame 1920 wide: about 75 degrees across, a cheap wide lens


@dataclass(frozen=True, slots=True)
class View:
    """Where a point of the room falls on the oversampled picture of a frame of `width` x `height`."""

    width: int
    height: int
    scale: float
    eye: Floats
    axes: Floats  # rows: right, down, ahead

    @classmethod
    def of(cls, width: int, height: int, place: int = 0) -> View:
        """Aim the camera at a place for a frame of this size in pixels."""
        eye = _EYES[place]
        ahead = _TARGETS[place] - eye
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        scale = max(width / 1920, height / 1080) * OVERSAMPLE
        return cls(width, height, scale, eye, np.stack([right, np.cross(ahead, right), ahead]))

    def project(self, points: Floats) -> Floats:
        """Give the picture positions (n, 2) of room points (n, 3)."""
        seen = (np.asarray(points, dtype=float) - self.eye) @ self.axes.T
        depth = np.maximum(seen[:, 2:], 1.0)
        middle = np.array([self.width, self.height]) * (OVERSAMPLE / 2)
        flat: Floats = seen[:, :2] / depth * (_FOCAL * self.scale) + middle
        return flat

    def pixels(self, millimetres: float, at: Floats) -> float:
        """How many pixels of the oversampled picture a length covers at a point of the room."""
        depth = float((np.asarray(at, dtype=float) - self.eye) @ self.axes[2])
        return millimetres * _FOCAL * self.scale / max(depth, 1.0)


def shade(colour: Sequence[float], factor: float) -> Colour:
    """Make a colour lighter or darker."""
    r, g, b = (min(255, max(0, int(channel * factor))) for channel in colour)
    return r, g, b


def moved(points: Floats, x: float, y: float, z: float) -> Floats:
    """Shift room points (n, 3) by mm."""
    shifted: Floats = np.asarray(points, dtype=float) + np.array([x, y, z])
    return shifted


class Canvas:
    """An oversampled picture that solids of the room are painted on."""

    def __init__(self, view: View, image: Image.Image | None = None) -> None:
        size = (view.width * OVERSAMPLE, view.height * OVERSAMPLE)
        self.view = view
        self.image = image if image is not None else Image.new("RGB", size)
        self._draw = ImageDraw.Draw(self.image)

    def face(self, points: Floats | Sequence[Sequence[float]], colour: Colour) -> None:
        """Fill the polygon through the room points (n, 3)."""
        flat = self.view.project(np.asarray(points, dtype=float))
        self._draw.polygon([(x, y) for x, y in flat.tolist()], fill=colour)

    def flat(self, flat: Floats, colour: Colour) -> None:
        """Fill a polygon that is projected already."""
        self._draw.polygon([(x, y) for x, y in flat.tolist()], fill=colour)

    def line(self, points: Floats | Sequence[Sequence[float]], colour: Colour, millimetres: float) -> None:
        """Draw a line through room points, as thick as a wire of that diameter would look."""
        room = np.asarray(points, dtype=float)
        width = max(1, round(self.view.pixels(millimetres, room[len(room) // 2])))
        flat = [(x, y) for x, y in self.view.project(room).tolist()]
        self._draw.line(flat, fill=colour, width=width, joint="curve")

    def tube(self, points: Floats | Sequence[Sequence[float]], colour: Colour, millimetres: float) -> None:
        """Draw a round tube: a line with a dark edge and a lit one."""
        self.line(points, shade(colour, 0.6), millimetres)
        self.line(points, colour, millimetres * 0.66)
        raised = moved(np.asarray(points, dtype=float), 0.0, 0.0, millimetres * 0.16)
        self.line(raised, shade(colour, 1.35), millimetres * 0.2)

    def box(self, low: Sequence[float], high: Sequence[float], colour: Colour) -> None:
        """Paint a solid box between two corners: the faces that look at the camera, each in its own shade."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        eye = self.view.eye
        if eye[0] < x0:
            self.face([(x0, y0, z0), (x0, y1, z0), (x0, y1, z1), (x0, y0, z1)], shade(colour, 0.66))
        if eye[0] > x1:
            self.face([(x1, y0, z0), (x1, y1, z0), (x1, y1, z1), (x1, y0, z1)], shade(colour, 0.72))
        if eye[2] > z1:
            self.face([(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)], shade(colour, 1.18))
        if eye[2] < z0:
            self.face([(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0)], shade(colour, 0.5))
        self.face([(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)], shade(colour, 0.92))

    def disc(self, centre: Sequence[float], radius: float, colour: Colour, *, upright: bool = True) -> None:
        """Paint a disc facing the front (upright) or lying flat."""
        around = np.linspace(0.0, 2 * np.pi, 40, endpoint=False)
        across, other = np.cos(around) * radius, np.sin(around) * radius
        level = np.zeros_like(across)
        rim = np.stack([across, level, other] if upright else [across, other, level], axis=1)
        self.face(rim + np.asarray(centre, dtype=float), colour)

    def shadow(self, outline: Floats, strength: float, softness: float) -> None:
        """Darken what is painted already under a room polygon, with an edge `softness` mm wide."""
        flat = self.view.project(outline)
        blur = max(1.0, self.view.pixels(softness, outline[0]))
        left, top = np.floor(flat.min(axis=0) - 3 * blur).astype(int).tolist()
        right, bottom = np.ceil(flat.max(axis=0) + 3 * blur).astype(int).tolist()
        box = (max(left, 0), max(top, 0), min(right, self.image.width), min(bottom, self.image.height))
        if box[0] >= box[2] or box[1] >= box[3]:
            return
        small = max(1, round(blur / 3))  # a soft mask needs few pixels
        mask = Image.new("L", (max(1, (box[2] - box[0]) // small), max(1, (box[3] - box[1]) // small)))
        corners = [((x - box[0]) / small, (y - box[1]) / small) for x, y in flat.tolist()]
        ImageDraw.Draw(mask).polygon(corners, fill=round(255 * strength))
        mask = mask.filter(ImageFilter.GaussianBlur(blur / small / 2))
        size = (box[2] - box[0], box[3] - box[1])
        self.image.paste((8, 8, 12), box, mask.resize(size, Image.Resampling.BILINEAR))

    def reduced(self) -> Image.Image:
        """Give the picture at the size of the frame, a touch soft, as through a small lens."""
        return self.image.reduce(OVERSAMPLE).filter(ImageFilter.BoxBlur(0.45 * self.view.scale / OVERSAMPLE))
