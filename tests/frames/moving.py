"""A printer drawn small, for tests of what changes: a bed, a head that moves while it prints, light and noise.

Numbers decide every pixel, so that the same calls give the same bytes.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIZE = (256, 144)


@dataclass(frozen=True)
class Look:
    """One frame: where the head is (None: parked), whether a part lies there, the light, how noisy; `odd` is a glitch."""

    head: int | None = None
    part: bool = False
    light: float = 1.0
    noise: float = 2.0
    odd: str = ""


def jpeg(look: Look, number: int = 0) -> bytes:
    """Return a frame as a camera would store it."""
    image = Image.new("RGB", SIZE, (70, 74, 80))
    draw = ImageDraw.Draw(image)
    draw.polygon([(60, 100), (200, 100), (240, 140), (20, 140)], fill=(110, 110, 116))
    draw.rectangle((0, 20, 30, 140), fill=(40, 44, 48))
    if look.part:
        draw.rectangle((110, 70, 150, 110), fill=(30, 130, 50))
    x = 8 if look.head is None else 40 + look.head * 23 % 150
    draw.rectangle((x, 36, x + 34, 74), fill=(200, 60, 40))
    pixels = np.asarray(image).astype(np.float32) * look.light
    pixels += np.random.default_rng(number).normal(0, look.noise, pixels.shape)
    if look.odd:
        pixels[:] = {"black": 0, "grey": 128}[look.odd]
    out = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=88)
    return out.getvalue()


def story(*parts: tuple[int, Look], step: int = 3) -> list[Look]:
    """Return looks for parts of (frames, look); a head that is not parked goes on from frame to frame."""
    looks = []
    for count, look in parts:
        for number in range(count):
            moved = look.head if look.head is None else look.head + number * step
            looks.append(Look(moved, look.part, look.light, look.noise, look.odd))
    return looks


def film(
    camera: Path, looks: Sequence[Look], *, start: str = "20251107T080000", source: str = ""
) -> list[str]:
    """Write a frame a minute, long ago; return their keys."""
    begin = datetime.strptime(start, "%Y%m%dT%H%M%S")
    keys = []
    for number, look in enumerate(looks):
        moment = begin + timedelta(minutes=number)
        path = camera / f"{moment:%Y%m%d}" / f"{moment:%Y%m%dT%H%M%S}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(look, number))
        os.utime(path, (moment.timestamp(), moment.timestamp()))
        keys.append(f"{source or 'printer-timelapses'}/{path.parent.name}/{path.name}")
    for folder in camera.iterdir():
        os.utime(folder, (1_700_000_000, 1_700_000_000))
    return keys
