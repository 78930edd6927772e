"""Small pictures of exactly the bytes a version or a draft means, wherever they lie on this machine.

What always holds: a picture is shown only where its bytes have the hash that was meant, or where none was ever recorded;
nothing is fetched. The camera's file comes first, then the version's own, git's LFS store and the kept copies, so that a
clone with pointers shows what its camera still has. In the lane of the pictures; what is asked anew replaces what waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Cancelled, PrintModelsError
from core.progress import CancelToken
from core.workspace import Workspace
from tui.lanes import Lane
from tui.version_messages import Place, Thumb

if TYPE_CHECKING:
    from core.frames.decode import Picture

_OTHER = "the camera has other bytes by this name"
_AWAY = "not on this machine"


class Thumbnails:
    """Asks for small pictures; every method returns at once."""

    def __init__(self, lane: Lane, workspace: Workspace) -> None:
        self._lane, self._workspace = lane, workspace
        self._wanted = CancelToken()
        self._asked = 0

    def ask(self, places: Sequence[Place], box: tuple[int, int]) -> None:
        """Decode these, the first one first, each answered by a `Thumb`; what was asked before and waits is let go."""
        self._wanted.cancel()
        self._wanted = CancelToken()
        for number in range(max(len(places), self._asked)):
            place = places[number] if number < len(places) else None
            job = partial(thumb, self._workspace, place, box, self._wanted)
            self._lane.ask("small picture", job, slot=f"thumb{number}")
        self._asked = len(places)


def thumb(
    workspace: Workspace, place: Place | None, box: tuple[int, int], wanted: CancelToken
) -> Thumb | None:
    """Decode the picture of one frame, or say why there is none; None where it is no longer wanted."""
    if place is None:
        return None
    try:
        wanted.check()
        picture, why = _of_camera(workspace, place, box, wanted)
        for path in _copies(workspace, place) if picture is None else ():
            picture = _of_copy(path, place, box, wanted)
            if picture is not None:
                break
        return Thumb(place, box, picture, "" if picture else why)
    except Cancelled:
        return None


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
        return None, _AWAY if getattr(error, "missing", True) else error.what
    return (found, "") if place.oid in ("", found.oid) else (None, _OTHER)


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


def _copies(workspace: Workspace, place: Place) -> Iterator[Path]:
    """Yield where a copy of the bytes may lie; what is no whole picture of that hash there is passed over."""
    from core.storage.lfs import store_of
    from core.versions import kept

    if not place.oid:
        return
    if place.file:
        yield Path(place.file)
    try:
        yield store_of(workspace.root).path(place.oid)
    except PrintModelsError:
        pass
    yield kept.path_of(workspace, place.oid)
