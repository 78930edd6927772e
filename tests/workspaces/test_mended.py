"""What is broken or missing is named with a remedy that works as it is printed, and hides nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import Lacking
from core.releasing import standing
from core.workspace import Workspace
from tests.conftest import Cli, Place, git
from tests.faults.harness import PROGRAM, on_small_disk
from tests.release.conftest import label
from tests.release.test_refusals import without


@pytest.fixture
def labelled(workspace) -> Place:
    """Twelve frames with labels that no commit holds."""
    place = workspace(frames=12)
    label(place.root, place.keys[:6], "offline")
    return place


def broken(root: Path) -> None:
    path = root / "data" / "labels.json"
    path.write_text(path.read_text().replace(":", ";", 1))


def test_a_broken_label_file_that_git_does_not_know(labelled: Place, cli: Cli):
    """A checkout would fail: it is put aside, and save writes it anew; said once by a labelling command."""
    root = labelled.root
    assert cli(root, "label", "--as", "active", labelled.keys[6]).code == 0
    written = (root / "data" / "labels.json").read_text()
    broken(root)
    answer = cli(root, "label", "--as", "active", labelled.keys[7])
    assert answer.code == 3
    assert answer.err.count("is no valid JSON") == 1
    assert "The label IS saved" in answer.err
    assert "git checkout" not in answer.err
    command = "mv data/labels.json data/labels.json.broken"
    assert command in answer.err
    assert "print-models save" in answer.err
    (root / "data" / "labels.json").rename(root / "data" / "labels.json.broken")
    assert cli(root, "save").code == 0
    now = json.loads((root / "data" / "labels.json").read_text())
    assert now == json.loads(written) | {labelled.keys[7]: "active"}


def test_a_broken_label_file_that_git_knows_is_checked_out(labelled: Place, cli: Cli):
    assert cli(labelled.root, "save").code == 0
    broken(labelled.root)
    answer = cli(labelled.root, "label", "--as", "active", labelled.keys[7])
    assert "git checkout -- data/labels.json" in answer.err
    git(labelled.root, "checkout", "--", "data/labels.json")
    assert cli(labelled.root, "label", "--as", "active", labelled.keys[8]).code == 0


def test_on_a_read_only_disk_the_next_step_is_not_to_make_a_workspace(labelled: Place, tmp_path: Path):
    said = on_small_disk(
        f"cp -a {labelled.root} ws; mount -o remount,ro .; cd ws; {' '.join(map(str, PROGRAM))} status",
        mount=tmp_path / "disk",
        size="40m",
        cwd=tmp_path,
    )
    step = said.out.partition("next: ")[2]
    assert "init" not in step
    assert "remount,rw" in step


def test_without_git_who_labels_is_asked_for_and_git_named(labelled: Place, cli: Cli, tmp_path: Path):
    env = without("git", tmp_path / "bin")
    answer = cli(labelled.root, "label", "--as", "active", labelled.keys[6], env=env)
    assert answer.code == 5
    assert "--who ana" in answer.err
    assert "git is not installed" in answer.err
    assert "sudo apt-get install git" in answer.err
    answer = cli(labelled.root, "label", "--who", "ana", "--as", "active", labelled.keys[6], env=env)
    assert answer.code == 0, answer.err


def test_one_broken_version_hides_nothing_else(labelled: Place, cli: Cli):
    """status names it and goes on; diff of another task works; what asks for it ends with 3."""
    root = labelled.root
    label(root, labelled.keys[6:], "active")
    assert cli(root, "export").code == 0
    (root / "datasets/offline-detection/v1/dataset_info.json").write_text('{"format": ')
    status = cli(root, "status")
    assert status.code == 0, status.err
    assert "12 of 12 frames" in status.out
    assert "not known: v1 can not be read" in status.out
    assert "dataset_info.json can't be read" in status.out
    assert "print-models check --task offline-detection" in status.out
    assert cli(root, "status", "--line").code == 0
    found = cli(root, "status", "--json").json["tasks"]
    assert "dataset_info.json" in found["offline-detection"]["draft"]["problem"]
    assert found["failed-print-detection"]["draft"]["problem"] is None
    assert cli(root, "diff", "--task", "failed-print-detection").code != 3
    assert cli(root, "diff").code == 3
    checked = cli(root, "check")
    assert "dataset_info.json can't be read" in checked.out


def test_an_older_broken_version_is_in_nobodys_way(labelled: Place, cli: Cli):
    root = labelled.root
    label(root, labelled.keys[6:11], "active")
    assert cli(root, "release").code == 0
    label(root, labelled.keys[11:], "active")
    assert cli(root, "release").code == 0
    (root / "datasets/offline-detection/v1/dataset_info.json").write_text("[]")
    answer = cli(root, "diff")
    assert answer.code == 0
    assert "v1/dataset_info.json can't be read" in answer.err
    assert "latest   v2" in cli(root, "status").out
    assert cli(root, "diff", "v1", "draft").code == 3


def test_a_line_of_a_journal_that_is_no_step_is_named_by_check(labelled: Place, cli: Cli):
    root = labelled.root
    assert "history" not in cli(root, "check").out
    (root / "data" / "history").mkdir(exist_ok=True)
    (root / "data" / "history" / "bench.jsonl").write_text('\n{"seq": 1}\nnonsense\n{"seq": "x"}\n')
    answer = cli(root, "check")
    assert "data/history/bench.jsonl, lines 3, 4: no labelling step" in answer.out


def test_marks_are_not_called_labels(labelled: Place, cli: Cli):
    root = labelled.root
    assert cli(root, "mark", labelled.keys[0], "--note", "odd").code == 0
    (root / "data" / "marks.json").write_text("")
    assert "1 mark is in labels.db, safe" in cli(root, "status").out


def test_what_remotes_showed_is_asked_again_where_it_was_kept_damaged(labelled: Place, cli: Cli):
    (labelled.root / ".print-models").mkdir(exist_ok=True)
    (labelled.root / ".print-models" / "remotes.json").write_text("[" * 100_000)
    assert "unforeseen" not in cli(labelled.root, "status").out + cli(labelled.root, "versions").err
    workspace = Workspace.open(labelled.root)
    standing.remember(workspace, "origin", {"a/v1": "0" * 40})
    kept = json.loads((labelled.root / ".print-models" / "remotes.json").read_text())
    assert kept == {"origin": {"a/v1": "0" * 40}}


def test_who_labels_says_that_git_cannot_be_asked(
    labelled: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Lacking, match="git can't be asked"):
        Workspace.open(labelled.root).who()
