"""The network: built by name, given start weights, cut into a part that stays and a part that learns.

What always holds: a file of weights is loaded with `weights_only=True` and its names, shapes and numbers are compared
with the network before one is taken over; BatchNorm statistics never move while training. What comes before the
trained part never changes, so its output is computed once per image.
"""

from __future__ import annotations

import difflib
import hashlib
import io
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL
import torch
import torchvision
from torch import Tensor, fx, nn
from torchvision import models

from core.durable import Hashed, hash_file
from core.errors import Damaged, Lacking, PrintModelsError, Refused, WrongUsage
from core.text import safe
from core.training.loading import load_file as load_file
from core.training.loading import load_state as load_state
from core.training.spec import Spec, Weights


@dataclass(frozen=True, slots=True)
class Start:
    """A network at its start: where its weights come from, in a sentence too, and what had to be said about it."""

    model: nn.Module
    weights: Weights
    words: str
    alert: str = ""


def build(architecture: str, classes: int) -> nn.Module:
    """Return a torchvision classifier with random weights. Raises WrongUsage for a name torchvision has not."""
    known = models.list_models(module=models)
    if architecture not in known:
        near = ", ".join(difflib.get_close_matches(architecture, known, n=3)) or "resnet18, mobilenet_v2"
        raise WrongUsage(f"torchvision has no network “{safe(architecture)}”.", f"Did you mean: {near}?")
    extra: dict[str, Any] = {}
    if architecture in ("googlenet", "inception_v3"):
        extra = {"aux_logits": False, "init_weights": True}
    return models.get_model(architecture, weights=None, num_classes=classes, **extra)


def start(what: Spec) -> Start:
    """Build the network of a spec with its start weights; `auto` falls back on random ones and says so.

    Raises Lacking (no file, no download), Damaged (not weights of this network), WrongUsage.
    """
    torch.manual_seed(what.seed)
    model = build(what.architecture, len(what.classes))
    alert = ""
    kind = what.weights.kind
    if kind == "file":
        path = Path(what.weights.path)
        state = load_state(path)
        fit_state(model, state, f"{what.weights.name}")
        return Start(model, what.weights, f"It starts from the weights in {what.weights.name}.")
    if kind in ("auto", "imagenet"):
        try:
            weights = _from_torchvision(model, what.architecture)
            return Start(model, weights, "It starts from torchvision's ImageNet weights.")
        except Lacking as error:
            if kind == "imagenet":
                raise
            alert = f"starts from random weights: {error.what[0].lower()}{error.what[1:]}"
    return Start(model, Weights(kind="random"), "It starts from random weights, not pretrained ones.", alert)


def _from_torchvision(model: nn.Module, architecture: str) -> Weights:
    chosen = models.get_model_weights(architecture).DEFAULT
    try:
        state = chosen.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:  # URLError is an OSError; a wrong hash is a RuntimeError
        reason = safe(str(getattr(error, "reason", error)), limit=120)
        raise Lacking(
            f"The ImageNet weights of {architecture} could not be downloaded ({reason}).",
            "Give a file with --weights FILE, or say --weights random.",
        ) from error
    fit_state(model, state, "the downloaded weights")
    file = Path(torch.hub.get_dir()) / "checkpoints" / chosen.url.rsplit("/", 1)[-1]
    return Weights(kind="imagenet", name=str(chosen), sha256=hash_file(file).oid)


