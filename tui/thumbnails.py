"""Small pictures for the Versions screen, in the lane of the pictures.

What always holds: what is shown are the bytes that are meant (core/versions/seeing.py), or a sentence why not; what is
asked anew replaces what waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.errors import Cancelled
from core.progress import CancelToken
from core.versions.seeing import Place, see
from core.workspace import Workspace
from tui.lanes import Lane
from tui.version_messages import Thumb


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
        picture, why = see(workspace, place, box, wanted)
        return Thumb(place, box, picture, why)
    except Cancelled:
        return None
