"""Real photographs, real pretrained weights: what a head makes of recordings it never saw, and of images it nearly did."""

import dataclasses
from pathlib import Path

import pytest

from core.training import spec
from core.training.folds import assign, learners
from core.training.quick import Seen
from core.training.sides import Row
from core.versions import manifest
from core.versions.manifest import Item, Version
from core.workspace import Workspace
from tests.real.layout import RealCamera
from tests.training.small import make_workspace, needs_torch

pytestmark = [needs_torch, pytest.mark.slow]
TASK = "failed-print-detection"


def version_of(workspace: Workspace, camera: RealCamera) -> Version:
    """A version of every third photograph whose class is known, its pictures where the camera left them."""
    task = workspace.task(TASK)
    folder = workspace.version_dir(task, "v1")
    items = []
    for number, recording in enumerate(r for r in camera.recordings if r.class_ is not None):
        for key in recording.keys[::3]:
            name = f"{recording.class_}/{key.rsplit('/', 1)[-1]}"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).hardlink_to(camera.folder / key.partition("/")[2])
            items.append(
                Item(
                    file_name=name, label=recording.class_ or "", source=key, recording=f"r{number}",
                    split="train" if number % 5 else "validation",
                )
            )  # fmt: skip
    info = manifest.Info(version="1.0", name="v1", format=2, dataset_type=TASK, total_images=len(items))
    (folder / manifest.METADATA).write_bytes(manifest.encode_metadata(items))
    (folder / manifest.INFO).write_bytes(manifest.encode_info(info))
    (folder / manifest.LABELS).write_bytes(manifest.encode_labels(items))
    return manifest.read_version(workspace, task, "v1")


def test_who_saw_neighbours_of_an_image_seems_to_know_it_and_does_not(
    tmp_path: Path, real_frames: Path, real_camera: RealCamera
) -> None:
    """The same features, heads and folds; only whether a recording is cut differs."""
    from core.training import data, network
    from core.training.crossing import learned, put_back
    from core.training.devices import Device
    from core.training.features import Inputs
    from core.training.learning import Learner

    workspace = make_workspace(tmp_path / "ws")
    version = version_of(workspace, real_camera)
    weights = spec.weights_of(str(real_frames.parent / "weights" / "mobilenet_v2.pth"), tmp_path)
    what = spec.make(
        version.task, version, mode="head", architecture="mobilenet_v2", weights=weights, epochs=20, threads=1
    )
    device = Device("cpu", 1)
    rows = [Row(i.file_name, i.label, i.recording or "", i.source, None, None) for i in version.items]
    shape = data.input_of(version, 224, what.architecture)
    images = data.read(version, rows, what.classes, shape, threads=1, on_image=lambda done, of: None)
    start = network.start(what)
    parts = network.cut(start.model, "head")
    inputs = Inputs(parts.before, images, device=device)
    begin = learned(start.model)

    def judged(known: list[Row]) -> Seen:
        folds = assign(known, what.classes, 4)
        said: list[list[float]] = [[] for _ in known]
        for fold in range(folds.count):
            learn, asked = learners(known, folds, fold)
            put_back(start.model, begin)
            learner = Learner(parts.trained, inputs, learn, what, device)
            for epoch in range(1, what.epochs + 1):
                learner.epoch(epoch, lambda step, loss: None)
            for place, shares in zip(asked, learner.probabilities(asked).tolist(), strict=True):
                said[place] = shares
        found = Seen.of(known, what.classes, said, "failed")
        assert found is not None
        return found

    by_recording = judged(rows)
    by_image = judged([dataclasses.replace(row, recording=row.file_name) for row in rows])
    assert by_image.balanced > by_recording.balanced + 0.05
    assert by_image.recall["failed"] > by_recording.recall["failed"]
