"""The hash of a large file, read once: remembered beside what the file system says of the file.

What always holds: a file whose size, times or place on the disk differ is read again, and so is one that was written a
moment ago; what is kept in `.print-models/cache` may be thrown away. Nothing is proven from here: a release, `verify` and
`promote` read the bytes. Called by the list of models, and for versions of older tools, which name no hashes.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from core.durable import Hashed, atomic_write, hash_file
from core.errors import PrintModelsError
from core.workspace import Workspace

_FILE = "hashes.json"
#: Two writes may lie within one tick of the file system's clock, so the second would not be seen.
_FRESH_NS = 100_000_000


class _Seen(msgspec.Struct, frozen=True, array_like=True):
    """A file as it was when it was read: size, times, inode and device, and its hash."""

    stamp: tuple[int, ...]
    oid: str


_seen: dict[str, _Seen] = {}
_recalled: set[Path] = set()
#: Files that were read since their hashes were kept last.
_unkept: set[str] = set()


def hash_once(path: Path) -> Hashed:
    """Return oid and size of a file; one that is as it was when it was read last is not read again."""
    at = os.stat(path)
    stamp = (at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino, at.st_dev)
    known = _seen.get(os.fspath(path))
    if known is not None and known.stamp == stamp:
        return Hashed(known.oid, at.st_size)
    found = hash_file(path)
    if found.size == at.st_size and time.time_ns() - at.st_ctime_ns > _FRESH_NS:
        _seen[os.fspath(path)] = _Seen(stamp, found.oid)
        _unkept.add(os.fspath(path))
    return found


def recall(workspace: Workspace) -> None:
    """Take up what earlier programs read in this workspace."""
    if workspace.read_only is not None or workspace.root in _recalled:
        return
    _recalled.add(workspace.root)
    try:
        known = msgspec.json.decode((workspace.cache / _FILE).read_bytes(), type=dict[str, _Seen])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return
    _seen.update({name: one for name, one in known.items() if name not in _seen})


def remember(workspace: Workspace) -> None:
    """Keep what was read in this workspace for the next program; one that is only read stays as it is."""
    own = {name for name in list(_unkept) if name.startswith(f"{workspace.root}/")}
    if not own or workspace.read_only is not None or not workspace.private.is_dir():
        return
    _unkept.difference_update(own)
    known = {
        name: one
        for name, one in list(_seen.items())
        if name.startswith(f"{workspace.root}/") and os.path.exists(name)
    }
    try:
        workspace.cache.mkdir(exist_ok=True)
        atomic_write(workspace.cache / _FILE, msgspec.json.encode(known))
    except (
        OSError,
        PrintModelsError,
        UnicodeEncodeError,
    ):  # a full disk, an odd name: they are read again next time
        return
