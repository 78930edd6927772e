"""When it was wrong: a version taken back while no remote has it, withdrawn once one has, and the draft back to one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import release
from core.errors import Refused
from core.labels.sync import open_store
from core.releasing import rolling, withdrawing
from core.releasing.undoing import undo, undoing
from core.versions import manifest
from core.workspace import Workspace
from tests.conftest import Cli, Place, git
from tests.release.conftest import label
from tests.release.test_journal import assert_one_of_each, kill_at, labels_of
from tests.release.test_release import TAG, V1

TASK = "offline-detection"


def released(root: Path, *, push: bool = False) -> Workspace:
    """Release the draft in this process."""
    workspace = Workspace.open(root)
    release.run(release.plan(workspace, workspace.task(None), push=push))
    return workspace


def draft_differs(cli: Cli, root: Path, base: str) -> int:
    return cli(root, "diff", base, "draft", "--exit-code").code


def test_a_tagged_version_is_taken_back_and_made_again(fresh: Place):
    root = fresh.root
    head = git(root, "rev-parse", "HEAD")
    workspace = released(root)
    before = labels_of(root)
    gone = undo(workspace, workspace.task(None), "v1")
    assert (gone.tag, gone.moved) == (TAG, True)
    assert git(root, "tag") == ""
    assert git(root, "rev-parse", "HEAD") == head
    assert git(root, "diff", "--cached", "--name-only") == ""
    assert not (root / V1).exists()
    assert gone.kept is not None
    assert manifest.decode_metadata((root / gone.kept / "metadata.jsonl").read_bytes(), "kept")
    assert labels_of(root) == before
    released(root)
    assert_one_of_each(root)


def test_taken_back_again_after_it_was_interrupted_between_tag_and_commit(fresh: Place):
    root = fresh.root
    workspace = released(root)
    git(root, "tag", "-d", TAG)
    undo(workspace, workspace.task(None), "v1")
    assert git(root, "rev-list", "--count", "HEAD").strip() == "1"
    assert not (root / V1).exists()


@pytest.mark.parametrize("how", ["tag", "branch"])
def test_what_a_remote_has_is_never_taken_back(fresh: Place, cli: Cli, how: str):
    """Nor where only its commit got there, by somebody's own push."""
    root = fresh.root
    workspace = released(root, push=how == "tag")
    if how == "branch":
        git(root, "push", "-q", "origin", "main")
    answer = cli(root, "release", "--undo", "v1", "--yes")
    assert answer.code == 1
    assert "withdraw v1" in answer.err
    assert git(root, "tag").split() == [TAG]
    (root.parent / "remote.git").rename(root.parent / "unplugged.git")
    with pytest.raises(Refused, match="has offline-detection/v1 already"):
        undoing(workspace, workspace.task(None), "v1")


def test_a_push_that_may_have_arrived_is_not_taken_back_before_the_remote_answers(fresh: Place):
    root = fresh.root
    kill_at(root, "push", push=True)
    remote = root.parent / "remote.git"
    remote.rename(root.parent / "unplugged.git")
    workspace = Workspace.open(root)
    with pytest.raises(Refused, match="it may have it"):
        undo(workspace, workspace.task(None), "v1")
    (root.parent / "unplugged.git").rename(remote)
    undo(workspace, workspace.task(None), "v1")
    assert git(root, "tag") == ""
    assert not (root / ".print-models" / "release.json").exists()


def test_one_that_a_later_version_inherits_from_stays(fresh: Place):
    workspace = released(fresh.root)
    label(fresh.root, fresh.keys[:1], "active")
    released(fresh.root)
    task = workspace.task(None)
    with pytest.raises(Refused, match="v2 inherits from v1"):
        undo(workspace, task, "v1")
    undo(workspace, task, "v2")
    undo(workspace, task, "v1")
    assert git(fresh.root, "tag") == ""
    assert git(fresh.root, "rev-list", "--count", "HEAD").strip() == "1"


