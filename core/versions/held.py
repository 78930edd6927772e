"""Frames that a version holds: where the camera is away or has deleted them, they can be seen and labelled all the same.

What always holds: their keys and moments are those the camera gave them; a frame counts as here only where its bytes
are, in a version's folder or among git's LFS objects, and a label given to one belongs to exactly these bytes. Called by
the commands, sharing and the app.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from core.errors import PrintModelsError
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.framelist import FrameList
    from core.versions.manifest import Item


class Place(NamedTuple):
    """Where a version holds a frame: the image as it is recorded, its file, and the version, 'TASK/vN'."""

    item: Item
    file: Path
    version: str


_Seen = tuple[tuple[str, int], ...]
#: By workspace what was found, and the versions there were then: a version never changes.
_found: dict[Path, tuple[_Seen, dict[str, Place]]] = {}


def places(workspace: Workspace) -> Mapping[str, Place]:
    """Return the newest image of every frame that a version of any task holds and says the bytes of."""
    from core.versions.manifest import list_versions, read_version

    named = [(task, name) for task in workspace.tasks.values() for name in list_versions(workspace, task)]
    seen = tuple((f"{task.name}/{name}", _changed(workspace.version_dir(task, name))) for task, name in named)
    known = _found.get(workspace.root)
    if known is not None and known[0] == seen:
        return known[1]
    found: dict[str, Place] = {}
    for task, name in named:
        try:
            version = read_version(workspace, task, name)
        except PrintModelsError:  # what is damaged has nothing to give; verify names it
            continue
        told = f"{task.name}/{name}"
        found |= {
            item.source: Place(item, version.path / item.file_name, told)
            for item in version.items
            if item.oid is not None
        }
    _found[workspace.root] = seen, found
    return found


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def items(workspace: Workspace) -> dict[str, Item]:
    """Return what `places` finds, as it is recorded."""
    return {key: place.item for key, place in places(workspace).items()}


def listed(workspace: Workspace, source: str) -> FrameList:
    """Return the frames of a source that versions hold, in order of time; those whose names tell no moment are left out."""
    from core.frames.framelist import folder_list
    from core.frames.names import captured_at, why_unusable
    from core.frames.packed import Names

    folders: dict[str, list[str]] = defaultdict(list)
    for key in places(workspace):
        if key.startswith(f"{source}/") and why_unusable(key) is None and captured_at(key) is not None:
            head, slash, name = key.rpartition("/")
            folders[head + slash].append(name)
    return folder_list(source, [(head, Names.of(sorted(folders[head]))) for head in sorted(folders)])


class Held:
    """The frames that versions hold, and where their bytes lie: looked up once for all frames of a command."""

    def __init__(self, workspace: Workspace) -> None:
        from core.versions.images import Images

        self._items = items(workspace)
        self._images = Images(workspace)

    def bound(self, key: str) -> tuple[int, None, str | None] | None:
        """Return size and sha256 of a frame whose bytes a version has here, None where they are not."""
        item = self._items.get(key)
        if item is None or item.oid is None or item.size is None:
            return None
        return (item.size, None, item.oid) if self._images.has(item.oid, item.size) else None
