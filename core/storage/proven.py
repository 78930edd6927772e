"""Objects of Git LFS whose bytes were read back: remembered by what the file system says of them.

What is trusted: an object is taken to have the bytes it is named by, without reading it, only while size, both times,
inode and device are as they were right after its bytes had been read and hashed. Whatever writes to a file changes
those (an object is written once, and replaced by a rename only); a disk that rots in silence does not, which is what
`verify` is for. What is kept may be thrown away: then everything is read once more. Called by the placing of objects and by the staging of a version.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from core.durable import atomic_write
from core.errors import PrintModelsError
from core.storage.lfs import ObjectStore, Pointer
from core.workspace import Workspace

_FILE = "proven-objects.json"

Stamp = tuple[int, int, int, int, int]


def stamp_of(at: os.stat_result) -> Stamp:
    """Return what tells that a file is as it was: size, times, inode, device."""
    return at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino, at.st_dev


class Proven:
    """The objects of one store that were read back, by oid; safe to use from several threads."""

    def __init__(self, workspace: Workspace, store: ObjectStore) -> None:
        self._path = workspace.cache / _FILE
        self._writable = workspace.read_only is None and workspace.private.is_dir()
        self.store = store
        self._seen = self._load()
        self._fresh = False
        self._guard = threading.Lock()

    def _load(self) -> dict[str, Stamp]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Stamp])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return {}

    def holds(self, pointer: Pointer) -> bool:
        """True where the object is as it was when it was read back, with the right number of bytes."""
        return self.stamp(pointer) is not None

    def stamp(self, pointer: Pointer) -> Stamp | None:
        """Return what the file system says of an object that is as it was when it was read back, else None."""
        with self._guard:
            known = self._seen.get(pointer.oid)
        if known is None or known[0] != pointer.size:
            return None
        try:
            now = stamp_of(os.lstat(self.store.where(pointer.oid)))
        except OSError:
            return None
        return known if now == known else None

    def note(self, oid: str, stamp: Stamp) -> None:
        """Remember an object whose bytes were just read back, or that got a second name by us."""
        with self._guard:
            self._seen[oid] = stamp
            self._fresh = True

    def forget(self, oid: str) -> None:
        """Trust an object no longer whose bytes turned out to be others: it is read again before it is used."""
        with self._guard:
            self._seen.pop(oid, None)
            self._fresh = True
        self.keep()

    def keep(self) -> None:
        """Keep what was noted for the next program; a full or read-only disk only means reading once more."""
        if not self._fresh or not self._writable:
            return
        self._fresh = False
        try:
            self._path.parent.mkdir(exist_ok=True)
            atomic_write(self._path, msgspec.json.encode(self._there()))
        except (OSError, PrintModelsError):
            return

    def _there(self) -> Mapping[str, Stamp]:
        """Return what is known of objects that are still there."""
        return {oid: stamp for oid, stamp in self._seen.items() if os.path.exists(self.store.where(oid))}


#: Inode → change time (ns) before this process gave an object a further name, which changes it for all its names.
_links: dict[int, int] = {}
#: Work-tree files whose bytes this process has read back, by path: staging need not read them again.
_files: dict[str, tuple[str, Stamp]] = {}


def note_files(found: Iterable[tuple[Path, str, Stamp]]) -> None:
    """Remember files of the work tree that this process wrote and read back: path, oid, stamp."""
    _files.update({os.fspath(path): (oid, stamp) for path, oid, stamp in found})


def file_stat(path: Path, oid: str) -> os.stat_result | None:
    """Return lstat of a file that this process has read back with that oid and that nothing changed since, else None."""
    known = _files.get(os.fspath(path))
    if known is None or known[0] != oid:
        return None
    try:
        at = os.lstat(path)
    except OSError:
        return None
    return at if stamp_of(at) == known[1] else None


def note_links(links: Mapping[int, int]) -> None:
    """Remember which inodes got a further name, with the change time they had before."""
    for inode, before in links.items():
        _links.setdefault(inode, before)


def take_links() -> dict[int, int]:
    """Return what `note_links` remembered, which the index is about to be told, and forget it."""
    taken = dict(_links)
    _links.clear()
    return taken
