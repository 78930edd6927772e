"""A lock on git's index that stands in the way: whose it is, and the one case in which it is taken away.

What always holds: only a lock that a killed release of ours left is removed: its journal says that it was staging or
committing, its process is no more, no git runs in this repository, and the lock is not older than that step. Called by
the checks before a release.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from core.errors import Busy, PrintModelsError
from core.human import ago
from core.releasing import journal
from core.storage import index_file
from core.text import safe
from core.training.proc import alive, here
from core.workspace import Workspace

_PROC = Path("/proc")
#: The steps in which git, or we, hold the index.
_HOLDING = ("stage", "commit")


def settle(workspace: Workspace, lock: Path) -> None:
    """Take the lock away if a dead release of ours left it. Raises Busy with its age and who holds it otherwise."""
    index_file.sweep(lock.with_name("index"))
    try:
        seen = lock.stat()
    except OSError:
        return
    holders = None if not _PROC.is_dir() else list(_git_here(workspace.root, lock))
    if holders == [] and _left_by_us(workspace, seen.st_mtime):
        with contextlib.suppress(OSError):
            if os.path.samestat(lock.stat(), seen):
                lock.unlink()
                return
    age = ago(datetime.fromtimestamp(seen.st_mtime))
    if holders:
        pid, name = holders[0]
        raise Busy(
            f"Another git holds the index: .git/index.lock was made {age}, and {safe(name)} runs here (process {pid}).",
            "Wait until it has finished, then again.",
        )
    raise Busy(
        f"Another git holds the index: .git/index.lock was made {age}"
        + (", and no git runs here any more." if holders == [] else "."),
        f"If nobody works on this repository from elsewhere, delete it: rm {safe(lock)}"
        if holders == []
        else "Wait for it; if no git runs here any more (look with: ps -C git), delete that file.",
    )


def _left_by_us(workspace: Workspace, made: float) -> bool:
    try:
        book = journal.read(workspace)
    except PrintModelsError:
        return False
    if book is None or book.by is None or book.doing not in _HOLDING or not here(book.by) or alive(book.by):
        return False
    try:
        return made >= datetime.fromisoformat(book.since).timestamp()
    except ValueError:
        return False


def _git_here(root: Path, lock: Path) -> Iterator[tuple[int, str]]:
    """Yield (pid, name) of the processes that hold the lock open, and of those of git that work below `root`."""
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            name = (entry / "comm").read_text(errors="replace").strip()
        except OSError:
            continue
        if name.startswith("git"):
            try:
                folder = Path(os.readlink(entry / "cwd"))
            except FileNotFoundError:
                continue
            except OSError:  # somebody else's: where it works is not ours to see
                folder = root
            if folder == root or root in folder.parents:
                yield int(entry.name), name
                continue
        if _opens(entry, lock):
            yield int(entry.name), name


def _opens(process: Path, lock: Path) -> bool:
    try:
        files = list((process / "fd").iterdir())
    except OSError:
        return False
    real = os.path.realpath(lock)
    for file in files:
        with contextlib.suppress(OSError):
            if os.readlink(file) == real:
                return True
    return False
