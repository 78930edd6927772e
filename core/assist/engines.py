"""Engines: what makes numbers of a picture, and which of them is taken in a workspace.

What always holds: an engine's `key` names all that decides its numbers beside the picture's bytes (form, weights,
size), so numbers of two engines never meet; whichever is taken, one sentence says which and why. Called by embeddings
and the commands.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core import pretrained
from core.errors import PrintModelsError
from core.frames.regions import Part, Region
from core.text import safe
from core.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.frames.decode import Picture

#: Pretrained networks that are looked for on this machine, the quickest to run first.
_PRETRAINED = ("mobilenet_v2", "mobilenet_v3_large", "resnet18", "resnet34", "efficientnet_b0", "resnet50")


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


def choose(workspace: Workspace, threads: int = 1) -> Engine:
    """Return the best engine that this host and workspace have; its `text` says which and why.

    An ONNX file (of the settings, of models/, made of somebody's weights) by onnxruntime, else weights (of the settings,
    pretrained ones on this machine) by torch, else thumbnails. One that can't be used is passed over with its reason.
    Raises Lacking, Damaged, Refused only for the one that the settings name.
    """
    from core.assist import networks, onnx_engine, torch_engine
    from core.assist.inputs import Input
    from core.assist.thumbs import Thumbnails

    named = workspace.settings.assist.network
    wanted = workspace.root / named if named else None
    if wanted is not None and wanted.suffix == ".onnx":
        return networks.of_file(wanted, _by(wanted, "onnxruntime", "the settings name it"), threads=threads)
    if wanted is not None:
        text = _by(wanted, "torch", "the settings name it")
        name = workspace.settings.assist.architecture or None
        return networks.of_weights(wanted, name, Input.fitting(workspace).size, text, threads=threads)
    why = []
    for path, whose in _files(workspace):
        if not onnx_engine.installed():
            why.append(f"{safe(path.name, limit=80)} needs onnxruntime, which is not installed")
            break
        try:
            return networks.of_file(path, _by(path, "onnxruntime", whose), threads=threads)
        except PrintModelsError as error:
            why.append(error.what.rstrip("."))
    for name in _PRETRAINED if torch_engine.installed() else ():
        found = pretrained.on_this_machine(name)
        if found is None:
            continue
        try:
            text = _by(found, "torch", "ImageNet weights on this machine")
            return networks.of_weights(found, name, Input.fitting(workspace).size, text, threads=threads)
        except PrintModelsError as error:
            why.append(error.what.rstrip("."))
    return Thumbnails(f"Frames are compared by thumbnails: {'; '.join(why) or 'no network is here'}.")


def _by(path: Path, what: str, why: str) -> str:
    return f"Frames are compared by {safe(path.name, limit=80)}, run by {what} ({why})."


def _files(workspace: Workspace) -> Iterator[tuple[Path, str]]:
    """Yield the ONNX files of models/, then those made here, the newest first."""
    from core.assist.networks import folder

    own = sorted(workspace.models.glob("*.onnx"))
    made = sorted(folder(workspace).glob("*.onnx"), key=lambda path: -path.stat().st_mtime)
    yield from ((path, "it lies in models/") for path in own)
    yield from ((path, "made of your weights") for path in made)
