"""A promotion killed or refused at its system calls: nothing half is named, and promoting again ends as if it never was."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from core.versions.manifest import read_version
from core.workspace import Workspace
from tests.conftest import Answer, git, run_program
from tests.faults.harness import PROGRAM, Call, below, inject, need_strace, record, spread
from tests.training.finished import finished
from tests.training.small import make_version

EVERY = [pytest.mark.slow, pytest.mark.timeout(3600)]
#: Where a kill leaves the most behind: the weights half copied, the record and the model in use unnamed or uncommitted.
WORST = ("/offline-detector-v1.pth", "/offline-detector-v1.json", "/printer_offline_detector.pth")


@pytest.fixture(scope="module")
def once(bare_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a version and a training that is over."""
    need_strace()
    root = tmp_path_factory.mktemp("once") / "ws"
    shutil.copytree(bare_workspace, root, symlinks=True)
    workspace = Workspace.open(root)
    make_version(workspace)
    git(root, "add", "datasets")
    git(root, "commit", "-q", "-m", "v1")
    finished(workspace, read_version(workspace, workspace.task(None), "v1"), 1)
    return root


def _copy(once: Path, tmp_path: Path) -> Path:
    root = tmp_path / "ws"
    shutil.rmtree(root, ignore_errors=True)
    return Path(shutil.copytree(once, root, symlinks=True))


def _promote(root: Path) -> tuple[str | Path, ...]:
    (run,) = (root / ".print-models/runs").iterdir()
    return (*PROGRAM, "promote", run.name, "--current", "--yes")


def _models(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "models").rglob("*"))


def _ends_right(root: Path, expected: list[str], call: Call) -> None:
    """Look at the models as they are, then promote again."""
    seen = run_program([*PROGRAM, "models"], cwd=root)
    assert (seen.code, "Traceback" in seen.err) == (0, False), f"{call}: {seen.err}"
    again = run_program(_promote(root), cwd=root)
    assert again.code == 0, f"{call}: {again.err}"
    assert _models(root) == expected, call
    assert git(root, "status", "--porcelain") == "", call
    subjects = git(root, "log", "--format=%s").splitlines()
    assert [line for line in subjects if "model" in line and "workspace" not in line] == [
        "offline-detection: model offline-detector-v1 is now in use",
        "offline-detection: model offline-detector-v1",
    ], call
    subprocess.run(["git", "fsck", "--strict"], cwd=root, check=True, capture_output=True)


def _points(root: Path) -> tuple[list[Call], list[str]]:
    answer, calls = record(_promote(root), cwd=root)
    assert answer.code == 0, answer.err
    return [call for call in below(calls, root) if not call.failed], _models(root)


@pytest.mark.parametrize("most", [0, pytest.param(10_000, marks=EVERY)])
def test_a_promotion_killed_anywhere_is_finished_by_the_next(once: Path, tmp_path: Path, most: int) -> None:
    points, expected = _points(_copy(once, tmp_path))
    named = [
        call for call in points if call.name.startswith(("rename", "link")) and call.path.endswith(WORST)
    ]
    assert len(named) == 3
    half = [call for call in points if call.name == "write" and "/.model-" in call.path]
    unseen = points[points.index(named[-1]) + 2]
    chosen = [*spread(points, most), *half, *named] if most else half[:1]
    for call in [*chosen, unseen]:
        root = _copy(once, tmp_path)
        inject(_promote(root), call, "signal=KILL", cwd=root)
        _ends_right(root, expected, call)


@pytest.mark.parametrize(
    ("fault", "most"),
    [
        ("error=ENOSPC", 1),
        pytest.param("error=ENOSPC", 10_000, marks=EVERY),
        pytest.param("error=EIO", 10_000, marks=EVERY),
    ],
)
def test_a_promotion_without_room_or_on_a_failing_disk_says_so_and_is_finished_by_the_next(
    once: Path, tmp_path: Path, fault: str, most: int
) -> None:
    points, expected = _points(_copy(once, tmp_path))
    writing = [
        c
        for c in points
        if c.name in ("write", "fsync", "rename", "link", "mkdir", "sendfile", "copy_file_range")
    ]
    stopped = 0
    places = [call for call in writing if "/models" in call.path]
    for call in spread(places, most) if most > 1 else places[len(places) // 2 :][:1]:
        root = _copy(once, tmp_path)
        answer: Answer = inject(_promote(root), call, fault, cwd=root)
        assert "Traceback" not in answer.err, call
        if answer.code:
            assert answer.code in (3, 5), f"{call}: {answer.err}"
            assert len(answer.err.strip().splitlines()) >= 2, "what happened, and what to do"
            stopped += 1
        _ends_right(root, expected, call)
    assert stopped


def test_where_git_lfs_can_t_take_the_weights_it_says_how_far_it_came_and_the_next_ends_right(
    once: Path, tmp_path: Path
) -> None:
    _, expected = _points(_copy(once, tmp_path))
    root = _copy(once, tmp_path)
    objects = root / ".git/lfs"
    shutil.rmtree(objects, ignore_errors=True)
    objects.write_text("no folder")
    refused = run_program(_promote(root), cwd=root)
    assert refused.code == 1
    assert "models/versions/offline-detector-v1.pth is written whole, but in no commit" in refused.err
    assert "Then run it again" in refused.err
    objects.unlink()
    _ends_right(root, expected, Call("write", 1, str(objects), failed=True))


def test_without_git_lfs_no_checkpoint_is_taken_in(once: Path, tmp_path: Path) -> None:
    root = _copy(once, tmp_path)
    (run,) = (root / ".print-models/runs").iterdir()
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "git").symlink_to(shutil.which("git") or "")
    done = run_program([*PROGRAM, "adopt", run / "best.pt"], cwd=root, env={"PATH": str(tools)})
    assert (done.code, "git-lfs is not installed" in done.err) == (5, True), done.err
    assert not list((root / "models/versions").glob("*.pth"))
