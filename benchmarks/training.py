"""What a training costs against the loop that everyone writes first, and against what torch itself takes.

The naive loop decodes every image in every epoch, scales it with its shape given up, and trains the whole network with
Adam; it runs two epochs and is multiplied to twenty. Ours are whole trainings in this process: pictures read, checked
and decoded, features computed, epochs, validation, checkpoints on the disk; without cross-validation, which the naive
loop has not. What is trained as a whole runs two epochs as well and is multiplied. Loading torch is in neither.
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
_THREADS = 2
_MANY = 5_000
_TASK = "offline-detection"


def measure(folder: Path) -> Topic:
    """Measure the topic."""
    before = os.getloadavg()[0]
    workspace, version = _version(folder / "ws")
    naive, naive_right = _naive(version)
    rows, notes = [], []
    head, head_right, _ = _ours(workspace, version, "head", _EPOCHS)
    rows.append(
        Row("head, 150 images, 20 epochs", _one(head), "naive loop, 2 epochs x 10", _one(naive), "≤ 1/50")
    )
    again, _, _ = _ours(workspace, version, "head", _EPOCHS)
    rows.append(
        Row("the same once more, pixels and features kept", _one(again), "the first time", _one(head))
    )
    last, last_right, _ = _ours(workspace, version, "last", _EPOCHS)
    whole, bare = _limits(version)
    text = "whole forward, layer4 and fc training, 2 epochs x 10"
    rows.append(Row("last stage, 20 epochs", _one(last), text, _one(whole * _EPOCHS), "≤ 1/3"))
    full, full_right, rate = _ours(workspace, version, "full", _FEW)
    rows.append(
        Row(
            "all, 2 epochs x 10",
            _one(full / _FEW * _EPOCHS),
            "naive loop, 2 epochs x 10",
            _one(naive),
            "≤ 0.6x",
        )
    )
    rows.append(
        Row("all: an image", _one(1 / rate), "torch's bare step, an image", _one(bare), "≤ 1/0.9 = 1.11x")
    )
    refit, parts = _refit(folder)
    rows.append(Row(f"one corrected label → head and answers, {_MANY} frames", _one(refit), "", bar="≤ 1 s"))
    notes += [
        f"Balanced accuracy on validation: naive {naive_right:.0%} after two epochs; head {head_right:.0%}, last "
        f"{last_right:.0%}, all {full_right:.0%} after two. The weights are random, so the pictures are easy.",
        f"torch steps at {1 / bare:.1f} images/s here, all learned in ours at {rate:.1f}.",
        parts,
        f"{_THREADS} threads; load {before:.1f} before, {os.getloadavg()[0]:.1f} after, on {os.cpu_count()} cores.",
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


def _ours(workspace: Any, version: Any, mode: str, epochs: int) -> tuple[float, float, float]:
    """Train as `train` does; return seconds, balanced accuracy, and the images per second of the best epoch."""
    from core.training import events, spec
    from core.training.events import EventWriter
    from core.training.fit import train
    from core.training.ranks import _Silent
    from core.training.worker import Job, Outcome

    what = spec.make(
        version.task, version, mode=mode, weights=spec.Weights(kind="random"), epochs=epochs, threads=_THREADS,
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
    begun = time.perf_counter()
    train(Job(run, workspace, what, writer, quiet, threading.Event(), none, outcome))
    took = time.perf_counter() - begun
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
    begun = time.perf_counter()
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
    took = (time.perf_counter() - begun) / _FEW * _EPOCHS
    return took, sum(sum(one) / len(one) for one in found.values()) / len(found)


def _limits(version: Any) -> tuple[float, float]:
    """Return seconds per epoch of layer4 and fc behind the whole forward, and per image of torch's bare step of all.

    Both are given decoded pixels in the input's shape and torch's faster memory layout.
    """
    import torch
    from torch.nn.functional import cross_entropy

    images = sum(item.split == "train" for item in version.items)
    pixels = torch.randn(32, 3, 128, 224).contiguous(memory_format=torch.channels_last)
    labels = torch.zeros(32, dtype=torch.int64)
    seconds = []
    for learned in ("layer4 fc", ""):
        model = _network().to(memory_format=torch.channels_last)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(not learned or name.split(".")[0] in learned.split())
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
        times = []
        for _ in range(7):
            begun = time.perf_counter()
            optimizer.zero_grad()
            cross_entropy(model(pixels), labels).backward()
            optimizer.step()
            times.append(time.perf_counter() - begun)
        seconds.append(sorted(times)[len(times) // 2] / 32)
    return seconds[0] * images, seconds[1]


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
    begun = time.perf_counter()
    with Cache(folder / "features.db") as cache:
        known = cache.get("k", keys)
    block = torch.frombuffer(bytearray(b"".join(known[key] for key in keys)), dtype=torch.float32).view(
        _MANY, 512
    )
    read = time.perf_counter() - begun
    torch.manual_seed(0)
    learner = Learner(
        torch.nn.Linear(512, 2), _Known(block, labels), range(_MANY), what, Device("cpu", _THREADS)
    )
    for epoch in range(1, epochs + 1):
        learner.epoch(epoch, lambda step, loss: None)
    answers = learner.probabilities(range(_MANY))
    took = time.perf_counter() - begun
    right = float((answers.argmax(1) == labels).float().mean())
    return took, (
        f"Of the refit {read * 1000:.0f} ms are reading features, the rest {epochs} epochs in batches of "
        f"{what.batch_size} and {_MANY} answers, {right:.1%} of which agree with the labels; in a process that is there."
    )
