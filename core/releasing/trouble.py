"""What goes wrong in the middle of a release, in words that a person can act on: how far it is, and how it goes on.

What always holds: nothing is written here; what a program said is kept as the error's detail. Called by core/release.py
and by the push.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import Busy, Cancelled, Lacking, PrintModelsError
from core.human import size
from core.process import ProcessFailed
from core.setup import LFS_REMEDY
from core.storage.git import Git
from core.storage.lfs import ObjectStore, Pointer
from core.text import safe

_AGAIN = "Then run it again: it goes on from there."
_ROOM = ("no space left on device", "disk quota exceeded", "not enough space", "file too large")
#: Beside the objects: their folders, the index, the commit.
_RESERVE, _PER_FILE = 128 << 10, 4096


@dataclass(slots=True)
class Far:
    """How far a release is: `done` is its last finished step ('', export, commit, tag); `lacks` what staging still copies."""

    tag: str
    path: str
    done: str = ""
    lacks: int = 0

    @property
    def said(self) -> str:
        """'datasets/…/v1 is exported and whole, but not committed'."""
        return {
            "": f"nothing of {self.tag} is made yet",
            "export": f"{self.path} is exported and whole, but not committed",
            "commit": f"{self.tag} is committed, but has no tag yet",
            "tag": f"{self.tag} is committed and tagged here",
        }[self.done]

    def stopped(self) -> Cancelled:
        """Return what a person is told who stopped the release."""
        return Cancelled(f"Stopped: {self.said}.", "Run it again: it goes on from there.")


def plain(error: PrintModelsError, git: Git, far: str, *, lacks: int = 0) -> PrintModelsError:
    """Return an error that says how `far` it came and what to do; one that has a remedy stays as it is.

    `lacks` are the bytes that were still to be written, as far as known.
    """
    if not isinstance(error, ProcessFailed) or error.remedy:
        return error
    said = f"{error.detail}\n{error.completed.text}".lower()
    if no_room(error):
        needed = f"Free {size(lacks + _RESERVE)}" if lacks else "Free some space (df -h, df -i)"
        return Lacking(f"No room on the disk: {far}.", f"{needed}, then run it again.", detail=error.detail)
    if "read-only file system" in said:
        return Lacking(
            f"The file system is read-only: {far}.",
            "Look why (dmesg; a worn SD card does that), make it writable: mount -o remount,rw. " + _AGAIN,
            detail=error.detail,
        )
    if "index.lock" in said and "file exists" in said:
        return Busy(
            f"Another git took the index meanwhile: {far}.",
            f"Wait for it. {_AGAIN}",
            detail=error.detail,
        )
    if gone := without_lfs(git, far):
        return gone
    return PrintModelsError(
        f"{error.what.removesuffix('.')} — {far}.", f"Mend that. {_AGAIN}", detail=error.detail
    )


def no_room(error: ProcessFailed) -> bool:
    """True where a program said that the disk is full."""
    said = f"{error.detail}\n{error.completed.text}".lower()
    return any(word in said for word in _ROOM)


def without_lfs(git: Git, far: str) -> Lacking | None:
    """Return that git-lfs is gone, with the line that installs it; None where it answers."""
    if git.ask("lfs", "version", check=False).code == 0:
        return None
    return Lacking(f"git-lfs is not installed any more: {far}.", f"{LFS_REMEDY} {_AGAIN}")


def lacking(store: ObjectStore, pointers: Iterable[Pointer]) -> list[Pointer]:
    """Return the objects that a store does not have yet."""
    return [pointer for pointer in pointers if not store.has(pointer)]


def too_little(store: ObjectStore, pointers: list[Pointer]) -> tuple[int, int] | None:
    """Return (bytes wanted, bytes free) where these objects don't fit on the disk of a store, else None."""
    if not pointers:
        return None
    found = os.statvfs(nearest(store.folder))
    wanted = sum(pointer.size + _PER_FILE for pointer in pointers) + _RESERVE
    free = found.f_bavail * found.f_frsize
    return (wanted, free) if wanted > free else None


def room_to_stage(store: ObjectStore, pointers: list[Pointer], far: Far) -> None:
    """Note what staging will copy, and raise Lacking where that does not fit: an image is in its folder and in Git LFS."""
    copied = lacking(store, pointers)
    far.lacks = sum(pointer.size for pointer in copied)
    if (short := too_little(store, copied)) is not None:
        wanted, free = short
        raise Lacking(
            f"Git LFS needs {size(wanted)} for its copy of the images, {size(free)} are free in {safe(store.folder)}: "
            f"{far.said}.",
            f"Free {size(wanted - free)}, then run it again.",
        )


def nearest(folder: Path) -> Path:
    """Return the folder itself, or the nearest one above it that exists."""
    return next(at for at in (folder, *folder.parents) if at.is_dir())
