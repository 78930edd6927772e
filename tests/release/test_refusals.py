"""What stops a release is found before anything is written, and named with its remedy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import Cli, Place, git, run_program
from tests.release.conftest import label
from tests.release.test_release import TAG, V1, assert_nothing_released


def without(program: str, folder: Path) -> dict[str, str]:
    """A PATH on which all of this host's programs are, but one."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for entry in sorted(Path(place).glob("*")) if Path(place).is_dir() else []:
            if entry.name != program and not os.path.lexists(folder / entry.name):
                (folder / entry.name).symlink_to(entry)
    exec_path = folder.parent / "exec"
    shutil.copytree(git(folder.parent, "--exec-path").strip(), exec_path, symlinks=True, dirs_exist_ok=True)
    (exec_path / program).unlink(missing_ok=True)
    return {"PATH": str(folder), "GIT_EXEC_PATH": str(exec_path)}


@pytest.mark.parametrize("program", ["git", "git-lfs"])
def test_f_066_a_missing_program_is_named_with_the_line_that_installs_it(
    labelled: Place, cli: Cli, tmp_path: Path, program: str
):
    """detect before export; exact apt line"""
    answer = cli(labelled.root, "release", env=without(program, tmp_path / "bin"))
    assert answer.code == 5
    assert f"sudo apt-get install {program}" in answer.err
    assert_nothing_released(labelled.root)


def test_f_066_filters_that_are_not_set_up(labelled: Place, cli: Cli):
    """detect before export; exact line that installs them"""
    git(labelled.root, "config", "--local", "--remove-section", "filter.lfs")
    answer = cli(labelled.root, "release")
    assert answer.code == 5
    assert "git lfs install --local" in answer.err
    assert_nothing_released(labelled.root)


