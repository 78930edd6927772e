"""What `predict` takes for a frame against the loop that everyone writes first, and whether both decide the same.

The naive loop opens a picture, decodes all of it, scales it, and asks torch about it alone. Ours is what the command does:
pictures read once, hashed and decoded small in helper processes, asked in batches by onnxruntime, answers kept on the
disk. The model is trained here in earnest and promoted, its ONNX files are made as `promote --onnx` makes them. Loading
the libraries is in neither. Two ways of counting: by the clock, ours with as many threads as there are cores, the naive
loop with those or with one, whichever is quicker (on a busy machine torch's threads wait for each other); and by processor
seconds of all processes with one thread of the network, which other work hardly changes and in which decoding beside the
network gains nothing.
"""

from __future__ import annotations

import io
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import Row, Sample, Topic
from benchmarks.training import _TASK, _picture, _start, _version

_FRAMES, _PICTURES, _NAIVE, _ROUNDS = 600, 60, 60, 3


def measure(folder: Path) -> Topic:
    """Measure the topic."""
    from core.assist import onnx_engine
    from core.training import onnx_files, registry

    workspace, version = _version(folder / "ws")
    record = registry.promote(workspace, _trained(workspace, version, _start(folder / "start.pth", version)))
    made = {}
    for precision in (onnx_files.FLOAT, onnx_files.INT8):
        with onnx_files.prepared(workspace, record, precision) as ready:
            record = onnx_files.keep(workspace, record, precision, ready)
        made[precision] = next(one for one in onnx_files.told(record) if one.precision == precision)
    keys = _camera(workspace)
    path, cores = workspace.root / record.file, os.cpu_count() or 1
    naive = _Naive(workspace, path, record.facts)
    times: dict[str, list[float]] = {}
    said: dict[str, Mapping[str, Any]] = {}
    for threads, counted in ((cores, "by the clock"), (1, "processor")):
        engines = {
            name: onnx_engine.Network(workspace.root / one.file, threads=threads)
            for name, one in made.items()
        }
        for _ in range(_ROUNDS):
            for name, engine in engines.items():
                took, said[name] = _predict(workspace, version.task, name, engine, keys)
                times.setdefault(f"{name}, {counted}", []).append(took[counted] / len(keys))
            took, said["naive"] = _taken(partial(naive.all, keys[:: len(keys) // _NAIVE], threads))
            for how, seconds in took.items():
                times.setdefault(f"naive of {threads}, {how}", []).append(seconds / len(said["naive"]))
    each = {name: Sample.of(found) for name, found in times.items()}
    quicker = min((1, cores), key=lambda some: each[f"naive of {some}, by the clock"].median)
    each["naive, by the clock"] = each[f"naive of {quicker}, by the clock"]
    each["naive, processor"] = each["naive of 1, processor"]
    bars = {"float32, by the clock": "≤ 0.33x", "int8, by the clock": "≤ 0.22x"}
    rows = [
        Row(
            f"a frame of {_FRAMES}, onnxruntime {name}, {counted}",
            each[f"{name}, {counted}"],
            "naive loop",
            each[f"naive, {counted}"],
            bars.get(f"{name}, {counted}", ""),
        )
        for counted in ("by the clock", "processor")
        for name in ("float32", "int8")
    ]
    rates = ", ".join(
        f"{name} {1 / each[f'{name}, by the clock'].median:.1f}" for name in ("float32", "int8", "naive")
    )
    notes = [
        f"Frames a second by the clock: {rates} (of {quicker}); {cores} cores, 1920x1080 JPEGs of some 300 KB, ResNet18 at 128x224."
    ]
    for name in ("float32", "int8"):
        alike, farthest = _alike(said[name], said["naive"])
        notes.append(
            f"{name} and the naive loop: {alike} of {len(said['naive'])} decisions the same, confidence at most {farthest:.2g} apart."
        )
    return Topic("Predictions", tuple(rows), tuple(notes))


def _trained(workspace: Any, version: Any, weights: Any) -> Any:
    """Train the last stage, in a process of its own as `train` does; return the run when it is over."""
    from core.training import runs, spec

    what = spec.make(
        version.task, version, mode="last", weights=weights, epochs=5, threads=2, folds=0, augment=False
    )
    run = runs.start(workspace, what)
    seen = runs.follow(run)
    assert seen.state == "finished", seen
    return run


def _camera(workspace: Any) -> list[str]:
    """Write frames, no two with the same bytes; return their keys."""
    pictures = [_picture(1000 + number, number % 2 == 1) for number in range(_PICTURES)]
    keys = []
    for number in range(_FRAMES):
        moment = datetime(2025, 12, 1) + timedelta(minutes=number)
        key = f"printer-timelapses/{moment:%Y%m%d}/{moment:%Y%m%dT%H%M%S}.jpg"
        path = workspace.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        data, said = pictures[number % _PICTURES], f"{number:06d}".encode()
        # A comment behind the first mark of a JPEG file: other bytes, the same picture.
        path.write_bytes(data[:2] + b"\xff\xfe" + (len(said) + 2).to_bytes(2, "big") + said + data[2:])
        os.utime(path, (1_700_000_000, 1_700_000_000))
        keys.append(key)
    return keys


def _predict(
    workspace: Any, task: Any, name: str, network: Any, keys: list[str]
) -> tuple[dict[str, float], Mapping[str, Any]]:
    """Return seconds and guesses of all frames, none of them answered before."""
    from core.assist import predicting

    shutil.rmtree(workspace.cache / "predictions", ignore_errors=True)
    engine = predicting.Asked(network, task.classes, name, name)
    took, said = _taken(partial(predicting.ask, workspace, engine, task, keys))
    assert said.filled.computed == len(keys), said.filled
    return took, said.guesses


def _taken(call: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Return the seconds of a call, by the clock and of all processors, those of its helpers too; and its answer."""
    before, begin = os.times(), time.perf_counter()
    answer = call()
    took = time.perf_counter() - begin
    for thread in threading.enumerate():
        if thread.name == "reap helper":  # a process counts once it was waited for
            thread.join()
    return {"by the clock": took, "processor": sum(os.times()[:4]) - sum(before[:4])}, answer


class _Naive:
    """A picture after the other: all of it decoded, scaled, asked alone."""

    def __init__(self, workspace: Any, path: Path, facts: Mapping[str, Any]) -> None:
        from core.training.evaluate import load

        self._root, self._task = workspace.root, workspace.task(_TASK)
        self._model, _ = load(path, "resnet18", self._task.classes)
        self._size = facts["input"]["size"]

    def all(self, keys: list[str], threads: int) -> dict[str, Any]:
        import torch

        torch.set_num_threads(threads)
        with torch.no_grad():
            return {key: self._one(key) for key in keys}

    def _one(self, key: str) -> Any:
        import numpy as np
        import torch
        from PIL import Image

        from core.labels.predictions import Guess
        from core.training.data import MEAN, normalised

        height, width = self._size
        with Image.open(io.BytesIO((self._root / key).read_bytes())) as opened:
            image = opened.convert("RGB")
        scale = min(width / image.width, height / image.height)
        small = image.resize(
            (round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR
        )
        ground = Image.new("RGB", (width, height), tuple(round(255 * share) for share in MEAN))
        ground.paste(small, ((width - small.width) // 2, (height - small.height) // 2))
        pixels = torch.from_numpy(np.array(ground)).permute(2, 0, 1)[None]
        shares = torch.softmax(self._model(normalised(pixels)), dim=1)[0]
        best = int(shares.argmax())
        return Guess(self._task.classes[best], float(shares[best]))


def _alike(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> tuple[int, float]:
    """Return how many decisions are the same, and how far apart the probability of the same class is at most."""

    def share(guess: Any, class_: str) -> float:
        return guess.confidence if guess.class_ == class_ else 1 - guess.confidence

    alike = sum(ours[key].class_ == one.class_ for key, one in theirs.items())
    return alike, max(abs(share(ours[key], one.class_) - one.confidence) for key, one in theirs.items())
