"""What becomes a model version, and what does not in silence: by the command line, in a repository with Git LFS."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from core.training import answers, dataset, planning, registry
from core.training.sides import Row
from core.versions.manifest import Version, read_version
from core.workspace import Workspace
from tests.conftest import Cli, git
from tests.training.finished import finished
from tests.training.small import TASK, make_version

VERSIONS = Path("models/versions")


@pytest.fixture(scope="module")
def released(bare_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a version that is committed and tagged; each test works on a copy of it."""
    root = tmp_path_factory.mktemp("released") / "ws"
    shutil.copytree(bare_workspace, root, symlinks=True)
    make_version(Workspace.open(root))
    git(root, "add", "datasets")
    git(root, "commit", "-q", "-m", "v1")
    git(root, "tag", "-a", "-m", "v1", f"{TASK}/v1")
    return root


@pytest.fixture
def root(released: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(released, tmp_path / "ws", symlinks=True))


def _opened(root: Path) -> tuple[Workspace, Version]:
    workspace = Workspace.open(root)
    return workspace, read_version(workspace, workspace.task(None), "v1")


def _first(count: int) -> Callable[[int, Row], bool]:
    return lambda place, row: place < count


def test_a_model_worse_than_the_one_in_use_needs_a_reason_which_is_kept(root: Path, cli: Cli) -> None:
    good = finished(*_opened(root), 1, _first(1))
    worse = finished(*_opened(root), 2, _first(3))
    assert cli(root, "promote", good.id, "--current").code == 0
    refused = cli(root, "promote", worse.id)
    assert refused.code == 1
    assert "worse than offline-detector-v1 on the 8 validation images both were asked" in refused.err
    assert "0 fixed and 2 broken" in refused.err
    assert "--because" in refused.err
    assert not (root / VERSIONS / "offline-detector-v1.2.pth").exists()
    assert git(root, "status", "--short") == ""
    done = cli(root, "promote", worse.id, "--because", "it is half as large", "--json")
    assert done.code == 0, done.err
    assert done.json["promoted"]["because"] == "it is half as large"
    assert done.json["promoted"]["against"] == "offline-detector-v1"
    assert len(done.json["promoted"]["worse"]) == 1
    assert "promoted all the same: it is half as large" in git(root, "log", "-1", "--format=%B")


def test_a_worse_version_is_not_put_to_use_in_silence_either(root: Path, cli: Cli) -> None:
    worse = finished(*_opened(root), 1, _first(3))
    assert cli(root, "promote", worse.id, "--current").code == 0
    assert cli(root, "promote", finished(*_opened(root), 2, _first(1)).id, "--current").code == 0
    back = cli(root, "promote", "offline-detector-v1", "--current")
    assert back.code == 1
    assert "worse than offline-detector-v1.2" in back.err
    assert "▶ offline-detector-v1.2" in cli(root, "models").out
    done = cli(root, "promote", "offline-detector-v1", "--current", "--because", "it is half as large")
    assert done.code == 0, done.err
    assert "▶ offline-detector-v1 " in cli(root, "models").out
    assert "it is half as large" in git(root, "log", "-1", "--format=%B")


def test_a_better_one_goes_through_and_says_by_how_much(root: Path, cli: Cli) -> None:
    assert cli(root, "promote", finished(*_opened(root), 1, _first(3)).id, "--current").code == 0
    done = cli(root, "promote", finished(*_opened(root), 2, _first(1)).id)
    assert done.code == 0, done.err
    assert "better than offline-detector-v1 on the 8 validation images" in done.out
    assert "2 fixed and 0 broken" in done.out


def test_a_model_worse_than_the_clock_needs_a_reason(root: Path, cli: Cli) -> None:
    run = finished(*_opened(root), 1, _first(3), clock=0.875)
    refused = cli(root, "promote", run.id)
    assert refused.code == 1
    assert "worse than the clock: nearest in time reaches 88 %" in refused.err
    as_good = finished(*_opened(root), 2, _first(1), clock=0.875)
    assert cli(root, "promote", as_good.id).code == 0


