"""Frames to measure with: a few from the simulated camera, each copied into as many different files as asked for.

A copy differs by a comment segment with its number, which a decoder skips: different bytes, the same picture.
"""

from __future__ import annotations

import functools
import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path


@functools.cache
def patterns(count: int = 6, size: tuple[int, int] = (1920, 1080)) -> tuple[bytes, ...]:
    """Return some frames of the simulated camera as JPEG bytes."""
    from core.demo import simulate

    with tempfile.TemporaryDirectory() as folder:
        truth = simulate(Path(folder), frames=max(60, count), size=size, seed=1, source=".")
        whole = [frame.frame for frame in truth.frames if frame.usable]
        return tuple((Path(folder) / key).read_bytes() for key in whole[:count])


def numbered(jpeg: bytes, number: int) -> bytes:
    """Return the same picture as different bytes."""
    text = f"{number:012}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + jpeg[2:]


def name_of(number: int) -> tuple[str, str]:
    """Return the day and the file name of the n-th frame, a minute apart."""
    moment = datetime(2025, 11, 7) + timedelta(minutes=number)
    return f"{moment:%Y%m%d}", f"{moment:%Y%m%dT%H%M%S}.jpg"


def few_frames(camera: Path, count: int) -> list[str]:
    """Write that many frames of full size, all different; return their keys."""
    some = patterns()
    keys = []
    for number in range(count):
        day, name = name_of(number)
        path = camera / day / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(numbered(some[number % len(some)], number))
        os.utime(path, (1762470000 + 60 * number,) * 2)
        keys.append(f"printer-timelapses/{day}/{name}")
    return keys


def many_names(camera: Path, count: int) -> None:
    """Give that many names to a few frames (hard links): for what reads names, not pictures."""
    some = patterns()
    camera.mkdir(parents=True)
    source = camera
    for number in range(count):
        day, name = name_of(number)
        folder = camera / day
        if number % 1440 == 0:
            folder.mkdir()
        if number % 30_000 == 0:  # a file can't have more than some 65 000 names
            source = folder / name
            source.write_bytes(some[number // 30_000 % len(some)])
            os.utime(source, (1762470000, 1762470000))
        else:
            os.link(source, folder / name)
