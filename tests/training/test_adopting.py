"""Checkpoints from elsewhere become model versions, and models ONNX files: with torch, in processes of their own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.durable import hash_file
from core.training import onnx_files, vetting
from core.training.runs import Run
from core.workspace import Workspace
from tests.conftest import Cli, git, run_program
from tests.training.small import make_version, needs_torch

pytestmark = [needs_torch, pytest.mark.slow, pytest.mark.xdist_group("adopting")]

#: Written by one process, since each start of torch takes seconds.
_FILES = """
import sys, torch, torchvision
folder = sys.argv[1]
torch.manual_seed(1)
def network(classes): return torchvision.models.get_model("squeezenet1_1", num_classes=classes)
model = network(2)
optimizer = torch.optim.Adam(model.parameters())
model(torch.randn(2, 3, 64, 64)).sum().backward()
optimizer.step()
state = model.state_dict()
whole = {"epoch": 7, "model_state_dict": state, "optimizer_state_dict": optimizer.state_dict(), "val_acc": 0.97}
torch.save(whole, f"{folder}/whole.pth")
torch.save(whole, f"{folder}/old.pth", _use_new_zipfile_serialization=False)
first = next(iter(state))
torch.save({**state, first: state[first] * float("nan")}, f"{folder}/nan.pth")
torch.save({**state, "more.weight": torch.zeros(3)}, f"{folder}/extra.pth")
torch.save(network(5).state_dict(), f"{folder}/five.pth")
torch.save({"model_state_dict": state, "architecture": "resnet18"}, f"{folder}/other.pth")
torch.save({"model_state_dict": state, "classes": ["good", "failed"]}, f"{folder}/classes.pth")
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import sys

    folder = tmp_path_factory.mktemp("checkpoints")
    done = run_program([sys.executable, "-c", _FILES, folder], cwd=folder)
    assert done.code == 0, done.err
    return folder


@pytest.fixture
def root(bare_copy: Path) -> Path:
    make_version(Workspace.open(bare_copy))
    git(bare_copy, "add", "datasets")
    git(bare_copy, "commit", "-q", "-m", "v1")
    return bare_copy


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nan", "holds numbers that are not finite"),
        ("extra", "more.weight is unknown"),
        ("five", "is a squeezenet1_1 of 5 classes, and the task has 2"),
        ("other", "is no resnet18: "),
        ("classes", "tells good, failed apart, and offline-detection offline, active"),
    ],
)
def test_f_104_what_does_not_fit_is_named(root: Path, cli: Cli, files: Path, name: str, said: str) -> None:
    """named mismatch, and nothing is adopted."""
    done = cli(root, "adopt", files / f"{name}.pth")
    assert done.code == 3, done.err
    assert said in done.err
    assert not list((root / "models" / "versions").glob("*.pth"))


@pytest.mark.parametrize("form", ["whole", "old"])
def test_a_checkpoint_is_adopted_measured_and_says_what_nobody_proved(
    root: Path, cli: Cli, files: Path, form: str
) -> None:
    file = files / f"{form}.pth"
    done = cli(root, "adopt", file, "--dataset", "v1", "--strip", "--json")
    assert done.code == 0, done.err
    made: dict[str, Any] = done.json
    assert (made["name"], made["architecture"]) == ("offline-detector-v1", "squeezenet1_1")
    assert made["dataset"] == {
        "task": "offline-detection",
        "version": "v1",
        "digest": None,
        "claim": "claimed, not proven",
    }
    assert made["claims"] == {"epoch": 7, "val_acc": 0.97}
    assert made["left_out"] == ["optimizer_state_dict"]
    assert made["results"]["images"] == 8
    assert "It learned from v1: claimed, not proven." in made["words"]
    card = (root / "datasets" / "offline-detection" / "v1" / "README.md").read_text("utf-8")
    assert "adopted, claimed, not proven)" in card
    path = root / made["file"]
    assert path.stat().st_size < file.stat().st_size / 2
    assert vetting.look(path).left == ()
    assert git(root, "status", "--short") == ""
    again = cli(root, "adopt", file, "--dataset", "v1", "--strip", "--json")
    assert (again.json["name"], again.json["committed"]) == ("offline-detector-v1", None)
    # As a kill leaves it before it was asked: the next adoption asks it.
    record = path.with_suffix(".json")
    unasked = {key: value for key, value in json.loads(record.read_text()).items() if key != "results"}
    record.write_text(json.dumps(unasked))
    path.with_name("offline-detector-v1.predictions.jsonl").unlink()
    assert cli(root, "adopt", file, "--dataset", "v1", "--strip", "--json").json["results"] == made["results"]
    assert path.with_name("offline-detector-v1.predictions.jsonl").is_file()


def test_bytes_are_kept_where_stripping_is_not_asked_for(root: Path, cli: Cli, files: Path) -> None:
    done = cli(root, "adopt", files / "whole.pth", "--json")
    assert done.code == 0, done.err
    assert done.json["name"] == "offline-detector-unknown"
    assert done.json["sha256"] == hash_file(files / "whole.pth").oid
    assert done.json["dataset"]["claim"] == "unknown"
    assert any("which no model needs" in line for line in done.json["words"])
    used = cli(root, "promote", "offline-detector-unknown", "--current")
    assert used.code == 0, used.err
    assert hash_file(root / "models" / "printer_offline_detector.pth").oid == done.json["sha256"]


def test_a_model_as_onnx_agrees_is_committed_as_a_pointer_and_made_once(
    root: Path, cli: Cli, trained: tuple[Workspace, Run]
) -> None:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason="ONNX files need the extra of that name")
    shutil.copytree(trained[0].runs, Workspace.open(root).ensure_private() / "runs")
    done = cli(root, "promote", trained[1].id, "--onnx", "--json")
    assert done.code == 0, done.err
    assert "stores about" in done.err
    (one,) = done.json["onnx"]
    assert one["same_answers"] == one["asked"] == 8
    assert one["farthest"] < 1e-4
    path = root / one["file"]
    assert hash_file(path).oid == one["sha256"]
    assert f"oid {one['sha256']}" in git(root, "cat-file", "-p", f"HEAD:{one['file']}")
    assert str(root).encode() not in path.read_bytes()
    assert b"site-packages" not in path.read_bytes()
    half = cli(root, "promote", done.json["name"], "--onnx", "--half", "--json")
    assert half.code == 0, half.err
    small = next(one for one in half.json["onnx"] if one["precision"] == onnx_files.HALF)
    assert small["size"] < 0.51 * one["size"]
    half = cli(root, "promote", done.json["name"], "--onnx", "--int8", "--json")
    assert half.code == 0, half.err
    least = next(one for one in half.json["onnx"] if one["precision"] == onnx_files.INT8)
    assert least["size"] < 0.6 * small["size"]
    assert least["same_answers"] == 8
    assert b"site-packages" not in (root / least["file"]).read_bytes()
    before = git(root, "rev-parse", "HEAD")
    again = cli(root, "promote", done.json["name"], "--onnx", "--json")
    assert again.code == 0, again.err
    assert git(root, "rev-parse", "HEAD") == before
    assert (
        json.loads((root / "models" / "versions" / f"{done.json['name']}.json").read_text())["onnx"]
        == half.json["onnx"]
    )
    path.write_bytes(b"another file")
    refused = cli(root, "promote", done.json["name"], "--onnx")
    assert refused.code == 1
    assert "is there already" in refused.err
