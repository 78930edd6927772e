"""Engines: what makes numbers of a picture, and which of them is taken in a workspace.

What always holds: an engine's `key` names all that decides its numbers beside the picture's bytes (form, weights,
size), so numbers of two engines never meet; whichever is taken, one sentence says which and why. Called by embeddings
and the commands.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.frames.regions import Part, Region
from core.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.frames.decode import Picture


class Engine(ABC):
    """Makes `dims` numbers of each picture, which is decoded to fit `box` (width, height in pixels)."""

    #: What decides the numbers beside the bytes; also a folder's name.
    key: str
    dims: int
    box: tuple[int, int]
    #: Which engine it is and why, in one sentence.
    text: str
    #: The folder below the private cache that its numbers lie in, how wide each is kept, and whether they are many:
    #: those are bounded by the cache's room, and what was not used for the longest makes way for others.
    kind: str = "embeddings"
    width: str = "float16"
    many: bool = True
    #: What is said while it computes, and how far decoding stands back behind others, 0 to 19.
    doing: str = "looking at frames"
    nice: int = 15
    #: The part of a picture that is looked at, by source; None: as the settings of the sources say.
    parts: Mapping[str, Region | Part] | None = None

    @abstractmethod
    def embed(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Return numbers (n x dims) of some pictures."""

    def close(self) -> None:  # noqa: B027 - most engines hold nothing
        """Let go of what is held."""


def choose(workspace: Workspace) -> Engine:
    """Return the best engine that this host and workspace have."""
    from core.assist.thumbs import Thumbnails

    return Thumbnails("Suggestions compare thumbnails: there is no network in an ONNX file here, nor torch.")
