"""A small workspace with a dataset version of simple pictures, made by hand, and a watchdog for real trainings."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from PIL import Image, ImageDraw

from core.training import spec
from core.training.spec import Spec
from core.versions import manifest
from core.versions.manifest import Info, Item
from core.workspace import Workspace

TASK = "offline-detection"
#: Seconds after which a watchdog gives up; loading torch alone takes 10 to 15 on a small machine.
PATIENCE_S = 150.0

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="training needs torch"
)


def until(true: Callable[[], bool], what: str, limit_s: float = PATIENCE_S) -> None:
    """Wait until something is so, looking at the files; fail after `limit_s` seconds."""
    waited, wake = 0.0, threading.Event()
    while not true():
        wake.wait(0.05)
        waited += 0.05
        assert waited < limit_s, f"waited in vain for: {what}"


def picture(active: bool, number: int, size: tuple[int, int] = (64, 36)) -> bytes:
    """A JPEG: a dark bed, with a bright part on it where the printer is active; brightness alone tells nothing."""
    ground = 60 + 37 * number % 90
    image = Image.new("RGB", size, (ground, ground, ground + 20))
    draw = ImageDraw.Draw(image)
    if active:
        left = 10 + 5 * number % 25
        draw.rectangle((left, 10, left + 14, 28), fill=(250, 90, 20))
    else:
        draw.line((0, number % 30, 63, number % 30), fill=(20, 160, 220), width=4)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def make_version(
    workspace: Workspace, name: str = "v1", *, recordings: int = 8, each: int = 4, seed: int = 0
) -> manifest.Version:
    """Write a version by hand: recordings alternate between the classes, every fourth is validation."""
    task = workspace.task(TASK)
    folder = workspace.version_dir(task, name)
    items = []
    begin = datetime(2025, 11, 7, 8, 0)
    for r in range(recordings):
        label = task.classes[r % 2]
        at = begin + timedelta(hours=3 * r)
        recording = f"printer-timelapses/{at:%Y%m%dT%H%M%S}"
        for i in range(each):
            moment = at + timedelta(minutes=i)
            data = picture(label == "active", seed + 7 * r + i)
            path = folder / label / f"{moment:%Y%m%dT%H%M%S}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (1_700_000_000, 1_700_000_000))
            items.append(
                Item(
                    file_name=f"{label}/{path.name}",
                    label=label,
                    source=f"printer-timelapses/{moment:%Y%m%d}/{path.name}",
                    captured_at=moment.isoformat(),
                    oid=manifest_oid(data),
                    size=len(data),
                    width=64,
                    height=36,
                    recording=recording,
                    split="validation" if r % 4 in (2, 3) and r >= recordings // 2 else "train",
                )
            )
    info = Info(
        version=f"{name[1:]}.0",
        name=name,
        format=2,
        dataset_type=TASK,
        total_images=len(items),
        digest=manifest.digest(items),
    )
    (folder / manifest.METADATA).write_bytes(manifest.encode_metadata(items))
    (folder / manifest.INFO).write_bytes(manifest.encode_info(info))
    (folder / manifest.LABELS).write_bytes(manifest.encode_labels(items))
    return manifest.read_version(workspace, task, name)


def manifest_oid(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def small(version: manifest.Version, **changes: object) -> Spec:
    """A spec that takes a second: a small network, small pictures, few epochs."""
    made = spec.make(
        version.task,
        version,
        architecture="squeezenet1_1",
        weights=spec.Weights(kind="random"),
        epochs=3,
        threads=1,
        input_size=64,
    )
    return msgspec.structs.replace(made, **changes)


def make_workspace(root: Path) -> Workspace:
    """A folder that is a workspace, without git: a training needs none."""
    root.mkdir(parents=True)
    (root / "print-models.toml").write_text("format = 1\n")
    return Workspace.open(root)
