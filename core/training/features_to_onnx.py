"""A network without its head as an ONNX file: `python -m core.training.features_to_onnx`, its request on standard input.

What always holds: the weights come through the one safe door; the file says what it was made of and nothing of this
machine; onnxruntime is seen to give what torch gives before it gets its name. Needs torch, onnx, onnxscript and
onnxruntime; started by what prepares a workspace for comparing frames.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnxruntime
import torch
from torch import Tensor, nn

from core.durable import atomic_write, hash_file
from core.errors import Refused
from core.training import asked, data, network, to_onnx

#: How far the two may lie apart, as a share of how long the numbers of a picture are.
TOLERANCE = 1e-3
_PICTURES = 8


def make(request: Mapping[str, Any]) -> dict[str, Any]:
    """Write the ONNX file; return its architecture, how many numbers it gives, and how far it lies from torch.

    `request` names weights (a path), architecture (or None), size (height, width) and folder, in which the file is
    called by its architecture and its weights. Raises Lacking, Damaged, Refused (it does not agree).
    """
    network.same_every_time(1, "cpu")
    weights = Path(request["weights"])
    whole, _, name = asked.of_weights(weights, request["architecture"])
    model = asked.features_of(whole)
    shape = data.Input((int(request["size"][0]), int(request["size"][1])))
    made = to_onnx.exported(model, shape)
    oid = hash_file(weights).oid
    to_onnx.describe(made, {"made_of": oid, "gives": "features", "architecture": name}, shape)
    raw = made.SerializeToString(deterministic=True)
    dims, farthest = _compare(raw, model, shape)
    file = f"{name}-{oid.removeprefix('sha256:')[:12]}-{shape.size[0]}x{shape.size[1]}.onnx"
    atomic_write(Path(request["folder"]) / file, raw)
    return {"file": file, "architecture": name, "dims": dims, "farthest": farthest, "size": len(raw)}


@torch.no_grad()
def _compare(raw: bytes, model: nn.Module, shape: data.Input) -> tuple[int, float]:
    """Return how many numbers both give, and how far they lie apart at most. Raises Refused where that is too far."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    pictures = torch.randn((_PICTURES, 3, *shape.size), generator=torch.Generator().manual_seed(0))
    expected: Tensor = model(pictures)
    found = torch.from_numpy(session.run([to_onnx.OUTPUT], {to_onnx.INPUT: pictures.numpy()})[0])
    apart = (found - expected).norm(dim=1) / expected.norm(dim=1).clamp(min=1e-9)
    if not float(apart.max()) <= TOLERANCE:
        raise Refused(
            f"The ONNX file does not agree with the network: they lie {float(apart.max()):.1g} apart.",
            "Use another network.",
        )
    return int(found.shape[1]), round(float(apart.max()), 9)


if __name__ == "__main__":
    code = to_onnx.answer_one(make, "Use another network.")
    os._exit(code)  # everything is written and told: taking torch apart in good order would take a second
