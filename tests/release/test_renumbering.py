"""A version that makes room for somebody else's of the same number, where both labelled one frame differently."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Answer, Cli, Place, git

TASK = "offline-detection"


def test_a_frame_that_both_labelled_differently_waits_and_nothing_is_released_before_it_is_decided(
    fresh: Place, cli: Cli, tmp_path: Path
) -> None:
    ana, bo = fresh.root, tmp_path / "bo"
    torn = fresh.keys[0]

    def call(root: Path, *words: str, code: int = 0) -> Answer:
        answer = cli(root, *words, env={"PRINT_MODELS_WHO": root.name})
        assert answer.code == code, f"{words}: {answer.code}: {answer.out}{answer.err}"
        return answer

    call(ana, "unlabel", torn)
    call(ana, "release", "--push", "--yes")
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), str(bo))
    (bo / "printer-timelapses").symlink_to(fresh.camera)
    call(bo, "init")
    git(bo, "lfs", "pull")
    call(ana, "label", "--as", "active", torn)
    call(ana, "release", "--push")
    call(bo, "label", "--as", "offline", torn)
    call(bo, "release")
    call(bo, "release", "--push", code=6)
    told = call(bo, "release", "--renumber", "v2", "--yes", code=1)
    assert "labelled differently here and elsewhere; both values are kept" in told.err
    assert f"label --task {TASK} --as CLASS {torn}" in told.err
    assert json.loads((bo / "data/labels.json").read_text())[torn] == {"ours": "offline", "theirs": "active"}
    theirs = f"refs/tags/{TASK}/v2"
    assert git(bo, "rev-parse", theirs) == git(ana, "rev-parse", theirs), "ours made room"
    assert "conflict: ours offline, theirs active" in call(bo, "release", code=1).err
    call(bo, "check", code=1)

    call(bo, "label", "--as", "offline", torn)
    call(bo, "sync")
    call(bo, "release", "--push")
    held = [json.loads((bo / f"datasets/{TASK}/{name}/labels.json").read_text()) for name in ("v2", "v3")]
    assert [one.get(torn) for one in held] == ["active", "offline"], "theirs as they made it, then ours"
    assert git(bo, "status", "--porcelain") == ""
    call(bo, "verify", "v3")
