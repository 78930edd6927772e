"""A release stages its images without git reading them, and what it makes is what `git add` makes, to the byte."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.storage import placing
from core.versions import manifest
from core.workspace import Workspace
from tests.conftest import Answer, Cli, Place, git, run_program
from tests.faults.harness import need_strace
from tests.release.conftest import label

TASK = Path("datasets", "offline-detection")


def log_of(place: Place) -> list[str]:
    return (place.root / ".print-models/git.log").read_text().splitlines()


def by_git(place: Place) -> bool:
    """Tell whether the images of the last release went through `git add`."""
    return any(" add -- " in line and ".jpg" in line for line in log_of(place))


def tree_by_git_add(place: Place, folder: Path) -> str:
    """What plain git makes of the same files in a repository of its own."""
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "lfs", "install", "--local")
    shutil.copy2(place.root / ".gitattributes", folder)
    shutil.copytree(place.root / "datasets", folder / "datasets")
    git(folder, "add", "-A")
    return git(folder, "write-tree", "--prefix=datasets/").strip()


def objects(place: Place) -> dict[str, Path]:
    """The objects of the store, by the sha256 that they are named by; each has those bytes."""
    found = {path.name: path for path in (place.root / ".git/lfs/objects").rglob("*") if path.is_file()}
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == name for name, path in found.items())
    return found


def hard_links(place: Place) -> None:
    """Ask for hard links, as a person would in the settings."""
    path = place.root / "print-models.toml"
    path.write_text(re.sub(r"^\[storage\]$", '[storage]\nshare = "hardlink"', path.read_text(), flags=re.M))
    git(place.root, "commit", "-q", "-m", "share", "--", "print-models.toml")


def read_images(place: Place, *argv: str | Path) -> tuple[Answer, list[str]]:
    """Run a program and return where it, or any program it started, read from a picture or an object."""
    need_strace()
    log = place.root.parent / "opened"
    calls = "trace=read,pread64,readv,mmap,sendfile,copy_file_range"
    trace = ["strace", "-f", "-y", "-qq", "-s", "0", "-e", "signal=none", "-e", calls, "-o", log]
    answer = run_program([*trace, *argv], cwd=place.root)
    lines = log.read_text(errors="replace").splitlines()
    return answer, [line for line in lines if re.search(r"\.jpg>|lfs/(objects|tmp)/[^>]*[0-9a-f]{64}>", line)]


def test_the_commit_is_the_one_git_add_makes(labelled: Place, cli: Cli, tmp_path: Path) -> None:
    assert cli(labelled.root, "release").code == 0
    assert not by_git(labelled)
    assert git(labelled.root, "rev-parse", "HEAD:datasets").strip() == tree_by_git_add(
        labelled, tmp_path / "plain"
    )
    assert git(labelled.root, "status", "--porcelain") == ""
    assert git(labelled.root, "lfs", "fsck", "--dry-run", "HEAD").strip().endswith("OK")
    assert git(labelled.root, "lfs", "fsck", "--pointers", "--dry-run").strip().endswith("OK")
    assert len(objects(labelled)) == 12
    assert not list((labelled.root / ".git/lfs/tmp").iterdir())


def test_neither_the_commit_nor_the_first_status_reads_an_image_or_runs_the_filter(
    labelled: Place, cli: Cli, tmp_path: Path
) -> None:
    real, called = shutil.which("git-lfs"), tmp_path / "called"
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin/git-lfs"
    wrapper.write_text(f'#!/bin/sh\necho "$1" >> {called}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    env = {"PATH": f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}"}
    assert cli(labelled.root, "release", env=env).code == 0
    answer, read = read_images(labelled, "git", "status", "--porcelain")
    assert (answer.out, read) == ("", [])
    assert not {"clean", "filter-process", "smudge"} & set(called.read_text().split())
    # The witness does speak: a file that was touched goes through the filter.
    image = next((labelled.root / TASK / "v1").rglob("*.jpg"))
    os.utime(image)
    run_program(["git", "status", "--porcelain"], cwd=labelled.root, env=env)
    assert "filter-process" in called.read_text().split()


def test_what_others_staged_stays_staged(labelled: Place, cli: Cli) -> None:
    (labelled.root / "notes.txt").write_text("mine\n")
    (labelled.root / "print-models.toml").write_text("format = 1\n")
    git(labelled.root, "add", "notes.txt", "print-models.toml")
    assert cli(labelled.root, "release").code == 0
    assert not by_git(labelled)
    assert git(labelled.root, "status", "--porcelain") == "A  notes.txt\nM  print-models.toml\n"
    assert "notes.txt" not in git(labelled.root, "show", "--name-only", "--format=", "HEAD")


def test_a_hook_runs_and_can_refuse(labelled: Place, cli: Cli) -> None:
    hook = labelled.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\ngit diff --cached --name-only | grep -c jpg > seen\nexit 1\n")
    hook.chmod(0o755)
    before = git(labelled.root, "rev-parse", "HEAD")
    assert cli(labelled.root, "release").code != 0
    assert (labelled.root / "seen").read_text() == "12\n"
    assert git(labelled.root, "rev-parse", "HEAD") == before
    hook.unlink()
    (labelled.root / "seen").unlink()
    assert cli(labelled.root, "release").code == 0
    assert git(labelled.root, "status", "--porcelain") == ""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_before_the_index_is_written_leaves_the_old_one(
    labelled: Place, cli: Cli, killing_git: Callable[[str, str], dict[str, str]], moment: str
) -> None:
    answer = cli(labelled.root, "release", env=killing_git("fast-import", moment))
    assert answer.code != 0
    assert ".jpg" not in git(labelled.root, "diff", "--cached", "--name-only")
    assert len(objects(labelled)) == 12
    assert cli(labelled.root, "release").code == 0
    assert git(labelled.root, "status", "--porcelain") == ""
    assert not by_git(labelled)


def test_a_lock_of_another_git_is_waited_for_and_one_of_a_dead_process_of_ours_is_not(
    labelled: Place, cli: Cli
) -> None:
    lock = labelled.root / ".git/index.lock"
    lock.write_bytes(b"")
    assert cli(labelled.root, "release").code == 4
    assert lock.exists()
    lock.unlink()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = labelled.root / f".git/index.print-models-lock.{dead.pid}"
    left.write_bytes(b"half an index")
    os.link(left, lock)
    assert cli(labelled.root, "release").code == 0
    assert not left.exists()
    assert git(labelled.root, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    "words",
    [
        ["update-index", "--index-version", "4"],
        ["config", "lfs.storage", "elsewhere"],
        ["update-index", "--force-untracked-cache"],
    ],
    ids=["index version 4", "another store", "untracked cache"],
)
def test_a_repository_that_is_set_up_otherwise_is_staged_by_git(
    labelled: Place, cli: Cli, words: list[str]
) -> None:
    git(labelled.root, *words)
    assert cli(labelled.root, "release").code == 0
    assert by_git(labelled)
    assert git(labelled.root, "status", "--porcelain") == ""


def test_a_version_that_was_exported_before_is_read_once_and_staged_alike(
    labelled: Place, cli: Cli, tmp_path: Path
) -> None:
    assert cli(labelled.root, "export").code == 0
    assert not (labelled.root / ".git/lfs/objects").exists()
    assert cli(labelled.root, "release").code == 0
    assert not by_git(labelled)
    assert git(labelled.root, "rev-parse", "HEAD:datasets").strip() == tree_by_git_add(
        labelled, tmp_path / "plain"
    )
    assert len(objects(labelled)) == 12


def test_an_exported_image_that_was_changed_is_not_staged(labelled: Place, cli: Cli) -> None:
    assert cli(labelled.root, "export").code == 0
    image = next((labelled.root / TASK / "v1").rglob("*.jpg"))
    image.write_bytes(image.read_bytes()[:-1] + b"\0")
    answer = cli(labelled.root, "release")
    assert answer.code == 3
    assert image.name in answer.err
    assert git(labelled.root, "tag") == ""


def test_an_exported_image_that_is_gone_is_named(labelled: Place, cli: Cli) -> None:
    assert cli(labelled.root, "export").code == 0
    image = next((labelled.root / TASK / "v1").rglob("*.jpg"))
    image.unlink()
    answer = cli(labelled.root, "release")
    assert answer.code != 0
    assert image.name in answer.err
    assert git(labelled.root, "diff", "--cached", "--name-only") == ""


def test_with_hard_links_a_second_version_reads_no_image_and_takes_no_room(labelled: Place, cli: Cli) -> None:
    hard_links(labelled)
    first = cli(labelled.root, "release")
    assert first.code == 0
    assert "a program that writes into it in place changes all of them" in first.err
    label(labelled.root, labelled.keys[:1], "active")
    answer, read = read_images(labelled, sys.executable, "-m", "core", "release")
    assert answer.code == 0, answer.err
    assert read == []
    store = objects(labelled)
    for name in ("v1", "v2"):
        workspace = Workspace.open(labelled.root)
        for item in manifest.read_version(workspace, workspace.task(None), name).items:
            assert item.oid is not None
            image = labelled.root / TASK / name / item.file_name
            assert image.samefile(store[item.oid.removeprefix("sha256:")])
            assert image.stat().st_mode & 0o777 == 0o444
    # A link changes the time that git looks at; the index was told, so that no version is read again.
    answer, read = read_images(labelled, "git", "status", "--porcelain")
    assert (answer.out, read) == ("", [])
    assert cli(labelled.root, "verify", "v1").code == cli(labelled.root, "verify", "v2").code == 0


def test_an_object_that_was_written_to_is_read_again_and_made_anew(labelled: Place, cli: Cli) -> None:
    hard_links(labelled)
    assert cli(labelled.root, "release").code == 0
    victim = next(iter(objects(labelled).values()))
    victim.chmod(0o644)
    data = victim.read_bytes()
    victim.write_bytes(data[:-3] + b"\0" + data[-2:])
    label(labelled.root, labelled.keys[:1], "active")
    answer = cli(labelled.root, "release")
    assert answer.code == 0, answer.err
    assert victim.name in objects(labelled)
    assert victim.read_bytes() == data
    assert cli(labelled.root, "verify", "v2").code == 0
    assert cli(labelled.root, "verify", "v1").code == 3


def test_blocks_are_shared_where_the_file_system_can(
    labelled: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few test machines have such a file system: the one call that makes a file share blocks copies instead."""
    from core import release

    made = []

    def clone(out: int, what: int, source: int) -> int:
        assert what == 0x40049409
        made.append(os.write(out, os.pread(source, 1 << 24, 0)))
        return 0

    monkeypatch.setattr(placing.fcntl, "ioctl", clone)
    for name, frame in (("v1", labelled.keys[12]), ("v2", labelled.keys[13])):
        label(labelled.root, [frame], "active")
        workspace = Workspace.open(labelled.root)
        assert release.run(release.plan(workspace, workspace.task(None))).version == name
        assert git(labelled.root, "status", "--porcelain") == ""
    assert len(made) == 13 + 13 + 1  # the objects of v1, what v2 has of them, the new one
    assert len(objects(labelled)) == 14


