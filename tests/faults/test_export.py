"""Faults 53 and 54: a version is whole and verified, or absent, wherever the export ends."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.conftest import Answer, Place, run_program
from tests.faults import powercut
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


def cut(place: Place, program: Sequence[str | Path]) -> Iterator[tuple[dict[str, bytes], bool, str]]:
    """Yield what of v1 is there after every power cut in an export, whether it was acknowledged, and the moment."""
    recording = powercut.record(program, cwd=place.root, folders=[place.root / "datasets"], threads=True)
    assert recording.code == 0, recording.err
    version = f"{os.path.realpath(place.root / TASK / 'v1')}/"
    for state in powercut.states(recording, (*powercut.MODELS, powercut.NAMES)):
        files = {
            path.removeprefix(version): data for path, data in state.files.items() if path.startswith(version)
        }
        yield files, any(b"offline-detection v1: " in ack for ack in state.acks), state.where


def test_f_055_power_cut_anywhere_in_an_export(copies: Copies) -> None:
    """vN complete or absent"""
    place, found = copies(), []
    for files, acknowledged, where in cut(place, EXPORT):
        assert files or not acknowledged, where
        found.append((files, where))
    version = place.root / TASK / "v1"
    wanted = {
        path.relative_to(version).as_posix(): path.read_bytes()
        for path in version.rglob("*")
        if path.is_file()
    }
    assert len(wanted) == len(place.keys) + 4
    for files, where in found:
        assert not files or files == wanted, where
    assert any(files for files, _ in found)
    assert len(found) > 60


def test_f_055_the_replay_finds_a_version_that_was_published_too_early(copies: Copies) -> None:
    """vN complete or absent: the replay itself must fail where the disk was not asked to keep it"""
    early = (
        "from core.versions import stage\nstage.sync_filesystem = lambda path: None\n"
        "import sys\nfrom core.commands.shell import main\nsys.exit(main())\n"
    )
    program = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{early}", "export"]
    place = copies()
    found = [files for files, _, _ in cut(place, program) if files]
    whole_ones = {frozenset(files.items()) for files in found}
    assert len(whole_ones) > 1


def test_f_057_a_file_system_that_can_t_rename_without_replacing(copies: Copies) -> None:
    """mkdir-claim fallback, same guarantees"""
    place = copies()
    unable = Call("renameat2", 1, "", failed=True)
    answer = inject(EXPORT, unable, "error=EINVAL", cwd=place.root)
    assert answer.code == 0, answer.err
    assert whole(place)
    assert leftovers(place) == []
    place = copies()
    killed = (
        f"import os, signal, sys; sys.path.insert(0, {str(ROOT)!r})\nrename = os.rename\n"
        "def end(old, new):\n"
        "    os.kill(os.getpid(), signal.SIGKILL) if str(new).endswith('/v1') else rename(old, new)\n"
        "os.rename = end\nfrom core.commands.shell import main\nsys.exit(main())\n"
    )
    inject([sys.executable, "-c", killed, "export"], unable, "error=EINVAL", cwd=place.root)
    assert [path.name for path in (place.root / TASK).glob("v*")] == ["v1"], "the name was claimed"
    assert not any((place.root / TASK / "v1").iterdir())
    again = run_program(EXPORT, cwd=place.root)
    assert again.code == 0, again.err
    assert leftovers(place) == []
    assert "v1" in again.out
    assert whole(place)


ELSEWHERE = """
cd ..
$EXPORT; echo "exported: $?"
$RELEASE; echo "released: $?"
$VERIFY; echo "verified: $?"
git lfs fsck --dry-run HEAD; echo "sound: $?"
"""


def test_f_058_datasets_on_a_disk_of_their_own(copies: Copies) -> None:
    """stage on target fs"""
    place = copies()
    env = {
        "PYTHONPATH": str(ROOT),
        **{word: shlex.join([*PROGRAM, *words]) for word, words in {
            "EXPORT": ["export"], "RELEASE": ["release"], "VERIFY": ["verify", "v1"],
        }.items()},
    }  # fmt: skip
    done = on_small_disk(ELSEWHERE, mount=place.root / "datasets", size="8m", cwd=place.root, env=env)
    for said in ("exported: 0", "released: 0", "verified: 0", "sound: 0"):
        assert said in done.out, done.out + done.err


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
