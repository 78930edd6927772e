"""`demo --scenario legacy`: an older repository with pixels, its traps as told, and looking at it changes nothing."""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.demo.checkpoint import write_checkpoint
from tests.conftest import Cli, git, run_program

#: What all of these look at is made once: they stay with one worker.
pytestmark = pytest.mark.xdist_group("legacy")

V1 = "datasets/offline-detection/v1"


@dataclass(frozen=True, slots=True)
class Old:
    """The older repository and what the demo said about it."""

    root: Path
    said: str

    def read(self, path: str) -> Any:
        return json.loads((self.root / path).read_text("utf-8"))


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Old:
    folder = tmp_path_factory.mktemp("legacy")
    words = ["demo", "old", "--scenario", "legacy", "--headless", "--size", "96x54"]
    done = run_program([sys.executable, "-m", "core", *words], cwd=folder)
    assert done.code == 0, done.out + done.err
    return Old(folder / "old", done.out)


def test_it_is_an_old_layout_in_git_with_a_clean_tree(old: Old) -> None:
    tracked = git(old.root, "ls-files").splitlines()
    assert {"data/labels.json", "data/failed_print_labels.json", ".gitignore", "printer-timelapses"} <= set(
        tracked
    )
    assert not (old.root / "print-models.toml").exists()
    assert not (old.root / f"{V1}/metadata.jsonl").exists()
    assert git(old.root, "status", "--porcelain") == ""
    assert (old.root / "printer-timelapses").is_symlink()
    assert git(old.root, "ls-files", "-s", "printer-timelapses").startswith("120000")


def test_its_label_files_have_the_traps_of_real_ones(old: Old) -> None:
    offline, failed = old.read("data/labels.json"), old.read("data/failed_print_labels.json")
    assert (len(offline), len(failed)) == (169, 196)
    assert [value for value in offline.values() if isinstance(value, int)] == [1] * 18
    assert list(offline) != sorted(offline)
    assert [frame for frame in offline if offline[frame] == "offline" and failed.get(frame) == "good"] == [
        "printer-timelapses/20251107/20251107T010901.jpg"
    ]
    order = [failed[frame] for frame in sorted(failed)]
    lone = [i for i in range(1, len(order) - 1) if order[i - 1 : i + 2] == ["good", "failed", "good"]]
    assert len(lone) == 3
    assert (order.count("good"), order.count("failed")) == (175, 21)


def test_its_first_version_is_whole_in_git_lfs_and_its_card_is_not_true(old: Old) -> None:
    folder = old.root / V1
    assert (folder / "labels.json").read_bytes() == (old.root / "data/labels.json").read_bytes()
    info = old.read(f"{V1}/dataset_info.json")
    assert info.keys() == {
        "version", "description", "created", "total_images", "classes", "dataset_type", "source_labels"
    }  # fmt: skip
    assert (info["total_images"], info["classes"]) == (169, {"active": 79, "offline": 90})
    assert {name: len(list((folder / name).glob("*.jpg"))) for name in info["classes"]} == info["classes"]
    assert "**Total Images:** 150" in (folder / "README.md").read_text("utf-8")
    for line in git(old.root, "lfs", "ls-files", "--long").splitlines():
        oid, _, path = line.split(" ", 2)
        assert hashlib.sha256((old.root / path).read_bytes()).hexdigest() == oid
    assert len(git(old.root, "lfs", "ls-files", "-n").splitlines()) == 171


def test_an_ignore_rule_hides_every_new_image(old: Old) -> None:
    assert git(old.root, "check-ignore", "--no-index", f"{V1}/active/20260101T000000.jpg")


def test_a_checkpoint_is_three_times_too_large_and_opens_safely(old: Old) -> None:
    fat, lean = (old.root / f"models/{name}_detector.pth" for name in ("printer_offline", "failed_print"))
    assert 2.8 < fat.stat().st_size / lean.stat().st_size < 3.1
    with zipfile.ZipFile(fat) as archive:
        assert archive.testzip() is None
        assert b"optimizer_state_dict" in archive.read("archive/data.pkl")


