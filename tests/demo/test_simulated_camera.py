"""The simulated camera: what it writes is a camera folder, and what it says about it is so."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.demo import FrameTruth, Truth, read_truth, simulate, write_truth
from core.demo.schedule import plan
from core.demo.script import DEMO
from core.demo.shots import Studio
from core.errors import Cancelled, Damaged, Lacking, Refused, WrongUsage
from core.progress import CancelToken, Progress

SMALL = (320, 180)


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    folder = tmp_path_factory.mktemp("camera") / "printer-timelapses"
    return folder, simulate(folder, frames=60, size=SMALL, seed=3)


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.jpg")
    }


def recordings(truth: Truth) -> list[list[FrameTruth]]:
    cut: list[list[FrameTruth]] = []
    for frame in truth.frames:
        if not cut or frame.captured_at - cut[-1][-1].captured_at > timedelta(minutes=15):
            cut.append([])
        cut[-1].append(frame)
    return cut


def brightness(path: Path) -> float:
    with Image.open(path) as image:
        return float(np.asarray(image.convert("L")).mean())


def test_every_usable_frame_is_a_whole_jpeg_named_after_its_time(camera: tuple[Path, Truth]) -> None:
    folder, truth = camera
    assert {f.frame for f in truth.frames} == {f"printer-timelapses/{name}" for name in hashes(folder)}
    assert len(truth.frames) == 60
    for frame in truth.frames:
        path = folder.parent / frame.frame
        assert path.stem[:15] == f"{frame.captured_at:%Y%m%dT%H%M%S}"
        assert path.parent.name == f"{frame.captured_at:%Y%m%d}"
        assert path.stat().st_mtime == frame.captured_at.timestamp()
        if frame.usable:
            with Image.open(path) as image:
                image.load()
                assert (image.format, image.size) == ("JPEG", SMALL)


def test_the_same_seed_gives_the_same_bytes_however_many_processes_render(
    camera: tuple[Path, Truth], tmp_path: Path
) -> None:
    folder, truth = camera
    again = simulate(tmp_path / "two", frames=60, size=SMALL, seed=3, workers=2)
    assert again == truth
    assert hashes(tmp_path / "two") == hashes(folder)


def test_another_seed_gives_other_pictures() -> None:
    first, second = plan(60, 0, DEMO), plan(60, 1, DEMO)
    assert [shot.captured_at for shot in first] != [shot.captured_at for shot in second]
    assert Studio(SMALL, 0).take(first[0]) != Studio(SMALL, 1).take(first[0])


@pytest.mark.parametrize("frames", [60, 480])
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_both_classes_come_in_several_recordings_on_several_days(frames: int, seed: int) -> None:
    shots = plan(frames, seed, DEMO)
    assert len(shots) == frames
    active = defaultdict(set)
    for shot in shots:
        active[shot.active].add(shot.sitting)
    assert len(active[True]) >= 6
    assert len(active[False]) >= 8
    assert len({shot.captured_at.date() for shot in shots}) >= 3
    steps = [
        (b.captured_at - a.captured_at).total_seconds() for a, b in pairwise(shots) if a.sitting == b.sitting
    ]
    assert sorted(step > 70 for step in steps)[-3:] == [False, True, True]  # the two gaps
    assert min(steps) >= 50
    assert all(b.captured_at - a.captured_at > timedelta(minutes=15)
               for a, b in pairwise(shots) if a.sitting != b.sitting)  # fmt: skip


def test_two_prints_fail_each_in_its_way_at_a_known_frame_and_stay_failed(camera: tuple[Path, Truth]) -> None:
    _, truth = camera
    failed = [p for p in truth.prints if p.outcome == "failed"]
    assert [p.failure for p in failed] == ["detached", "spaghetti"]
    assert len(truth.prints) == 8
    for one in failed:
        frames = [f for f in truth.frames if f.print_id == one.id and f.offline == "active"]
        onset = next(i for i, frame in enumerate(frames) if frame.onset)
        assert frames[onset].frame == one.onset
        assert onset > 0
        assert [f.failed_print for f in frames] == ["good"] * onset + ["failed"] * (len(frames) - onset)
        assert [f.failure for f in frames] == [None] * onset + [one.failure] * (len(frames) - onset)
    assert sum(frame.onset for frame in truth.frames) == 2


def test_an_idle_printer_has_no_answer_to_the_second_question(camera: tuple[Path, Truth]) -> None:
    _, truth = camera
    assert all((f.failed_print is None) == (f.offline == "offline") for f in truth.frames)
    assert set(truth.labels("failed-print-detection").values()) == {"good", "failed"}
    assert len(truth.labels("offline-detection")) == 60
    with pytest.raises(Lacking):
        truth.labels("bed-adhesion")


def test_both_classes_occur_in_every_light() -> None:
    shots = plan(480, 0, DEMO)
    seen = {(shot.active, shot.lamp, 8 <= shot.captured_at.hour < 16) for shot in shots}
    assert len(seen) == 8


def test_brightness_does_not_give_the_class_away(camera: tuple[Path, Truth]) -> None:
    folder, truth = camera
    whole = [frame for frame in truth.frames if frame.usable]
    light = np.array([brightness(folder.parent / f.frame) for f in whole])
    active = np.array([f.offline == "active" for f in whole])
    right = [(np.mean(light[active] > t) + np.mean(light[~active] <= t)) / 2 for t in light]
    assert max(max(right), 1 - min(right)) < 0.8


def test_the_part_grows_and_the_heap_of_a_failed_print_too() -> None:
    """Against the same moment without a part, ever more of the picture is covered."""
    studio = Studio(SMALL, 0)
    shots = plan(480, 0, DEMO)
    bad = [s for s in shots if s.mess > 0 and s.active and s.job and s.job.failure == "spaghetti"]
    empty, later = [shot for shot in shots if shot.state == "empty" and shot.lamp][:2]
    left = [s for s in shots if s.state == "finished" and s.mess == 0 and s.lamp]
    bare = _picture(studio.take(empty))
    changed = [np.mean(np.abs(_picture(studio.take(shot)) - bare) > 25) for shot in (later, left[0])]
    assert changed[1] > max(0.004, 4 * changed[0])
    early, late = (_picture(studio.take(shot)) for shot in (bad[0], bad[-1]))
    assert _edges(late) > _edges(early) * 1.03


def test_progress_is_told_and_stopping_is_heard(tmp_path: Path) -> None:
    token, heard = CancelToken(), list[Progress]()

    def report(progress: Progress) -> None:
        heard.append(progress)
        if progress.done == 5:
            token.cancel()

    with pytest.raises(Cancelled):
        simulate(tmp_path / "camera", frames=60, size=(64, 36), report=report, cancel=token, workers=1)
    assert [p.done for p in heard] == [0, 1, 2, 3, 4, 5]
    assert heard[0].total == 60
    assert not list((tmp_path / "camera").rglob("*"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "camera").write_text("a file where the folder should be")
    with pytest.raises(Lacking, match="camera"):
        simulate(tmp_path / "camera", frames=60, size=(64, 36))


def test_nothing_that_exists_is_overwritten(camera: tuple[Path, Truth]) -> None:
    folder, _ = camera
    before = hashes(folder)
    with pytest.raises(Refused):
        simulate(folder, frames=60, size=SMALL)
    assert hashes(folder) == before


@pytest.mark.parametrize("wrong", [{"frames": 59}, {"size": (0, 0)}, {"size": (99999, 9)}, {"seed": -1}])
def test_impossible_numbers_are_refused_before_anything_is_written(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(WrongUsage):
        simulate(tmp_path / "camera", **wrong)
    assert not (tmp_path / "camera").exists()


def test_the_truth_survives_its_file(camera: tuple[Path, Truth], tmp_path: Path) -> None:
    _, truth = camera
    write_truth(tmp_path / "demo-truth.json", truth)
    assert read_truth(tmp_path / "demo-truth.json") == truth
    (tmp_path / "torn.json").write_text('{"frames": {')
    (tmp_path / "other.json").write_text("[1, 2]")
    for name in ("torn.json", "other.json"):
        with pytest.raises(Damaged):
            read_truth(tmp_path / name)
    with pytest.raises(Lacking):
        read_truth(tmp_path / "absent.json")


def test_asking_for_the_truth_loads_no_pixels() -> None:
    code = "import sys, core.demo; print(sorted({'numpy', 'PIL'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _picture(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L")).astype(float)


def _edges(picture: np.ndarray) -> float:
    return float(np.abs(np.diff(picture[40:140, 80:240], axis=1)).mean())
