"""What a training costs against the loop that everyone writes first, and against what torch itself takes.

The naive loop decodes every image in every epoch, scales it with its shape given up, and trains the whole network with
Adam; it runs two epochs and is multiplied to twenty. Ours are whole trainings in this process: pictures read, checked
and decoded, features computed, epochs, validation, checkpoints on the disk; without cross-validation, which the naive
loop has not. What is trained as a whole runs two epochs as well and is multiplied. Loading torch is in neither. Seconds
are the processor's, of one thread, where nothing else is said: other work on the machine hardly changes them.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import Row, Sample, Topic

_IMAGES, _EPOCHS, _FEW = 150, 20, 2
_SIZE = (1920, 1080)
_THREADS = 1
_MANY = 5_000
_TASK = "offline-detection"


def measure(folder: Path) -> Topic:
    """Measure the topic."""
    before = os.getloadavg()[0]
    workspace, version = _version(folder / "ws")
    weights = _start(folder / "start.pth", version)
    naive, naive_right = _naive(version)
    rows, notes = [], []
    head, head_right, _ = _ours(workspace, version, weights, "head", _EPOCHS)
    again, _, _ = _ours(workspace, version, weights, "head", _EPOCHS)
    one, _, _ = _ours(workspace, version, weights, "last", _FEW)
    few, last_right, _ = _ours(workspace, version, weights, "last", _FEW + 4)
    last = one + (few - one) / 4 * (_EPOCHS - _FEW)
    whole, faster = _limits(version)
    full, full_right, _ = _ours(workspace, version, weights, "full", _FEW)
    rate, bare = _rates(version, weights)
    once, all_ = "naive loop, 2 epochs x 10", full / _FEW * _EPOCHS
    text = "whole forward, layer4 and fc training, 20 epochs by the step"
    rows += [
        Row("head, 150 images, 20 epochs", _one(head), once, _one(naive), "≤ 1/50"),
        Row("the same once more, pixels and features kept", _one(again), "the first time", _one(head)),
        Row("last stage, 20 epochs, from 6", _one(last), text, _one(whole * _EPOCHS), "≤ 1/3"),
        Row("all, 2 epochs x 10", _one(all_), once, _one(naive), "≤ 0.6x"),
        Row("all: an image of an epoch", _one(rate), "torch's bare step", _one(bare), "≤ 1/0.9 = 1.11x"),
    ]
    refit, parts = _refit(folder)
    rows.append(Row(f"one corrected label → head and answers, {_MANY} frames", _one(refit), "", bar="≤ 1 s"))
    notes += [
        f"Balanced accuracy on validation: naive {naive_right:.0%} after two epochs; head {head_right:.0%}, last "
        f"{last_right:.0%}, all {full_right:.0%} after two. The weights are random, the pictures easy.",
        f"Against layer4 and fc with torch's faster layout, which ours has, the last stage takes {last / faster / _EPOCHS:.2f}x.",
        parts,
        f"{_THREADS} thread; load {before:.1f} before, {os.getloadavg()[0]:.1f} after, on {os.cpu_count()} cores.",
    ]
    return Topic("Training", tuple(rows), tuple(notes))


def _one(seconds: float) -> Sample:
    return Sample(seconds, seconds, seconds)


def _picture(number: int, active: bool) -> bytes:
    """A JPEG of 1920x1080 and some 300 KB: noise over a gradient, with a bright part where the printer is active."""
    import numpy as np
    from PIL import Image

    chance = np.random.default_rng(number)
    slope = np.linspace(40, 120, _SIZE[0])[None, :, None] + chance.uniform(-20, 20, 3)
    pixels = slope + chance.normal(0, 9, (_SIZE[1], _SIZE[0], 3))
    if active:
        left, top = chance.integers(100, 1200), chance.integers(100, 600)
        pixels[top : top + 380, left : left + 560] += (120, 40, -30)
    out = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype("uint8")).save(out, "JPEG", quality=64)
    return out.getvalue()


def _version(root: Path) -> tuple[Any, Any]:
    """Write a version by hand: fifteen recordings of ten images; every fifth of a class is validation."""
    from core.versions import manifest
    from core.versions.manifest import Info, Item
    from core.workspace import Workspace

    root.mkdir(parents=True)
    (root / "print-models.toml").write_text("format = 1\n")
    workspace = Workspace.open(root)
    workspace.ensure_private()
    task = workspace.task(_TASK)
    place, items = workspace.version_dir(task, "v1"), []
    for number in range(_IMAGES):
        recording, within = divmod(number, 10)
        label = task.classes[recording % 2]
        moment = datetime(2025, 11, 7) + timedelta(hours=3 * recording, minutes=within)
        data = _picture(number, label == "active")
        path = place / label / f"{moment:%Y%m%dT%H%M%S}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        items.append(
            Item(
                file_name=f"{label}/{path.name}",
                label=label,
                source=f"printer-timelapses/{moment:%Y%m%d}/{path.name}",
                captured_at=moment.isoformat(),
                oid=f"sha256:{hashlib.sha256(data).hexdigest()}",
                size=len(data),
                width=_SIZE[0],
                height=_SIZE[1],
                recording=f"printer-timelapses/r{recording}",
                split="validation" if recording % 10 in (4, 9) else "train",
            )
        )
    facts = Info(
        version="1.0", name="v1", format=2, dataset_type=_TASK, total_images=len(items),
        digest=manifest.digest(items),
    )  # fmt: skip
    (place / manifest.METADATA).write_bytes(manifest.encode_metadata(items))
    (place / manifest.INFO).write_bytes(manifest.encode_info(facts))
    (place / manifest.LABELS).write_bytes(manifest.encode_labels(items))
    return workspace, manifest.read_version(workspace, task, "v1")


def _start(path: Path, version: Any) -> Any:
    """Write weights to begin with: random ones, their statistics measured, in the place of pretrained ones."""
    import torch

    from core.training import spec
    from core.training.network import build, settle_statistics

    torch.manual_seed(0)
    model = build("resnet18", 2)
    settle_statistics(model, [pixels for pixels, _ in _batches(version, "validation")])
    torch.save(model.state_dict(), path)
    return spec.weights_of(str(path), path.parent)


def _ours(workspace: Any, version: Any, weights: Any, mode: str, epochs: int) -> tuple[float, float, float]:
    """Train as `train` does; return seconds, balanced accuracy, and the images per second of the best epoch."""
    from core.training import events, spec
    from core.training.events import EventWriter
    from core.training.fit import train
    from core.training.ranks import _Silent
    from core.training.worker import Job, Outcome

    what = spec.make(
        version.task, version, mode=mode, weights=weights, epochs=epochs, threads=_THREADS,
        folds=0, augment=False,
    )  # fmt: skip
    what = type(what)(
        **{name: getattr(what, name) for name in what.__struct_fields__ if name != "patience"},
        patience=epochs,
    )
    run = workspace.runs / f"{time.time_ns()}"
    run.mkdir(parents=True)
    spec.write(run, what)
    writer, quiet, outcome = EventWriter(run), _Silent(), Outcome()
    none = events.RunView()
    begun = time.process_time()
    train(Job(run, workspace, what, writer, quiet, threading.Event(), none, outcome))
    took = time.process_time() - begun
    writer.close()
    rates = [e["images_per_s"] for e in events.read(run / events.FILE).events if e["event"] == "epoch"]
    assert outcome.results is not None
    return took, float(outcome.results["balanced"]), max(rates)


def _network() -> Any:
    from core.training.network import build, learn

    model = build("resnet18", 2)
    learn(model)
    return model


def _batches(version: Any, split: str) -> Iterator[tuple[Any, Any]]:
    """Decode images as a first script does: all of it, every time, into a square."""
    import torch
    from PIL import Image
    from torchvision.transforms.functional import normalize, resize, to_tensor

    from core.training.data import MEAN, STD

    items = [item for item in version.items if item.split == split]
    for begin in range(0, len(items), 32):
        some = items[begin : begin + 32]
        pixels = [
            normalize(
                to_tensor(resize(Image.open(version.path / item.file_name).convert("RGB"), [224, 224])),
                MEAN,
                STD,
            )
            for item in some
        ]
        yield torch.stack(pixels), torch.tensor([version.task.code(item.label) for item in some])


def _naive(version: Any) -> tuple[float, float]:
    """Return the seconds of twenty epochs of the naive loop, from two, and the balanced accuracy after those."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(_THREADS)
    torch.manual_seed(0)
    model = _network().train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    begun = time.process_time()
    found: dict[int, list[bool]] = {}
    for _ in range(_FEW):
        model.train()
        for pixels, labels in _batches(version, "train"):
            optimizer.zero_grad()
            cross_entropy(model(pixels), labels).backward()
            optimizer.step()
        model.eval()
        found = {}
        with torch.no_grad():
            for pixels, labels in _batches(version, "validation"):
                for truth, answer in zip(labels.tolist(), model(pixels).argmax(1).tolist(), strict=True):
                    found.setdefault(truth, []).append(truth == answer)
    took = (time.process_time() - begun) / _FEW * _EPOCHS
    return took, sum(sum(one) / len(one) for one in found.values()) / len(found)


