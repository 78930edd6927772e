"""Images into git's LFS store while they are exported: written beside it, read back, and there by a rename.

What always holds: an object appears under its name only after its bytes were read back and hashed, and only whole; one
that is there with the right bytes is not written again; a file of the work tree shares its blocks with the object
where the file system can (reflink), is a second name of it only where the settings ask for hard links, else a copy.
Called by the export of a release, and by its staging for images that were exported earlier.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import shutil
import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from core.durable import hash_file, sync_filesystem
from core.errors import Lacking
from core.storage.lfs import ObjectStore, Pointer
from core.storage.proven import Proven, Stamp, stamp_of
from core.text import safe
from core.workspace import Workspace

#: ioctl of Linux that lets a file share the blocks of another until one of them is written to.
_FICLONE = 0x40049409
_UNABLE = {errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.EXDEV, errno.ENOSYS, errno.EPERM, errno.EMLINK}
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_numbers = itertools.count(1)


#: Where a file is: below an open folder, by its name there, or (None) by its whole path.
Spot = tuple[int | None, str]


class Shelf:
    """A store of objects that gets new ones: `share` or `place` while images are exported, `publish` at the end.

    As a context it removes what was not published. `linked` is inode → change time (ns) before we gave it a second
    name, `shared` how many files of the work tree take no room of their own. Safe to use from several threads.
    """

    def __init__(self, store: ObjectStore, proven: Proven, *, hardlink: bool = False) -> None:
        self.store, self.proven, self.hardlink = store, proven, hardlink
        self.linked: dict[int, int] = {}
        self.shared = 0
        self.folder = store.folder.parent / "tmp" / f"print-models.{os.getpid()}.{next(_numbers)}"
        self._can_clone = True
        self._waiting: dict[str, tuple[Pointer, Spot]] = {}
        self._copies: set[str] = set()
        self._guard = threading.Lock()

    def __enter__(self) -> Shelf:
        _sweep(self.folder.parent)
        self.folder.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def adopt(self, pointer: Pointer) -> bool:
        """True where the object is in the store with the right bytes: read now, where that is not known already."""
        if self.proven.holds(pointer):
            return True
        path = self.store.path(pointer.oid)
        try:
            before = os.lstat(path)
            if before.st_size != pointer.size or hash_file(path).oid != pointer.oid:
                return False
        except OSError:
            return False
        self.proven.note(pointer.oid, stamp_of(before))
        return True

    def share(self, pointer: Pointer, target: Spot, mtime_ns: int | None = None) -> bool:
        """Make a file of the work tree from an object that was read back, without reading it; False where that can't be.

        It is a reflink, or, where the settings ask for it, a hard link. Raises OSError where the target exists.
        """
        known = self.proven.stamp(pointer)
        if known is None:
            return False
        source = (None, self.store.where(pointer.oid))
        if self._cloned(source, target, known[1] if mtime_ns is None else mtime_ns):
            return True
        return self.hardlink and self._linked(pointer, source[1], target)

    def copy(self, pointer: Pointer, target: Spot) -> bool:
        """Make a file of the work tree by copying an object that was read back, within the kernel; False where there is none.

        What was written is for the caller to read back. Raises OSError where the target exists.
        """
        known = self.proven.stamp(pointer)
        if known is None:
            return False
        file = os.open(self.store.where(pointer.oid), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            out = os.open(target[1], _NEW, 0o644, dir_fd=target[0])
            try:
                left = pointer.size
                while left and (sent := os.sendfile(out, file, pointer.size - left, left)):
                    left -= sent
                os.utime(out, ns=(known[1], known[1]))
            except OSError as error:
                os.unlink(target[1], dir_fd=target[0])
                if error.errno not in _UNABLE:
                    raise
                return False
            finally:
                os.close(out)
        finally:
            os.close(file)
        return True

    def _cloned(self, source: Spot, target: Spot, mtime_ns: int) -> bool:
        if not self._can_clone:
            return False
        out = os.open(target[1], _NEW, 0o644, dir_fd=target[0])
        try:
            file = os.open(source[1], os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source[0])
            try:
                fcntl.ioctl(out, _FICLONE, file)
            finally:
                os.close(file)
            os.utime(out, ns=(mtime_ns, mtime_ns))
        except OSError as error:
            os.unlink(target[1], dir_fd=target[0])
            if error.errno not in _UNABLE:
                raise
            self._can_clone = False
            return False
        finally:
            os.close(out)
        with self._guard:
            self.shared += 1
        return True

    def _linked(self, pointer: Pointer, path: str, target: Spot) -> bool:
        """Give an object a second name; it stays proven, since only its change time is another."""
        with self._guard:  # between the two looks nobody of ours links it
            before = os.lstat(path)
            try:
                if before.st_mode & 0o222:
                    os.chmod(path, 0o444)
                os.link(path, target[1], dst_dir_fd=target[0])
            except OSError as error:
                if error.errno not in _UNABLE:
                    raise
                return False
            finally:
                self.linked.setdefault(before.st_ino & 0xFFFFFFFF, before.st_ctime_ns)
                self.proven.note(pointer.oid, stamp_of(os.lstat(path)))
            self.shared += 1
        return True

    def place(
        self,
        pointer: Pointer,
        data: bytes,
        source: Spot,
        mtime_ns: int,
        *,
        copied: bool = False,
        kept: tuple[Path, Stamp] | None = None,
    ) -> None:
        """Write an object beside the store; `source` is a file with these bytes, whose blocks it may share.

        With hard links, unless it is to be `copied`, or where one of the same bytes waits already, nothing is written;
        nor where the bytes were read from a `kept` file of ours that is as it was before that: it becomes the object.
        """
        with self._guard:
            if pointer.oid in self._waiting:
                return
            self._waiting[pointer.oid] = pointer, source
        target: Spot = (None, self._temporary(pointer.oid))
        if (self.hardlink and not copied) or self._cloned(source, target, mtime_ns):
            return
        if kept is not None and self._taken(kept, source, target[1]):
            return
        write_new(target, data, mtime_ns)
        with self._guard:
            self._copies.add(pointer.oid)

    def _taken(self, kept: tuple[Path, Stamp], source: Spot, target: str) -> bool:
        """Give a kept file a second name beside the store, with the permissions of `source`; False where that can't be."""
        try:
            if stamp_of(os.lstat(kept[0])) != kept[1]:
                return False
            os.link(kept[0], target, follow_symlinks=False)
        except OSError as error:
            if error.errno in _UNABLE or error.errno == errno.ENOENT:
                return False
            raise
        os.chmod(target, stat.S_IMODE(os.stat(source[1], dir_fd=source[0], follow_symlinks=False).st_mode))
        return True

    def _temporary(self, oid: str) -> str:
        return os.fspath(self.folder / oid.removeprefix("sha256:"))

    def same(self, oid: str, file: bytes) -> bool:
        """Read a written copy back; True where it holds the bytes of a file that was read back and hashed.

        True too where there is no copy: what shares its blocks with that file, or is it, has no bytes of its own.
        """
        if oid not in self._copies:
            return True
        with open(self._temporary(oid), "rb", buffering=0) as copy:
            return copy.read() == file

    def publish(self, *, synced: Path | None = None) -> None:
        """Make the objects durable and let them appear under their names. Raises OSError.

        `synced` is a folder whose file system was synced since the last of them was written.
        """
        if not self._waiting:
            self.proven.keep()
            return
        if synced is None or synced.stat().st_dev != self.folder.stat().st_dev:
            sync_filesystem(self.folder)
        made: set[Path] = set()
        for oid, (pointer, source) in self._waiting.items():
            path, temporary = self.store.path(oid), self._temporary(oid)
            if path.parent not in made:
                path.parent.mkdir(parents=True, exist_ok=True)
                made.add(path.parent)
            if self.hardlink:
                self._first_link(pointer, source, temporary)
            os.rename(temporary, path)
            self.proven.note(oid, stamp_of(os.lstat(path)))
        self._waiting.clear()
        self.proven.keep()

    def _first_link(self, pointer: Pointer, source: Spot, temporary: str) -> None:
        """Make the object a second name of the first file with its bytes; a file system that can't gets a copy."""
        if os.path.lexists(temporary):
            return
        file = os.open(source[1], os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source[0])
        try:
            try:
                os.link(source[1], temporary, src_dir_fd=source[0], follow_symlinks=False)
                os.fchmod(file, 0o444)
                self.shared += 1
                return
            except OSError as error:
                if error.errno not in _UNABLE:
                    raise
            data, mtime_ns = os.pread(file, pointer.size, 0), os.fstat(file).st_mtime_ns
        finally:
            os.close(file)
        write_new((None, temporary), data, mtime_ns)
        if hash_file(Path(temporary)).oid != pointer.oid:
            raise wrong_bytes(os.path.basename(source[1]))
        sync_filesystem(self.folder)


