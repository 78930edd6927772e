"""A glance at frames that are labelled without having been shown: which bytes they are, and which are no whole picture.

What always holds: a camera that hangs holds up no label. What could not be looked at in time is labelled all the same and
bound to its bytes later, as imported labels are. Called by the labels lane.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from msgspec import Struct, field

from core.errors import PrintModelsError
from core.frames.check import Unreadable, glance
from core.versions.held import places
from core.workspace import Workspace

#: A local disk answers for ten thousand frames in that time.
_SECONDS = 1.0


class Glance(Struct):
    """What was seen: frame → (size, mtime in ns, sha256 where a version told it), and frame → why it can't be used."""

    sizes: dict[str, tuple[int, int, str | None]] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)


def at(workspace: Workspace, frames: Iterable[str], seconds: float = _SECONDS) -> Glance:
    """Look at the ends of these frames' files for so long at most.

    A frame that is gone or away is bound to the bytes that a version holds of it, else neither: it may come back.
    """
    wanted, seen, enough = list(frames), Glance(), threading.Event()

    def look() -> None:
        for key in wanted:
            if enough.is_set():
                return
            try:
                found = glance(workspace.frame_path(key), root=workspace.source_for(key).path)
            except Unreadable as error:
                if not error.missing:
                    seen.unusable[key] = error.what
                elif (bound := _released(workspace, key)) is not None:
                    seen.sizes[key] = bound
                continue
            except (PrintModelsError, OSError):
                continue
            seen.sizes[key] = (*found, None)

    thread = threading.Thread(target=look, name="glance", daemon=True)
    thread.start()
    thread.join(seconds)
    enough.set()
    return Glance(dict(seen.sizes), dict(seen.unusable))


def _released(workspace: Workspace, key: str) -> tuple[int, int, str] | None:
    """Return size and sha256 of what a version holds of a frame, None where none does; its time is told nowhere."""
    place = places(workspace).get(key)
    item = place.item if place else None
    return (item.size, 0, item.oid) if item and item.oid and item.size else None
