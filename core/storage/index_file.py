"""Git's index written with more entries than it had, so that git need not read the files they name.

What always holds: the index is the old one or the new one, whole; only version 2 is written, as git describes it in
its own documentation of the format, and an index with anything in it that can't be kept is Foreign and left alone;
the lock is git's own. Called by core/storage/staging.py; `git add` is the fall-back, and the judge in the tests.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import Busy

#: ctime, mtime (seconds, nanoseconds), dev, ino, mode, uid, gid, size: ten numbers of 32 bits before the blob's name.
_NUMBERS = struct.Struct(">10I")
_TIMES = struct.Struct(">4I")
_FILE, _EXECUTABLE = 0o100644, 0o100755
_EXTENDED, _STAGES, _LONGEST = 0x4000, 0x3000, 0x0FFF
#: Extensions that only save time: git makes them anew. What the resolved conflicts were is kept as it is.
_DROPPED, _KEPT = frozenset({b"TREE", b"EOIE", b"IEOT"}), frozenset({b"REUC"})
_LOCK, _OURS = "index.lock", "index.print-models-lock."


class Foreign(Exception):
    """An index that this module does not write: the text says why."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A file to be staged: its path in the repository, its blob's name as raw bytes, and what lstat says of it."""

    path: bytes
    blob: bytes
    stat: os.stat_result


@dataclass(slots=True)
class Index:
    """An index as it was read: rows of (path, the entry's own bytes with their padding), in git's order.

    `whole` are the bytes of the file.
    """

    rows: list[tuple[bytes, bytes]]
    kept: bytes
    hash_name: str
    whole: bytes = b""

    @property
    def blobs(self) -> set[bytes]:
        """The names of all blobs that are staged, which the repository therefore has."""
        return {self._blob(row) for _, row in self.rows}

    def blobs_of(self, paths: Set[bytes]) -> dict[bytes, bytes]:
        """Return path → its blob's name, of those of these paths that are staged."""
        return {path: self._blob(row) for path, row in self.rows if path in paths}

    def _blob(self, row: bytes) -> bytes:
        return row[_NUMBERS.size : _NUMBERS.size + _width(self.hash_name)]


def _width(hash_name: str) -> int:
    return 32 if hash_name == "sha256" else 20


