"""The stories that go over several machines and lost cameras: two clones and a remote, a label that keeps its picture."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Answer, Cli, Place, git

TASK = "offline-detection"


def held(root: Path, version: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((root / "datasets" / TASK / version / "labels.json").read_text())
    return found


@pytest.mark.slow  # its steps alone are test_f_079 and the tests of sync
def test_two_clones_both_release_a_v2_and_both_end_with_the_same_three_versions(
    fresh: Place, cli: Cli, tmp_path: Path
) -> None:
    """Ana releases v1; Bo, who has no camera, corrects it, and both release a v2: the later becomes v3, nothing is lost."""
    ana, bo, keys = fresh.root, tmp_path / "bo", fresh.keys

    def call(root: Path, *words: str, code: int = 0) -> Answer:
        answer = cli(root, *words, env={"PRINT_MODELS_WHO": root.name})
        assert answer.code == code, f"{words}: {answer.code}: {answer.out}{answer.err}"
        return answer

    call(ana, "release", "--push", "-m", "first", "--yes")
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), str(bo))
    call(bo, "init")
    git(bo, "lfs", "pull")

    call(bo, "label", "--as", "active", keys[0])
    call(ana, "label", "--as", "offline", keys[11])
    call(ana, "release", "--push", "-m", "second", "--yes")
    call(bo, "release", "-m", "mine")
    refused = call(bo, "release", "--push", "--yes", code=6)
    assert "--renumber v2" in refused.err
    call(bo, "release", "--renumber", "v2", "--yes")
    call(bo, "release", "--push", "--yes")
    call(ana, "sync")

    for root in (ana, bo):
        git(root, "fetch", "-q", "--tags")
        assert {line.split("/")[1] for line in git(root, "tag").split()} == {"v1", "v2", "v3"}
        labels = json.loads((root / "data" / "labels.json").read_text())
        assert (labels[keys[0]], labels[keys[11]]) == ("active", "offline")
        assert (held(root, "v2")[keys[0]], held(root, "v3")[keys[0]]) == ("offline", "active")
        assert (held(root, "v2")[keys[11]], held(root, "v3")[keys[11]]) == ("offline", "offline")
        assert git(root, "status", "--porcelain").strip() == ""
    git(ana, "lfs", "pull")
    for version in ("v1", "v2", "v3"):
        call(ana, "verify", version)
    told = call(ana, "history", keys[0], "--json").json["history"]
    assert ("bo", "hand") in {(entry["who"], entry["how"]) for entry in told}, "who corrected it came along"


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "lost"])
def test_a_label_keeps_its_picture_when_the_camera_folder_is_gone(
    kept: bool, workspace: Callable[..., Place], cli: Cli
) -> None:
    place = workspace(frames=8)
    assert cli(place.root, "label", "--as", "offline", *place.keys[:4]).code == 0
    assert cli(place.root, "label", "--as", "active", *place.keys[4:]).code == 0
    was = {key: (place.root / key).read_bytes() for key in place.keys}
    shutil.rmtree(place.camera)
    if not kept:
        shutil.rmtree(place.root / ".print-models" / "kept")
    done = cli(place.root, "release", "-m", "from copies")
    if not kept:
        assert done.code in (1, 5), done.out
        assert not (place.root / "datasets" / TASK / "v1").exists()
        assert git(place.root, "tag").strip() == ""
        return
    assert done.code == 0, done.err
    for line in (place.root / "datasets" / TASK / "v1" / "metadata.jsonl").read_text().splitlines():
        row = json.loads(line)
        found = (place.root / "datasets" / TASK / "v1" / row["file_name"]).read_bytes()
        assert found == was[row["source"]]
    assert cli(place.root, "verify", "v1").code == 0
    assert git(place.root, "status", "--porcelain").strip() == ""
