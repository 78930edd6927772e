"""A release that is killed at any step ends right with --resume, or leaves nothing with --abort."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core import release
from core.errors import Refused
from core.labels.sync import open_store
from core.releasing import journal
from core.releasing.steps import HERE, PUSHING
from core.workspace import Workspace
from tests.conftest import Cli, Place, git
from tests.release.conftest import label
from tests.release.test_release import TAG, V1, assert_bytes, manifest

KILLED = """
import os, sys
from pathlib import Path
from core import release
from core.workspace import Workspace
ws = Workspace.open(Path(sys.argv[1]))
def tell(step, state):
    if (step, state) == tuple(sys.argv[3:5]):
        os.kill(os.getpid(), 9)
release.run(release.plan(ws, ws.task(None), message="In my words", push=sys.argv[2] == "push"), step=tell)
"""


def kill_at(root: Path, step: str, *, push: bool = False, state: str = "doing") -> None:
    """Release with a message, and kill -9 the process the moment that step begins (or ends)."""
    words = [sys.executable, "-c", KILLED, str(root), "push" if push else "here", step, state]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240)
    assert done.returncode == -9, done.stderr


def assert_one_of_each(root: Path) -> None:
    """One commit of ours on top of the first, one tag on it, nothing of ours left to commit, the bytes right."""
    assert git(root, "tag").split() == [TAG]
    assert git(root, "rev-list", "--count", "HEAD").strip() == "2"
    assert git(root, "rev-parse", f"{TAG}^{{commit}}") == git(root, "rev-parse", "HEAD")
    assert git(root, "status", "--porcelain") == ""
    assert not (root / ".print-models" / "release.json").exists()
    assert_bytes(root)


def assert_as_before(root: Path, head: str) -> None:
    """No version, no tag, no commit, nothing staged."""
    assert git(root, "tag") == ""
    assert git(root, "rev-parse", "HEAD") == head
    assert not (root / V1).exists()
    assert git(root, "diff", "--cached", "--name-only") == ""
    assert not (root / ".print-models" / "release.json").exists()
    assert not list((root / ".print-models").glob("undone/*"))


@pytest.mark.parametrize("step", [*HERE, *PUSHING])
def test_f_082_killed_at_any_step_resume_ends_with_one_commit_and_one_tag(fresh: Place, step: str):
    """`--resume` finishes; never a tag without gate: with the words it was given"""
    kill_at(fresh.root, step, push=True)
    if step in HERE:
        assert git(fresh.root, "tag") == ""
    assert git(fresh.root, "ls-remote", "--tags", "origin") == ""
    found = journal.read(Workspace.open(fresh.root))
    assert found is not None
    assert (found.tag, found.doing, found.push, found.running) == (TAG, step, True, False)
    told: list[tuple[str, str]] = []
    made = release.resume(Workspace.open(fresh.root), step=lambda *said: told.append(said))
    assert (made.tag, made.pushed) == (TAG, "origin")
    assert "In my words" in git(fresh.root, "log", "-1", "--format=%s")
    assert_one_of_each(fresh.root)
    assert TAG in git(fresh.root, "ls-remote", "--tags", "origin")
    ended = [said for said in told if said[1] != "doing"]
    assert [name for name, _ in ended] == [*HERE, *PUSHING]


@pytest.mark.parametrize("step", HERE)
def test_f_082_killed_at_any_step_before_the_tag_abort_leaves_nothing(fresh: Place, step: str):
    """`--resume` finishes; never a tag without gate: and `--abort` leaves nothing but the labels"""
    head = git(fresh.root, "rev-parse", "HEAD")
    before = labels_of(fresh.root)
    kill_at(fresh.root, step)
    workspace = Workspace.open(fresh.root)
    exported = (fresh.root / V1).exists()
    gone = release.abort(workspace)
    assert (gone.name, gone.folder) == (TAG, exported)
    assert_as_before(fresh.root, head)
    assert labels_of(fresh.root) == before
    assert release.plan(workspace, workspace.task(None)).name == "v1"  # the number is free again


def labels_of(root: Path) -> dict[str, str]:
    workspace = Workspace.open(root)
    with open_store(workspace) as store:
        return store.classes(workspace.task(None))


def test_what_others_staged_or_changed_stays_with_an_abort(fresh: Place):
    root = fresh.root
    kill_at(root, "tag")
    (root / "mine.txt").write_text("staged")
    git(root, "add", "mine.txt")
    (root / "README").write_text("untracked")
    release.abort(Workspace.open(root))
    assert git(root, "diff", "--cached", "--name-only").split() == ["mine.txt"]
    assert (root / "README").exists()
    assert git(root, "rev-list", "--count", "HEAD").strip() == "1"


def test_a_commit_that_others_came_after_is_taken_out_by_one_on_top(fresh: Place):
    root = fresh.root
    kill_at(root, "tag")
    (root / "theirs.txt").write_text("x")
    git(root, "add", "theirs.txt")
    git(root, "commit", "-q", "-m", "theirs")
    release.abort(Workspace.open(root))
    assert not (root / V1).exists()
    assert git(root, "ls-tree", "-r", "--name-only", "HEAD", "datasets/offline-detection/") == ""
    assert git(root, "log", "-2", "--format=%s").splitlines()[1] == "theirs"
    assert git(root, "status", "--porcelain") == ""


def test_a_tagged_one_is_not_aborted_and_its_push_can_be_resumed(fresh: Place, cli: Cli):
    kill_at(fresh.root, "push-objects", push=True)
    assert f"next: finish pushing {TAG}: print-models release --resume\n" in cli(fresh.root, "status").out
    answer = cli(fresh.root, "release", "--abort", "--yes")
    assert answer.code == 1
    assert "--resume" in answer.err
    assert "--undo v1" in answer.err
    done = cli(fresh.root, "release", "--resume", "--json")
    assert done.code == 0, done.err
    assert done.json["pushed"] == "origin"
    assert "interrupted at the step push-objects" in done.err
    assert_one_of_each(fresh.root)
    assert cli(fresh.root, "release", "--resume").code == 1
    nothing = cli(fresh.root, "release", "--abort", "--yes")
    assert nothing.code == 1
    assert "no interrupted release" in nothing.err
    assert "released on origin" in nothing.err
    assert "--undo" not in nothing.err, "what a remote has is not taken back"


def test_labels_given_after_the_plan_was_shown_stop_it(fresh: Place):
    """Who looked at a plan gets what was shown, or is shown anew; nothing was written."""
    workspace = Workspace.open(fresh.root)
    planned = release.plan(workspace, workspace.task(None))
    label(fresh.root, fresh.keys[:1], "active")
    with pytest.raises(Refused, match="changed since this release was planned"):
        release.run(planned)
    assert not (fresh.root / V1).exists()
    assert journal.read(workspace) is None
    assert release.run(release.plan(workspace, workspace.task(None))).version == "v1"


def test_labels_given_after_the_export_are_not_in_what_is_resumed(fresh: Place):
    """The version that was exported is finished as it is, not the labels of today."""
    kill_at(fresh.root, "stage")
    before = manifest(fresh.root)
    label(fresh.root, fresh.keys[:1], "active")
    release.resume(Workspace.open(fresh.root))
    assert manifest(fresh.root) == before
    assert_one_of_each(fresh.root)


def test_labels_given_before_anything_was_made_are_shown_first(fresh: Place):
    kill_at(fresh.root, "export")
    label(fresh.root, fresh.keys[:1], "active")
    with pytest.raises(Refused, match="the labels changed since"):
        release.resume(Workspace.open(fresh.root))
    assert git(fresh.root, "tag") == ""


def test_another_task_waits_for_a_release_that_lies_half_done(fresh: Place, cli: Cli):
    kill_at(fresh.root, "stage")
    other = ["--task", "failed-print-detection"]
    assert cli(fresh.root, "label", *other, "--as", "good", *fresh.keys[6:9]).code == 0
    assert cli(fresh.root, "label", *other, "--as", "failed", *fresh.keys[9:12]).code == 0
    answer = cli(fresh.root, "release", *other)
    assert answer.code == 1
    assert "--resume" in answer.err
    assert cli(fresh.root, "release", "--resume").code == 0
    assert cli(fresh.root, "release", *other).code == 0


def test_status_says_what_was_interrupted_and_how_to_go_on(fresh: Place, cli: Cli):
    kill_at(fresh.root, "export")
    stage = fresh.root / "datasets/offline-detection/.v1.999999999.1.tmp"
    stage.mkdir(parents=True)
    (stage / "half.jpg").write_bytes(b"half")
    said = cli(fresh.root, "status")
    assert f"The release of {TAG} was interrupted at the step export." in said.out + said.err
    assert f"next: finish {TAG}: print-models release --resume, or take it back: release --abort" in said.out
    assert cli(fresh.root, "release", "--abort", "--yes").code == 0
    assert not stage.exists(), "what was copied until then is no version and goes"
    assert "interrupted" not in (said := cli(fresh.root, "status")).out + said.err


def test_a_version_that_was_only_exported_is_said_then_removed(fresh: Place, cli: Cli):
    assert cli(fresh.root, "export").code == 0
    asked = cli(fresh.root, "release", "--abort")
    assert asked.code == 1
    assert f"{V1} is removed" in asked.err
    assert (fresh.root / V1).exists()
    done = cli(fresh.root, "release", "--abort", "--yes", "--json")
    assert done.code == 0, done.err
    assert (done.json["version"], done.json["taken_back"]) == ("v1", "abort")
    assert not (fresh.root / V1).exists()
    assert cli(fresh.root, "release", "--abort", "--yes").code == 1


def test_words_that_do_not_go_together(fresh: Place, cli: Cli):
    for words in (["--resume", "--abort"], ["--resume", "--push"], ["--abort", "-m", "x"], ["--yes"]):
        assert cli(fresh.root, "release", *words).code == 2, words


def test_steps_are_told_with_what_git_is_given(fresh: Place):
    workspace = Workspace.open(fresh.root)
    planned = release.plan(workspace, workspace.task(None), push=True)
    found = release.steps(planned)
    assert [step.id for step in found] == [*HERE, *PUSHING]
    assert [step.id for step in found if step.irreversible] == ["push-objects", "push"]
    assert any(TAG in command for step in found for command in step.commands)
