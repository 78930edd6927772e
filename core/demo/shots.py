"""One frame of the simulated camera: from a shot of the schedule to a JPEG on disk.

A `Studio` holds what every frame shares (room, noise) and lives once per process. A frame depends on the
seed and its own index only, so any number of processes makes the same bytes.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from core.demo.glitches import damage
from core.demo.light import Sensor, expose, noise_block
from core.demo.machine import paint_beam, paint_head, paint_heating, parked, printing
from core.demo.parts import Part, paint_part, paint_spaghetti, part_of
from core.demo.room import paint_room
from core.demo.schedule import Shot
from core.demo.space import Canvas, View, moved

_ROOM, _NOISE, _FRAME, _SITTING, _MESS = range(5)  # what a generator is for, beside the seed


def clouds(seed: int, sitting: int) -> float:
    """How cloudy it is during a sitting, 0..1."""
    return float(np.random.default_rng([seed, _SITTING, sitting]).uniform())


class Studio:
    """Renders the shots of one simulation."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        self._seed = seed
        self._size = size
        self._noise = noise_block(size, self._chance(_NOISE, 0))
        self._scenes: dict[int, tuple[View, Image.Image, Sensor]] = {}

    def _scene(self, place: int) -> tuple[View, Image.Image, Sensor]:
        """What the camera sees from a place while nothing moves; painted when it is first asked for."""
        if place not in self._scenes:
            view = View.of(*self._size, place)
            room = paint_room(view, self._chance(_ROOM, 0))
            self._scenes[place] = (view, room, Sensor(view, self._noise))
        return self._scenes[place]

    def take(self, shot: Shot) -> bytes:
        """Render a shot as JPEG bytes, whole or as damaged as its glitch says: about 300 KB at 1920x1080."""
        chance = self._chance(_FRAME, shot.index)
        exposure = expose(shot.captured_at, shot.lamp, clouds(self._seed, shot.sitting))
        _, _, sensor = self._scene(shot.place)
        picture = sensor.capture(self._paint(shot, chance), exposure, chance)
        stored = io.BytesIO()
        picture.save(stored, "JPEG", quality=76 if exposure.infrared else 87)
        return damage(stored.getvalue(), shot.glitch)

    def _chance(self, purpose: int, number: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, purpose, number])

    def _paint(self, shot: Shot, chance: np.random.Generator) -> Image.Image:
        view, room, _ = self._scene(shot.place)
        canvas = Canvas(view, room.copy())
        part = part_of(shot.job, shot.progress, shot.mess) if shot.job is not None else None
        if shot.state == "warming":
            paint_heating(canvas)
            part = None
        if shot.state == "printing" and part is not None:
            self._paint_part(canvas, shot, part)
            head = printing(part, part.height * shot.progress, chance)
            under = np.array([(-24, -10, 0), (24, -10, 0), (24, 14, 0), (-24, 14, 0)], dtype=float)
            if shot.progress < 0.25:  # higher up, the head's shadow no longer reaches the bed
                canvas.shadow(moved(under, head.x + 10, head.y + 6, 0.0), 0.4, 14)
            paint_beam(canvas, head)
        else:
            head = parked(chance)
            paint_beam(canvas, head)
            if part is not None:
                paint_head(canvas, head)
                self._paint_part(canvas, shot, part)
                return canvas.reduced()
        paint_head(canvas, head)
        return canvas.reduced()

    def _paint_part(self, canvas: Canvas, shot: Shot, part: Part) -> None:
        paint_part(canvas, part)
        if shot.mess > 0:
            paint_spaghetti(canvas, part, shot.mess, self._chance(_MESS, part.job.number))


_studio: Studio | None = None


def open_studio(size: tuple[int, int], seed: int) -> None:
    """Prepare this process for `write_shot`."""
    global _studio
    _studio = Studio(size, seed)


def write_shot(shot: Shot, path: str) -> int:
    """Render a shot into a file, dated as the camera would have; gives its size in bytes."""
    if _studio is None:
        raise RuntimeError("open_studio comes first")
    data = _studio.take(shot)
    Path(path).write_bytes(data)
    moment = shot.captured_at.timestamp()
    os.utime(path, (moment, moment))
    return len(data)