def read(path: Path, hash_name: str = "sha1") -> Index:
    """Read an index; one that is not there is empty. Raises Foreign for what can't be kept, OSError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Index([], b"", hash_name)
    width = _width(hash_name)
    end = len(data) - width
    if end < 12 or data[:4] != b"DIRC":
        raise Foreign("it is no index")
    version, number = struct.unpack_from(">II", data, 4)
    if version != 2:
        raise Foreign(f"it has version {version}")
    if data[end:] not in (hashlib.new(hash_name, data[:end]).digest(), bytes(width)):
        raise Foreign("it is damaged")
    try:
        rows, at = _rows(data, number, width)
        kept = _extensions(data[at:end])
    except (IndexError, ValueError, struct.error) as error:
        raise Foreign("it is damaged") from error
    return Index(rows, kept, hash_name, data)


def again(before: Index, path: Path) -> Index:
    """Read an index that was read `before`; one that is the same to the byte is not taken apart once more."""
    try:
        if before.whole and path.read_bytes() == before.whole:
            return before
    except FileNotFoundError:
        pass
    return read(path, before.hash_name)


def _rows(data: bytes, number: int, width: int) -> tuple[list[tuple[bytes, bytes]], int]:
    fixed = _NUMBERS.size + width + 2
    rows, at = [], 12
    for _ in range(number):
        flags = data[at + fixed - 2] << 8 | data[at + fixed - 1]
        if flags & (_EXTENDED | _STAGES):
            raise Foreign("a merge is not finished in it")
        length = flags & _LONGEST
        if length == _LONGEST:
            length = data.index(b"\0", at + fixed) - at - fixed
        # From one to eight NULs, so that the next entry begins at a multiple of eight.
        after = at + (fixed + length + 8) // 8 * 8
        rows.append((data[at + fixed : at + fixed + length], data[at:after]))
        at = after
    return rows, at


def _extensions(data: bytes) -> bytes:
    kept, at = [], 0
    while at < len(data):
        name, size = data[at : at + 4], struct.unpack_from(">I", data, at + 4)[0]
        if name in _KEPT:
            kept.append(data[at : at + 8 + size])
        elif name not in _DROPPED:
            raise Foreign(f"it has the extension {name.decode('ascii', 'replace')}")
        at += 8 + size
    return b"".join(kept)


def with_files(index: Index, files: Sequence[Staged], *, root: Path, touched: Mapping[int, int]) -> bytes:
    """Return the bytes of the index with these files in it.

    `touched` is inode → change time (ns) before a hard link was made to it: entries of the files that share such an
    inode get the change time that the link gave them, where nothing else of them differs. Raises Foreign where one of
    the files lies below what the index has as a file.
    """
    width = _width(index.hash_name)
    rows = dict(index.rows)
    if touched:
        above = os.fsencode(root) + b"/"
        rows = {path: _relinked(path, row, above, touched) for path, row in index.rows}
    for folder in {above for file in files for above in _above(file.path)}:
        if folder in rows:
            raise Foreign("a folder of the version is a file in it")
    rows.update({file.path: _row(file, width) for file in files})
    body = b"".join(rows[path] for path in sorted(rows))
    whole = struct.pack(">4sII", b"DIRC", 2, len(rows)) + body + index.kept
    return whole + hashlib.new(index.hash_name, whole).digest()


def _above(path: bytes) -> Iterator[bytes]:
    while b"/" in path:
        path = path.rpartition(b"/")[0]
        yield path


def _row(file: Staged, width: int) -> bytes:
    at = file.stat
    numbers = (
        *_seconds(at.st_ctime_ns),
        *_seconds(at.st_mtime_ns),
        at.st_dev,
        at.st_ino,
        _EXECUTABLE if at.st_mode & 0o100 else _FILE,
        at.st_uid,
        at.st_gid,
        at.st_size,
    )
    head = _NUMBERS.pack(*(number & 0xFFFFFFFF for number in numbers)) + file.blob
    head += struct.pack(">H", min(len(file.path), _LONGEST)) + file.path
    return head + bytes(8 - len(head) % 8)


def _seconds(ns: int) -> tuple[int, int]:
    return divmod(ns, 1_000_000_000)


def _relinked(path: bytes, row: bytes, above: bytes, touched: Mapping[int, int]) -> bytes:
    """Return an entry with the change time that a hard link of ours gave its file; all other entries as they are."""
    changed_s, changed_ns, written_s, written_ns, _, inode, _, _, _, size = _NUMBERS.unpack_from(row)
    before = touched.get(inode)
    if before is None or tuple(n & 0xFFFFFFFF for n in _seconds(before)) != (changed_s, changed_ns):
        return row
    try:
        at = os.lstat(above + path)
    except OSError:
        return row
    written = tuple(n & 0xFFFFFFFF for n in _seconds(at.st_mtime_ns))
    if (at.st_ino & 0xFFFFFFFF, at.st_size & 0xFFFFFFFF, written) != (inode, size, (written_s, written_ns)):
        return row
    changed = (n & 0xFFFFFFFF for n in _seconds(at.st_ctime_ns))
    return _TIMES.pack(*changed, written_s, written_ns) + row[_TIMES.size :]


@contextmanager
def locked(index: Path) -> Iterator[_Lock]:
    """Hold git's lock on an index; what `put` is given becomes the index at the end, in one rename.

    The lock is a second name of a file that carries this process's number, so that one left by a process that is no
    more can be told from another git's. Raises Busy where another git holds it, Foreign on a file system without hard
    links, OSError; the old index is then there.
    """
    sweep(index)
    own, name = index.with_name(f"{_OURS}{os.getpid()}"), index.with_name(_LOCK)
    # One left with this very number may be a second name of the index itself: it is never written through.
    own.unlink(missing_ok=True)
    fd = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    lock = _Lock(fd, index)
    try:
        try:
            os.link(own, name)
        except FileExistsError as error:
            raise Busy(
                "Another git took the index meanwhile: nothing of the version is staged.",
                "Wait for it, then run it again: it goes on from there.",
            ) from error
        except OSError as error:
            raise Foreign("the file system has no hard links") from error
        try:
            yield lock
            if lock.written:
                os.fsync(fd)
                os.rename(name, index)
        finally:
            with contextlib.suppress(FileNotFoundError):
                if not lock.written or os.path.samestat(os.fstat(fd), os.lstat(name)):
                    name.unlink()
    finally:
        os.close(fd)
        own.unlink(missing_ok=True)


class _Lock:
    """The lock on an index, and the file that takes its place."""

    def __init__(self, fd: int, index: Path) -> None:
        self._fd, self._index = fd, index
        self.written = False

    def put(self, data: bytes) -> None:
        """Write what becomes the index, with the permissions of the old one."""
        with contextlib.suppress(FileNotFoundError):
            os.fchmod(self._fd, os.stat(self._index).st_mode & 0o777)
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        self.written = True


def sweep(index: Path) -> None:
    """Take away the lock on an index that a process of ours left which is no more; another git's lock stays."""
    for left in index.parent.glob(f"{_OURS}*"):
        try:
            os.kill(int(left.name.removeprefix(_OURS)), 0)
            continue
        except (ProcessLookupError, ValueError):
            pass
        except OSError:
            continue
        lock = index.with_name(_LOCK)
        with contextlib.suppress(OSError):
            if os.path.samestat(left.lstat(), lock.lstat()):
                lock.unlink()
        with contextlib.suppress(OSError):
            left.unlink()