def test_the_model_in_use_is_a_commit_of_its_own_and_the_card_belongs_to_the_first(
    root: Path, cli: Cli
) -> None:
    run = finished(*_opened(root), 1)
    tag = git(root, "rev-parse", f"{TASK}/v1")
    done = cli(root, "promote", run.id, "--current", "--json")
    assert done.code == 0, done.err
    version, use = (
        sorted(git(root, "show", "--name-only", "--format=", done.json[which]).split())
        for which in ("committed", "in_use")
    )
    assert version == [
        f"datasets/{TASK}/v1/README.md",
        f"{VERSIONS}/offline-detector-v1.json",
        f"{VERSIONS}/offline-detector-v1.predictions.jsonl",
        f"{VERSIONS}/offline-detector-v1.pth",
    ]
    assert use == ["models/printer_offline_detector.pth"]
    assert git(root, "rev-parse", f"{TASK}/v1") == tag
    assert "filter=lfs" not in git(root, "check-attr", "filter", version[2])
    card = (root / version[0]).read_text("utf-8")
    assert "Model: offline-detector-v1" in card
    assert "Validation Accuracy: 100.0%" in card
    again = cli(root, "promote", run.id, "--current", "--json")
    assert (again.json["committed"], again.json["in_use"]) == (None, None)


def test_what_it_said_of_each_image_is_read_in_a_clone_without_pictures(
    root: Path, cli: Cli, tmp_path: Path
) -> None:
    assert cli(root, "promote", finished(*_opened(root), 1, _first(2)).id).code == 0
    clone = tmp_path / "clone"
    git(tmp_path, "-c", "filter.lfs.smudge=", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false",
        "clone", "-q", str(root), str(clone))  # fmt: skip
    workspace = Workspace.open(clone)
    said = answers.read(workspace, registry.get(workspace, "offline-detector-v1"))
    assert said is not None
    rows = said.of("validation")
    own = answers.read(Workspace.open(root), registry.get(Workspace.open(root), "offline-detector-v1"))
    assert own == said
    assert len(rows) == 8
    wrong = [
        row for row in rows if said.classes[row.probabilities.index(max(row.probabilities))] != row.label
    ]
    assert len(wrong) == 2
    assert all(row.oid and row.recording and row.frame.startswith("printer-timelapses/") for row in rows)
    path = answers.path_of(workspace, "offline-detector-v1")
    path.write_text(path.read_text().replace('"file_name":"', '"file_name":"no/', 1))
    listed = cli(clone, "models", "--json")
    assert listed.code == 0, listed.err


def test_a_training_on_the_draft_is_promoted_once_a_version_holds_its_labels(root: Path, cli: Cli) -> None:
    workspace, version = _opened(root)
    draft = {"task": TASK, "version": "draft", "digest": version.digest}
    run = finished(workspace, version, 1, dataset=draft)
    other = finished(workspace, version, 2, dataset={**draft, "digest": "sha256:" + "0" * 64})
    refused = cli(root, "promote", other.id)
    assert refused.code == 1
    assert f"no version of {TASK} holds" in refused.err
    assert "release" in refused.err
    done = cli(root, "promote", run.id, "--json")
    assert done.code == 0, done.err
    assert done.json["name"] == "offline-detector-v1"
    assert done.json["dataset"] == {"task": TASK, "version": "v1", "digest": version.digest}


def test_a_push_needs_a_release_there_and_then_sends_commits_and_proven_objects(
    root: Path, cli: Cli, tmp_path: Path
) -> None:
    bare = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(root, "remote", "add", "origin", f"file://{bare}")
    run = finished(*_opened(root), 1)
    first = cli(root, "promote", run.id, "--push")
    assert first.code == 1
    assert "has no release of this workspace yet" in first.err
    git(root, "push", "-q", "origin", "main", f"{TASK}/v1")
    sent = cli(root, "promote", "offline-detector-v1", "--push", "--json")
    assert sent.code == 0, sent.err
    assert sent.json["pushed"] == "origin"
    assert git(bare, "rev-parse", "main") == git(root, "rev-parse", "HEAD")
    name = sent.json["sha256"].removeprefix("sha256:")
    assert (bare / "lfs" / "objects" / name[:2] / name[2:4] / name).stat().st_size == sent.json["size"]


def test_a_record_that_names_files_elsewhere_commits_nothing_of_them(root: Path, cli: Cli) -> None:
    assert cli(root, "promote", finished(*_opened(root), 1).id).code == 0
    record = root / VERSIONS / "offline-detector-v1.json"
    facts = json.loads(record.read_text())
    facts["onnx"] = [{"file": "data/labels.json", "precision": "float32", "sha256": "x", "size": 1}]
    record.write_bytes(msgspec.json.encode(facts))
    (root / "data").mkdir(exist_ok=True)
    (root / "data" / "labels.json").write_text("{}")
    done = cli(root, "promote", "offline-detector-v1", "--current")
    assert done.code == 0, done.err
    assert "data/labels.json" not in git(root, "show", "--name-only", "--format=", "HEAD", "HEAD~1")


