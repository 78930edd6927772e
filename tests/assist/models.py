"""A model version by hand whose answers are known: bright pictures show an active printer, and failed prints are red."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.assist.inputs import Input
from core.assist.predicting import Asked
from core.frames.decode import Picture
from core.tasks import Task
from core.workspace import Workspace

HERE = Path(__file__).resolve().parents[2]
needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxruntime")),
    reason="needs the onnx extra",
)
needs_making = pytest.mark.skipif(
    importlib.util.find_spec("onnxscript") is None, reason="needs the onnx extra"
)

INPUT: dict[str, Any] = {"size": [96, 128]}


class ByLight:
    """A network's place: the score of the second class grows with the light. `seen` counts pictures."""

    def __init__(self) -> None:
        self.input = Input.of(INPUT)
        self.seen = 0

    def run(self, pictures: Sequence[Picture]) -> np.ndarray:
        self.seen += len(pictures)
        light = np.array([one.pixels.mean() for one in pictures], np.float32)
        return np.stack([np.zeros_like(light), (light - 80) / 20], axis=1)

    def close(self) -> None:
        """Nothing is held."""


def put_model(ws: Workspace, task: Task, name: str, **facts: Any) -> Path:
    """Write a model version with its record; its bytes are no weights, so it can only be told, or asked by its ONNX file."""
    path = ws.model_versions / f"{name}.pth"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(name.encode() * 40)
    found = {
        "task": task.name, "classes": list(task.classes), "architecture": "resnet18", "input": INPUT,
        "sha256": f"sha256:{sha256(path.read_bytes()).hexdigest()}", "size": path.stat().st_size, **facts,
    }  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(found))
    return path


def asked(task: Task, model: Path, network: ByLight | None = None) -> Asked:
    """The engine that `predict` takes for a model's weights, with a known network in torch's place."""
    key = f"{sha256(model.read_bytes()).hexdigest()[:24]}-torch"
    return Asked(network or ByLight(), task.classes, key, "torch")


SAVE = """
import sys, torch
from torchvision import models
torch.manual_seed(0)
model = models.get_model(sys.argv[1], weights=None, num_classes=int(sys.argv[2]))
torch.save(model.state_dict(), sys.argv[3])
"""


def save_weights(path: Path, name: str, classes: int) -> Path:
    words = [sys.executable, "-c", SAVE, name, str(classes), os.fspath(path)]
    subprocess.run(words, cwd=HERE, check=True, timeout=240)
    return path
