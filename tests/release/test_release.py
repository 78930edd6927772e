"""A release is whole and proven, or it is not there; what it does is checked with plain git and git-lfs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.conftest import Cli, Place, git, run_program
from tests.release.conftest import label

V1 = "datasets/offline-detection/v1"
TAG = "offline-detection/v1"


def manifest(root: Path, version: str = V1) -> list[dict[str, object]]:
    return [json.loads(line) for line in (root / version / "metadata.jsonl").read_text().splitlines()]


def assert_bytes(root: Path, version: str = V1) -> None:
    """Every image of the manifest lies there with the bytes the manifest names."""
    items = manifest(root, version)
    assert items
    for item in items:
        data = (root / version / str(item["file_name"])).read_bytes()
        assert f"sha256:{hashlib.sha256(data).hexdigest()}" == item["oid"]
        assert len(data) == item["size"]


def assert_nothing_released(root: Path) -> None:
    assert git(root, "tag") == ""
    assert not (root / V1).exists()
    assert git(root, "rev-list", "--count", "HEAD").strip() == "1"


def test_released_on_a_remote_a_fresh_clone_has_every_byte(
    labelled: Place, remote: Path, cli: Cli, tmp_path: Path
):
    """The main job: one commit, one annotated tag, every object on the remote; a clone elsewhere has the images."""
    before = git(labelled.root, "rev-parse", "HEAD").strip()
    answer = cli(labelled.root, "release", "-m", "First version", "--push", "--json")
    assert answer.code == 0, answer.err
    made = answer.json
    assert (made["format"], made["version"], made["tag"], made["pushed"]) == (1, "v1", TAG, "origin")
    assert made["images"] == 12
    assert git(labelled.root, "rev-parse", "HEAD~1").strip() == before
    assert git(labelled.root, "rev-parse", f"{TAG}^{{commit}}").strip() == made["commit"]
    assert git(labelled.root, "cat-file", "-t", TAG).strip() == "tag"
    assert git(labelled.root, "status", "--porcelain") == ""
    clone = tmp_path / "elsewhere"
    git(tmp_path, "clone", "-q", str(remote), str(clone))
    git(clone, "lfs", "install", "--local")
    git(clone, "lfs", "pull")
    git(clone, "lfs", "fsck")
    assert_bytes(clone)
    assert git(clone, "rev-parse", f"{TAG}^{{commit}}").strip() == made["commit"]
    assert json.loads((clone / V1 / "dataset_info.json").read_text())["digest"] == made["digest"]


def test_the_commit_holds_our_paths_and_images_as_pointers(labelled: Place, cli: Cli):
    assert cli(labelled.root, "release").code == 0
    paths = git(labelled.root, "show", "--format=", "--name-only", "HEAD").split()
    allowed = (f"{V1}/", "data/labels.json", "data/history/", "data/marks.json")
    assert all(path.startswith(allowed) for path in paths)
    assert {path for path in paths if path.endswith(".jpg")} == {
        f"{V1}/{i['file_name']}" for i in manifest(labelled.root)
    }
    for item in manifest(labelled.root):
        blob = git(labelled.root, "cat-file", "blob", f"HEAD:{V1}/{item['file_name']}")
        assert blob == f"version https://git-lfs.github.com/spec/v1\noid {item['oid']}\nsize {item['size']}\n"


def test_a_correction_makes_a_second_version_that_stores_no_image_twice(
    labelled: Place, remote: Path, cli: Cli
):
    assert cli(labelled.root, "release", "--push").code == 0
    label(labelled.root, labelled.keys[:1], "active")
    label(labelled.root, labelled.keys[12:13], "active")
    assert cli(labelled.root, "release", "--push", "-m", "After corrections").code == 0
    assert git(labelled.root, "tag").split() == [TAG, "offline-detection/v2"]
    stored = [path for path in (remote / "lfs" / "objects").rglob("*") if path.is_file()]
    assert len(stored) == 13
    said = git(labelled.root, "log", "-2", "--format=%B")
    assert said.count("+1 −0 ~1 against v1") == said.count("+12 −0 ~0") == 1
    assert "offline-detection v1: +12 −0 ~0\n" in said
    found = cli(labelled.root, "storage", "--json").json
    assert found["objects"] == 13
    assert found["by"]["offline-detection"]["v1"] == {
        "files": 12,
        "bytes": found["by"]["offline-detection"]["v1"]["bytes"],
        "exclusive": 0,
    }
    assert found["by"]["offline-detection"]["v2"]["files"] == 13


def test_a_plain_path_is_a_remote_too(labelled: Place, tmp_path: Path, cli: Cli):
    git(tmp_path, "init", "-q", "--bare", "disk.git")
    git(labelled.root, "remote", "add", "disk", str(tmp_path / "disk.git"))
    answer = cli(labelled.root, "release", "--push", "--json")
    assert (answer.code, answer.json["pushed"]) == (0, "disk")
    assert "no backup" in answer.err
    label(labelled.root, labelled.keys[12:13], "active")
    again = cli(labelled.root, "release", "--push")
    assert again.code == 0
    assert "no backup" not in again.err  # said once, with the first version there


def test_what_others_changed_or_staged_stays_as_it_is(labelled: Place, cli: Cli):
    """A dirty repository: foreign changes are neither committed nor unstaged, whatever their names."""
    root = labelled.root
    odd = root / "no[t]es\n*.txt"
    for path, text in ((root / "kept.txt", "a"), (root / "gone.txt", "b"), (odd, "c")):
        path.write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "somebody's files")
    (root / "kept.txt").write_text("staged")
    git(root, "add", "kept.txt")
    (root / "kept.txt").write_text("and changed again")
    git(root, "rm", "-q", "gone.txt")
    odd.write_text("dirty")
    (root / "staged-new.txt").write_text("new")
    git(root, "add", "staged-new.txt")
    (root / "untracked.txt").write_text("x")
    before = git(root, "status", "--porcelain", "-z")
    assert cli(root, "release").code == 0
    assert git(root, "status", "--porcelain", "-z") == before
    assert git(root, "show", ":kept.txt") == "staged"
    changed = git(root, "diff-tree", "-r", "--name-only", "HEAD~1", "HEAD").split("\n")
    assert not {"kept.txt", "gone.txt", "staged-new.txt", "untracked.txt"} & set(changed)


def test_nothing_to_release_is_said(labelled: Place, cli: Cli):
    assert cli(labelled.root, "release").code == 0
    again = cli(labelled.root, "release")
    assert again.code == 1
    assert "nothing to release" in again.err
    assert git(labelled.root, "tag").split() == [TAG]


def test_what_is_a_version_already_is_not_exported_again(labelled: Place, cli: Cli):
    """Not unless a number says so; the way on is to release what is there, or to label."""
    assert cli(labelled.root, "export").code == 0
    answer = cli(labelled.root, "export")
    assert answer.code == 1
    assert "offline-detection v1, not released yet, equals the draft" in answer.err
    assert "print-models release --task offline-detection" in answer.err
    assert cli(labelled.root, "release").code == 0
    answer = cli(labelled.root, "export")
    assert answer.code == 1
    assert "offline-detection v1 equals the draft" in answer.err
    assert "Label or correct" in answer.err
    assert not (labelled.root / "datasets/offline-detection/v2").exists()


def test_an_export_of_what_is_released_already_is_no_release(labelled: Place, cli: Cli):
    assert cli(labelled.root, "release").code == 0
    assert cli(labelled.root, "export", "--version", "2").code == 0
    answer = cli(labelled.root, "release")
    assert answer.code == 1
    assert "v2 holds exactly what v1 holds" in answer.err
    assert git(labelled.root, "tag").split() == [TAG]


def test_a_dry_run_writes_nothing(labelled: Place, remote: Path, cli: Cli):
    head = git(labelled.root, "rev-parse", "HEAD")
    answer = cli(labelled.root, "release", "--dry-run", "--push", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["steps"] == ["export", "stage", "prove", "commit", "tag", "push"]
    assert answer.json["price"]["new_bytes"] == answer.json["bytes"] == answer.json["upload_bytes"]
    assert_nothing_released(labelled.root)
    assert git(labelled.root, "rev-parse", "HEAD") == head
    assert not (remote / "lfs").exists()


def test_an_exported_version_is_released_as_it_is(labelled: Place, cli: Cli):
    """`export` first, `release` later: the same folder, byte for byte, and no second version."""
    assert cli(labelled.root, "export").code == 0
    before = (labelled.root / V1 / "dataset_info.json").read_bytes()
    assert cli(labelled.root, "release", "--json").json["version"] == "v1"
    assert (labelled.root / V1 / "dataset_info.json").read_bytes() == before
    assert not (labelled.root / "datasets/offline-detection/v2").exists()


@pytest.mark.parametrize(
    ("verb", "moment"),
    [
        ("add", "before"),
        ("add", "after"),
        ("commit", "after"),
        ("tag", "after"),
        ("lfs push", "after"),
        ("push --atomic", "after"),
    ],
)
def test_killed_anywhere_releasing_again_ends_right(
    labelled: Place, remote: Path, cli: Cli, killing_git, tmp_path: Path, verb: str, moment: str
):
    """kill -9 around every step that changes git: again, and there is one commit, one tag, all of it on the remote."""
    killed = cli(labelled.root, "release", "--push", env=killing_git(verb, moment))
    assert killed.code == -9
    if verb in ("add", "commit"):
        assert git(labelled.root, "tag") == ""
    if verb != "push --atomic":
        assert git(labelled.root, "ls-remote", "origin") == ""
        assert cli(labelled.root, "release", "--push").code == 0
    assert git(labelled.root, "tag").split() == [TAG]
    assert git(labelled.root, "rev-list", "--count", "HEAD").strip() == "2"
    assert git(labelled.root, "status", "--porcelain") == ""
    assert cli(labelled.root, "release", "--push").code == 1
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(remote), str(clone))
    git(clone, "lfs", "install", "--local")
    git(clone, "lfs", "pull")
    assert_bytes(clone)


def test_save_commits_labels_and_history_only(labelled: Place, cli: Cli):
    (labelled.root / "mine.txt").write_text("mine")
    git(labelled.root, "add", "mine.txt")
    answer = cli(labelled.root, "save", "-m", "Labels of today", "--json")
    assert answer.code == 0, answer.err
    paths = git(labelled.root, "show", "--format=%s", "--name-only", "HEAD").split("\n")
    assert paths[0] == "Labels of today"
    assert "data/labels.json" in paths
    assert all(path.startswith("data/") for path in paths[1:] if path)
    assert git(labelled.root, "status", "--porcelain").strip() == "A  mine.txt"
    again = cli(labelled.root, "save")
    assert (again.code, git(labelled.root, "rev-list", "--count", "HEAD").strip()) == (0, "2")
    assert "Nothing to save" in again.out


@pytest.mark.parametrize("command", ["save", "release"])
def test_a_change_outside_that_takes_many_labels_off_needs_a_word(labelled: Place, cli: Cli, command: str):
    """The remedy that is named is one that the command knows."""
    label(labelled.root, labelled.keys, "offline")
    label(labelled.root, labelled.keys[:1], "active")
    assert cli(labelled.root, "save").code == 0
    file = labelled.root / "data" / "labels.json"
    few = dict(list(json.loads(file.read_text()).items())[:4])
    file.write_text(json.dumps(few))
    refused = cli(labelled.root, command)
    assert refused.code == 1
    assert "--accept-outside" in refused.err
    assert json.loads(file.read_text()) == few
    done = cli(labelled.root, command, "--accept-outside")
    assert done.code == 0, done.err
    assert json.loads(git(labelled.root, "show", "HEAD:data/labels.json")) == few


def test_labels_built_anew_are_said_and_not_released_in_the_same_call(labelled: Place, cli: Cli):
    """F-012: what was only in the damaged labels.db is missing: nobody tags that without having been told."""
    assert cli(labelled.root, "save").code == 0
    database = labelled.root / ".print-models" / "labels.db"
    database.write_bytes(b"no database" * 1000)
    refused = cli(labelled.root, "release")
    assert refused.code == 1
    assert ".print-models/labels.db.damaged-1" in refused.err
    assert git(labelled.root, "tag") == ""
    assert cli(labelled.root, "release").code == 0
    database.write_bytes(b"no database" * 1000)
    assert "labels.db.damaged-2" in cli(labelled.root, "save").err
    database.write_bytes(b"no database" * 1000)
    assert "labels.db.damaged-3" in cli(labelled.root, "storage").err


def test_every_command_that_changes_git_is_in_the_log(labelled: Place, remote: Path, cli: Cli):
    assert cli(labelled.root, "release", "--push").code == 0
    verbs = [
        line.split(" ", 2)[2].split(" ")[0]
        for line in (labelled.root / ".print-models/git.log").read_text().splitlines()
    ]
    assert verbs == ["fast-import", "add", "commit", "tag", "lfs", "push"]


def test_git_from_a_hook_sees_no_prompt(labelled: Place, cli: Cli):
    """A pre-commit hook of the user's runs, on the very files of the release."""
    hook = labelled.root / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\ngit diff --cached --name-only > .git/seen\n[ ! -t 0 ]\n")
    hook.chmod(0o755)
    assert cli(labelled.root, "release").code == 0
    seen = (labelled.root / ".git" / "seen").read_text()
    assert f"{V1}/labels.json" in seen
    assert run_program(["git", "fsck", "--strict"], cwd=labelled.root).code == 0