def shelf_of(workspace: Workspace, store: ObjectStore) -> Shelf:
    """Return the shelf of a workspace's store, as its settings want files to share their bytes."""
    return Shelf(store, Proven(workspace, store), hardlink=workspace.settings.storage.share == "hardlink")


def share_notice(workspace: Workspace) -> str:
    """Say what hard links do and what they risk, where the settings ask for them; else ''."""
    if workspace.settings.storage.share != "hardlink":
        return ""
    return (
        "Hard links are on ([storage] share): an image takes the disk once, as one read-only file in its versions and "
        "in git's LFS store; a program that writes into it in place changes all of them, which verify tells."
    )


def write_new(spot: Spot, data: bytes, mtime_ns: int | None) -> None:
    """Write a new file with that modification time; a name that exists, as anything, is an OSError."""
    fd = os.open(spot[1], _NEW, 0o644, dir_fd=spot[0])
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        if mtime_ns is not None:
            os.utime(fd, ns=(mtime_ns, mtime_ns))
    finally:
        os.close(fd)


def wrong_bytes(name: str) -> Lacking:
    """Return the error of a file that holds other bytes than were written into it."""
    return Lacking(
        f"{safe(name)} was written with other bytes than were read: the disk or memory is failing.",
        "Look at the disk (dmesg), then try again; nothing was exported.",
    )


def _sweep(folder: Path) -> None:
    """Remove what dead processes left beside the store."""
    found: Sequence[Path] = list(folder.glob("print-models.*.*")) if folder.is_dir() else []
    for left in found:
        try:
            os.kill(int(left.name.split(".")[1]), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except (OSError, ValueError):
            continue
