"""A network that answers until nobody asks any more: `python -m core.training.asked`, on the socket that is its input.

The first message names the model: `model` (a path), `architecture`, `classes` or None, `gives` ("scores", or "features":
what goes into the head), `size` (height, width, where the file tells none) and `threads`. It is answered by `ready` with `input` (what the file says of it, or None),
`architecture`, `dims`; each further message is a block of float32 (`shape` n x 3 x height x width), answered by n x dims
numbers. What always holds: a model file is opened by the one safe door, and whatever goes wrong is told before the
process ends. Started by whoever has pictures and no torch: predicting and embeddings.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from core.errors import Damaged, PrintModelsError
from core.frames.worker import receive, send
from core.text import safe
from core.training import evaluate, network
from core.training.loading import load_file, state_in

#: Networks that weights without a name are compared with.
_KNOWN = (
    *("resnet18", "resnet34", "resnet50", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"),
    *("efficientnet_b0", "shufflenet_v2_x1_0", "squeezenet1_1", "convnext_tiny", "regnet_y_400mf"),
)


def of_weights(path: Path, architecture: str | None) -> tuple[nn.Module, dict[str, Any], str]:
    """Return a network with the weights of a file, whatever classes those tell apart, what else the file holds, its name.

    Without `architecture` what the file says counts, else what its tensors fit. Raises Lacking, Damaged, WrongUsage.
    """
    found = load_file(path)
    state = state_in(found, safe(path.name, limit=100))
    name = architecture or found.get("architecture") or _fits(path, state)
    model = network.build(str(name), _classes(str(name), state))
    network.fit_state(model, state, path.name)
    model.eval()
    return model, found, str(name)


def _classes(name: str, state: Mapping[str, Tensor]) -> int:
    with torch.device("meta"):
        head = network.head_of(network.build(name, 2))
    sizes = [len(value) for key, value in state.items() if key.startswith(f"{head}.") and value.dim() == 1]
    return int(sizes[-1]) if sizes else 2


def _fits(path: Path, state: Mapping[str, Tensor]) -> str:
    """Return the network whose tensors have these names and shapes, but for its head's. Raises Damaged."""
    for name in sorted(_KNOWN, key=lambda one: not path.name.startswith(one)):
        with torch.device("meta"):
            model = network.build(name, 2)
        head, own = f"{network.head_of(model)}.", model.state_dict()
        body = {key: value.shape for key, value in own.items() if not key.startswith(head)}
        needed = {key for key in body if not key.endswith("num_batches_tracked")}
        given = {key: value.shape for key, value in state.items() if not key.startswith(head)}
        if needed <= given.keys() <= body.keys() and all(given[key] == body[key] for key in needed):
            return name
    raise Damaged(
        f"{safe(path.name, limit=100)} does not say which network it is for.", "Name it: --arch resnet18"
    )


def features_of(model: nn.Module) -> nn.Module:
    """Return the part of a network before its head, its output flat: one row of numbers for each picture."""
    before = network.cut(model, "head").before
    if before is None:
        raise Damaged("This network has no head that could be taken off.", "Use another one.")
    return nn.Sequential(before, nn.Flatten(1))


def opened(request: Mapping[str, Any]) -> tuple[nn.Module, dict[str, Any]]:
    """Return what answers a request's blocks, and what is told of it."""
    network.same_every_time(int(request["threads"]), "cpu")
    path, architecture = Path(request["model"]), request.get("architecture")
    if request["gives"] == "scores":
        model, found = evaluate.load(path, str(architecture), request["classes"])
        name = str(architecture)
    else:
        model, found, name = of_weights(path, architecture)
        model = features_of(model)
    told = found.get("input")
    size = told["size"] if isinstance(told, Mapping) else request["size"]
    with torch.no_grad():
        dims = model(torch.zeros((1, 3, *map(int, size)))).shape[1]
    return model, {"architecture": name, "input": told if isinstance(told, Mapping) else None, "dims": dims}


@torch.no_grad()
def answer(model: nn.Module, block: bytes, shape: Sequence[int]) -> tuple[list[int], bytes]:
    """Return the numbers of a block of pictures: their shape and their bytes."""
    pictures = torch.frombuffer(bytearray(block), dtype=torch.float32).view(*shape)
    found = model(pictures.contiguous(memory_format=torch.channels_last)).float().contiguous()
    return list(found.shape), found.numpy().tobytes()


def main() -> int:
    """Answer until the socket closes."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 10)  # a print may be running, and the app is open
    with socket.socket(fileno=0) as peer, peer.makefile("rb") as stream:

        def take(count: int) -> bytes:
            data = stream.read(count)
            if len(data) < count:
                raise EOFError
            return data

        try:
            request, _ = receive(take)
            model, told = opened(request)
            send(peer, {"ready": told})
            while True:
                header, block = receive(take)
                shape, numbers = answer(model, block, header["shape"])
                send(peer, {"shape": shape}, numbers)
        except (EOFError, ConnectionError):
            return 0
        except PrintModelsError as error:
            send(peer, {"what": error.what, "remedy": error.remedy, "code": error.exit_code})
        except (RuntimeError, OSError, ValueError, KeyError, MemoryError) as error:
            known = network.explain(error) if isinstance(error, RuntimeError) else None
            what = known.what if known else f"The model could not be asked: {safe(str(error), limit=200)}."
            send(peer, {"what": what, "remedy": known.remedy if known else "", "code": 1})
    return 0


if __name__ == "__main__":
    code = main()
    # Everything is told: taking torch apart in good order would hold the machine for a second.
    os._exit(code)
