"""How much pictures of one camera change: from small grey pictures to motion, light and signature; and as heat.

What always holds: numbers come from one size of small picture, so that they compare across sizes of frames; nothing
is decoded here. The names that others need of the whole matter (`Change`, `Changes`, `measure`, `points`) are gathered
here: signatures, measured, measuring and points beside it hold them. Called by measuring, and by the app for `heat`.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING

from core.frames.measured import Changes
from core.frames.measuring import measure
from core.frames.points import points, sequences
from core.frames.signatures import SMALL, Change, distance, groups, near

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.frames.decode import Picture
    from core.frames.index import FrameIndex

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

__all__ = [
    "Change",
    "Changes",
    "compare",
    "distance",
    "groups",
    "heat",
    "heat_picture",
    "measure",
    "near",
    "points",
    "points_of_day",
    "sequences",
]

#: Added to every grey before a row's brightness is compared: the black of a sensor is no ratio.
_BLACK = 4.0
#: Light that grows or shrinks more than so many times is no exposure that breathes: a lamp, or a black picture.
_MOST_LIGHT = 2.0
#: Brighter than this a sensor is full: what changes there tells of light, not of things.
_FULL = 240.0
#: Noise is taken to be at least half a grey, that of rounding, and at most so much: beyond it the picture is another.
_LEAST_NOISE, _MOST_NOISE = 0.5, 3.0
_SIGMAS = 3.0
#: Side of a small place of the small picture, in pixels.
_PLACE = 2
_HASH_COLUMNS, _HASH_ROWS = 9, 8
#: Frames of the day before and after that are looked at for a day's own edges.
_BESIDE = 30
#: A difference in grey that is shown as hot as can be.
_HOTTEST = 80.0


def points_of_day(changes: Changes, index: FrameIndex, source: str, day: str, threshold: float) -> list[str]:
    """Return the frames of one day at which the picture changed, in order of time; the days beside it are seen too."""
    days = [one.day for one in index.days() if one.source == source]
    at = bisect_left(days, day)
    around = days[max(0, at - 1) : at + 2]
    keys: list[str] = []
    known: dict[str, Change] = {}
    for one in around:
        found = [frame.key for frame in index.frames(source, one)]
        keys += found if one == day else found[-_BESIDE:] if one < day else found[:_BESIDE]
        known.update(changes.day(source, one))
    own = {frame.key for frame in index.frames(source, day)}
    return [keys[place] for place in points(keys, known, threshold) if keys[place] in own]


def compare(now: bytes, before: bytes | None, earlier: bytes | None) -> Change:
    """Return what changed in a small picture against the one before it, and the one before that.

    Each is `SMALL` greys, row by row. Without one before, nothing changed.
    """
    here = _array(now)
    there = here if before is None else _array(before)
    differs = _difference(there, here)
    size, noise = abs(differs), _noise(differs)
    spot = _spot(differs)
    back = spot if earlier is None else _spot(_difference(_array(earlier), here))
    motion = (size - _SIGMAS * noise).clip(0).mean()
    return Change(float(motion), float(here.mean()), _signature(here), spot, back)


def _array(greys: bytes) -> Floats:
    import numpy as np

    width, height = SMALL
    return np.frombuffer(greys, np.uint8).reshape(height, width).astype(np.float32)


def _difference(before: Floats, now: Floats) -> Floats:
    """Return what differs between two grey pictures (rows x columns) beside their light.

    Exposure, and mains lamps under a shutter that reads row by row, multiply whole rows: each row's ratio, the median
    over its pixels, is taken out. What is as bright as a sensor can tell differs by nothing.
    """
    import numpy as np

    first, second = before + _BLACK, now + _BLACK
    ratio = np.median(second / first, axis=1, keepdims=True).clip(1 / _MOST_LIGHT, _MOST_LIGHT)
    full = (before >= _FULL) | (now >= _FULL)
    differs = np.where(full, 0, second - ratio * first).clip(-255, 255)
    return differs.astype(np.float32)


def _noise(differs: Floats) -> float:
    """Return the standard deviation of a difference's noise, from its median: what moves in less than half does not count."""
    import numpy as np

    return min(_MOST_NOISE, max(_LEAST_NOISE, 1.4826 * float(np.median(abs(differs)))))


def _spot(differs: Floats) -> float:
    """Return the greatest mean difference of a small place."""
    parts = [
        differs[row : differs.shape[0] - _PLACE + 1 + row, column : differs.shape[1] - _PLACE + 1 + column]
        for row in range(_PLACE)
        for column in range(_PLACE)
    ]
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return float(abs(total).max()) / _PLACE**2


def _signature(greys: Floats) -> int:
    """Return the difference hash: of a picture of 9 x 8 greys, which is clearly brighter than its left neighbour.

    After N. Krawetz, Kind of Like That, 2013.
    """
    import numpy as np

    height, width = greys.shape
    rows = np.add.reduceat(greys, np.arange(_HASH_ROWS) * height // _HASH_ROWS, axis=0)
    cells = np.add.reduceat(rows, np.arange(_HASH_COLUMNS) * width // _HASH_COLUMNS, axis=1)
    wide = np.diff(np.append(np.arange(_HASH_COLUMNS) * width // _HASH_COLUMNS, width))
    cells = cells / wide
    # A margin, or the noise of what is evenly grey would throw the dice.
    bits = np.packbits(cells[:, 1:] > cells[:, :-1] * 1.03 + 0.5)
    return int.from_bytes(bits.tobytes(), "big")


def heat_picture(before: Picture, now: Picture) -> Picture:
    """Return the picture `now` with what changed since `before` as heat (see `heat`); its facts stay."""
    return replace(now, rgb=heat(before.pixels, now.pixels).tobytes())


def heat(before: Pixels, now: Pixels) -> Pixels:
    """Return a picture of what changed: `now` in dim grey, glowing from red over yellow to white where it differs.

    Both are rows x columns x 3; `before` may have another size. Light and noise are taken out as for motion.
    """
    import numpy as np

    rows, columns = now.shape[:2]
    if before.shape != now.shape:
        down = np.arange(rows) * before.shape[0] // rows
        across = np.arange(columns) * before.shape[1] // columns
        before = before[down][:, across]
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    here = now.astype(np.float32) @ weights
    differs = _difference(before.astype(np.float32) @ weights, here)
    strong = (abs(differs) - _SIGMAS * _noise(differs)).clip(0, _HOTTEST) / _HOTTEST
    # The root lifts what is faint: a small lamp has to be seen beside a print head that moved.
    glow = np.sqrt(strong)[..., None]
    ramp = np.concatenate([glow * 3, glow * 3 - 1, glow * 3 - 2], axis=2).clip(0, 1) * 255
    grey = np.repeat((here * 0.45)[..., None], 3, axis=2)
    mixed: Floats = grey * (1 - glow) + ramp * glow
    return mixed.clip(0, 255).astype(np.uint8)
