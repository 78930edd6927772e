"""Networks as engines: what goes into a network's head, as numbers that frames are compared by.

What always holds: numbers are few enough for a million frames (at most 512 of each), folded together where a network
gives more; of the same file and size they are the same, and another file has another key. Called by `engines`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.assist.engines import Engine
from core.assist.inputs import Input
from core.durable import hash_file
from core.errors import Damaged, Lacking, PrintModelsError, Refused, WrongUsage
from core.frames.decode import Picture
from core.process import run
from core.progress import CancelToken
from core.text import safe
from core.workspace import Workspace

#: Numbers kept of a frame: 1 KB each in float16.
MOST = 512
_LONG_S = 600


class Runs(Protocol):
    """A network that gives numbers of pictures."""

    @property
    def input(self) -> Input: ...
    def run(self, pictures: Sequence[Picture]) -> NDArray[np.float32]: ...
    def close(self) -> None: ...


class Features(Engine):
    """A network's numbers of a picture, at most 512."""

    def __init__(self, network: Runs, name: str, oid: str, dims: int, text: str) -> None:
        """`name` is the file's, `oid` its bytes, `dims` how many numbers the network gives."""
        self._network, self.box, self.text = network, network.input.box, text
        self.dims = min(dims, MOST)
        self._fold = folding(dims) if dims > MOST else None
        height, width = network.input.size
        plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in name)[:40]
        self.key = f"{plain}-{oid.removeprefix('sha256:')[:16]}-{height}x{width}-1"

    def embed(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Return n x dims numbers."""
        found = self._network.run(pictures)
        return found if self._fold is None else found @ self._fold

    def close(self) -> None:
        self._network.close()


def folding(dims: int) -> NDArray[np.float32]:
    """Return a matrix (dims x 512) that keeps how pictures lie to each other, nearly.

    Each number goes into one of 512 sums with a sign, both by its place's hash (Charikar, Chen, Farach-Colton, “Finding
    frequent items in data streams”, 2002); so it is the same on every machine, and depends on no picture.
    """
    fold = np.zeros((dims, MOST), np.float32)
    for place in range(dims):
        digest = hashlib.blake2b(place.to_bytes(4, "big"), digest_size=8).digest()
        number = int.from_bytes(digest, "big")
        fold[place, (number >> 1) % MOST] = 1.0 if number & 1 else -1.0
    return fold


def folder(workspace: Workspace) -> Path:
    """Return where the networks lie that were made of somebody's weights."""
    return workspace.private / "networks"


def of_file(path: Path, text: str, *, threads: int) -> Features:
    """Return the engine of an ONNX file. Raises Lacking, Damaged."""
    from core.assist.onnx_engine import Network

    network = Network(path, threads=threads)
    return Features(network, path.stem, hash_file(path).oid, network.dims, text)


def of_weights(
    path: Path, architecture: str | None, size: tuple[int, int], text: str, *, threads: int
) -> Features:
    """Return the engine of a file of weights, run by torch in another process. Raises Lacking, Damaged, Refused."""
    from core.assist.torch_engine import Network

    network = Network(path, gives="features", architecture=architecture, input=Input(size), threads=threads)
    return Features(network, f"torch-{network.architecture}", hash_file(path).oid, network.dims, text)


def make(
    workspace: Workspace,
    weights: Path,
    architecture: str | None,
    size: tuple[int, int],
    cancel: CancelToken | None = None,
) -> Path:
    """Make an ONNX file of a file of weights, for pictures of `size` (height, width); return it.

    Raises Lacking (torch, onnx, the file), Damaged, Refused (it does not agree with torch).
    """
    place = folder(workspace)
    workspace.ensure_private()
    place.mkdir(exist_ok=True)
    request = {
        "weights": os.path.abspath(weights), "architecture": architecture, "size": size, "folder": os.fspath(place),
    }  # fmt: skip
    words = [sys.executable, "-P", "-m", "core.training.features_to_onnx"]
    here = Path(__file__).parents[2]
    done = run(
        words, cwd=here, check=False, timeout=_LONG_S, stdin=json.dumps(request).encode(), cancel=cancel
    )
    try:
        told = json.loads(done.text.strip().rpartition("\n")[2])
    except ValueError as error:
        raise Damaged(
            f"No ONNX file could be made of {safe(weights.name, limit=100)}.", "Try again with --debug.",
            detail=done.err,
        ) from error  # fmt: skip
    if "what" in told:
        kinds: dict[int, type[PrintModelsError]] = {1: Refused, 2: WrongUsage, 3: Damaged, 5: Lacking}
        raise kinds.get(int(told["code"]), PrintModelsError)(safe(told["what"]), safe(told["remedy"]))
    return place / str(told["file"])


def require_making() -> None:
    """Raise Lacking where something is not installed that making an ONNX file needs; nothing is imported."""
    names = ("torch", "torchvision", "onnx", "onnxscript", "onnxruntime")
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise Lacking(
            f"An ONNX file needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed.",
            "Install it: pip install '.[train,onnx]', or make the file on another machine and put it into models/.",
        )
