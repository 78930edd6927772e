"""What is lost in the middle of a release — room, git, git-lfs, the camera, patience — is named, with how far it came."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from core import release
from core.errors import Lacking, PrintModelsError
from core.workspace import Workspace
from tests.conftest import Cli, Place, git
from tests.faults.harness import PROGRAM, on_small_disk
from tests.release.test_push import objects
from tests.release.test_refusals import without
from tests.release.test_release import TAG, V1


def git_that(folder: Path, verb: str, script: str) -> dict[str, str]:
    """A PATH of all programs, of which git runs `script` when that verb comes; `real` in it is the real git."""
    env = without("git", folder)
    real = shutil.which("git")
    (folder / "git").write_text(
        f'#!/bin/sh\nreal={real}\ncase " $* " in *" {verb} "*) {script};; esac\nexec $real "$@"\n'
    )
    (folder / "git").chmod(0o755)
    return env


def test_a_disk_that_fills_up_while_staging(labelled: Place, tmp_path: Path):
    """The version stays, exported and whole; with room again the same command ends right."""
    disk = tmp_path / "disk"
    env = git_that(tmp_path / "bin", "add", f"dd if=/dev/zero of={disk}/filler bs=64k 2>/dev/null")
    run = shlex.join([*map(str, PROGRAM), "release"])
    said = on_small_disk(
        f"cp -a {labelled.root} ws; cd ws; {run} 2>&1 || echo rc $?; git tag; ls {V1}; rm ../filler; "
        f"PATH={shlex.quote(os.environ['PATH'])}; echo == again; {run} 2>&1; git lfs fsck",
        mount=disk,
        size="40m",
        cwd=tmp_path,
        env=env,
    )
    assert said.code == 0, said.out + said.err
    full, again = said.out.split("== again")
    assert "rc 5" in full
    assert f"{V1} is exported and whole, but not committed" in full
    assert "Free " in full
    assert "metadata.jsonl" in full
    assert f"{TAG} is tagged on this machine" in again


def test_no_room_for_the_copy_in_git_lfs_is_seen_before_the_export(labelled: Place, tmp_path: Path):
    """Images lie in the version and once more in Git LFS: both are counted."""
    run = shlex.join([*map(str, PROGRAM), "release"])
    place = "import os; s = os.statvfs('.'); print(s.f_bavail * s.f_frsize)"
    said = on_small_disk(
        f"cp -a {labelled.root} ws; cd ws; free=$({sys.executable} -c {shlex.quote(place)}); "
        f"head -c $((free - 180000)) /dev/zero > ../filler; {run} 2>&1 || echo rc $?; ls datasets",
        mount=tmp_path / "disk",
        size="40m",
        cwd=tmp_path,
    )
    assert "rc 5" in said.out, said.out + said.err
    assert "The version and its copy in Git LFS" in said.out
    assert "nothing was written" in said.out
    assert "v1" not in said.out.partition("nothing was written")[2]


def test_a_remote_on_another_disk_without_room_gets_nothing(labelled: Place, tmp_path: Path):
    """A stick that is full: said with what is missing, before anything is sent; tagged here."""
    stick = tmp_path / "stick"
    git(labelled.root, "remote", "add", "origin", f"file://{stick}/remote.git")
    run = shlex.join([*map(str, PROGRAM), "-C", str(labelled.root), "release", "--push"])
    said = on_small_disk(
        f"git init -q --bare remote.git; head -c 2900000 /dev/zero > filler; {run} 2>&1 || echo rc $?; "
        f"find remote.git/lfs -type f 2>/dev/null || true; rm filler; echo == again; {run} 2>&1",
        mount=stick,
        size="3m",
        cwd=tmp_path,
    )
    assert said.code == 0, said.out + said.err
    full, again = said.out.split("== again")
    assert "rc 6" in full
    assert "nothing was sent" in full
    assert "/objects/" not in full
    assert f"{TAG} is released on origin" in again


def test_git_that_is_gone_after_the_tag(labelled: Place, remote: Path, cli: Cli, tmp_path: Path):
    """exit 6: tagged here, the line that installs it"""
    env = git_that(tmp_path / "bin", "tag", '$real "$@"; code=$?; rm "$0"; exit $code')
    answer = cli(labelled.root, "release", "--push", env=env)
    assert answer.code == 6, answer.err
    assert "committed and tagged here, but not on origin" in answer.err
    assert "sudo apt-get install git" in answer.err
    assert cli(labelled.root, "release", "--push").code == 0


@pytest.mark.parametrize(("verb", "code"), [("add", 5), ("commit", 5)])
def test_git_that_is_gone_before_the_tag(labelled: Place, cli: Cli, tmp_path: Path, verb: str, code: int):
    env = git_that(tmp_path / "bin", verb, '$real "$@"; code=$?; rm "$0"; exit $code')
    answer = cli(labelled.root, "release", env=env)
    assert answer.code == code, answer.err
    assert "sudo apt-get install git" in answer.err
    assert cli(labelled.root, "release").code == 0


def test_git_lfs_that_is_gone_while_staging(labelled: Place, cli: Cli, tmp_path: Path):
    git(labelled.root, "update-index", "--index-version", "4")  # one that git alone writes, with its filter
    env = git_that(tmp_path / "bin", "add", 'rm -f "$(dirname "$0")/git-lfs" "$GIT_EXEC_PATH/git-lfs"')
    answer = cli(labelled.root, "release", env=env)
    assert answer.code == 5, answer.err
    assert "git-lfs is not installed any more" in answer.err
    assert "sudo apt-get install git-lfs" in answer.err
    assert f"{V1} is exported and whole" in answer.err
    assert cli(labelled.root, "release").code == 0


def test_a_program_that_fails_says_how_far_it_is_and_how_to_go_on(labelled: Place, cli: Cli):
    hook = labelled.root / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho 'error: not on a Friday' >&2\nexit 1\n")
    hook.chmod(0o755)
    answer = cli(labelled.root, "release")
    assert answer.code == 1
    assert "not on a Friday" in answer.err
    assert f"{V1} is exported and whole, but not committed" in answer.err
    assert "run it again: it goes on" in answer.err
    hook.unlink()
    assert cli(labelled.root, "release").code == 0


def test_a_camera_that_goes_away_meanwhile_is_no_missing_frames(labelled: Place):
    workspace = Workspace.open(labelled.root)
    planned = release.plan(workspace, workspace.task(None))
    labelled.camera.rename(labelled.camera.with_name("unplugged"))
    with pytest.raises(Lacking) as told:
        release.run(planned)
    assert "not reachable" in told.value.what
    assert "--allow-missing" not in str(told.value)
    assert not (labelled.root / V1).exists()


def test_frames_that_go_away_meanwhile_are_named_a_few_of_them(labelled: Place):
    """print-models export knows --allow-missing, release does not."""
    workspace = Workspace.open(labelled.root)
    planned = release.plan(workspace, workspace.task(None))
    for key in labelled.keys[:8]:
        (labelled.camera / key.split("/", 1)[1]).unlink()
    with pytest.raises(PrintModelsError) as told:
        release.run(planned)
    assert told.value.what.count(".jpg") == 3
    assert "and 5 more" in told.value.what
    assert "print-models export --allow-missing" in told.value.remedy


def test_ctrl_c_says_how_far_it_came(labelled: Place, cli: Cli, tmp_path: Path):
    env = git_that(tmp_path / "bin", "add", "kill -INT $PPID; exec sleep 60")
    answer = cli(labelled.root, "release", env=env)
    assert answer.code == 130
    assert f"Stopped: {V1} is exported and whole, but not committed." in answer.err
    assert "Run it again: it goes on from there." in answer.err
    assert cli(labelled.root, "release").code == 0
    again = cli(labelled.root, "release")
    assert again.code == 1
    assert "offline-detection v1 is released already" in again.err


def test_a_remote_that_went_on_is_seen_before_anything_is_uploaded(
    labelled: Place, remote: Path, cli: Cli, tmp_path: Path
):
    """No upstream is set: the remedy names remote and branch, and works as it is printed."""
    root = labelled.root
    git(root, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", str(remote), "other")
    (tmp_path / "other" / "x.txt").write_text("x")
    git(tmp_path / "other", "add", "x.txt")
    git(tmp_path / "other", "commit", "-q", "-m", "theirs")
    git(tmp_path / "other", "push", "-q")
    assert "has commits that are not here" in cli(root, "release", "--push", "--dry-run").err
    answer = cli(root, "release", "--push")
    assert answer.code == 6
    assert list(objects(remote)) == []
    command = answer.err.partition("Merge them: ")[2].partition(";")[0]
    assert command == "git pull --rebase=false origin main"
    git(root, *command.split()[1:], "--no-edit", "-q")
    assert cli(root, "release", "--push").code == 0