def test_a_label_keeps_its_picture_when_its_version_goes(fresh: Place, tmp_path: Path):
    """The camera has deleted the frames meanwhile: the version held the last copy beside git-lfs's own store."""
    import shutil

    root = fresh.root
    workspace = released(root)
    (root / "printer-timelapses").unlink()
    (root / "printer-timelapses").mkdir()
    shutil.copytree(fresh.camera / "20251107", root / "printer-timelapses" / "20251107")
    for key in fresh.keys[:3]:
        (root / key).unlink()
    undo(workspace, workspace.task(None), "v1")
    shutil.rmtree(root / ".git" / "lfs" / "objects")
    shutil.rmtree(root / ".print-models" / "undone")
    released(root)
    assert_one_of_each(root)


def test_withdrawn_it_is_never_the_latest_again_and_says_why(fresh: Place, cli: Cli):
    root = fresh.root
    workspace = released(root, push=True)
    label(root, fresh.keys[:1], "active")
    released(root, push=True)
    answer = cli(root, "withdraw", "v2", "--reason", "one frame of *another* printer", "--who", "bo")
    assert answer.code == 0, answer.err
    said = json.loads((root / "datasets" / TASK / "withdrawn.json").read_text())["v2"]
    assert (said["reason"], said["who"]) == ("one frame of *another* printer", "bo")
    assert git(root, "status", "--porcelain") == ""
    changed = git(root, "diff-tree", "-r", "--name-only", "HEAD~1", "HEAD").split()
    assert changed == [f"datasets/{TASK}/v2/README.md", f"datasets/{TASK}/withdrawn.json"]
    assert "Withdrawn" in (root / "datasets" / TASK / "v2" / "README.md").read_text()
    assert cli(root, "check", "v2").code == 0
    assert cli(root, "verify", "v2").code == 0
    listed = cli(root, "versions")
    assert "withdrawn: one frame of" in listed.out
    assert cli(root, "diff", "v1", "draft", "--exit-code").out == cli(root, "diff", "--exit-code").out
    label(root, fresh.keys[1:2], "active")
    released(root)
    info = json.loads((root / "datasets" / TASK / "v3" / "dataset_info.json").read_text())
    assert (info["parent"], info["split_rule"]["inherited_from"]) == ("v1", "v1")
    again = cli(root, "withdraw", "v2", "--reason", "x")
    assert again.code == 1
    assert "withdrawn already" in again.err
    with pytest.raises(Refused, match="withdrawn"):
        rolling.rollback(workspace, workspace.task(None), "v2", "ana")


def test_what_was_never_committed_is_not_withdrawn(fresh: Place, cli: Cli):
    assert cli(fresh.root, "export").code == 0
    answer = cli(fresh.root, "withdraw", "v1", "--reason", "x")
    assert answer.code == 1
    assert "--abort" in answer.err


def test_a_card_written_anew_is_a_commit_of_its_own_and_keeps_the_notes(fresh: Place, cli: Cli):
    root = fresh.root
    workspace = released(root)
    tagged = git(root, "rev-parse", TAG)
    card = root / V1 / "README.md"
    was = card.read_text()
    card.write_text(was.replace("Total Images:** 12", "Total Images:** 999") + "my own words\n")
    git(root, "commit", "-q", "-a", "-m", "somebody's edit")
    answer = cli(root, "versions", "--rebuild-card", "v1")
    assert answer.code == 0, answer.err
    assert "is written anew" in answer.err
    assert card.read_text() == was + "my own words\n"
    assert git(root, "show", "--format=", "--name-only", "HEAD").split() == [f"{V1}/README.md"]
    assert git(root, "rev-parse", TAG) == tagged
    assert withdrawing.rebuild_card(workspace, workspace.task(None), "v1") is None


