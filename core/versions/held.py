"""Frames that a version holds: where the camera is away or has deleted them, they can be labelled all the same.

What always holds: only frames whose bytes are here count, in a version's folder or among git's LFS objects; a label
given to one belongs to exactly these bytes. Called by the commands and sharing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import PrintModelsError
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.versions.manifest import Item


def items(workspace: Workspace) -> dict[str, Item]:
    """Return the newest image of every frame that a version of any task holds and says the bytes of."""
    from core.versions.manifest import list_versions, read_version

    found: dict[str, Item] = {}
    for task in workspace.tasks.values():
        for name in list_versions(workspace, task):
            try:
                version = read_version(workspace, task, name)
            except PrintModelsError:  # what is damaged has nothing to give; verify names it
                continue
            found |= {item.source: item for item in version.items if item.oid is not None}
    return found


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
