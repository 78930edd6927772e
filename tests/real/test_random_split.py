"""What a split is worth, on real photographs: the same images, network and weights, cut by recording and cut at random."""

from __future__ import annotations

import os
import random
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.versions import manifest
from core.workspace import Workspace
from tests.conftest import run_program
from tests.real.layout import RealCamera
from tests.training.small import make_workspace, needs_torch

TASK = "failed-print-detection"
#: Few enough photographs for a test of a minute; 1 gives the figures of docs/training-results.md.
EVERY = int(os.environ.get("PRINT_MODELS_REAL_EVERY", "3"))


@dataclass(frozen=True, slots=True)
class Both:
    """The same training twice: `grouped` as the tool splits, `leaky` split frame by frame; what evaluate says of each."""

    root: Path
    grouped: dict[str, Any]
    leaky: dict[str, Any]


def _weights() -> Path:
    default = Path(__file__).resolve().parents[3] / "shared" / "real"
    path = Path(os.environ.get("PRINT_MODELS_REAL", default)) / "weights" / "mobilenet_v2.pth"
    if not path.is_file():
        pytest.skip("no pretrained weights here (PRINT_MODELS_REAL, or ../shared/real)")
    return path


def _version(workspace: Workspace, camera: RealCamera, *, leaky: bool) -> manifest.Version:
    """Write all photographs as a version: split by the tool's own rule, or each frame by chance."""
    from PIL import Image

    from core.durable import hash_file
    from core.frames.names import captured_at
    from core.versions.splits import Row, split

    task = workspace.task(TASK)
    folder = workspace.version_dir(task, "v1")
    known = [
        (key, recording.class_, f"r{number:02}")
        for number, recording in enumerate(camera.recordings)
        if recording.class_ is not None
        for key in recording.keys[::EVERY]
    ]
    items = []
    for key, label, recording in known:
        source = camera.folder / key.split("/", 1)[1]
        path = folder / label / source.name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)
        hashed, at = hash_file(path), captured_at(key)
        with Image.open(path) as picture:
            width, height = picture.size
        items.append(
            manifest.Item(
                file_name=f"{label}/{path.name}", label=label, source=key, recording=key if leaky else recording,
                captured_at=at.isoformat() if at else None, oid=hashed.oid, size=hashed.size, width=width,
                height=height,
            )
        )  # fmt: skip
    of: dict[str, str] = {}
    if leaky:
        chance = random.Random(0)
        for label in task.classes:
            names = [item.file_name for item in items if item.label == label]
            asked = set(chance.sample(names, len(names) // 5))
            of |= {name: "validation" if name in asked else "train" for name in names}
    else:
        rows = [Row(i.file_name, i.label, i.recording or "", captured_at(i.source), i.oid) for i in items]
        of = dict(split(rows, inherited={}, classes=task.classes).of)
    items = [msgspec.structs.replace(item, split=of[item.file_name]) for item in items]
    info = manifest.Info(
        version="1.0", name="v1", format=2, dataset_type=TASK, total_images=len(items), digest=manifest.digest(items)
    )  # fmt: skip
    (folder / manifest.METADATA).write_bytes(manifest.encode_metadata(items))
    (folder / manifest.INFO).write_bytes(manifest.encode_info(info))
    (folder / manifest.LABELS).write_bytes(manifest.encode_labels(items))
    return manifest.read_version(workspace, task, "v1")


@pytest.fixture(scope="module")
def both(real_camera: RealCamera, tmp_path_factory: pytest.TempPathFactory) -> Both:
    place = tmp_path_factory.mktemp("split")
    told = {}
    for name in ("grouped", "leaky"):
        root = place / name
        _version(make_workspace(root), real_camera, leaky=name == "leaky")

        def call(*words: str | Path, root: Path = root) -> Any:
            answer = run_program([sys.executable, "-m", "core", *words], cwd=root)
            assert answer.code == 0, answer.err
            return answer

        folds = ("--folds", "0") if name == "leaky" else ()
        call(
            "train",
            "--task",
            TASK,
            "--mode",
            "head",
            "--arch",
            "mobilenet_v2",
            "--weights",
            _weights(),
            "--foreground",
            *folds,
        )
        run = call("runs", "--json").json["runs"][0]["id"]
        told[name] = call("evaluate", run, "--json").json
    return Both(place, told["grouped"], told["leaky"])


@pytest.mark.slow
@needs_torch
def test_a_random_split_flatters_and_is_found_out_by_the_clock(both: Both) -> None:
    """A rule that sees no pixel is nearly always right where neighbours are on both sides; by recording it is not."""
    leaky, grouped = both.leaky["results"], both.grouped["results_folds"]
    print("\n".join(["", "at random:", *both.leaky["words"], "", "by recording:", *both.grouped["words"]]))
    print(leaky["baselines"], grouped["baselines"], sep="\n")
    print(both.grouped["results"]["baselines"], both.grouped["results"]["classes"]["failed"], sep="\n")
    assert leaky["baselines"]["nearest_in_time"]["balanced"] > 0.95
    assert grouped["baselines"]["nearest_in_time"]["balanced"] < 0.7
    assert leaky["balanced"] - grouped["balanced"] > 0.1
    assert leaky["better_than_clock"] is False
    assert any(line.startswith("It does not beat the clock: nearest in time") for line in both.leaky["words"])


@pytest.mark.slow
@needs_torch
def test_every_real_recording_is_judged_once_by_a_network_that_never_saw_it(both: Both) -> None:
    found = both.grouped["results_folds"]
    assert found["recordings"] == len(found["by_recording"]) == 25
    assert found["balanced_low"] < found["balanced"] < found["balanced_high"]
    assert found["alarms"]["failed_prints"] == 6
    assert both.grouped["words"][0].startswith("Would have caught")
    assert any("never saw it" in line for line in both.grouped["words"])
