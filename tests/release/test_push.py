"""No tag reaches a remote before its objects are proven there; what fails leaves commit and tag here."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import release
from core.releasing import pushing
from core.workspace import Workspace
from tests.conftest import Cli, Place, git
from tests.release.conftest import label
from tests.release.test_release import TAG


def objects(repository: Path) -> Iterator[Path]:
    return (path for path in (repository / "lfs" / "objects").rglob("*") if path.is_file())


def replaced(path: Path, data: bytes) -> None:
    """Put other bytes there under a new inode: objects may be shared with this machine by hard links."""
    path.unlink()
    path.write_bytes(data)


def assert_tagged_here_only(root: Path) -> None:
    assert git(root, "tag").split() == [TAG]
    assert git(root, "ls-remote", "origin", "refs/tags/*") == ""


@pytest.mark.parametrize("trap", ["hooks elsewhere", "hook deleted", "told to skip"])
def test_uploading_does_not_hang_on_the_hook(labelled: Place, remote: Path, cli: Cli, trap: str):
    """explicit `git lfs push`; remote gate"""
    env = {"GIT_LFS_SKIP_PUSH": "1"} if trap == "told to skip" else {}
    if trap == "hooks elsewhere":
        git(labelled.root, "config", "core.hooksPath", "/dev/null")
    elif trap == "hook deleted":
        (labelled.root / ".git" / "hooks" / "pre-push").unlink(missing_ok=True)
    assert cli(labelled.root, "release", "--push", env=env).code == 0
    assert len(list(objects(remote))) == 12


def test_objects_that_an_earlier_push_left_behind_are_sent_after_all(labelled: Place, remote: Path, cli: Cli):
    """The remote has the branch of v1 but none of its objects: v2 shares them, so they are sent by name."""
    assert cli(labelled.root, "release").code == 0
    git(labelled.root, "-c", "core.hooksPath=/dev/null", "push", "-q", "origin", "main", TAG)
    assert list(objects(remote)) == []
    label(labelled.root, labelled.keys[12:13], "active")
    assert cli(labelled.root, "release", "--push").code == 0
    assert len(list(objects(remote))) == 13


def test_a_wrong_object_on_the_remote_keeps_the_tag_here(labelled: Place, remote: Path, cli: Cli):
    """remote gate; tells that it must be deleted there"""
    assert cli(labelled.root, "release").code == 0
    for path in objects(labelled.root / ".git"):
        there = remote / "lfs" / "objects" / path.relative_to(labelled.root / ".git" / "lfs" / "objects")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(bytes(path.stat().st_size))
    answer = cli(labelled.root, "release", "--push", "--json")
    assert answer.code == 6
    assert "Delete" in answer.err
    assert (answer.json["tag"], answer.json["pushed"]) == (TAG, None)
    assert_tagged_here_only(labelled.root)
    for path in list(objects(remote)):
        path.unlink()
    assert cli(labelled.root, "release", "--push").code == 0


def test_a_wrong_object_here_is_never_sent(labelled: Place, remote: Path, cli: Cli):
    """gate stops before push"""
    assert cli(labelled.root, "release").code == 0
    path = next(objects(labelled.root / ".git"))
    replaced(path, bytes(path.stat().st_size))
    answer = cli(labelled.root, "release", "--push")
    assert answer.code == 3
    assert path.name[:12] in answer.err
    assert_tagged_here_only(labelled.root)
    assert list(objects(remote)) == []


@pytest.mark.parametrize("refused", ["tags", "heads"])
def test_branch_and_tag_go_together_or_not_at_all(labelled: Place, remote: Path, cli: Cli, refused: str):
    """`--atomic`; again when the remote allows it"""
    hook = remote / "hooks" / "update"
    hook.write_text(f'#!/bin/sh\ncase "$1" in refs/{refused}/*) echo "not \033[31mhere" >&2; exit 1;; esac\n')
    hook.chmod(0o755)
    answer = cli(labelled.root, "release", "--push")
    assert answer.code == 6
    assert "rejected" in answer.err
    assert "\033" not in answer.err
    assert git(labelled.root, "ls-remote", "origin") == ""
    hook.unlink()
    assert cli(labelled.root, "release", "--push").code == 0


def test_a_remote_that_went_on_without_us(labelled: Place, remote: Path, cli: Cli, tmp_path: Path):
    """local tag stays, nothing of it on the remote; after a merge it goes"""
    git(labelled.root, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", str(remote), "other")
    (tmp_path / "other" / "x.txt").write_text("x")
    git(tmp_path / "other", "add", "x.txt")
    git(tmp_path / "other", "commit", "-q", "-m", "theirs")
    git(tmp_path / "other", "push", "-q")
    answer = cli(labelled.root, "release", "--push")
    assert answer.code == 6
    assert "git pull" in answer.err
    assert "print-models release --task offline-detection --push" in answer.err
    assert_tagged_here_only(labelled.root)
    git(labelled.root, "pull", "-q", "--rebase=false", "origin", "main")
    assert cli(labelled.root, "release", "--push").code == 0
    assert TAG in git(labelled.root, "ls-remote", "origin", "refs/tags/*")


def test_a_tag_that_is_on_the_remote_already(labelled: Place, remote: Path, cli: Cli):
    git(labelled.root, "push", "-q", "origin", f"HEAD:refs/tags/{TAG}")
    answer = cli(labelled.root, "release", "--push")
    assert answer.code == 1
    assert "never moved" in answer.err
    assert not (labelled.root / "datasets/offline-detection/v1").exists()
    assert git(labelled.root, "ls-remote", "origin", "refs/heads/*") == ""


def test_a_remote_that_is_not_there(labelled: Place, remote: Path, cli: Cli):
    """Off-line ends at tagged; the push waits."""
    away = remote.with_name("unplugged")
    remote.rename(away)
    answer = cli(labelled.root, "release", "--push")
    assert answer.code == 6
    assert git(labelled.root, "tag").split() == [TAG]
    away.rename(remote)
    assert cli(labelled.root, "release", "--push").code == 0


def test_a_disk_that_fails_after_the_tag_is_told_as_not_pushed(
    labelled: Place, remote: Path, monkeypatch: pytest.MonkeyPatch
):
    def failing(folder: Path) -> None:
        raise OSError(errno.EIO, "Input/output error", str(folder))

    monkeypatch.setattr(pushing, "sync_filesystem", failing)
    workspace = Workspace.open(labelled.root)
    planned = release.plan(workspace, workspace.task(None), push=True)
    with pytest.raises(release.NotPushed, match="tagged here, but not on origin") as told:
        release.run(planned)
    assert told.value.exit_code == 6
    assert_tagged_here_only(labelled.root)


def test_a_server_that_is_away_ends_at_tagged_and_no_password_is_shown(labelled: Place, cli: Cli):
    git(labelled.root, "remote", "add", "origin", "https://ana:s3cret@127.0.0.1:9/x.git")
    answer = cli(labelled.root, "release", "--push")
    assert answer.code == 6
    assert "https://ana:…@127.0.0.1:9/x.git" in answer.err
    assert "it does not answer" in answer.err
    assert "s3cret" not in answer.err + answer.out
    assert git(labelled.root, "tag").split() == [TAG]


def test_a_hostile_lfsconfig_excludes_nothing(labelled: Place, remote: Path, cli: Cli):
    """overridden by `-c`"""
    (labelled.root / ".lfsconfig").write_text("[lfs]\n\tfetchexclude = *\n\tallowincompletepush = true\n")
    assert cli(labelled.root, "release", "--push").code == 0
    assert len(list(objects(remote))) == 12


def test_over_the_plan_it_stops_without_somebody_to_ask(labelled: Place, remote: Path, cli: Cli):
    settings = labelled.root / "print-models.toml"
    settings.write_text(settings.read_text().replace('# plan = ""', 'plan = "github-free-legacy"'))
    big = labelled.root / "models" / "big.pth"
    big.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1000000000\n")
    git(labelled.root, "add", "models/big.pth", "print-models.toml")
    git(labelled.root, "commit", "-q", "-m", "a gigabyte")
    answer = cli(labelled.root, "release", "--push")
    assert answer.code == 1
    assert "github-free-legacy" in answer.err
    assert git(labelled.root, "tag") == ""
    assert cli(labelled.root, "release").code == 0


def test_another_disk_at_the_same_address_gets_every_object_of_the_branch(
    labelled: Place, remote: Path, cli: Cli, tmp_path: Path
):
    """What this clone saw of the remote before is no proof: a model that the old disk had is sent to the new one too."""
    root = labelled.root
    assert cli(root, "release", "--push").code == 0
    (root / "models/printer_offline_detector.pth").write_bytes(b"weights" * 100)
    git(root, "add", "models/printer_offline_detector.pth")
    git(root, "commit", "-q", "-m", "A model")
    assert cli(root, "release", "--push").code == 0
    remote.rename(tmp_path / "worn out")
    git(tmp_path, "init", "-q", "--bare", str(remote))
    label(root, labelled.keys[12:13], "active")
    assert cli(root, "release", "--push", "--dry-run", "--json").json["upload_bytes"] > 700
    answer = cli(root, "release", "--push")
    assert answer.code == 0, answer.err
    assert len(list(objects(remote))) == 14
    assert b"weights" * 100 in [path.read_bytes() for path in objects(remote)]


def test_a_version_that_someone_else_released_is_not_tagged_a_second_time(
    labelled: Place, remote: Path, cli: Cli
):
    """Its commit came by a pull, its tag did not: the tag of the remote is the one to have."""
    root = labelled.root
    assert cli(root, "release", "--push").code == 0
    git(root, "tag", "-d", TAG)
    answer = cli(root, "release", "--push")
    assert answer.code == 1
    assert "git fetch --tags origin" in answer.err
    assert git(root, "tag") == ""
    git(root, "fetch", "-q", "--tags", "origin")
    assert "nothing to release" in cli(root, "release", "--push").err


def test_a_version_that_someone_else_released_meanwhile_is_taken_over_by_sync(
    labelled: Place, remote: Path, cli: Cli, tmp_path: Path
):
    """Two clones, one number: what the refusal names is enough to release the next one."""
    git(labelled.root, "push", "-q", "-u", "origin", "main")
    git(tmp_path, "clone", "-q", str(remote), "bo")
    assert cli(tmp_path / "bo", "init").code == 0
    assert cli(labelled.root, "release", "--push").code == 0
    git(tmp_path / "bo", "pull", "-q")
    assert (
        cli(tmp_path / "bo", "label", "--as", "active", labelled.keys[0], env={"PRINT_MODELS_WHO": "bo"}).code
        == 0
    )
    assert cli(tmp_path / "bo", "release", "--push").code == 0
    assert cli(labelled.root, "label", "--as", "offline", labelled.keys[-1]).code == 0
    refused = cli(labelled.root, "release", "--push")
    assert refused.code == 1
    assert "has a tag offline-detection/v2 already" in refused.err
    assert "print-models sync" in refused.err
    assert cli(labelled.root, "sync").code == 0
    answer = cli(labelled.root, "release", "--push")
    assert answer.code == 0, answer.err
    assert "offline-detection/v3 is released on origin" in answer.out


def test_a_remote_that_comes_back_meanwhile_gets_nothing_before_its_first_push_was_shown(fresh: Place):
    root, bare = fresh.root, fresh.root.parent / "remote.git"
    bare.rename(bare.with_name("away"))
    workspace = Workspace.open(root)
    planned = release.plan(workspace, workspace.task(None), push=True)
    assert planned.shows == ()
    bare.with_name("away").rename(bare)
    with pytest.raises(release.NotPushed, match="was not shown yet") as caught:
        release.run(planned)
    assert "--resume" in caught.value.remedy
    assert git(bare, "for-each-ref") == ""
    asked: list[release.ReleasePlan] = []
    made = release.resume(workspace, publish=lambda plan: asked.append(plan) is None)
    assert made.pushed == "origin"
    assert [sum(one.images for one in plan.shows) for plan in asked] == [12]