def test_a_card_regenerated_after_the_tag_keeps_nothing_from_being_pushed(
    labelled: Place, remote: Path, cli: Cli
):
    """The card may change in a commit of its own; the tag stays where it is, and both get to the remote."""
    assert cli(labelled.root, "release").code == 0
    tagged = git(labelled.root, "rev-parse", TAG)
    card = labelled.root / V1 / "README.md"
    card.write_text(card.read_text() + "more\n")
    git(labelled.root, "commit", "-q", "-a", "-m", "card")
    card.write_text(card.read_text() + "and more, not committed\n")
    assert cli(labelled.root, "release", "--push").code == 0
    assert git(labelled.root, "rev-parse", TAG) == tagged


def test_a_label_file_that_was_broken_outside_stops_it_before_the_export(labelled: Place, cli: Cli):
    labels = labelled.root / "data" / "labels.json"
    assert cli(labelled.root, "save").code == 0
    labels.write_text("{ broken")
    answer = cli(labelled.root, "release")
    assert answer.code == 3
    assert labels.read_text() == "{ broken"
    assert git(labelled.root, "tag") == ""
    assert not (labelled.root / V1).exists()


def test_two_versions_of_two_tasks_do_not_touch_each_other(labelled: Place, cli: Cli):
    words = ["label", "--task", "failed-print-detection", "--who", "ana", "--as"]
    assert cli(labelled.root, *words, "good", *labelled.keys[6:9]).code == 0
    assert cli(labelled.root, *words, "failed", *labelled.keys[9:12]).code == 0
    assert cli(labelled.root, "release").code == 0
    assert cli(labelled.root, "release", "--task", "failed-print-detection").code == 0
    assert git(labelled.root, "tag").split() == ["failed-print-detection/v1", TAG]
    found = cli(labelled.root, "storage", "--json").json
    assert found["objects"] == 12
    assert found["by"]["failed-print-detection"]["v1"]["exclusive"] == 0