def test_lineage_is_told_both_ways(root: Path, cli: Cli) -> None:
    workspace, version = _opened(root)
    assert cli(root, "promote", finished(workspace, version, 1).id, "--current").code == 0
    tagged = git(root, "rev-parse", f"{TASK}/v1^{{commit}}").strip()
    model = cli(root, "lineage", "offline-detector-v1", "--json").json
    up = {link["kind"]: link for link in model["up"]}
    assert (up["version"]["name"], up["version"]["identity"]) == (f"{TASK}/v1", version.digest)
    assert (up["version"]["commit"], up["version"]["tag"]) == (tagged, f"{TASK}/v1")
    assert up["frames"]["facts"] == {"frames": 32, "recordings": 8}
    assert "models/printer_offline_detector.pth" in {link["name"] for link in model["down"]}
    learned = next(item for item in version.items if item.split == "train")
    asked = next(item for item in version.items if item.split == "validation")
    for item, did in ((learned, "learned from it, in v1"), (asked, "was measured on it, in v1")):
        image = f"datasets/{TASK}/v1/{item.file_name}"
        for name in (item.source, image, item.oid or ""):
            found = cli(root, "lineage", name, "--json").json
            assert ("model", "offline-detector-v1", did) in {
                (link["kind"], link["name"], link["how"]) for link in found["down"]
            }, name
            assert image in {link["name"] for link in found["down"]}
    assert any(
        link["name"] == "offline-detector-v1" for link in cli(root, "lineage", "v1", "--json").json["down"]
    )
    unknown = cli(root, "lineage", "printer-timelapses/20240101/20240101T000000.jpg")
    assert unknown.code == 2
    assert "no version holds a frame" in unknown.err


def test_what_no_hash_proves_is_told_as_such_from_every_side(root: Path, cli: Cli) -> None:
    workspace, version = _opened(root)
    assert cli(root, "promote", finished(workspace, version, 1).id).code == 0
    record = root / VERSIONS / "offline-detector-v1.json"
    facts = json.loads(record.read_text())
    facts["dataset"]["digest"] = "sha256:" + "0" * 64
    record.write_text(json.dumps(facts))
    odd = "a version of this name, but with another digest"
    item = version.items[0]
    for name, kind in (("v1", "model"), (item.source, "model"), ("offline-detector-v1", "version")):
        found = cli(root, "lineage", name, "--json").json
        told = [link["how"] for link in (*found["up"], *found["down"]) if link["kind"] == kind]
        assert told, name
        assert all(odd in how for how in told), name


def test_a_model_is_found_by_any_of_its_files_and_a_frame_with_a_dot_before_it(root: Path, cli: Cli) -> None:
    workspace, version = _opened(root)
    assert cli(root, "promote", finished(workspace, version, 1).id, "--current").code == 0
    names = (
        "offline-detector-v1.half.onnx",
        "offline-detector-v1.predictions.jsonl",
        "offline-detector-v1.pth",
    )
    for name in (*(f"{VERSIONS}/{name}" for name in names), "models/printer_offline_detector.pth"):
        assert cli(root, "lineage", name, "--json").json["what"]["name"] == "offline-detector-v1", name
    frame = cli(root, "lineage", f"./{version.items[0].source}", "--json").json["what"]
    assert (frame["kind"], frame["name"]) == ("frame", version.items[0].source)


def test_a_training_is_compared_like_a_model_without_becoming_one(root: Path, cli: Cli) -> None:
    worse, good = finished(*_opened(root), 1, _first(3)), finished(*_opened(root), 2, _first(1))
    found = cli(root, "compare", worse.id, good.id, "--json")
    assert found.code == 0, found.err
    assert found.json["models"] == [worse.id, good.id]
    assert (len(found.json["fixed"]), len(found.json["broken"])) == (2, 0)
    assert cli(root, "promote", worse.id).code == 0
    against_model = cli(root, "compare", "offline-detector-v1", good.id, "--json")
    assert len(against_model.json["fixed"]) == 2, against_model.err
    assert against_model.json["notes"] == []
    (good.path / "best.pt").unlink()
    gone = cli(root, "compare", "offline-detector-v1", good.id)
    assert (gone.code, "has saved no model" in gone.err) == (1, True)


def test_a_training_that_learned_from_what_the_other_is_asked_is_not_compared(root: Path, cli: Cli) -> None:
    workspace, version = _opened(root)
    what = planning.plan(workspace, val_split=0.25, seed=3)
    own = finished(workspace, dataset.version_of(workspace, what), 2, val_split=0.25, seed=3)
    known = finished(workspace, version, 1)
    refused = cli(root, "compare", known.id, own.id, "--on", "v1")
    assert refused.code == 1
    assert re.search(
        rf"Not comparable on v1: {own.id} learned from \d+ of its 8 validation images", refused.err
    )