def test_an_object_that_rotted_in_silence_is_noticed_where_it_is_copied(labelled: Place, cli: Cli) -> None:
    """What is copied is read back: a stamp that says otherwise ends the export, and is believed no more."""
    assert cli(labelled.root, "release").code == 0
    victim = next(iter(objects(labelled).values()))
    data = victim.read_bytes()
    victim.chmod(0o644)
    victim.write_bytes(data[:-3] + b"\0" + data[-2:])
    book = labelled.root / ".print-models/cache/proven-objects.json"
    known, at = json.loads(book.read_bytes()), victim.stat()
    known[f"sha256:{victim.name}"] = [at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino, at.st_dev]
    book.write_text(json.dumps(known))
    label(labelled.root, labelled.keys[:1], "active")
    answer = cli(labelled.root, "release")
    assert answer.code == 5
    assert "was written with other bytes than were read" in answer.err
    assert not (labelled.root / TASK / "v2").exists()
    assert cli(labelled.root, "release").code == 0
    assert victim.read_bytes() == data
    assert cli(labelled.root, "verify").code == 0


def test_a_release_asks_git_few_questions(labelled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a program to start: of a second release they are most of the time."""
    from core import release

    label(labelled.root, labelled.keys[12:13], "active")
    workspace = Workspace.open(labelled.root)
    release.run(release.plan(workspace, workspace.task(None)))
    label(labelled.root, labelled.keys[13:14], "active")
    started: list[str] = []
    start = subprocess.Popen.__init__

    def counted(self: Any, args: list[str], *rest: Any, **more: Any) -> None:
        started.append(" ".join(map(str, args)))
        start(self, args, *rest, **more)

    monkeypatch.setattr(subprocess.Popen, "__init__", counted)
    release.run(release.plan(workspace, workspace.task(None)))
    assert len(started) <= 38, "\n".join(started)
