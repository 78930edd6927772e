"""Copies of labelled pictures that no version holds yet, in `.print-models/kept/`, since a camera deletes old frames.

What always holds: a file there is named by the sha256 of its bytes and is compared with it before it is used; nothing
is dropped before a release holds it; the copies take at most `[keep] max`, and never the last of the disk. Labelling
starts the copying, an export finds the pictures, a release ends their keeping.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import PrintModelsError
from core.frames.check import FileBytes, read_file
from core.human import size as human_size
from core.labels.model import Binding
from core.storage.lfs import ObjectStore, Pointer, store_of
from core.storage.proven import Proven, stamp_of
from core.tasks import Task
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.progress import CancelToken
    from core.versions.selection import Draft

_GB = 1_000_000_000
#: So much of the disk is left free whatever the limit says.
_FREE = 500_000_000
_UNFINISHED, _OLD_S = ".copy.", 3600.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What a round of copying did: `copied` pictures, and whether it ended because there is no more room for copies."""

    copied: int = 0
    full: bool = False


def path_of(workspace: Workspace, oid: str) -> Path:
    """Return where the copy of a picture lies, whether it is there or not."""
    name = oid.removeprefix("sha256:")
    return workspace.kept / name[:2] / name


def _is_kept(workspace: Workspace, oid: str, size: int | None) -> bool:
    """True where a copy of that size is there; a power cut may leave a shorter one, which is as good as none."""
    try:
        return path_of(workspace, oid).stat().st_size == size or size is None
    except OSError:
        return False


def usage(workspace: Workspace) -> tuple[int, int]:
    """Return number and bytes of all copies; one that a dead process left unfinished is removed."""
    number = total = 0
    for folder, _, names in os.walk(workspace.kept):
        for name in names:
            path = os.path.join(folder, name)
            try:
                found = os.stat(path)
                if name.startswith(_UNFINISHED) and time.time() - found.st_mtime > _OLD_S:
                    os.unlink(path)
                    continue
            except FileNotFoundError:  # another process has just dropped it
                continue
            number, total = number + 1, total + found.st_size
    return number, total


def limit_reached(workspace: Workspace) -> str:
    """Say in a sentence that there is no room for another copy of the usual size; '' where there is."""
    number, total = usage(workspace)
    most = round(workspace.settings.keep.max * _GB)
    if not number or total + total // number <= most:
        return ""
    return f"The copies of labelled frames have reached their limit, {human_size(most)} ([keep] max): a release frees them."


def only_on_camera(workspace: Workspace, found: Draft, index: FrameIndex) -> list[str]:
    """Return the frames of a draft whose picture no version, no commit and no copy holds; gone ones are not among them."""
    return [frame for frame in held_nowhere(workspace, found) if frame in index]


def held_nowhere(workspace: Workspace, found: Draft) -> list[str]:
    """Return the frames of a draft whose picture no version, no commit and no copy holds, on the camera or gone."""
    from core.storage.known import known_objects

    known = known_objects(workspace)
    held = {item.source: item for item in found.parent.items} if found.parent else {}
    frames = []
    for chosen in found.chosen:
        item, oid = held.get(chosen.frame), chosen.oid
        if item is not None and (oid == item.oid or (oid is None and chosen.size in (None, item.size))):
            continue
        if oid is not None and (oid in known or _is_kept(workspace, oid, chosen.size)):
            continue
        frames.append(chosen.frame)
    return frames


def keep(
    workspace: Workspace,
    store: LabelStore,
    task: Task,
    frames: Iterable[str],
    *,
    seconds: float | None = None,
    cancel: CancelToken | None = None,
) -> Kept:
    """Copy the labelled pictures of these frames, and bind their labels to the bytes where that was not done.

    Ends after `seconds`; the rest is for the next time. A frame that is gone, damaged or changed since is left for
    the export to name; of a private one there is no copy. Never raises for the copying itself: it is a precaution, and labelling goes on without it.
    """
    if store.read_only is not None or workspace.read_only is not None:
        return Kept()
    end = time.monotonic() + seconds if seconds is not None else None
    room = round(workspace.settings.keep.max * _GB) - usage(workspace)[1]
    objects = _objects(workspace)
    copied = 0
    private = drop_private(workspace, store)
    for frame in (frame for frame in frames if frame not in private):
        if (cancel is not None and cancel.cancelled) or _late(end, seconds, copied):
            break
        try:
            size = _one(workspace, store, task, frame, room, objects)
        except (OSError, PrintModelsError):
            continue
        if size is None:
            return Kept(copied, full=True)
        copied += size > 0
        room -= size
    return Kept(copied)


