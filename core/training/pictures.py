"""Where a training finds the picture of a row: in the version's folder, or, of a draft, wherever the labelled bytes are.

What always holds: of a draft only the very bytes that were labelled are taken, from the camera, from an earlier version,
from git's store or from the kept copies; a file of the same name with other bytes never stands in for them.
Called by the process that trains, and before one is started.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import Lacking, PrintModelsError
from core.frames.check import FileBytes, Unreadable, read_file
from core.human import plural
from core.text import safe
from core.training.sides import Row, missing
from core.versions.manifest import DRAFT, Version
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.versions.images import Images

_AGAIN = "Bring it back, or train on the labels as they are: print-models train --labels FILE"


class Pictures:
    """Opens the pictures of one version; safe to use from several threads."""

    def __init__(self, workspace: Workspace, version: Version) -> None:
        self._workspace, self._version = workspace, version
        self._images: Images | None = None
        if version.name == DRAFT:
            from core.versions.images import Images

            self._images = Images(workspace)

    def open(self, row: Row) -> FileBytes:
        """Return a picture's bytes. Raises Unreadable, Lacking; of a released version the caller compares its hash."""
        if self._images is None:
            return read_file(self._version.path / row.file_name, root=self._version.path)
        unreadable: Unreadable | None = None
        try:
            source = self._workspace.sources[row.source.partition("/")[0]]
            found = read_file(self._workspace.frame_path(row.source), root=source.path)
            if found.oid == row.oid:
                return found
        except Unreadable as error:
            unreadable = error
        except (PrintModelsError, KeyError):  # of a source that this workspace does not have
            pass
        kept = self._images.stored(row.oid) if row.oid else None
        if kept is not None:
            return FileBytes(kept.data, kept.mtime_ns)
        if unreadable is not None and not unreadable.missing:
            raise unreadable
        raise Lacking("the picture that was labelled is found nowhere.", _AGAIN)

    def missing(self, rows: tuple[Row, ...]) -> PrintModelsError | None:
        """Return what to say where pictures are not here; looks at names and sizes, reads none."""
        if self._images is None:
            return missing(self._version, rows)
        sizes = {item.file_name: item.size for item in self._version.items}
        there = self._images.on_cameras([row.source for row in rows])
        gone = [
            row.source
            for row in rows
            if row.source not in there and not (row.oid and self._images.has(row.oid, sizes[row.file_name]))
        ]
        if not gone:
            return None
        return Lacking(
            f"{plural(len(gone), 'picture')} of the draft {'is' if len(gone) == 1 else 'are'} found nowhere, first "
            f"{safe(gone[0], limit=80)}.",
            _AGAIN,
        )
