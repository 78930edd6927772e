"""Light on the room, and what the sensor makes of it: daylight, a flickering lamp, infrared, exposure, noise.

The camera exposes on its own, so a picture of the night is about as bright as one of the day: brightness says
little about what the printer is doing. Light is computed small and enlarged; noise is cut at a random place
out of one block that every frame shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from core.demo.room import window
from core.demo.space import View

Pixels = NDArray[np.float32]

_SMALL = 8  # light is smooth: it is worked out at an eighth of the size
_MARGIN = 256  # how far a noise cut may wander over the block
_STEPS = 24  # daylight is worked out in this many steps, so that neighbours share one map


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a frame is lit: share of full daylight (0..1), lamp or not, infrared or not, gain, grain of the noise."""

    daylight: float
    lamp: bool
    infrared: bool
    gain: float
    grain: float

    @property
    def name(self) -> str:
        """What the truth calls this light."""
        if self.infrared:
            return "infrared"
        return "lamp" if self.lamp and self.daylight < 0.5 else "daylight"


def expose(moment: datetime, lamp: bool, clouds: float) -> Exposure:
    """Choose the exposure of a moment; `clouds` (0..1) takes daylight away. Infrared when it would be dark."""
    hour = moment.hour + moment.minute / 60
    sun = float(np.clip(np.sin(np.pi * (hour - 7.0) / 10.4), 0.0, 1.0) ** 0.7) if 7.0 < hour < 17.4 else 0.0
    daylight = round(sun * (1 - 0.45 * clouds) * _STEPS) / _STEPS
    infrared = not lamp and daylight < 0.12
    light = daylight + (0.75 if lamp else 0.0)
    gain = 1.0 if infrared else float(np.clip(1.0 / max(light, 0.1) ** 0.8, 0.78, 2.4))
    grain = 4.2 if infrared else 1.7 + 1.2 * max(0.0, gain - 0.9)
    return Exposure(daylight, lamp, infrared, gain, grain)


class Sensor:
    """Turns a painted picture in neutral light into what the camera would have stored."""

    def __init__(self, view: View, noise: Pixels) -> None:
        self._size = (view.width, view.height)
        self._view = view
        self._maps: dict[tuple[float, bool, bool], Pixels] = {}
        self._noise = noise

    def capture(self, image: Image.Image, exposure: Exposure, chance: np.random.Generator) -> Image.Image:
        """Light, flicker, noise and clipping: the same picture for the same generator state."""
        pixels = np.asarray(image, dtype=np.float32)
        if exposure.infrared:
            grey = pixels @ np.array([0.42, 0.38, 0.20], dtype=np.float32)
            pixels = np.repeat(grey[..., None], 3, axis=2)
        lit = pixels * self._map(exposure)
        lit *= self._flicker(exposure, chance)
        top, left = (int(chance.integers(_MARGIN)) for _ in range(2))
        cut = self._noise[top : top + self._size[1], left : left + self._size[0]]
        lit += (cut[..., :1] if exposure.infrared else cut) * np.float32(exposure.grain)
        np.clip(lit, 0, 255, out=lit)
        return Image.fromarray(lit.astype(np.uint8))

    def _flicker(self, exposure: Exposure, chance: np.random.Generator) -> Pixels:
        """A factor per row: the lamp's mains hum as slow bands, and a little breathing of the exposure."""
        rows = np.arange(self._size[1], dtype=np.float32) / self._size[1]
        phase, breath = chance.uniform(0, 2 * np.pi), 1 + chance.normal(0, 0.018)
        depth = 0.028 if exposure.lamp else 0.004
        bands = breath + depth * np.sin(rows * 2 * np.pi * 2.6 + phase)
        return bands.astype(np.float32)[:, None, None]

    def _map(self, exposure: Exposure) -> Pixels:
        """The light on every pixel (h, w, 3), kept while the light stays as it is."""
        key = (exposure.daylight, exposure.lamp, exposure.infrared)
        if key not in self._maps:
            if len(self._maps) >= 2:
                self._maps.clear()
            self._maps[key] = self._light(exposure)
        return self._maps[key]

    def _light(self, exposure: Exposure) -> Pixels:
        width, height = (max(2, side // _SMALL) for side in self._size)
        y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
        if exposure.infrared:
            spot = np.exp(-(((x - 0.5) / 0.42) ** 2 + ((y - 0.58) / 0.5) ** 2))
            parts = np.stack([0.34 + 1.35 * spot] * 3, axis=2)
        else:
            parts = np.zeros((height, width, 3))
            if exposure.daylight > 0:
                fall = 1.25 - 0.75 * x - 0.12 * y
                parts += (fall * exposure.daylight)[..., None] * np.array([0.96, 1.0, 1.08])
                parts += (self._glow(width, height) * exposure.daylight)[..., None] * np.array(
                    [1.0, 1.1, 1.25]
                )
            if exposure.lamp:
                strip = np.exp(-(((y - 0.03) / 0.17) ** 2)) * np.exp(-(((x - 0.45) / 0.5) ** 4))
                pool = np.exp(-(((x - 0.48) / 0.46) ** 2 + ((y - 0.62) / 0.6) ** 2))
                parts += (0.3 + 0.74 * pool + 1.1 * strip)[..., None] * np.array([1.06, 1.0, 0.88])
            parts += 0.05
            parts *= exposure.gain
        parts *= (1.06 - 0.42 * ((x - 0.5) ** 2 + (y - 0.5) ** 2) * 1.3)[..., None]
        return _enlarge(parts.astype(np.float32), self._size)

    def _glow(self, width: int, height: int) -> Pixels:
        """Light of the window itself, and its bloom around it (h, w)."""
        mask = Image.new("L", (width, height))
        corners = window(self._view) / _SMALL
        ImageDraw.Draw(mask).polygon([(x, y) for x, y in corners.tolist()], fill=255)
        near = np.asarray(mask.filter(ImageFilter.GaussianBlur(width / 240))).astype(np.float32)
        far = np.asarray(mask.filter(ImageFilter.GaussianBlur(width / 16))).astype(np.float32)
        near *= np.float32(0.9 / 255)
        far *= np.float32(0.5 / 255)
        near += far
        return near


def _enlarge(small: Pixels, size: tuple[int, int]) -> Pixels:
    bands = [Image.fromarray(small[..., i]).resize(size, Image.Resampling.BILINEAR) for i in range(3)]
    return np.stack([np.asarray(band) for band in bands], axis=2)


def noise_block(size: tuple[int, int], chance: np.random.Generator) -> Pixels:
    """Noise (h, w, 3) of spread 1 for frames of `size`: mostly brightness, a little colour, blotchy as denoised."""
    shape = (size[1] + _MARGIN, size[0] + _MARGIN)
    fine = chance.standard_normal(shape, dtype=np.float32)
    soft = (fine[:-1] + fine[1:])[:, :-1] + (fine[:-1] + fine[1:])[:, 1:]
    bright = np.pad(soft * np.float32(0.36), ((0, 1), (0, 1)), mode="wrap") + fine * np.float32(0.55)
    half = chance.standard_normal((shape[0] // 2 + 1, shape[1] // 2 + 1, 3), dtype=np.float32) * np.float32(
        0.5
    )
    colour = np.repeat(np.repeat(half, 2, axis=0), 2, axis=1)[: shape[0], : shape[1]]
    block: Pixels = colour + bright[..., None]
    return block
