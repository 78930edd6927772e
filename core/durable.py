"""Bytes that stay: atomic files, folders published by one rename, copies hashed while they are read, locks.

What always holds: a file written here is the old one or the new one, whole, also after a power cut; a published
folder appears complete or not at all, and never replaces another; an OSError about room becomes a sentence.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from core.errors import Busy, Damaged, Lacking, PrintModelsError, Refused
from core.text import safe

_CHUNK = 1 << 20
_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}


class Hashed(Struct, frozen=True):
    """The identity of some bytes: `oid` is 'sha256:<hex>', `size` in bytes."""

    oid: str
    size: int


def explain(error: OSError, doing: str) -> PrintModelsError:
    """Turn an OSError met while `doing` something into what a person can act on."""
    where = f" ({safe(os.fsdecode(error.filename))})" if error.filename else ""
    if (
        error.errno == errno.ENOSPC
        and error.filename
        and "inodes" in no_room(Path(os.fsdecode(error.filename)))
    ):
        return Lacking(
            f"No inodes are left on the disk (too many files) while {doing}{where}.",
            "Remove files, large or small (df -i), then try again; nothing that was there before is lost.",
            detail=str(error),
        )
    if error.errno in _ROOM:
        return Lacking(
            f"No room on the disk while {doing}{where}.",
            "Free some space or inodes (df -h, df -i), then try again; nothing that was there before is lost.",
            detail=str(error),
        )
    if error.errno == errno.EROFS:
        return Lacking(
            f"The file system is read-only, so nothing can be written while {doing}{where}.",
            "Look why (dmesg; a worn SD card does that), then make it writable: mount -o remount,rw",
            detail=str(error),
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return _not_allowed(error, doing)
    reason = (error.strerror or str(error)).lower()
    return Lacking(
        f"The disk failed while {doing}{where}: {reason}.", "Look at the disk (dmesg), then try again."
    )


def _not_allowed(error: OSError, doing: str) -> PrintModelsError:
    """Name the first folder or file on the way that one may not write, and who owns it."""
    if not error.filename:
        return Lacking(
            f"Permission was denied while {doing}.", "Check who owns the folder (ls -ld).", detail=str(error)
        )
    path = Path(os.fsdecode(error.filename)).absolute()
    at = next((folder for folder in (path, *path.parents) if os.path.lexists(folder)), path)
    return Lacking(
        f"Permission was denied while {doing}: {safe(at)} belongs to {owner(at)}.",
        f"Make it yours and writable: sudo chown -R $USER {safe(at)}; chmod u+rwX {safe(at)}",
        detail=str(error),
    )


def owner(path: Path) -> str:
    """Return who owns a file or folder, by name where this host knows one."""
    try:
        return safe(path.owner())
    except (KeyError, OSError):
        pass
    try:
        return f"user {path.lstat().st_uid}"
    except OSError:
        return "someone else"


def no_room(path: Path) -> str:
    """Return in a few words what the disk below `path` has none of: space, or inodes; '' where it has both."""
    near = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    found = os.statvfs(near)
    if found.f_files and not found.f_favail:
        return "no inodes are left on the disk (too many files)"
    return "" if found.f_bavail else "the disk is full"


def fsync_dir(path: Path) -> None:
    """Make the entries of a folder durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def fsync_tree(path: Path) -> None:
    """Make every file and folder below `path` durable, the folder itself last."""
    for folder, _, names in os.walk(path, topdown=False):
        for name in names:
            fd = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        fsync_dir(Path(folder))


def sync_filesystem(path: Path) -> None:
    """Make all that was written to the file system of `path` durable (syncfs; sync where that is missing)."""
    import ctypes

    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        os.sync()
        return
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if syncfs(fd):
            raise OSError(ctypes.get_errno(), "syncfs failed", os.fspath(path))
    finally:
        os.close(fd)


def _syncfs_tells() -> bool:
    """True where syncfs says that a write failed, as Linux does since 5.8; else every file has to be asked."""
    import ctypes

    if not hasattr(ctypes.CDLL(None), "syncfs"):
        return False
    major, minor = (int(word) for word in re.findall(r"\d+", os.uname().release)[:2])
    return (major, minor) >= (5, 8)