def _limits(version: Any) -> tuple[float, float]:
    """Return seconds per epoch of layer4 and fc behind the whole forward, in torch's own layout and in the faster one."""
    images = sum(item.split == "train" for item in version.items)
    layouts = [_stepped("layer4 fc", layout) for layout in ("contiguous_format", "channels_last")]
    return layouts[0] * images, layouts[1] * images


def _stepped(learned: str, layout: str) -> float:
    """Return seconds per image of torch's bare step, on decoded pixels in the input's shape; `learned` '' is all."""
    import torch
    from torch.nn.functional import cross_entropy

    kind = getattr(torch, layout)
    pixels, labels = torch.randn(32, 3, 128, 224).contiguous(memory_format=kind), torch.zeros(32).long()
    model = _network().to(memory_format=kind)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not learned or name.split(".")[0] in learned.split())
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    times = []
    for _ in range(5):
        begun = time.process_time()
        optimizer.zero_grad()
        cross_entropy(model(pixels), labels).backward()
        optimizer.step()
        times.append(time.process_time() - begun)
    return sorted(times)[len(times) // 2] / 32


def _rates(version: Any, weights: Any) -> tuple[float, float]:
    """Return seconds per image of an epoch in which all is learned, and of torch's bare step; three of each by turns."""
    import torch

    from core.training import data, network, spec
    from core.training.devices import Device
    from core.training.features import Inputs
    from core.training.learning import Learner
    from core.training.sides import sides

    what = spec.make(version.task, version, mode="full", weights=weights, threads=_THREADS, augment=False)
    rows = sides(version).train[:96]
    shape = data.input_of(version, what.input_size, what.architecture)
    images = data.read(version, rows, what.classes, shape, threads=1, on_image=lambda done, of: None)
    model = network.start(what).model.to(memory_format=torch.channels_last)
    device = Device("cpu", _THREADS)
    parts = network.cut(model, "full")
    inputs = Inputs(parts.before, images, device=device)
    learner = Learner(parts.trained, inputs, range(len(rows)), what, device)
    ours, bare = [], []
    for epoch in range(1, 4):
        begun = time.process_time()
        learner.epoch(epoch, lambda step, loss: None)
        ours.append((time.process_time() - begun) / len(rows))
        bare.append(_stepped("", "channels_last"))
    return sorted(ours)[1], sorted(bare)[1]


class _Known:
    """Features that are there already, in the place of what computes them."""

    def __init__(self, features: Any, labels: Any) -> None:
        self.features, self.labels = features, labels

    def plain(self, places: Any) -> Any:
        return self.features[places]

    def changed(self, places: Any, epoch: int) -> Any:
        return self.features[places]


def _refit(folder: Path) -> tuple[float, str]:
    """Return seconds from one corrected label to a head fitted anew and its answers, the features of all frames kept."""
    import torch

    from core.training import spec
    from core.training.cache import Cache
    from core.training.devices import Device
    from core.training.learning import Learner

    chance = torch.Generator().manual_seed(0)
    features = torch.randn(_MANY, 512, generator=chance).relu()
    labels = (features[:, :8].sum(1) > 8 * 0.4).long()
    keys = [f"sha256:{number:064x}" for number in range(_MANY)]
    with Cache(folder / "features.db") as cache:
        cache.put("k", {key: row.numpy().tobytes() for key, row in zip(keys, features, strict=True)})
    epochs, lr = spec.DEFAULTS["head"]["epochs"], spec.DEFAULTS["head"]["lr"]
    what = spec.Spec(
        dataset=spec.Dataset(_TASK, "v1", ""), classes=("offline", "active"), mode="head", epochs=epochs, lr=lr,
        batch_size=spec.batch_of("head", _MANY), threads=_THREADS,
    )  # fmt: skip
    labels[17] = 1 - labels[17]
    begun = time.process_time()
    with Cache(folder / "features.db") as cache:
        known = cache.get("k", keys)
    block = torch.frombuffer(bytearray(b"".join(known[key] for key in keys)), dtype=torch.float32).view(
        _MANY, 512
    )
    read = time.process_time() - begun
    torch.manual_seed(0)
    learner = Learner(
        torch.nn.Linear(512, 2), _Known(block, labels), range(_MANY), what, Device("cpu", _THREADS)
    )
    for epoch in range(1, epochs + 1):
        learner.epoch(epoch, lambda step, loss: None)
    answers = learner.probabilities(range(_MANY))
    took = time.process_time() - begun
    right = float((answers.argmax(1) == labels).float().mean())
    return took, (
        f"Of the refit {read * 1000:.0f} ms are reading features, the rest {epochs} epochs in batches of "
        f"{what.batch_size} and {_MANY} answers, {right:.1%} of which agree with the labels; in a process that is there."
    )
