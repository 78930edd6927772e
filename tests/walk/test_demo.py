"""The demo's whole main job, once, and what it printed checked with plain git, git-lfs and sha256."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Cli, git, run_program

#: What all of these look at is made once: they stay with one worker.
pytestmark = pytest.mark.xdist_group("demo")

TORCH = all(importlib.util.find_spec(name) for name in ("torch", "torchvision"))


@dataclass(frozen=True, slots=True)
class Walk:
    """A demo that was walked: its folder, its remote, and all it printed."""

    root: Path
    remote: Path
    said: str


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    folder = tmp_path_factory.mktemp("demo")
    words = ["demo", "shop", "--headless", "--frames", "60", "--size", "128x72"]
    done = run_program([sys.executable, "-m", "core", *words], cwd=folder)
    assert done.code == 0, done.out + done.err
    return Walk(folder / "shop", folder / "shop-remote.git", done.out)


def test_the_tree_is_clean_and_every_tag_is_on_the_remote(walk: Walk) -> None:
    tags = ["failed-print-detection/v1", "offline-detection/v1", "offline-detection/v2"]
    assert git(walk.root, "status", "--porcelain") == ""
    assert git(walk.remote, "tag").split() == tags
    assert git(walk.root, "rev-list", "HEAD", "--not", "--remotes") == ""  # the model went there too
    for tag in tags:
        assert git(walk.remote, "cat-file", "-t", tag).strip() == "tag"


def test_a_fresh_clone_has_the_very_bytes_that_were_released(walk: Walk, tmp_path: Path) -> None:
    run_program(
        ["git", "clone", "-q", walk.remote.as_uri(), "clone"], cwd=tmp_path, env={"GIT_LFS_SKIP_SMUDGE": "1"}
    )
    clone = tmp_path / "clone"
    git(clone, "lfs", "install", "--local")
    git(clone, "lfs", "pull")
    assert git(clone, "lfs", "fsck").strip() == "Git LFS fsck OK"
    seen = 0
    for metadata in clone.glob("datasets/*/v*/metadata.jsonl"):
        for line in metadata.read_text().splitlines():
            item = json.loads(line)
            data = (metadata.parent / item["file_name"]).read_bytes()
            assert item["oid"] == "sha256:" + hashlib.sha256(data).hexdigest()
            assert data == (walk.root / item["source"]).read_bytes()
            seen += 1
    assert seen > 100


def test_the_counts_it_printed_are_those_of_the_files(walk: Walk) -> None:
    printed = re.findall(r"^(\S+)/(v\d) is released on origin: (\d+) images", walk.said, re.MULTILINE)
    assert len(set(printed)) == 3
    for task, version, images in set(printed):
        folder = walk.root / "datasets" / task / version
        assert len(list(folder.glob("*/*.jpg"))) == int(images)
        assert json.loads((folder / "dataset_info.json").read_text())["total_images"] == int(images)


def test_frames_that_cannot_be_seen_are_named_and_excluded_with_their_reason(walk: Walk) -> None:
    truth = json.loads((walk.root / "demo-truth.json").read_text())["frames"]
    bad = {frame for frame, facts in truth.items() if not facts["usable"]}
    assert {truth[frame]["glitch"] for frame in bad} == {"cut", "zeros"}
    for frame in bad:
        assert f"$ print-models mark {frame} --exclude" in walk.said
    info = json.loads((walk.root / "datasets/offline-detection/v2/dataset_info.json").read_text())
    named = {entry["frame"]: entry["reason"] for entry in info["excluded"]}
    assert named.keys() == bad
    assert any("cut off" in reason for reason in named.values())
    assert any("zeros" in reason for reason in named.values())
    labels = json.loads((walk.root / "data/labels.json").read_text())
    assert labels.keys() == truth.keys(), "an excluded frame keeps its label"
    assert not bad & json.loads((walk.root / "datasets/offline-detection/v2/labels.json").read_text()).keys()
    assert json.loads((walk.root / "data/marks.json").read_text()).keys() == bad


def test_what_the_camera_did_is_told_before_the_labelling(walk: Walk) -> None:
    for event in json.loads((walk.root / "demo-truth.json").read_text())["events"]:
        if event["kind"] in (
            "cut",
            "zeros",
            "gap",
            "camera moved",
            "clock back",
            "same second",
            "same bytes",
        ):
            assert f"  {Path(event['frames'][0]).stem}  {event['text']}" in walk.said.splitlines()


def test_its_own_lines_fit_a_terminal_of_80_columns(walk: Walk) -> None:
    titles = [line for line in walk.said.splitlines() if line.startswith("──")]
    assert [int(line.split()[1]) for line in titles] == list(range(1, 12))
    assert all(line.rstrip().endswith(" s") for line in titles[1:]), "each step says how much time has passed"
    told = [line for line in walk.said.splitlines() if re.match(r"  2025\d{4}T\d{6}", line)]
    assert len(told) >= 7
    assert max(map(len, [*titles, *told])) <= 80


def test_the_corrections_make_the_second_version_true(walk: Walk) -> None:
    truth = json.loads((walk.root / "demo-truth.json").read_text())["frames"]
    for version, right in (("v1", False), ("v2", True)):
        labels = json.loads((walk.root / f"datasets/offline-detection/{version}/labels.json").read_text())
        assert all(truth[key]["offline-detection"] == class_ for key, class_ in labels.items()) is right


def test_validation_frames_stay_validation_in_the_next_version(walk: Walk) -> None:
    split: list[dict[str, str]] = []
    for version in ("v1", "v2"):
        lines = (walk.root / f"datasets/offline-detection/{version}/metadata.jsonl").read_text().splitlines()
        split.append({item["source"]: item["split"] for item in map(json.loads, lines)})
    assert {"train", "validation"} <= set(split[0].values())
    assert all(split[1][source] == side for source, side in split[0].items())


def test_a_second_demo_never_writes_over_the_first(walk: Walk, cli: Cli) -> None:
    again = cli(walk.root.parent, "demo", "shop", "--headless")
    assert again.code == 1
    assert "is there already" in again.err


@pytest.mark.skipif(not TORCH, reason="torch is not installed: make setup TRAIN=1")
def test_a_model_version_is_committed_with_its_record(walk: Walk) -> None:
    record = json.loads((walk.root / "models/versions/offline-detector-v2.json").read_text())
    info = json.loads((walk.root / "datasets/offline-detection/v2/dataset_info.json").read_text())
    data = (walk.root / "models/versions/offline-detector-v2.pth").read_bytes()
    assert record["dataset"]["digest"] == info["digest"]
    assert hashlib.sha256(data).hexdigest() in json.dumps(record)
    assert "models/versions/offline-detector-v2.pth" in git(walk.root, "lfs", "ls-files", "-n").split("\n")
    assert "random weights" in walk.said


@pytest.mark.skipif(TORCH, reason="torch is installed")
def test_without_torch_the_training_is_left_out_and_said(walk: Walk) -> None:
    assert "skipped: torch is not installed" in walk.said


def test_what_the_host_lacks_is_said_before_any_frame_is_made(cli: Cli, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "sh"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    said = cli(
        tmp_path, "demo", "shop", "--headless", env={"PATH": str(programs), "GIT_EXEC_PATH": str(programs)}
    )
    assert said.code == 5
    assert "git-lfs is not installed" in said.err
    assert not (tmp_path / "shop").exists()


def test_a_demo_that_cannot_be_made_leaves_no_folder_in_its_way(cli: Cli, tmp_path: Path) -> None:
    said = cli(tmp_path, "demo", "shop", "--headless", "--size", "10x10")
    assert said.code == 2
    assert "can't be simulated" in said.err
    assert not (tmp_path / "shop").exists()


def test_a_scenario_has_a_number_of_frames_of_its_own(cli: Cli, tmp_path: Path) -> None:
    said = cli(tmp_path, "demo", "shop", "--headless", "--scenario", "note", "--frames", "100")
    assert said.code == 2
    assert "--frames" in said.err
    assert not (tmp_path / "shop").exists()
