"""What a camera does to people, simulated: each odd frame is what the truth says it is, by the product's own eyes."""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.demo import Event, FrameTruth, Truth, simulate
from core.demo.glitches import name_shots, place_glitches
from core.demo.schedule import Shot, plan
from core.demo.script import DEMO, NOTE
from core.demo.shots import Studio
from core.errors import WrongUsage
from core.frames.decode import Unreadable, inspect, load
from core.frames.names import captured_at
from core.frames.recordings import cut

SIZE = (320, 180)
KINDS = {
    "warm-up", "spaghetti", "detached", "cut", "zeros", "same second", "same bytes",
    "gap", "camera moved", "clock back",
}  # fmt: skip


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    folder = tmp_path_factory.mktemp("odd") / "printer-timelapses"
    return folder.parent, simulate(folder, frames=60, size=SIZE, seed=5)


def events(truth: Truth, kind: str) -> list[Event]:
    return [event for event in truth.events if event.kind == kind]


def frames(truth: Truth) -> dict[str, FrameTruth]:
    return {frame.frame: frame for frame in truth.frames}


@pytest.mark.parametrize("number", [60, 480])
@pytest.mark.parametrize("seed", range(8))
def test_every_kind_of_event_happens_whatever_the_seed(number: int, seed: int) -> None:
    shots = planned(number, seed)
    assert {shot.glitch for shot in shots} == {None, "cut", "zeros", "same second", "same bytes"}
    assert {shot.state for shot in shots} == {"empty", "finished", "warming", "printing"}
    assert {shot.place for shot in shots} == {0, 1}
    assert {shot.job.failure for shot in shots if shot.job and shot.mess > 0} == {"detached", "spaghetti"}


def test_the_events_name_frames_that_are_there(camera: tuple[Path, Truth]) -> None:
    _, truth = camera
    assert {event.kind for event in truth.events} == KINDS
    known = frames(truth)
    assert all(frame in known for event in truth.events for frame in event.frames)
    order = [truth.frames.index(known[event.frames[0]]) for event in truth.events]
    assert order == sorted(order)


def test_a_frame_is_unreadable_exactly_where_the_truth_says_so(camera: tuple[Path, Truth]) -> None:
    root, truth = camera
    said = {}
    for frame in truth.frames:
        try:
            inspect((root / frame.frame).read_bytes())
        except Unreadable as error:
            said[frame.frame] = error.what
    assert said.keys() == {frame.frame for frame in truth.frames if not frame.usable}
    (cut,), (zeros,) = events(truth, "cut"), events(truth, "zeros")
    assert "cut off" in said[cut.frames[0]]
    assert "are zeros: the camera lost power" in said[zeros.frames[0]]
    with pytest.raises(Unreadable):
        load(root / cut.frames[0], (64, 36))


