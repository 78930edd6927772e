"""Checkpoints that a disk refuses, cuts off or turns bits of. No torch: what is saved are bytes like any others."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from core.errors import Damaged
from core.training import checkpoints
from tests.conftest import Answer
from tests.faults.harness import Call, below, inject, record, spread

OLDER, OLD, NEW = (bytes([number]) * 50_000 for number in (1, 2, 3))
#: Saves a third checkpoint in a process of its own, as a training does, and says when it is done.
SAVE = """
import sys
from pathlib import Path
from core.errors import PrintModelsError
from core.training import checkpoints
try:
    checkpoints.put(Path(sys.argv[1]), bytes([3]) * 50_000)
except PrintModelsError as error:
    sys.stderr.write(error.what)
    sys.exit(error.exit_code)
sys.stdout.write("saved")
"""
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return _two(tmp_path / "run")


def _two(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for content in (OLDER, OLD):
        checkpoints.put(folder, content)
    return folder


def _save(folder: Path) -> list[str]:
    return [sys.executable, "-c", SAVE, os.fspath(folder)]


def _points(folder: Path) -> list[Call]:
    answer, calls = record(_save(folder), cwd=ROOT)
    assert answer.out == "saved"
    return below(calls, folder)


def _look(folder: Path, answer: Answer, fault: str) -> None:
    """What is there is the old checkpoint or the new one, whole; a failure was told, and success only where it was."""
    found = checkpoints.newest(folder)
    assert found is not None
    assert found.data in (OLD, NEW)
    if answer.out == "saved":
        assert (answer.code, found.data) == (0, NEW)
    elif "signal" not in fault:
        assert answer.code == 5, answer.err
        assert "No room" in answer.err or "The disk failed" in answer.err, answer.err
    assert checkpoints.put(folder, NEW).size > len(NEW)  # the next save is not in the way of what was left
    again = checkpoints.newest(folder)
    assert again is not None
    assert (again.data, again.problems) == (NEW, ())


FAULTS = ("error=ENOSPC", "error=EIO", "signal=KILL")


@pytest.mark.parametrize("fault", FAULTS)
def test_f_093_a_save_that_meets_a_fault(run: Path, fault: str) -> None:
    """old checkpoint intact; run continues or stops cleanly"""
    for call in spread([c for c in _points(run) if not c.failed], 4):
        _two(run)
        _look(run, inject(_save(run), call, fault, cwd=ROOT), fault)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_f_093_a_fault_at_every_system_call_of_a_save(run: Path, fault: str) -> None:
    """old checkpoint intact; run continues or stops cleanly, at each of them"""
    points = _points(run)
    assert {"openat", "write", "fsync", "rename"} <= {call.name for call in points}
    for call in points:
        _two(run)
        _look(run, inject(_save(run), call, fault, cwd=ROOT), fault)


def test_f_094_a_save_that_is_not_allowed(run: Path) -> None:
    """loud (no "saved")"""
    calls = [call for call in _points(run) if not call.failed]
    made = next(c for c in calls if c.name == "openat" and ".last.pt." in c.path)
    put = next(c for c in calls if c.name == "rename" and c.path.endswith("/last.pt"))
    for call in (made, put):
        _two(run)
        answer = inject(_save(run), call, "error=EACCES", cwd=ROOT)
        assert (answer.code, answer.out) == (5, "")
        assert "Permission was denied" in answer.err
        found = checkpoints.newest(run)
        assert found is not None
        assert found.data == OLD
    # A second name for a file is not permitted everywhere: then the bytes are copied.
    _two(run)
    linked = next(c for c in calls if c.name in ("link", "linkat"))
    answer = inject(_save(run), linked, "error=EPERM", cwd=ROOT)
    assert (answer.code, answer.out) == (0, "saved")
    assert (run / "previous.pt").read_bytes() == checkpoints.sealed(OLD)


@pytest.mark.parametrize("damage", ["cut", "bit", "empty", "text"])
def test_f_095_a_checkpoint_that_is_not_what_was_written(run: Path, damage: str) -> None:
    """sidecar mismatch, previous used; where both are, exit code 3 with the names"""

    def spoil(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        content = {"cut": data[:-9], "bit": data, "empty": b"", "text": b"hello"}[damage]
        path.write_bytes(content)

    spoil(run / "last.pt")
    found = checkpoints.newest(run)
    assert found is not None
    assert (found.data, found.name) == (OLDER, "previous.pt")
    assert len(found.problems) == 1
    assert found.problems[0].startswith("last.pt is ")
    checkpoints.put(run, NEW)  # a damaged file never takes the place of a whole one
    (run / "last.pt").unlink()
    kept = checkpoints.newest(run)
    assert kept is not None
    assert kept.data == OLDER
    _two(run)
    spoil(run / "last.pt")
    spoil(run / "previous.pt")
    with pytest.raises(Damaged, match=r"last\.pt .* previous\.pt") as caught:
        checkpoints.newest(run)
    assert caught.value.exit_code == 3


def test_the_last_two_are_kept_and_a_folder_without_any_has_none(run: Path) -> None:
    checkpoints.put(run, NEW)
    assert sorted(path.name for path in run.iterdir()) == ["last.pt", "previous.pt"]
    (run / "last.pt").unlink()
    found = checkpoints.newest(run)
    assert found is not None
    assert found.data == OLD
    (run / "previous.pt").unlink()
    assert checkpoints.newest(run) is None
