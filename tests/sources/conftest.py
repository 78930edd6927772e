"""Cameras for the tests of sources: folders whose pictures nobody else's are."""

from __future__ import annotations

import os
import random
from datetime import datetime, timedelta
from pathlib import Path


def camera(folder: Path, count: int, *, seed: int, start: str = "20251107T080000", names: str = "") -> Path:
    """Write a camera's day folders of noise, a minute apart, as `seed` says; `names` is a strftime pattern instead."""
    from PIL import Image

    draw, begin = random.Random(seed), datetime.strptime(start, "%Y%m%dT%H%M%S")
    for number in range(count):
        moment = begin + timedelta(minutes=number)
        path = folder / moment.strftime(names or "%Y%m%d/%Y%m%dT%H%M%S.jpg").replace("{n}", f"{number:06}")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.frombytes("RGB", (32, 24), draw.randbytes(32 * 24 * 3)).save(path, quality=60 + seed % 30)
        os.utime(path, (moment.timestamp(),) * 2)
    return folder
