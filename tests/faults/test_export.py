"""Faults 53 and 54: a version is whole and verified, or absent, wherever the export ends."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Answer, Place, run_program
from tests.faults.harness import PROGRAM, Call, below, inject, on_small_disk, record, spread

ROOT = Path(__file__).resolve().parents[2]
EXPORT = (*PROGRAM, "export")
TASK = Path("datasets", "offline-detection")
Copies = Callable[[], Place]


def points_of(copies: Copies, names: str | None = None) -> list[Call]:
    """The system calls of an export that touch the workspace."""
    place = copies()
    answer, calls = record(EXPORT, cwd=place.root)
    assert answer.code == 0, answer.err
    assert whole(place)
    return [call for call in below(calls, place.root, names=names) if not call.failed]


def whole(place: Place) -> bool:
    """Tell whether v1 is there; where it is, it must be complete, by its own hashes, with every image."""
    version = place.root / TASK / "v1"
    if not version.exists():
        return False
    checked = run_program([*PROGRAM, "verify", "v1"], cwd=place.root)
    assert checked.code == 0, checked.out + checked.err
    images = sorted(path.name for path in version.glob("*/*.jpg"))
    assert images == sorted(key.split("/")[-1] for key in place.keys)
    assert {path.name for path in version.iterdir() if path.is_file()} == {
        "labels.json",
        "dataset_info.json",
        "metadata.jsonl",
        "README.md",
    }
    return True


def leftovers(place: Place) -> list[str]:
    """What lies beside the versions and is none."""
    folder = place.root / TASK
    if not folder.is_dir():
        return []
    return [path.name for path in folder.iterdir() if not re.fullmatch(r"v\d+", path.name)]


def assert_next_run_ends_right(place: Place, answer: Answer, there: bool, call: Call) -> None:
    again = run_program(EXPORT, cwd=place.root)
    if there:
        assert again.code in (0, 1), f"{call}: {again.err}"
    else:
        assert again.code == 0, f"{call}: {answer.err} then {again.err}"
    assert whole(place), call
    assert leftovers(place) == [], call


@pytest.mark.parametrize(
    "most", [5, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_f_053_export_killed_at_its_system_calls(copies: Copies, most: int) -> None:
    """no vN or a complete vN; the stage is swept by the next run"""
    points = points_of(copies)
    assert len(points) > 60
    renames = [call for call in points if call.name.startswith("rename") and call.path.endswith("/v1")]
    seen = set()
    for call in [*spread(points, most), *renames]:
        place = copies()
        answer = inject(EXPORT, call, "signal=KILL", cwd=place.root)
        there = whole(place)
        seen.add(there)
        assert_next_run_ends_right(place, answer, there, call)
    assert False in seen


@pytest.mark.parametrize("fault", ["error=ENOSPC", "error=EIO"])
@pytest.mark.parametrize(
    "most", [3, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_f_054_no_room_or_a_failing_disk_in_an_export(copies: Copies, fault: str, most: int) -> None:
    """nothing published; a message with the bytes needed"""
    points = [
        call
        for call in points_of(copies, "openat,write,fsync,mkdir,rename,renameat2,copy_file_range,sendfile")
        if "/datasets" in call.path
    ]
    stopped = 0
    for call in spread(points, most):
        place = copies()
        answer = inject(EXPORT, call, fault, cwd=place.root)
        assert "Traceback" not in answer.err, call
        there = whole(place)
        if answer.code == 0:
            assert there, call
        else:
            assert answer.code in (3, 5), f"{call}: {answer.err}"
            assert len(answer.err.strip().splitlines()) >= 2, "what happened, and what to do"
            assert leftovers(place) == [], call
            stopped += not there
        assert_next_run_ends_right(place, answer, there, call)
    assert stopped > 0


SMALL = """
cp -a "$SOURCE/." .
rm -f printer-timelapses; ln -s "$CAMERA" printer-timelapses
dd if=/dev/zero of=filler bs=1024 2>/dev/null || true
truncate -s -"$LEFT" filler
code=0; $EXPORT || code=$?; echo "full: $code"
if [ -e datasets/offline-detection/v1 ]; then echo "published"; fi
rm filler
$EXPORT; echo "freed: $?"
$VERIFY; echo "verified: $?"
"""


@pytest.mark.parametrize("left", ["0", "12K", "60K"])
def test_f_054_a_disk_that_is_really_small(template: Place, tmp_path: Path, left: str) -> None:
    """nothing published; a message with the bytes needed"""
    env = {
        "SOURCE": str(template.root),
        "CAMERA": str(template.camera),
        "PYTHONPATH": str(ROOT),
        "LEFT": left,
        "EXPORT": shlex.join(EXPORT),
        "VERIFY": shlex.join([*PROGRAM, "verify", "v1"]),
    }
    done = on_small_disk(SMALL, mount=tmp_path / "disk", size="2m", cwd=tmp_path, env=env)
    assert "full: 5" in done.out, done.out + done.err
    assert "published" not in done.out
    said = r"\d+(\.\d+)? ?(bytes|kB|MB)\b" if left == "60K" else "The disk is full|No room on the disk"
    assert re.search(said, done.err), done.err
    assert "freed: 0" in done.out, done.out + done.err
    assert "verified: 0" in done.out, done.out + done.err
