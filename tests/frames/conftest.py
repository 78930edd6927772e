"""A camera folder and a workspace that need neither git nor the command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Camera:
    """A workspace with one camera; `put` writes a file into a day folder, long ago unless told otherwise."""

    ws: Workspace
    folder: Path

    def put(self, name: str, data: bytes = b"x", *, day: str = "20251107", fresh: bool = False) -> Path:
        path = self.folder / day / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        if not fresh:
            os.utime(path, (1, 1))
            os.utime(path.parent, (1, 1))
        return path

    def key(self, name: str, day: str = "20251107") -> str:
        return f"printer-timelapses/{day}/{name}"


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    folder = tmp_path / "camera"
    folder.mkdir()
    root = tmp_path / "ws"
    root.mkdir()
    (root / "print-models.toml").write_text("")
    (root / "printer-timelapses").symlink_to(folder)
    return Camera(Workspace.open(root), folder)


Make = Callable[..., bytes]