def test_a_tail_of_zeros_is_what_other_decoders_do_not_see(camera: tuple[Path, Truth]) -> None:
    root, truth = camera
    data = (root / events(truth, "zeros")[0].frames[0]).read_bytes()
    assert data.endswith(bytes(len(data) // 4))
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == SIZE


def test_two_frames_of_one_second_are_two_pictures(camera: tuple[Path, Truth]) -> None:
    root, truth = camera
    ((one, other),) = (event.frames for event in events(truth, "same second"))
    assert other == one.replace(".jpg", "_1.jpg")
    assert captured_at(one) == captured_at(other)
    assert (root / one).read_bytes() != (root / other).read_bytes()


def test_a_picture_stored_twice_has_its_bytes_under_two_names(camera: tuple[Path, Truth]) -> None:
    root, truth = camera
    by_hash = defaultdict(list)
    for frame in truth.frames:
        by_hash[hashlib.sha256((root / frame.frame).read_bytes()).hexdigest()].append(frame.frame)
    twice = [tuple(keys) for keys in by_hash.values() if len(keys) > 1]
    assert twice == [event.frames for event in events(truth, "same bytes")]
    one, other = (captured_at(key) for key in twice[0])
    assert one is not None
    assert other is not None
    assert other - one == timedelta(seconds=1)


def test_a_warm_up_is_active_and_looks_idle() -> None:
    """The printing frame after it differs from it far more than the empty bed before it does."""
    studio, shots = Studio(SIZE, 0), planned(480, 0)
    i = next(i for i, s in enumerate(shots) if s.state == "warming" and shots[i - 1].state == "empty"
             and shots[i - 1].sitting == s.sitting)  # fmt: skip
    warm = shots[i]
    later = next(s for s in shots[i:] if s.state == "printing" and s.progress > 0.4)
    idle, heating, busy = (picture(studio, shot) for shot in (shots[i - 1], warm, later))
    assert warm.active
    assert moved(idle, heating) < 0.01 < moved(heating, busy)
    assert not np.array_equal(idle, heating)


def test_a_part_that_came_off_is_elsewhere_than_the_head_believes() -> None:
    """From the onset on the picture around the part differs from the good frame before it, and goes on to."""
    studio, shots = Studio(SIZE, 0), planned(480, 0)
    onset = next(i for i, s in enumerate(shots) if s.onset and s.job and s.job.failure == "detached")
    good, early, late = (picture(studio, shots[i]) for i in (onset - 1, onset + 6, onset + 16))
    assert moved(good, early) > 0.02
    assert shots[onset + 16].progress > shots[onset].progress
    assert moved(good, late) > 0.02


def test_the_camera_is_moved_once_and_everything_still_is_seen_from_elsewhere(
    camera: tuple[Path, Truth],
) -> None:
    _, truth = camera
    places = [frame.camera for frame in truth.frames]
    assert places == sorted(places)
    ((before, after),) = (event.frames for event in events(truth, "camera moved"))
    known = frames(truth)
    assert (known[before].camera, known[after].camera) == (1, 2)
    studio, shots = Studio(SIZE, 0), planned(480, 0)
    lamp = [s for s in shots if s.state == "empty" and s.lamp and not s.glitch]
    here = [picture(studio, s) for s in lamp if s.place == 0][:2]
    there = next(picture(studio, s) for s in lamp if s.place == 1)
    assert moved(here[0], there) > 5 * moved(here[0], here[1])


def test_the_hour_that_is_there_twice_has_names_of_its_own_for_every_frame(
    camera: tuple[Path, Truth],
) -> None:
    root, truth = camera
    day = [frame for frame in truth.frames if "/20251026/" in frame.frame]
    twice = [frame for frame in day if frame.captured_at.hour == 2]
    offsets = [frame.captured_at.utcoffset() for frame in twice]
    assert offsets == sorted(offsets, reverse=True)
    assert len(set(offsets)) == 2
    assert len({frame.frame for frame in twice}) == len(twice)
    written = [(root / frame.frame).stat().st_mtime for frame in twice]
    assert written == sorted(written)
    by_name = sorted(frame.frame for frame in twice)
    assert by_name != [frame.frame for frame in twice], "the names of the two passes lie among each other"
    assert {frame.print_id for frame in twice} == {twice[0].print_id}
    progress = [frame.progress for frame in twice]
    assert progress == sorted(progress, key=float)


def test_the_repeated_hour_is_one_recording_and_a_long_gap_ends_one(camera: tuple[Path, Truth]) -> None:
    _, truth = camera
    timed = [(f.frame, at) for f in truth.frames if (at := captured_at(f.frame)) is not None]
    found = cut(timed, {f.frame: f.offline == "offline" for f in truth.frames})
    assert len(found) == len(truth.frames)
    twice = [frame for frame in truth.frames if "/20251026T02" in frame.frame]
    assert len({found[frame.frame] for frame in twice}) == 1
    short, long = (event.frames for event in events(truth, "gap"))
    assert found[short[0]] == found[short[1]]
    assert found[long[0]] != found[long[1]]


def test_a_gap_is_a_gap_in_the_names(camera: tuple[Path, Truth]) -> None:
    _, truth = camera
    keys = [frame.frame for frame in truth.frames]
    gaps = [event.frames for event in events(truth, "gap")]
    assert len(gaps) == 2
    for before, after in gaps:
        assert keys.index(after) == keys.index(before) + 1
    lengths = [frames(truth)[b].captured_at - frames(truth)[a].captured_at for a, b in gaps]
    assert [length > timedelta(minutes=15) for length in lengths] == [False, True]


def test_a_longer_simulation_sets_the_clock_back_once() -> None:
    shots = planned(1500, 0)
    changes = [b for a, b in pairwise(shots) if a.captured_at.utcoffset() != b.captured_at.utcoffset()]
    assert [f"{shot.captured_at:%Y%m%d}" for shot in changes] == ["20251026"]
    assert [s.captured_at for s in shots] == sorted(s.captured_at for s in shots)


def test_the_notes_days_have_the_frames_that_the_note_names() -> None:
    shots = name_shots(plan(NOTE.frames, 0, NOTE))
    state = {shot.name: shot.active for shot in shots}
    assert state["20251107T005601"]
    assert state["20251110T000537"]
    assert not state["20251109T152426"]
    assert not state["20251108T032702"]
    assert sum(shot.state == "printing" and shot.captured_at < _utc(2025, 11, 11) for shot in shots) == 196
    assert sum(not shot.active for shot in shots) == 90
    with pytest.raises(WrongUsage, match="324 frames"):
        plan(100, 0, NOTE)


def planned(number: int, seed: int) -> tuple[Shot, ...]:
    return name_shots(place_glitches(plan(number, seed, DEMO), seed))


def picture(studio: Studio, shot: Shot) -> np.ndarray:
    with Image.open(io.BytesIO(studio.take(shot))) as image:
        return np.asarray(image.convert("L")).astype(float)


def moved(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the picture that changed clearly."""
    return float(np.mean(np.abs(one - other) > 30))


def _utc(year: int, month: int, day: int) -> datetime:
    from datetime import UTC

    return datetime(year, month, day, tzinfo=UTC)
