"""Small pictures of exactly the bytes a version or a draft means, wherever they lie on this machine.

What always holds: a picture is given only where its bytes have the hash that was meant, or where none was ever recorded;
nothing is fetched, and what is decoded is decoded in the helper process. The camera's file comes first, then the
version's own, git's LFS store and the kept copies, so that a clone with pointers shows what its camera still has.
Called by the app's Versions screen and by the report of a diff.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from core.errors import Cancelled, PrintModelsError
from core.progress import CancelToken
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.decode import Picture

OTHER = "the camera has other bytes by this name"
AWAY = "not on this machine"


class Place(NamedTuple):
    """A frame whose picture is meant: its key, the hash of the bytes ('' where nobody recorded one), a version's file.

    `file` is absolute, '' where no version of this work tree holds the frame.
    """

    key: str
    oid: str
    file: str


class Batch(Struct, frozen=True):
    """The pictures of one class and day in a version, by frame; `day` is 'YYYYMMDD', '' where the names tell none."""

    task: str
    version: str
    day: str
    label: str
    places: tuple[Place, ...]


def see(
    workspace: Workspace, place: Place, box: tuple[int, int], wanted: CancelToken
) -> tuple[Picture | None, str]:
    """Return the picture of a frame, fitted into `box` (pixels), or None and why there is none. Raises Cancelled."""
    picture, why = _of_camera(workspace, place, box, wanted)
    for path in copies(workspace, place.oid, place.file) if picture is None else ():
        picture = _of_copy(path, place, box, wanted)
        if picture is not None:
            break
    return picture, "" if picture else why


def _of_camera(
    workspace: Workspace, place: Place, box: tuple[int, int], wanted: CancelToken
) -> tuple[Picture | None, str]:
    from core.frames.helper import helpers
    from core.frames.identity import check

    try:
        source = workspace.source_for(place.key)
        check(workspace, source)
        found = helpers().load(workspace.frame_path(place.key), box, root=source.path, cancel=wanted)
    except Cancelled:
        raise
    except PrintModelsError as error:
        return None, AWAY if getattr(error, "missing", True) else error.what
    return (found, "") if place.oid in ("", found.oid) else (None, OTHER)


def _of_copy(path: Path, place: Place, box: tuple[int, int], wanted: CancelToken) -> Picture | None:
    from core.frames.helper import helpers

    try:
        if not path.is_file():
            return None
        found = helpers().load(path, box, cancel=wanted)
    except Cancelled:
        raise
    except (PrintModelsError, OSError):
        return None
    return found if found.oid == place.oid else None


def copies(workspace: Workspace, oid: str, file: str) -> Iterator[Path]:
    """Yield where a copy of the bytes `oid` may lie, `file` of a version first; who reads it compares the hash."""
    from core.storage.lfs import store_of
    from core.versions import kept

    if not oid:
        return
    if file:
        yield Path(file)
    try:
        yield store_of(workspace.root).path(oid)
    except PrintModelsError:
        pass
    yield kept.path_of(workspace, oid)
