"""Engines: what makes numbers of a picture, and which of them is taken in a workspace.

What always holds: an engine's `key` names all that decides its numbers beside the picture's bytes (form, weights,
size), so numbers of two engines never meet; whichever is taken, one sentence says which and why. Called by embeddings
and the commands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from core.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.frames.decode import Picture


class Engine(Protocol):
    """Makes `dims` numbers of each picture, which is decoded to fit `box` (width, height in pixels)."""

    @property
    def key(self) -> str:
        """What decides the numbers beside the bytes; also a folder's name."""
        ...

    @property
    def dims(self) -> int: ...

    @property
    def box(self) -> tuple[int, int]: ...

    @property
    def text(self) -> str:
        """Which engine it is and why, in one sentence."""
        ...

    def embed(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Return numbers (n x dims) of some pictures; a picture's are the same whichever others go with it."""
        ...

    def close(self) -> None: ...


def choose(workspace: Workspace) -> Engine:
    """Return the best engine that this host and workspace have."""
    from core.assist.thumbs import Thumbnails

    return Thumbnails("Suggestions compare thumbnails: there is no network in an ONNX file here, nor torch.")