def test_a_checkpoint_is_one_that_torch_opens(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    write_checkpoint(tmp_path / "a.pth", seed=1)
    write_checkpoint(tmp_path / "b.pth", seed=1)
    assert (tmp_path / "a.pth").read_bytes() == (tmp_path / "b.pth").read_bytes()
    content = torch.load(tmp_path / "a.pth", weights_only=True)
    assert content.keys() == {"epoch", "model_state_dict", "optimizer_state_dict", "val_acc", "val_loss"}
    weights = content["model_state_dict"]
    assert weights["fc.weight"].shape == (2, 128)
    assert float(weights["bn1.running_var"].min()) >= 0
    state = content["optimizer_state_dict"]["state"]
    assert sum(t["exp_avg"].numel() for t in state.values()) == sum(
        w.numel() for name, w in weights.items() if "running" not in name
    )


def test_looking_at_it_without_init_changes_no_byte(old: Old, cli: Cli) -> None:
    before = _state(old.root)
    status = cli(old.root, "status", "--json").json
    assert status["tasks"]["offline-detection"]["labelled"] == 169
    diff = cli(old.root, "diff", "--task", "offline-detection", "--json").json
    assert diff["unchanged"] == 169
    assert cli(old.root, "verify", "v1", "--task", "offline-detection").code == 0
    assert cli(old.root, "storage", "--json").json["objects"] == 171
    assert _state(old.root) == before
    assert "the same as before" in old.said


def test_check_finds_every_trap_that_was_laid(old: Old, cli: Cli) -> None:
    said = cli(old.root, "check", "--json")
    assert said.code == 1
    odd = {(one["id"], one["text"]) for one in said.json["results"] if one["level"] != "pass"}
    for id_, words in (
        ("spelling", "data/labels.json has 18 integer labels"),
        ("contradicts", "1 frame is offline in data/labels.json and good in data/failed_print_labels.json"),
        ("lone", "3 lone frames failed between two good"),
        ("ignored", "*.jpg hides"),
        ("card", "60 active where there are 79"),
        ("checkpoint", "models/printer_offline_detector.pth takes 8.5 MB: the optimizer's state is inside"),
    ):
        assert any(found == id_ and words in text for found, text in odd), words
    assert not any("failed_print_detector.pth" in text for found, text in odd if found == "checkpoint")
    assert "18 integer labels" in old.said


def test_it_opens_where_its_camera_is_gone(old: Old, cli: Cli, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(old.root), "mine")
    mine = tmp_path / "mine"
    (mine / "printer-timelapses").unlink()
    (mine / "printer-timelapses").symlink_to("/nowhere/thingino/timelapses")
    status = cli(mine, "status")
    assert status.code == 0
    assert "/nowhere/thingino/timelapses" in status.out + status.err
    assert cli(mine, "diff", "--task", "offline-detection", "--json").json["unchanged"] == 169
    assert cli(mine, "verify", "v1", "--task", "offline-detection").code == 0


def test_init_makes_it_a_workspace_whose_labels_are_classes(old: Old, cli: Cli, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(old.root), "mine")
    mine = tmp_path / "mine"
    assert cli(mine, "init").code == 0
    named = cli(mine, "label", "--as", "active", "printer-timelapses/20251111/20251111T085347.jpg")
    assert named.code == 0, named.err
    written = json.loads((mine / "data/labels.json").read_text("utf-8"))
    assert len(written) == 170
    assert set(written.values()) == {"active", "offline"}


def _state(root: Path) -> dict[str, tuple[str, int]]:
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    kept = (path for path in files if ".git" not in path.relative_to(root).parts)
    return {
        path.relative_to(root).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in kept
    } | {"HEAD": (git(root, "rev-parse", "HEAD"), 0)}
