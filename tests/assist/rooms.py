"""A camera folder with pictures of two kinds, and a workspace that looks at it; no git, no command line."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.workspace import Workspace


def jpeg(number: int, *, lit: bool = True, size: tuple[int, int] = (160, 120)) -> bytes:
    """A room: dark, or lit with a bright bar that stands elsewhere in each picture."""
    pixels = np.full((size[1], size[0], 3), 150 if lit else 20, np.uint8)
    if lit:
        at = 10 + number * 7 % (size[0] - 40)
        pixels[size[1] // 3 : size[1] // 2, at : at + 20] = (230, 120, 60)
    pixels[:2, :20] = (number * 37 % 256, number * 11 % 256, number % 256)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=90, comment=f"{number}")  # no two have the same bytes
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Room:
    """A workspace with one camera of one day; frames are written long ago."""

    ws: Workspace
    folder: Path

    def put(self, number: int, data: bytes) -> str:
        name = f"20251107T{8 + number // 60:02d}{number % 60:02d}00.jpg"
        path = self.folder / "20251107" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (1_000_000 + number, 1_000_000 + number))
        return f"printer-timelapses/20251107/{name}"

    def fill(self, count: int) -> list[str]:
        return [self.put(n, jpeg(n, lit=n % 2 == 0)) for n in range(count)]

    def again(self) -> Room:
        """The same workspace, opened anew."""
        return Room(Workspace.open(self.ws.root), self.folder)


def make_room(at: Path) -> Room:
    """Make a camera's folder and a workspace below a folder."""
    folder, root = at / "camera", at / "ws"
    folder.mkdir()
    root.mkdir()
    (root / "print-models.toml").write_text("")
    (root / "printer-timelapses").symlink_to(folder)
    return Room(Workspace.open(root), folder)