def test_f_067_a_raw_image_in_the_index_stops_before_the_tag(labelled: Place, cli: Cli):
    """gate stops before tag"""
    assert cli(labelled.root, "export").code == 0
    raw = ["-c", "filter.lfs.clean=cat", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false"]
    git(labelled.root, *raw, "add", "--", V1)
    answer = cli(labelled.root, "release")
    assert answer.code == 3
    assert "raw" in answer.err
    assert git(labelled.root, "tag") == ""
    assert git(labelled.root, "rev-list", "--count", "HEAD").strip() == "1"
    git(labelled.root, "rm", "-r", "-q", "--cached", V1)  # the remedy that is printed
    assert cli(labelled.root, "release").code == 0


@pytest.mark.parametrize(
    "rule", ["*.jpg", "datasets/", "/datasets/offline-detection/v1/active/20251107T080600.jpg"]
)
def test_f_068_an_ignore_rule_that_hides_images(labelled: Place, cli: Cli, rule: str):
    """gate "not in commit": found beforehand, the rule named"""
    with open(labelled.root / ".gitignore", "a") as file:
        file.write(f"{rule}\n")
    answer = cli(labelled.root, "release")
    assert answer.code == 1
    assert rule in answer.err
    assert ".gitignore:" in answer.err
    assert_nothing_released(labelled.root)


def test_a_hidden_label_file_stops_it_too(labelled: Place, cli: Cli):
    (labelled.root / ".git" / "info" / "exclude").write_text("data/labels.json\n")
    assert cli(labelled.root, "save").code == 1
    answer = cli(labelled.root, "release")
    assert answer.code == 1
    assert "data/labels.json" in answer.err


def test_images_that_the_attributes_do_not_send_to_lfs(labelled: Place, cli: Cli):
    with open(labelled.root / ".gitattributes", "a") as file:
        file.write("*.jpg -filter\n")
    answer = cli(labelled.root, "release")
    assert answer.code == 1
    assert "through Git LFS" in answer.err
    assert_nothing_released(labelled.root)


def test_attributes_that_no_clone_would_have(labelled: Place, cli: Cli):
    """Rules in the working file only: a clone would show pointers as images."""
    rules = (labelled.root / ".gitattributes").read_text()
    git(labelled.root, "rm", "-q", "--cached", ".gitattributes")
    git(labelled.root, "commit", "-q", "-m", "no rules")
    (labelled.root / ".gitattributes").write_text(rules)
    answer = cli(labelled.root, "release")
    assert answer.code == 1
    assert "committed .gitattributes" in answer.err


def test_no_identity(labelled: Place, cli: Cli, tmp_path: Path):
    empty = tmp_path / "empty"
    empty.write_text("")
    answer = cli(labelled.root, "release", env={"GIT_CONFIG_GLOBAL": str(empty), "PRINT_MODELS_WHO": "ana"})
    assert answer.code == 5
    assert "user.email" in answer.err
    assert_nothing_released(labelled.root)


def test_a_detached_head(labelled: Place, cli: Cli):
    git(labelled.root, "checkout", "-q", "--detach")
    answer = cli(labelled.root, "release")
    assert answer.code == 1
    assert "git switch" in answer.err


def test_an_unfinished_merge_or_rebase(labelled: Place, cli: Cli):
    root = labelled.root
    for branch, text in (("other", "a"), ("main", "b")):
        git(root, "checkout", "-q", "-B", branch, "HEAD" if branch == "other" else "HEAD~1")
        (root / "x.txt").write_text(text)
        git(root, "add", "x.txt")
        git(root, "commit", "-q", "-m", text)
    assert run_program(["git", "merge", "other"], cwd=root).code == 1
    answer = cli(root, "release")
    assert (answer.code, "merge" in answer.err, "git merge --abort" in answer.err) == (1, True, True)
    git(root, "merge", "--abort")
    assert run_program(["git", "rebase", "other"], cwd=root).code == 1
    answer = cli(root, "release")
    assert (answer.code, "git rebase --abort" in answer.err) == (1, True)


def test_another_git_holds_the_index(labelled: Place, cli: Cli):
    (labelled.root / ".git" / "index.lock").write_text("")
    answer = cli(labelled.root, "release")
    assert answer.code == 4
    assert "index.lock" in answer.err
    assert_nothing_released_but_lock(labelled.root)


def assert_nothing_released_but_lock(root: Path) -> None:
    (root / ".git" / "index.lock").unlink()
    assert_nothing_released(root)


def test_a_tag_on_another_commit_is_never_moved(labelled: Place, cli: Cli):
    assert cli(labelled.root, "export").code == 0
    git(labelled.root, "tag", TAG)
    before = git(labelled.root, "rev-parse", TAG)
    answer = cli(labelled.root, "release")
    assert answer.code == 1
    assert "never moved" in answer.err
    assert git(labelled.root, "rev-parse", TAG) == before


def test_a_hook_that_adds_a_file_is_found_before_the_tag(labelled: Place, cli: Cli):
    hook = labelled.root / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho x > added.txt\ngit add added.txt\n")
    hook.chmod(0o755)
    answer = cli(labelled.root, "release")
    assert answer.code == 3
    assert "added.txt" in answer.err
    assert git(labelled.root, "tag") == ""


def test_an_image_edited_after_the_export_is_not_released(labelled: Place, cli: Cli):
    assert cli(labelled.root, "export").code == 0
    image = next((labelled.root / V1 / "active").glob("*.jpg"))
    image.write_bytes(image.read_bytes() + b"x")
    answer = cli(labelled.root, "release")
    assert answer.code == 3
    assert git(labelled.root, "tag") == ""


def test_one_class_or_no_labels(labelled: Place, cli: Cli):
    label(labelled.root, labelled.keys[6:12], "offline")
    answer = cli(labelled.root, "release")
    assert answer.code == 1
    assert "only offline" in answer.err
    answer = cli(labelled.root, "release", "--task", "failed-print-detection")
    assert (answer.code, "no labels" in answer.err) == (1, True)


def test_words_that_make_no_sense(labelled: Place, cli: Cli):
    assert cli(labelled.root, "release", "--remote", "origin").code == 2
    assert cli(labelled.root, "release", "--task", "nonsense").code == 2
    no_remote = cli(labelled.root, "release", "--push")
    assert (no_remote.code, "git remote add" in no_remote.err) == (5, True)
    assert_nothing_released(labelled.root)
