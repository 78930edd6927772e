"""The room that embeddings take on the disk: one budget with all else that is only kept to save time (`cache.max`).

What always holds: what was not used for the longest goes first, an engine's folder at a time, and never one that a
process holds; nothing in it is needed to go on. Called by embeddings.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from shutil import disk_usage

from core.durable import lock
from core.errors import Busy
from core.workspace import Workspace

#: Without a setting: so many bytes, or so large a share of the disk where that is less.
MOST, _SHARE = 1 << 30, 0.05
_USED = "used"


def folder(workspace: Workspace, kind: str) -> Path:
    """Return where the numbers of all engines of a kind lie."""
    return workspace.cache / kind


def budget(workspace: Workspace) -> int:
    """Return how many bytes the cache may take."""
    said = workspace.settings.cache.max
    return int(said * 1e9 if said is not None else min(MOST, disk_usage(workspace.root).total * _SHARE))


def used(engine: Path) -> None:
    """Note that an engine's folder is used."""
    (engine / _USED).touch()


def make(workspace: Workspace, own: Path) -> int:
    """Return how many bytes more may be written into the folder `own`, letting other engines' go where it is tight.

    A folder goes only where what is left of the budget is less than a quarter of it.
    """
    allowed = budget(workspace)
    free = allowed - _size(workspace.cache)
    others = sorted((path for path in own.parent.iterdir() if path != own), key=_last_used)
    for path in others:
        if free >= allowed // 4:
            break
        size = _size(path)
        with contextlib.suppress(Busy, OSError), lock(path / "lock", what="the embeddings"):
            shutil.rmtree(path)
            free += size
    return max(0, min(free, disk_usage(workspace.root).free // 2))


def _last_used(path: Path) -> float:
    try:
        return (path / _USED).stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    total = 0
    for at, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(at, name)).st_size
    return total