def _drop(workspace: Workspace, oids: Iterable[str]) -> None:
    for oid in oids:
        path_of(workspace, oid).unlink(missing_ok=True)


def _late(end: float | None, seconds: float | None, copied: int) -> bool:
    """True once the time is over; a slow machine gets as long again for its first copy, so that each round ends with one."""
    if end is None or seconds is None:
        return False
    return time.monotonic() > (end if copied else end + max(seconds, 1.0))


def let_go(workspace: Workspace, store: ObjectStore, pointers: Iterable[Pointer]) -> None:
    """Take copies away that a release holds now; an object that is one file with its copy stays proven.

    Losing a name changes a file's change time, which is part of what tells that it is as it was.
    """
    proven: Proven | None = None
    there = {name for _, _, names in os.walk(workspace.kept) for name in names}
    for pointer in pointers:
        if pointer.oid.removeprefix("sha256:") not in there:
            continue
        path = path_of(workspace, pointer.oid)
        try:
            at = path.lstat()
        except OSError:
            continue
        proven = proven or Proven(workspace, store)
        known = proven.stamp(pointer)
        path.unlink(missing_ok=True)
        if known is not None and known == stamp_of(at):
            now = stamp_of(os.lstat(store.path(pointer.oid)))
            if now[:2] + now[3:] == known[:2] + known[3:]:
                proven.note(pointer.oid, now)
    if proven is not None:
        proven.keep()


def drop_private(workspace: Workspace, store: LabelStore) -> frozenset[str]:
    """Take away the copies of pictures that are private; return all private frames."""
    private = store.private()
    _drop(workspace, {oid for oids in private.values() for oid in oids})
    return frozenset(private)


def of_step(frames: Sequence[str], how: str, per_stretch: int) -> list[str]:
    """Return the frames of a labelling step that the draft surely takes: those given one by one, a stretch's spread."""
    from core.versions.selection import PAINTED, spread

    if how not in PAINTED:
        return list(frames)
    return [frames[place] for place in spread([False] * len(frames), per_stretch)]


def _objects(workspace: Workspace) -> ObjectStore | None:
    """Return git's own store of pictures, None where there is no repository."""
    try:
        return store_of(workspace.root)
    except PrintModelsError:
        return None


def _one(
    workspace: Workspace, store: LabelStore, task: Task, frame: str, room: int, objects: ObjectStore | None
) -> int | None:
    """Copy one picture; return the bytes it took, 0 for nothing to do, None where there is no room."""
    label = store.get(task, frame)
    if label is None or (label.sha256 is not None and _is_kept(workspace, label.sha256, label.size)):
        return 0
    source = workspace.sources.get(frame.split("/", 1)[0])
    if source is None:
        return 0
    file = read_file(workspace.frame_path(frame), root=source.path)
    seen = (len(file.data), file.mtime_ns)
    if label.sha256 is None:
        if label.size is not None and seen != (label.size, label.mtime_ns):
            return 0
        store.bind(task, {frame: Binding(*seen, file.oid)})
    elif label.sha256 != file.oid:
        return 0
    if _is_kept(workspace, file.oid, len(file.data)) or (
        objects is not None and objects.path(file.oid).exists()
    ):
        return 0
    disk = os.statvfs(workspace.private)
    if len(file.data) > room or len(file.data) + _FREE > disk.f_bavail * disk.f_frsize:
        return None
    _write(path_of(workspace, file.oid), file)
    return len(file.data)


def _write(path: Path, file: FileBytes) -> None:
    """Write a copy; it appears by a rename, and is not synced: what a power cut tears is found by its hash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(file.data)
        os.utime(name, ns=(file.mtime_ns, file.mtime_ns))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
