"""A model as an ONNX file, for hosts without torch: `python -m core.training.to_onnx`, its request on standard input.

What always holds: the file says what it was made of (sha256 of the weights, classes, input) and nothing of this
machine; it is run by onnxruntime on the version's validation images, and what differs from torch is measured before
it gets its name. `onnx_files` starts this; it needs torch, onnx, onnxscript and onnxruntime.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
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
from core.training.sides import evenly, sides
from core.versions.manifest import read_version
from core.workspace import Workspace

#: How far a probability may lie from torch's: rounding in another order, and numbers of half the width.
TOLERANCE = {"float32": 1e-4, "float16": 2e-2, "int8": 0.1}
#: Images that both are asked.
_MOST = 64
#: Training images that the ranges of whole numbers are taken from.
_MEASURED = 96
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
    precision = str(request["precision"])
    model, found = load(Path(request["model"]), request["architecture"], request["classes"])
    told = found.get("input") or request["input"]
    shape = data.Input.of(told) if isinstance(told, Mapping) else data.Input((224, 224))
    pictures, seen_on = _pictures(request, shape)
    with torch.no_grad():
        expected = torch.softmax(torch.cat([model(some) for some in pictures.split(16)]).double(), dim=1)
    made = exported(_Half(model) if precision == "float16" else model, shape)
    if precision == "int8":
        made = _whole_numbers(made, request, shape)
    described = {"classes": json.dumps(list(request["classes"])), "gives": "scores", "precision": precision}
    describe(made, {**described, "made_of": str(request["sha256"])}, shape)
    raw = made.SerializeToString(deterministic=True)
    agrees = _compare(raw, pictures, expected, precision)
    atomic_write(Path(request["target"]), raw)
    return {"precision": precision, "input": shape.as_json(), "seen_on": seen_on, **agrees}


def _pictures(request: Mapping[str, Any], shape: data.Input) -> tuple[Tensor, str]:
    """Return what both are asked: validation images of the version where they are here, else noise; and which."""
    if request["version"]:
        try:
            found = _read(request, shape, _MOST, train=False)
            if len(found):
                return found, f"{len(found)} validation images of {request['version']}"
        except (Lacking, Refused):
            pass
    noise = torch.Generator().manual_seed(0)
    return torch.randn(
        (16, 3, *shape.size), generator=noise
    ), "16 pictures of noise: no validation image is here"


def _read(request: Mapping[str, Any], shape: data.Input, most: int, *, train: bool) -> Tensor:
    """Return images of one side of the request's version, evenly spread over it; raises what `data.read` raises."""
    workspace = Workspace.open(Path(request["root"]))
    task = workspace.task(request["task"])
    version = read_version(workspace, task, request["version"])
    both = sides(version)
    rows = both.train if train else both.validation
    rows = evenly(rows, most)
    if not rows:
        return torch.empty((0, 3, *shape.size))
    read = data.read(version, rows, task.classes, shape, threads=1, on_image=lambda done, total: None)
    return data.normalised(read.pixels)


class _Batches:
    """Pictures as onnxruntime's quantisation asks for them."""

    def __init__(self, pictures: Tensor) -> None:
        self._rest = iter(pictures.split(8))

    def get_next(self) -> dict[str, Any] | None:
        some = next(self._rest, None)
        return None if some is None else {INPUT: some.numpy()}


def _whole_numbers(made: Any, request: Mapping[str, Any], shape: data.Input) -> Any:
    """Return a network that computes in whole numbers of 8 bits, their ranges taken from training images.

    Raises Refused where none are here: without them every range would be a guess.
    """
    from onnxruntime import quantization

    pictures = _read(request, shape, _MEASURED, train=True) if request["version"] else torch.empty((0,))
    if not len(pictures):
        raise Refused(
            "The ranges of int8 are taken from training images, and none is here.", "Leave --int8 out."
        )
    with tempfile.TemporaryDirectory(dir=Path(request["target"]).parent) as folder, _quiet():
        plain, ready, small = (f"{folder}/{name}.onnx" for name in ("plain", "ready", "small"))
        onnx.save(made, plain)
        quantization.quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantization.quantize_static(
            ready, small, _Batches(pictures), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
            activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
        )  # fmt: skip
        return onnx.load(small)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what a library tells of itself out of the answer."""
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def exported(model: nn.Module, shape: data.Input) -> Any:
    """Return a network as an ONNX model of any number of pictures; it is called `INPUT` → `OUTPUT`. Raises Refused."""
    model.eval()
    example = torch.zeros((2, 3, *shape.size))
    batch = torch.export.Dim("batch")
    with _quiet():  # of parts of torch that it uses itself
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
            "Nothing was kept."
            if precision == "float32"
            else "Make it in whole precision: without --half, --int8.",
        )
    return {"asked": len(expected), "same_answers": same, "farthest": round(farthest, 9)}


def answer_one(make: Callable[[Any], Mapping[str, Any]], remedy: str) -> int:
    """Answer one request; the answer, or what was wrong with `remedy`, is the last line of standard output."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 19)  # a print may be running, and the app is open
    try:
        answer = make(json.loads(sys.stdin.read()))
    except PrintModelsError as error:
        answer = {"what": error.what, "remedy": error.remedy, "code": error.exit_code}
    except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
        what = f"No ONNX file could be made of it: {safe(str(error), limit=200)}."
        answer = {"what": what, "remedy": remedy, "code": 1}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    code = answer_one(make, "Use the .pth file.")
    os._exit(code)  # everything is written and told: taking torch apart in good order would take a second
