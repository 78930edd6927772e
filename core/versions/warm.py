"""What was made of a draft, remembered from one program to the next until anything that it was made of is another.

What always holds: an answer counts only for the very labels, file lists, settings, versions, commits, cameras and program
it was made with; what was written within the last moment may be written again without looking any different, so
nothing is kept then; what can't be read, or is of another tree, is made anew. A release and an export never take one. It
lies in `.print-models/cache` and may be thrown away. Called by `status` and `diff`, and by `rechecked`, which asks for more.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from core.durable import atomic_write
from core.errors import PrintModelsError
from core.storage.known import tips
from core.tasks import Task
from core.version import __version__
from core.versions import manifest
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore

_FILE = "drafts.json"
#: Counted up where an answer is made otherwise of the same things.
_RULES = 1
#: A file that was written less long ago may be written once more with the same times: nothing is kept of it.
_SETTLED_S = 0.5
#: No answer of more bytes is kept, and no more answers than so many.
_LONGEST, _MOST = 256 << 10, 16
#: Files of the workspace's own folder that tell nothing about a draft.
_ELSE = ("git.log", "release.json", "remotes.json", ".gitignore")

T = TypeVar("T")


class _Known(msgspec.Struct):
    """An answer and what it was made of."""

    key: str
    answer: msgspec.Raw


class Moving(Exception):
    """Something was written a moment ago, or can't be told from what it may become."""


def key(workspace: Workspace, task: Task, index: FrameIndex) -> str | None:
    """Return what names all that a draft of the task is made of, None where nothing may be kept of it just now.

    The file list has to be scanned. A version of an older tool, which names no hashes, has no such name.
    """
    try:
        return _key(workspace, task, index)
    except (Moving, OSError, PrintModelsError):
        return None


def told(workspace: Workspace, store: LabelStore, task: Task, frames: Iterable[str]) -> bool:
    """True where labels, or the version before, tell the size of all these images: no camera's file was asked for it."""
    parent, given = manifest.latest(workspace, task), store.labels(task)
    held = {item.source for item in parent.items} if parent else set()
    return all(frame in held or (frame in given and given[frame].size is not None) for frame in frames)


def once(
    workspace: Workspace,
    name: str,
    named: Callable[[], str | None],
    find: Callable[[], tuple[T, bool]],
    kind: type[T],
) -> T:
    """Return the answer `name` as it was found for what `named` says now, else what `find` finds.

    That is kept where `find` says that it may be, and `named` says the same before and after.
    """
    before, path = named(), workspace.cache / _FILE
    known = _load(path) if before is not None else {}
    if before is not None and name in known and known[name].key == before:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            return msgspec.json.decode(known[name].answer, type=kind)
    found, lasting = find()
    if not lasting or before is None or workspace.read_only is not None or named() != before:
        return found
    with suppress(
        OSError, PrintModelsError, UnicodeEncodeError
    ):  # a full disk, an odd name: found again next time
        answer = msgspec.json.encode(found)
        kept = {other: one for other, one in _load(path).items() if other != name}
        if len(answer) <= _LONGEST:
            kept[name] = _Known(before, msgspec.Raw(answer))
        workspace.cache.mkdir(exist_ok=True)
        atomic_write(path, msgspec.json.encode(dict(list(kept.items())[-_MOST:])))
    return found


def _load(path: Path) -> dict[str, _Known]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, _Known])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _key(workspace: Workspace, task: Task, index: FrameIndex) -> str:
    facts: list[object] = [_RULES, __version__, workspace.root, task, workspace.settings, tips(workspace)]
    facts += [
        (name, source.path.is_symlink() and os.readlink(source.path), index.unreachable(name) is None)
        for name, source in workspace.sources.items()
    ]
    facts += [_own(workspace), _kept(workspace)]
    facts += [_versions(workspace, other) for other in workspace.tasks.values()]
    return hashlib.sha256(repr(facts).encode("utf-8", "backslashreplace")).hexdigest()


def _own(workspace: Workspace) -> list[object]:
    """Return what tells the databases and what else this workspace keeps for itself, by name."""
    found: list[object] = []
    with os.scandir(workspace.private) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.name in _ELSE or entry.name.endswith((".lock", "-shm", ".tmp")) or not entry.is_file():
                continue
            at, log = stamp(Path(entry.path)), entry.name.endswith("-wal")
            if at is not None and (at[0] or not log):  # an empty one comes with opening
                # Opening a database gives its log an owner, and so another ctime; what is written changes mtime too.
                found.append((entry.name, (*at[:2], *at[3:]) if log else at))
    return found


def _versions(workspace: Workspace, task: Task) -> list[object]:
    folder = workspace.dataset_root(task)
    found: list[object] = [stamp(folder / manifest.WITHDRAWN)]
    for name in manifest.list_versions(workspace, task):
        path = workspace.version_dir(task, name)
        stamps = [stamp(path / file) for file in (manifest.METADATA, manifest.INFO, manifest.LABELS)]
        if stamps[0] is None:
            raise Moving
        found.append((name, stamps))
    return found


def _kept(workspace: Workspace) -> list[object]:
    """Return what tells which pictures are kept: a folder's times change with what is in it."""
    try:
        with os.scandir(workspace.kept) as entries:
            folders = sorted(entry.path for entry in entries if entry.is_dir())
    except FileNotFoundError:
        return []
    return [(path, stamp(Path(path))) for path in folders]


def stamp(path: Path) -> tuple[int, ...] | None:
    """Return what tells a file from another one, None where it is not there; raises Moving for one just written."""
    try:
        at = os.stat(path)
    except FileNotFoundError:
        return None
    if at.st_size and abs(time.time_ns() - at.st_mtime_ns) < _SETTLED_S * 1e9:
        raise Moving
    return at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino, at.st_dev