def fit_state(model: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Put weights into a network; a head for other classes is left as it is. Raises Damaged naming what differs."""
    own = model.state_dict()
    head = head_of(model)
    taken: dict[str, Tensor] = {}
    wrong: list[str] = []
    for key, value in state.items():
        if key not in own:
            if not re.match(r"(aux|AuxLogits)", key):
                wrong.append(f"{safe(key, limit=60)} is unknown")
        elif value.shape == own[key].shape:
            taken[key] = value.to(own[key].dtype)
        elif not key.startswith(f"{head}."):
            wrong.append(f"{safe(key, limit=60)} has shape {tuple(value.shape)}, not {tuple(own[key].shape)}")
    wrong += [f"{k} is missing" for k in own if k not in state and not k.endswith("num_batches_tracked")]
    wrong += [
        f"{k} holds numbers that are not finite"
        for k, v in taken.items()
        if not bool(torch.isfinite(v).all())
    ]
    if wrong:
        raise Damaged(
            f"{safe(name)} does not fit this network: {wrong[0]}"
            + (f", and {len(wrong) - 1} more differences." if len(wrong) > 1 else "."),
            "Give weights of the same architecture (--arch).",
        )
    model.load_state_dict({**own, **taken})


def head_of(model: nn.Module) -> str:
    """Return the name of the last child with weights: what gives the classes."""
    return str([name for name, child in model.named_children() if _size(child)][-1])


def last_stage(model: nn.Module) -> tuple[str, ...]:
    """Return the names of the modules trained in mode `last`: the head and the last quarter of the blocks before it.

    Blocks are the children of the network; while there are fewer than four, the largest is opened. For ResNet that
    gives layer4 and fc, for MobileNetV2 the last four blocks and the classifier.
    """
    head = head_of(model)
    units = [(name, child) for name, child in model.named_children() if _size(child) and name != head]
    while len(units) < 4:
        at = max(range(len(units)), key=lambda i: _size(units[i][1]))
        name, biggest = units[at]
        inner = [(f"{name}.{n}", child) for n, child in biggest.named_children() if _size(child)]
        if len(inner) < 2:
            break
        units[at : at + 1] = inner
    tail = units[-max(1, len(units) // 4) :]
    return (*(name for name, _ in tail), head)


def _size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@dataclass(frozen=True, slots=True)
class Parts:
    """A network cut in two that share its weights: `before` is None where everything is trained."""

    before: nn.Module | None
    trained: nn.Module
    names: tuple[str, ...]


def cut(model: nn.Module, mode: str) -> Parts:
    """Cut a network before its trained part: the head, the last stage and the head, or nowhere.

    The network is traced (torch.fx), so any torchvision classifier can be cut; its two halves run one after the other
    give what the whole gives. Weights before the cut no longer take gradients.
    """
    model.eval()
    if mode == "full":
        return Parts(None, model, tuple(name for name, child in model.named_children() if _size(child)))
    names = (head_of(model),) if mode == "head" else last_stage(model)
    traced = fx.symbolic_trace(model)
    before, after = _halves(traced, _cut_place(list(traced.graph.nodes), names))
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for name in names:
        for parameter in model.get_submodule(name).parameters():
            parameter.requires_grad_(True)
    return Parts(before, after, names)


def _cut_place(nodes: list[fx.Node], names: tuple[str, ...]) -> int:
    """Return the number of the first operation after the cut: the last place before the trained modules that one value
    crosses; 0 where there is none."""
    first = next(
        i
        for i, node in enumerate(nodes)
        if node.op in ("call_module", "get_attr")
        and any(str(node.target) == name or str(node.target).startswith(f"{name}.") for name in names)
    )
    return next((at for at in range(first, 0, -1) if len(_crossing(nodes, at)) == 1), 0)


def _crossing(nodes: list[fx.Node], at: int) -> list[fx.Node]:
    """Return what is computed before a place and used after it; a weight can be had on both sides."""
    place = {node: i for i, node in enumerate(nodes)}
    return [n for n in nodes[:at] if n.op != "get_attr" and any(place[user] >= at for user in n.users)]


def _halves(traced: fx.GraphModule, at: int) -> tuple[nn.Module | None, nn.Module]:
    """Return a traced network as two that run one after the other and have its very modules."""
    nodes = list(traced.graph.nodes)
    if not at:
        return None, traced
    [value] = _crossing(nodes, at)
    before, after = fx.Graph(), fx.Graph()
    known: dict[fx.Node, fx.Node] = {}
    late = set(nodes[at:])
    for node in nodes[:at]:
        if node.op != "get_attr" or not late.issuperset(node.users):
            known[node] = before.node_copy(node, known.__getitem__)
    before.output(known[value])
    known = {value: after.placeholder("features")}
    for node in nodes[:at]:
        if node.op == "get_attr" and not late.isdisjoint(node.users):
            known[node] = after.node_copy(node, known.__getitem__)
    for node in nodes[at:]:
        known[node] = after.node_copy(node, known.__getitem__)
    return fx.GraphModule(traced, before), fx.GraphModule(traced, after)


def learn(module: nn.Module) -> None:
    """Set a module to learning, its BatchNorm statistics frozen: the data are few."""
    module.train()
    for inner in module.modules():
        if isinstance(inner, nn.modules.batchnorm._BatchNorm):
            inner.eval()


@torch.no_grad()
def settle_statistics(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Measure the BatchNorm statistics of a network with random weights once, on training images; then they stay.

    A pretrained network brings its own. Without either, the activations of a frozen random network grow from layer
    to layer and drown what the images say.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches
        norm.train()
    for batch in batches:
        model(batch)
    model.eval()


def serialise(content: Mapping[str, Any]) -> tuple[bytes, Hashed]:
    """Return a checkpoint as bytes with their identity, after loading them back.

    Written through a buffer: no time, host or path gets into the file, so equal content gives equal bytes.
    """
    buffer = io.BytesIO()
    torch.save(dict(content), buffer)
    data = buffer.getvalue()
    torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return data, Hashed(f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))


def plain_state(module: nn.Module) -> dict[str, Tensor]:
    """Return the weights of a module as plain CPU tensors that share nothing."""
    return {name: value.detach().cpu().contiguous().clone() for name, value in module.state_dict().items()}


def explain(error: RuntimeError) -> PrintModelsError | None:
    """Return what torch's own error means to a person, where that is known."""
    text = str(error)
    if "alloc" in text and ("memory" in text or "bytes" in text):
        return Refused(
            "The training ran out of memory.", "Use a smaller --batch-size, or --mode head.", detail=text
        )
    if "onnection closed by peer" in text or "onnection reset" in text:
        return Lacking(
            "Another of this training's processes ended.", "Look at the end of its train.log.", detail=text
        )
    if "Kernel size" in text or "Output size is too small" in text:
        return WrongUsage(
            "The pictures are too small for this network.", "Choose another --arch.", detail=text
        )
    return None


def same_every_time(threads: int, device: str) -> None:
    """Fix what could make two runs differ. Raises Lacking where the device is absent."""
    torch.set_num_threads(threads)
    if torch.get_num_interop_threads() != 1:
        torch.set_num_interop_threads(1)
    if device == "cuda" and not torch.cuda.is_available():
        raise Lacking("This machine has no CUDA device that torch can use.", "Use --device cpu.")
    # On a GPU a few operations have no deterministic form: there they only warn.
    torch.use_deterministic_algorithms(True, warn_only=device != "cpu")
    torch.backends.cudnn.benchmark = False


def machine() -> dict[str, str]:
    """Return what the bits of a result depend on beside the spec: build, instruction set, processor."""
    return {
        "torch": str(torch.__version__),
        "torchvision": str(torchvision.__version__),
        "pillow": PIL.__version__,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
