"""A checkpoint's weights alone, in the form of a model version: `python -m core.training.strip SOURCE TARGET any|known CLASS…`.

Nothing in the file is run, the optimizer's state is left behind, what fits no known network (unless any will do), or ends
in another number of classes, is refused by name. A process of its own with a limit on memory, because it needs torch; `adopting` starts
it once the file is vetted.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models

from core.durable import atomic_write
from core.errors import Damaged, PrintModelsError
from core.text import safe
from core.training.loading import load_file, state_in
from core.training.network import build, head_of, serialise

#: Tried in this order where a file does not say what it is.
_KNOWN = (
    "resnet18", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "resnet34", "resnet50", "resnet101",
    "efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "squeezenet1_0", "squeezenet1_1", "shufflenet_v2_x1_0",
    "densenet121", "googlenet", "mnasnet1_0", "regnet_y_400mf", "convnext_tiny", "alexnet", "vgg11", "vgg16",
)  # fmt: skip
#: Beside the file's own, twice over, and what torch takes up itself.
_MEMORY = 1 << 30


class _OtherNetwork(Damaged):
    """Weights of no network that is known here."""


def strip(source: Path, target: Path, classes: list[str], *, known: bool) -> dict[str, Any]:
    """Write the weights of `source` to `target` and return what they are, as JSON takes it.

    Where it need not be a `known` network, one that is not has the architecture 'unknown'.
    Raises Lacking (absent, a pointer), Damaged (no weights, code, no known network, another number of classes).
    """
    found = load_file(source)
    name = safe(source.name, limit=100)
    state = state_in(found, name)
    try:
        architecture = _architecture(state, found.get("architecture"), len(classes), name)
    except _OtherNetwork:
        if known:
            raise
        architecture = "unknown"
        _require_finite(state, name)
    epoch = found.get("epoch")
    content = {
        "model_state_dict": state,
        "architecture": architecture,
        "classes": classes,
        "metrics": {},
        "epoch": epoch if type(epoch) is int else 0,
    }
    data, hashed = serialise(content)
    atomic_write(target, data)
    return {"architecture": architecture, "sha256": hashed.oid, "size": hashed.size}


def _architecture(state: Mapping[str, Tensor], said: Any, classes: int, name: str) -> str:
    """Return the network whose weights these are; one that the file names has to be it. Raises Damaged naming what differs."""
    tried = []
    named = isinstance(said, str) and said in models.list_models(module=models)
    for architecture in [str(said)] if named else _KNOWN:
        network = _shapes(architecture, classes)
        wrong = _differences(network.state_dict(), state)
        head = f"{head_of(network)}."
        if all(key.startswith(head) for key, _ in wrong):
            _require_head(state, wrong, architecture, classes, name)
            return architecture
        tried.append((len(wrong), architecture, wrong[0][1]))
    most, nearest, first = min(tried)
    more = f", and {most - 1} more differences" if most > 1 else ""
    what = (
        f"is no {nearest}"
        if isinstance(said, str)
        else f"fits no network known here; the nearest is {nearest}"
    )
    raise _OtherNetwork(
        f"{name} {what}: {first}{more}.",
        "Train a model of a network that torchvision has: print-models train",
    )


def _shapes(architecture: str, classes: int) -> nn.Module:
    """Return a network for its names and shapes alone: most are built without taking up memory."""
    try:
        with torch.device("meta"):
            return build(architecture, classes)
    except NotImplementedError:  # torch, of a network that looks at its own numbers while it is built
        return build(architecture, classes)


def _differences(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> list[tuple[str, str]]:
    """Return what differs between a network's weights and a file's, each with its name, in words."""
    found = []
    for key, value in state.items():
        if key not in own:
            found.append((key, f"{safe(key, limit=60)} is unknown"))
        elif own[key].shape != value.shape:
            shapes = f"shape {tuple(value.shape)}, not {tuple(own[key].shape)}"
            found.append((key, f"{safe(key, limit=60)} has {shapes}"))
    lacking = [key for key in own if key not in state and not key.endswith("num_batches_tracked")]
    return [*found, *((key, f"{key} is missing") for key in lacking)]


def _require_head(
    state: Mapping[str, Tensor], wrong: list[tuple[str, str]], architecture: str, classes: int, name: str
) -> None:
    """Raise Damaged where the last layer is another task's, or a number is none."""
    if wrong:
        key = wrong[0][0]
        given = len(state[key]) if key in state and state[key].dim() else 0
        raise Damaged(
            f"{name} is a {architecture} of {given} classes, and the task has {classes}: {wrong[0][1]}.",
            "Name its task with --task, or train from these weights: print-models train --weights FILE",
        )
    _require_finite(state, name)


def _require_finite(state: Mapping[str, Tensor], name: str) -> None:
    for key, value in state.items():
        if not bool(torch.isfinite(value).all()):
            raise Damaged(
                f"{name}: {safe(key, limit=60)} holds numbers that are not finite.", "Get another file."
            )


def _limit(size: int) -> None:
    """Bound this process to what it has taken up so far and what a file of that size may need."""
    import resource

    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + 4 * size + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (OSError, ValueError):  # another system: the file was vetted before
        return


def main() -> int:
    """Strip one file; the answer, or what was wrong, is one JSON object on standard output."""
    source, target, which, *classes = sys.argv[1:]
    try:
        _limit(Path(source).stat().st_size if Path(source).exists() else 0)
        answer = strip(Path(source), Path(target), classes, known=which == "known")
    except PrintModelsError as error:
        answer = {"what": error.what, "remedy": error.remedy, "code": error.exit_code}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