def atomic_write(
    path: Path,
    data: bytes,
    *,
    mode: int = 0o644,
    last_look: Callable[[], None] | None = None,
    at_once: bool = True,
) -> None:
    """Replace the file by `data`: temporary file beside it, fsync, rename, fsync of the folder.

    A file that is there keeps its permissions, a new one gets `mode`. `last_look` is called right before the rename;
    what it raises is raised, and the old file stays. Where it need not be `at_once`, a power cut in the next moments may
    leave the old file, whole. Raises Refused (a link, which a rename would
    replace), Lacking (room, permission, failing disk); the old file is then as it was.
    """
    temporary = ""
    try:
        mode = _mode_of(path, mode)
        fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        if last_look is not None:
            last_look()
        os.rename(temporary, path)
        temporary = ""
        if at_once:
            fsync_dir(path.parent)
    except OSError as error:
        raise explain(error, f"writing {safe(path.name)}") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _mode_of(path: Path, mode: int) -> int:
    """Return the permissions of the file that is there, else `mode`. Raises Refused where it is a link."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return mode
    if stat.S_ISLNK(found.st_mode):
        raise Refused(
            f"{safe(path.name)} is a link to {safe(os.readlink(path), limit=200)}, and a link is not written through.",
            "Put the file itself in the place of the link, then try again.",
        )
    return stat.S_IMODE(found.st_mode) & 0o777


def _rename_noreplace(source: Path, target: Path) -> None:
    import ctypes

    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    at_fdcwd, noreplace = -100, 1
    if renameat2 is not None:
        if not renameat2(at_fdcwd, os.fsencode(source), at_fdcwd, os.fsencode(target), noreplace):
            return
        code = ctypes.get_errno()
        if code not in (errno.EINVAL, errno.ENOSYS):
            raise OSError(code, os.strerror(code), os.fspath(target))
    # No RENAME_NOREPLACE here: claim the name by an empty folder, which rename then may replace and nobody else takes.
    os.mkdir(target)
    os.rename(source, target)


def publish_dir(staged: Path, target: Path, *, synced: bool = False) -> None:
    """Let a finished folder appear under its name by one rename, durable when it returns.

    Both must lie on one file system; `synced` says that `sync_filesystem` was called since the last write. Raises
    Refused where the name is taken, which is never replaced.
    """
    try:
        if not (synced and _syncfs_tells()):
            fsync_tree(staged)
        fsync_dir(staged.parent)
        _rename_noreplace(staged, target)
        fsync_dir(target.parent)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise Refused(
                f"{safe(target.name)} exists already and is never overwritten.", "Choose another number."
            ) from error
        raise explain(error, f"publishing {safe(target.name)}") from error


def _hash_stream(source: BinaryIO, target: BinaryIO | None) -> Hashed:
    import hashlib

    digest, total = hashlib.sha256(), 0
    while block := source.read(_CHUNK):
        digest.update(block)
        if target is not None:
            target.write(block)
        total += len(block)
    return Hashed(f"sha256:{digest.hexdigest()}", total)


def hash_file(path: Path) -> Hashed:
    """Return oid and size of a file's bytes."""
    with open(path, "rb") as file:
        return _hash_stream(file, None)


def copy_hashing(source: Path | BinaryIO, target: Path, *, keep_mtime: bool = True) -> Hashed:
    """Copy into a new file, hashing the bytes in the same read; the target must not exist (FileExistsError).

    The source's modification time is kept, so that a later `git status` need not read a file that is older than the
    index. Not durable yet: `publish_dir` or `fsync_tree` makes it so.
    """
    with open(target, "xb") as out:
        if isinstance(source, Path):
            with open(source, "rb") as file:
                hashed, found = _hash_stream(file, out), os.fstat(file.fileno())
            times: tuple[int, int] | None = (found.st_atime_ns, found.st_mtime_ns)
        else:
            hashed, times = _hash_stream(source, out), None
    if keep_mtime and times:
        os.utime(target, ns=times)
    return hashed


def has_locks(path: Path) -> bool:
    """True where the file system of `path`, which is made as an empty file, has locks that databases use."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.lockf(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _NO_LOCKS
    finally:
        os.close(fd)
    return True


def open_regular(path: Path) -> BinaryIO:
    """Open a file that others may have put there; never waits for a pipe, nor begins to read what has no end.

    Raises OSError, Damaged for what is no regular file, as behind a link to /dev/zero.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Damaged(f"{safe(path.name)} is no regular file.", f"Look what it is: ls -l {safe(path)}")
    return os.fdopen(fd, "rb")


def take_lock(fd: int, path: Path, *, timeout: float = 0.0) -> bool:
    """Lock an open file for its process alone; False where another still holds it after `timeout` seconds.

    Raises Lacking on a file system without locks.
    """
    import time

    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            # flock has no time limit of its own, so it is asked again until ours is over.
            time.sleep(0.02)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            raise Lacking(
                f"The file system of {safe(path.parent)} has no file locks, as a network share may have none; "
                "nothing is written without them.",
                "Keep the workspace on a disk of this machine.",
                detail=str(error),
            ) from error


@contextmanager
def lock(path: Path, *, what: str, timeout: float = 0.0) -> Iterator[None]:
    """Hold an exclusive lock on a file; it ends with the process, however that ends.

    Waits at most `timeout` seconds, then raises Busy with `what` is held.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not take_lock(fd, path, timeout=timeout):
            raise Busy(
                f"Another print-models holds {what} just now.", "Wait until it has finished, then try again."
            )
        yield
    finally:
        os.close(fd)