def test_rolled_back_the_draft_is_that_version_and_one_undo_brings_all_back(fresh: Place, cli: Cli):
    root = fresh.root
    workspace = released(root)
    task = workspace.task(None)
    label(root, fresh.keys[:2], "active")
    with open_store(workspace) as store:
        store.set(task, fresh.keys[11:12], None, who="ana")
        other = workspace.task("failed-print-detection")
        store.set(other, fresh.keys[6:8], "good", who="ana")
    released(root)
    label(root, fresh.keys[3:4], "active")
    before, others = labels_of(root), {}
    with open_store(workspace) as store:
        others = store.classes(other)
    assert draft_differs(cli, root, "v1") == 1
    step = rolling.rollback(workspace, task, "v1", "bo")
    assert step.changed == 4
    assert draft_differs(cli, root, "v1") == 0
    assert draft_differs(cli, root, "v2") == 1
    with open_store(workspace) as store:
        assert store.classes(other) == others
        assert {store.get(task, frame).who for frame in fresh.keys[:2]} == {"bo"}  # type: ignore[union-attr]
    assert rolling.rollback(workspace, task, "v1", "bo").changed == 0
    assert cli(root, "undo", "--who", "bo").code == 0
    assert labels_of(root) == before


def test_labels_of_a_stretch_that_the_draft_leaves_out_stay_with_a_rollback(fresh: Place, cli: Cli):
    """A painted stretch of many: what covers it is no part of the version, and none of it is in the way."""
    root = fresh.root
    settings = root / "print-models.toml"
    settings.write_text(settings.read_text() + f"\n[tasks.{TASK}]\nper_stretch = 2\n")
    workspace = Workspace.open(root)
    task = workspace.task(None)
    with open_store(workspace) as store:
        store.set(task, fresh.keys, None, who="ana")
        store.set(task, fresh.keys[:6], "offline", how="stretch", who="ana")
        store.set(task, fresh.keys[6:], "active", how="stretch", who="ana")
    released(root)
    held = {item.source for item in manifest.read_version(workspace, task, "v1").items}
    assert 0 < len(held) < 12
    covered = set(fresh.keys) - held
    label(root, fresh.keys[:1], "active")
    released(root)
    rolling.rollback(workspace, task, "v1", "ana")
    assert draft_differs(cli, root, "v1") == 0
    kept = labels_of(root).keys() & covered
    assert kept, "labels in stretches that nothing cut stay"


def test_a_frame_that_is_excluded_since_is_named_and_stays_out(fresh: Place):
    workspace = released(fresh.root)
    task = workspace.task(None)
    label(fresh.root, fresh.keys[1:2], "active")
    with open_store(workspace) as store:
        store.mark(fresh.keys[0], mark="excluded", reason="hand in the picture", who="ana")
    step = rolling.rollback(workspace, task, "v1", "ana")
    assert step.left == (fresh.keys[0],)
    assert step.changed == 1


def test_verified_here_on_the_remote_and_in_a_fresh_clone(fresh: Place, cli: Cli, tmp_path: Path):
    """A clone without one image: its own bytes are missing, those of the remote are right; then one is wrong there."""
    root, clone, remote = fresh.root, tmp_path / "clone", tmp_path / "remote.git"
    released(root, push=True)
    assert cli(root, "verify", "v1", "--remote").code == 0
    git(tmp_path, "-c", "filter.lfs.smudge=", "clone", "-q", str(remote), str(clone))
    from_clone = cli(clone, "verify", "v1", "--remote", "--json")
    there = {row["id"]: row for row in from_clone.json["results"]}
    assert (there["remote-tag"]["level"], there["remote-objects"]["level"]) == ("pass", "pass")
    objects = sorted(path for path in (remote / "lfs" / "objects").rglob("*") if path.is_file())
    data = objects[0].read_bytes()
    objects[0].unlink()
    objects[0].write_bytes(b"x" + data[1:])
    wrong = cli(root, "verify", "v1", "--remote", "origin", "--json")
    assert wrong.code == 3
    assert [row["id"] for row in wrong.json["results"] if row["level"] == "block"] == ["remote-objects"]
    objects[0].unlink()
    assert cli(root, "verify", "v1", "--remote").code == 5
    git(root, "push", "-q", "origin", f":refs/tags/{TAG}")
    assert "has no offline-detection/v1" in cli(root, "verify", "v1", "--remote").out
