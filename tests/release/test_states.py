"""Faults 56, 79, 81, 83, 84, 85 and 80: states of a repository and of remotes that a release meets."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core import release
from core.errors import PrintModelsError, Refused
from core.releasing.undoing import abort
from core.workspace import Workspace
from tests.conftest import Cli, Place, git, run_program
from tests.faults.harness import PROGRAM, need_strace
from tests.release.conftest import label
from tests.release.test_journal import assert_one_of_each, kill_at
from tests.release.test_release import TAG, V1, assert_bytes, assert_nothing_released


def test_f_056_two_releases_at_once_make_one_version(fresh: Place):
    """second gets v(N+1) or refuses"""
    told: list[object] = []
    gate = threading.Barrier(2)

    def one() -> None:
        workspace = Workspace.open(fresh.root)
        planned = release.plan(workspace, workspace.task(None))
        gate.wait(timeout=120)
        try:
            told.append(release.run(planned))
        except PrintModelsError as error:
            told.append(error)

    both = [threading.Thread(target=one) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(timeout=240)
    assert sum(isinstance(said, release.Released) for said in told) == 1, told
    refused = next(said for said in told if isinstance(said, PrintModelsError))
    assert refused.exit_code in (1, 4)
    assert refused.remedy
    assert_one_of_each(fresh.root)


@pytest.mark.parametrize("kind", ["light", "annotated"])
def test_f_081_a_tag_here_on_another_commit(fresh: Place, cli: Cli, kind: str):
    """refuse, never force"""
    root = fresh.root
    assert cli(root, "export").code == 0
    git(root, "tag", *(["-a", "-m", "theirs"] if kind == "annotated" else []), TAG)
    at = git(root, "rev-parse", TAG)
    answer = cli(root, "release")
    assert answer.code == 1
    assert "never moved" in answer.err
    assert git(root, "rev-parse", TAG) == at
    assert git(root, "rev-list", "--count", "HEAD").strip() == "1"


def test_f_081_a_tag_on_the_remote_on_another_commit(fresh: Place):
    """refuse, never force"""
    root = fresh.root
    git(root, "push", "-q", "origin", f"HEAD:refs/tags/{TAG}")
    there = git(root, "ls-remote", "origin")
    workspace = Workspace.open(root)
    with pytest.raises(Refused, match="never moved"):
        release.plan(workspace, workspace.task(None), push=True)
    assert git(root, "ls-remote", "origin") == there
    assert_nothing_released(root)


def test_f_080_branch_and_tag_are_both_refused_and_the_push_is_resumed(fresh: Place):
    """`--atomic`; resume state"""
    hook = fresh.root.parent / "remote.git" / "hooks" / "update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/tags/*) exit 1;; esac\n')
    hook.chmod(0o755)
    workspace = Workspace.open(fresh.root)
    with pytest.raises(release.NotPushed) as told:
        release.run(release.plan(workspace, workspace.task(None), push=True))
    assert told.value.exit_code == 6
    assert git(fresh.root, "ls-remote", "origin") == ""
    hook.unlink()
    assert release.resume(workspace).pushed == "origin"
    assert_one_of_each(fresh.root)


# --- the lock on the index ---------------------------------------------------------------------------------------


def test_f_083_a_lock_that_our_dead_release_left_is_taken_away(fresh: Place):
    """shows age/pid; removes only if created by our dead child"""
    kill_at(fresh.root, "stage")
    lock = fresh.root / ".git" / "index.lock"
    lock.write_bytes(b"half an index")
    release.resume(Workspace.open(fresh.root))
    assert not lock.exists()
    assert_one_of_each(fresh.root)


def test_f_083_a_lock_of_anybody_else_stays(fresh: Place, cli: Cli):
    """shows age/pid; removes only if created by our dead child"""
    lock = fresh.root / ".git" / "index.lock"
    lock.write_bytes(b"")
    answer = cli(fresh.root, "release")
    assert answer.code == 4
    assert re.search(r"index\.lock was made .+, and no git runs here any more", answer.err)
    assert lock.exists()
    lock.unlink()
    kill_at(fresh.root, "stage")
    lock.write_bytes(b"older than the release that was killed")
    os.utime(lock, (1_700_000_000, 1_700_000_000))
    assert cli(fresh.root, "release", "--resume").code == 4
    assert lock.exists()


def test_f_083_a_git_that_runs_here_is_named_with_its_process(fresh: Place, cli: Cli):
    """shows age/pid; removes only if created by our dead child"""
    if not Path("/proc/self").exists():
        pytest.skip("processes are looked for in /proc")
    kill_at(fresh.root, "stage")
    lock = fresh.root / ".git" / "index.lock"
    lock.write_bytes(b"")
    other = subprocess.Popen(
        ["git", "cat-file", "--batch"], cwd=fresh.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdin.write(b"HEAD\n")
        other.stdin.flush()
        assert other.stdout.readline()  # it is at work
        answer = cli(fresh.root, "release", "--resume")
    finally:
        other.communicate()
    assert answer.code == 4
    assert f"process {other.pid}" in answer.err
    assert lock.exists()


# --- what is durable ---------------------------------------------------------------------------------------------


def test_f_084_what_is_called_released_is_on_the_disk(fresh: Place, tmp_path: Path):
    """tag, commit, objects durable"""
    need_strace()
    log = tmp_path / "calls"
    words = ["strace", "-f", "-qq", "-y", "-s", "300", "-e", "signal=none", "-o", log]
    traced = ["-e", "trace=rename,renameat,renameat2,link,linkat,syncfs,write"]
    answer = run_program([*words, *traced, *PROGRAM, "release", "--push"], cwd=fresh.root)
    assert answer.code == 0, answer.err
    lines = log.read_text(errors="replace").splitlines()

    def last(what: str) -> int:
        return max((n for n, line in enumerate(lines) if re.search(what, line)), default=-1)

    syncs = [n for n, line in enumerate(lines) if "syncfs(" in line and line.rstrip().endswith("= 0")]
    said = last(r"write\(1<.*is released on origin")
    tagged = last(r'(rename|link)\w*\(.*workspace/\.git/refs/tags/offline-detection/v1"')
    arrived = last(r'(rename|link)\w*\(.*refs/tags/offline-detection/v1"')
    objects = last(r"(rename|link)\w*\(.*lfs/objects")
    assert -1 not in (said, tagged, arrived, objects)
    for made in (tagged, arrived, objects):
        assert any(made < sync < said for sync in syncs), lines[made]


# --- states of the repository ------------------------------------------------------------------------------------


def begin_merge(root: Path) -> None:
    other_line(root)
    assert run_program(["git", "merge", "other"], cwd=root).code == 1


def begin_rebase(root: Path) -> None:
    other_line(root)
    assert run_program(["git", "rebase", "other"], cwd=root).code == 1


def begin_pick(root: Path) -> None:
    other_line(root)
    assert run_program(["git", "cherry-pick", "other"], cwd=root).code == 1


def begin_bisect(root: Path) -> None:
    git(root, "bisect", "start")


def other_line(root: Path) -> None:
    """Two branches that changed one file differently."""
    for branch, text in (("other", "a"), ("main", "b")):
        git(root, "checkout", "-q", "-B", branch, "HEAD" if branch == "other" else "HEAD~1")
        (root / "x.txt").write_text(text)
        git(root, "add", "x.txt")
        git(root, "commit", "-q", "-m", text)


@pytest.mark.parametrize("begin", [begin_merge, begin_rebase, begin_pick, begin_bisect])
def test_f_085_something_unfinished_is_named_with_its_end(fresh: Place, begin: Callable[[Path], None]):
    """commits exact paths only; refuses states it cannot handle"""
    begin(fresh.root)
    workspace = Workspace.open(fresh.root)
    with pytest.raises(Refused) as told:
        release.plan(workspace, workspace.task(None))
    operation = begin.__name__.removeprefix("begin_").replace("pick", "cherry-pick")
    assert operation in told.value.what
    assert f"git {operation}" in told.value.remedy
    assert git(fresh.root, "tag") == ""


def test_f_085_a_branch_that_lacks_the_newest_version(fresh: Place):
    """commits exact paths only; refuses states it cannot handle"""
    root = fresh.root
    git(root, "branch", "before")
    workspace = Workspace.open(root)
    task = workspace.task(None)
    release.run(release.plan(workspace, task))
    git(root, "switch", "-q", "before")
    with pytest.raises(Refused) as told:
        release.plan(workspace, task)
    assert "(before)" in told.value.what
    assert told.value.remedy.endswith(f"git merge {TAG}")
    git(root, "merge", "-q", TAG)
    with pytest.raises(Refused, match="nothing to release"):
        release.plan(workspace, task)


def test_f_085_datasets_that_belong_to_another_repository(fresh: Place):
    """commits exact paths only; refuses states it cannot handle"""
    folder = fresh.root / "datasets" / "offline-detection"
    git(fresh.root, "init", "-q", str(folder))
    workspace = Workspace.open(fresh.root)
    with pytest.raises(Refused, match="repository of its own"):
        release.plan(workspace, workspace.task(None))
    shutil.rmtree(folder / ".git")
    assert release.run(release.plan(workspace, workspace.task(None))).version == "v1"


@pytest.mark.parametrize("kind", ["worktree", "submodule"])
def test_f_085_a_worktree_or_a_submodule_is_a_repository_like_any(fresh: Place, tmp_path: Path, kind: str):
    """commits exact paths only; refuses states it cannot handle"""
    if kind == "worktree":
        root = tmp_path / "beside"
        git(fresh.root, "worktree", "add", "-q", "-b", "beside", str(root))
    else:
        git(tmp_path, "init", "-q", "outer")
        allow = ["-c", "protocol.file.allow=always"]
        git(tmp_path / "outer", *allow, "submodule", "--quiet", "add", str(fresh.root), "inner")
        root = tmp_path / "outer" / "inner"
        git(root, "lfs", "install", "--local")
    camera = root / "printer-timelapses"
    camera.symlink_to(fresh.camera)
    label(root, fresh.keys[:6], "offline")
    label(root, fresh.keys[6:12], "active")
    kill_at(root, "tag")
    abort(Workspace.open(root))
    assert git(root, "status", "--porcelain", "--untracked-files=no") == ""
    kill_at(root, "commit")
    release.resume(Workspace.open(root))
    assert_one_of_each(root)


def test_f_085_a_dirty_tree_stays_as_it_is_and_a_detached_head_is_refused(fresh: Place):
    """commits exact paths only; refuses states it cannot handle"""
    root = fresh.root
    (root / "mine.txt").write_text("staged")
    git(root, "add", "mine.txt")
    (root / "README.md").write_text("changed")
    before = git(root, "status", "--porcelain")
    workspace = Workspace.open(root)
    release.run(release.plan(workspace, workspace.task(None)))
    assert git(root, "status", "--porcelain") == before
    changed = git(root, "diff-tree", "-r", "--name-only", "HEAD~1", "HEAD").split()
    assert all(path.startswith((V1, "data/")) for path in changed)
    git(root, "checkout", "-q", "--detach")
    with pytest.raises(Refused, match="detached"):
        release.plan(workspace, workspace.task(None))


# --- somebody else was first -------------------------------------------------------------------------------------


def test_f_079_the_remote_has_this_number_already(fresh: Place, cli: Cli, tmp_path: Path):
    """local tag stays, nothing of it on the remote; fetch, merge, renumber the unpushed version to v(N+1) with its new parent, show the diff again"""
    root, other = fresh.root, tmp_path / "other"
    workspace = Workspace.open(root)
    task = workspace.task(None)
    release.run(release.plan(workspace, task, push=True))
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), str(other))
    git(other, "lfs", "install", "--local")
    (other / "printer-timelapses").symlink_to(fresh.camera)
    label(other, fresh.keys[:1], "active")
    theirs = Workspace.open(other)
    release.run(release.plan(theirs, task, push=True))
    label(root, fresh.keys[11:12], "offline")
    release.run(release.plan(workspace, task))
    with pytest.raises(release.NotPushed) as told:
        release.run(release.plan(workspace, task, push=True))
    assert told.value.exit_code == 6
    assert "release --renumber v2" in told.value.remedy
    ours = git(root, "rev-parse", "offline-detection/v2")
    there = git(root, "ls-remote", "origin", "refs/tags/offline-detection/v2").split()[0]
    assert ours.strip() != there
    asked = cli(root, "release", "--renumber", "v2")
    assert asked.code == 1
    assert git(root, "rev-parse", "offline-detection/v2") == ours
    done = cli(root, "release", "--renumber", "v2", "--yes", "--json")
    assert done.code == 0, done.err
    assert (done.json["version"], done.json["dry_run"]) == ("v3", True)
    assert "diff v2 draft" in done.err
    assert git(root, "rev-parse", "offline-detection/v2").strip() == there
    assert cli(root, "release", "--push").code == 0
    info = json.loads((root / "datasets/offline-detection/v3/dataset_info.json").read_text())
    assert info["parent"] == "v2"
    held = json.loads((root / "datasets/offline-detection/v3/labels.json").read_text())
    assert (held[fresh.keys[0]], held[fresh.keys[11]]) == ("active", "offline")
    assert_bytes(root, "datasets/offline-detection/v3")
    assert cli(root, "release", "--renumber", "v3", "--yes").code == 1


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("most", [40])
def test_f_082_killed_at_its_system_calls(fresh: Place, tmp_path: Path, most: int):
    """`--resume` finishes; never a tag without gate"""
    from tests.faults.harness import below, inject, record, spread

    argv = (*PROGRAM, "release")
    copy = tmp_path / "recorded"
    shutil.copytree(fresh.root, copy, symlinks=True)
    answer, calls = record(argv, cwd=copy)
    assert answer.code == 0, answer.err
    points = spread([call for call in below(calls, copy) if not call.failed], most)
    for number, call in enumerate(points):
        root = tmp_path / f"killed-{number}"
        shutil.copytree(fresh.root, root, symlinks=True)
        inject(argv, call, "signal=KILL", cwd=root)
        words = ("--resume",) if (root / ".print-models" / "release.json").exists() else ()
        again = run_program([sys.executable, "-m", "core", "release", *words], cwd=root)
        done = not words and "nothing to release" in again.err
        assert again.code == 0 or done, f"{call}: {again.err}"
        assert_one_of_each(root)
        shutil.rmtree(root)
