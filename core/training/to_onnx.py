"""A model as an ONNX file, for hosts without torch: `python -m core.training.to_onnx`, its request on standard input.

What always holds: the file says what it was made of (sha256 of the weights, classes, input) and nothing of this
machine; it is run by onnxruntime on the version's validation images, and what differs from torch is measured before
it gets its name. `onnx_files` starts this; it needs torch, onnx, onnxscript and onnxruntime.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from core.durable import atomic_write
from core.errors import Lacking, PrintModelsError, Refused
from core.text import safe
from core.training import data, network
from core.training.evaluate import load
from core.training.sides import sides
from core.versions.manifest import read_version
from core.workspace import Workspace

#: How far a probability may lie from torch's: rounding in another order, and numbers of half the width.
TOLERANCE = {"float32": 1e-4, "float16": 2e-2}
#: Images that both are asked.
_MOST = 64
INPUT, OUTPUT = "pictures", "scores"


class _Half(nn.Module):
    """A network in half precision that takes and gives float32, as the whole one does."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner.half()

    def forward(self, pictures: Tensor) -> Tensor:
        scores: Tensor = self.inner(pictures.half())
        return scores.float()


def make(request: Mapping[str, Any]) -> dict[str, Any]:
    """Write an ONNX file of a model and return its precision, how well it agrees, and on what that was seen.

    `request` names root, task, version (or None), model, sha256, architecture, classes, input, precision and target.
    Raises Lacking, Damaged, Refused (it does not agree).
    """
    network.same_every_time(1, "cpu")
    model, found = load(Path(request["model"]), request["architecture"], request["classes"])
    told = found.get("input") or request["input"]
    shape = data.Input.of(told) if isinstance(told, Mapping) else data.Input((224, 224))
    pictures, seen_on = _pictures(request, shape)
    with torch.no_grad():
        expected = torch.softmax(torch.cat([model(some) for some in pictures.split(16)]).double(), dim=1)
    precision = str(request["precision"])
    made = exported(model if precision == "float32" else _Half(model), shape)
    described = {"classes": json.dumps(list(request["classes"])), "gives": "scores", "precision": precision}
    describe(made, {**described, "made_of": str(request["sha256"])}, shape)
    raw = made.SerializeToString(deterministic=True)
    agrees = _compare(raw, pictures, expected, precision)
    atomic_write(Path(request["target"]), raw)
    return {"precision": precision, "input": shape.as_json(), "seen_on": seen_on, **agrees}


def _pictures(request: Mapping[str, Any], shape: data.Input) -> tuple[Tensor, str]:
    """Return what both are asked: validation images of the version where they are here, else noise; and which."""
    if request["version"]:
        workspace = Workspace.open(Path(request["root"]))
        task = workspace.task(request["task"])
        version = read_version(workspace, task, request["version"])
        try:
            rows = sides(version).validation[:_MOST]
            if rows:
                read = data.read(
                    version, rows, task.classes, shape, threads=1, on_image=lambda done, total: None
                )
                return data.normalised(read.pixels), f"{len(rows)} validation images of {version.name}"
        except (Lacking, Refused):
            pass
    noise = torch.Generator().manual_seed(0)
    return torch.randn(
        (16, 3, *shape.size), generator=noise
    ), "16 pictures of noise: no validation image is here"


def exported(model: nn.Module, shape: data.Input) -> Any:
    """Return a network as an ONNX model of any number of pictures; it is called `INPUT` → `OUTPUT`. Raises Refused."""
    model.eval()
    example = torch.zeros((2, 3, *shape.size))
    batch = torch.export.Dim("batch")
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of parts of torch that it uses itself
        made = torch.onnx.export(
            model,
            (example,),
            dynamo=True,
            dynamic_shapes=({0: batch},),
            input_names=[INPUT],
            output_names=[OUTPUT],
            verbose=False,
        )
    if made is None:
        raise Refused("torch made no ONNX file of this network.", "Export another network.")
    return made.model_proto


def describe(made: Any, props: Mapping[str, str], shape: data.Input) -> None:
    """Leave out what the exporter says of its own sources, and say what the file is."""
    for part in (made.graph, *made.graph.node, *made.graph.value_info, *made.graph.input, *made.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    for function in made.functions:
        for part in (function, *function.node):
            del part.metadata_props[:]
            part.doc_string = ""
    del made.metadata_props[:]
    onnx.helper.set_model_props(
        made,
        {**props, "input": json.dumps(shape.as_json(), sort_keys=True)},
    )
    onnx.checker.check_model(made)


def _compare(raw: bytes, pictures: Tensor, expected: Tensor, precision: str) -> dict[str, Any]:
    """Return how far the file's answers lie from torch's. Raises Refused where that is too far, or an answer is another."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    scores = [
        torch.from_numpy(session.run([OUTPUT], {INPUT: some.numpy()})[0]) for some in pictures.split(16)
    ]
    found = torch.softmax(torch.cat(scores).double(), dim=1)
    farthest = float((found - expected).abs().max())
    same = int((found.argmax(1) == expected.argmax(1)).sum())
    if farthest > TOLERANCE[precision] or same < len(expected):
        raise Refused(
            f"The ONNX file in {precision} does not agree with the model: {len(expected) - same} of {len(expected)} answers "
            f"are others, and a probability differs by {farthest:.1g}.",
            "Make it in whole precision: without --half." if precision == "float16" else "Nothing was kept.",
        )
    return {"asked": len(expected), "same_answers": same, "farthest": round(farthest, 9)}


def main() -> int:
    """Answer one request; the answer, or what was wrong, is the last line of standard output."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 19)  # a print may be running, and the app is open
    try:
        answer = make(json.loads(sys.stdin.read()))
    except PrintModelsError as error:
        answer = {"what": error.what, "remedy": error.remedy, "code": error.exit_code}
    except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
        what = f"No ONNX file could be made of it: {safe(str(error), limit=200)}."
        answer = {"what": what, "remedy": "Use the .pth file.", "code": 1}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    code = main()
    os._exit(code)  # everything is written and told: taking torch apart in good order would take a second
