"""What changes from frame to frame: motion, light, signatures, the places where the picture changed, and heat."""

from __future__ import annotations

import io
import random
from datetime import date, time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.demo import simulate
from core.demo.script import Script, Sitting
from core.frames.change import (
    Change,
    Changes,
    compare,
    distance,
    groups,
    heat,
    measure,
    near,
    points,
    sequences,
)
from core.frames.decode import FileBytes, small_grey
from core.frames.index import FrameIndex
from core.frames.points import FIRST_THRESHOLD, usual_threshold
from core.frames.signatures import SMALL
from core.workspace import Workspace
from tests.frames.moving import Look, jpeg, story

STILL, PRINTING = Look(), Look(head=0, part=True)


def grey(look: Look, number: int = 0) -> bytes:
    return small_grey(FileBytes(jpeg(look, number), 0), "frame.jpg", SMALL)


def measured(looks: list[Look]) -> dict[str, Change]:
    """Measure a story; its keys are its places, as text that sorts."""
    found: dict[str, Change] = {}
    before: bytes | None = None
    earlier: bytes | None = None
    for number, look in enumerate(looks):
        here = grey(look, number)
        found[f"{number:05}"] = compare(here, before, earlier)
        before, earlier = here, before
    return found


def changed(looks: list[Look], threshold: float = FIRST_THRESHOLD) -> list[int]:
    found = measured(looks)
    return points(list(found), found, threshold)


# --- one frame against the one before ---------------------------------------------------------------------------


def test_a_head_that_moves_is_motion_and_noise_is_none() -> None:
    before = grey(STILL, 1)
    still = compare(grey(STILL, 2), before, None)
    moved = compare(grey(Look(head=3), 2), before, None)
    assert still.motion < 0.1 < FIRST_THRESHOLD < moved.motion
    assert moved.spot > 8 * still.spot


@pytest.mark.parametrize("light", [0.8, 0.9, 1.1, 1.3])
def test_light_that_breathes_is_no_motion(light: float) -> None:
    found = compare(grey(Look(light=light), 2), grey(STILL, 1), None)
    assert found.motion < FIRST_THRESHOLD
    assert found.brightness == pytest.approx(compare(grey(STILL, 1), None, None).brightness * light, rel=0.05)


def test_the_noise_of_the_night_is_no_motion() -> None:
    noisy = compare(grey(Look(noise=14.0), 2), grey(Look(noise=14.0), 1), None)
    assert noisy.motion < FIRST_THRESHOLD


def test_a_lamp_and_a_black_picture_are_changes() -> None:
    assert compare(grey(Look(light=0.2), 2), grey(STILL, 1), None).motion > FIRST_THRESHOLD
    assert compare(grey(Look(odd="black"), 2), grey(STILL, 1), None).motion > FIRST_THRESHOLD


def test_a_first_frame_changed_nothing() -> None:
    found = compare(grey(STILL), None, None)
    assert (found.motion, found.spot, found.back) == (0.0, 0.0, 0.0)
    assert found.brightness > 20


def test_after_one_odd_frame_the_frame_before_it_is_back() -> None:
    first, odd, third = grey(STILL, 1), grey(Look(odd="grey"), 2), grey(STILL, 3)
    assert compare(odd, first, None).motion > FIRST_THRESHOLD
    returned = compare(third, odd, first)
    assert returned.motion > FIRST_THRESHOLD
    assert returned.back < returned.spot / 4


def test_signatures_tell_scenes_apart_and_not_sizes_or_light() -> None:
    one = compare(grey(STILL, 1), None, None).signature
    again = compare(grey(Look(light=1.15), 2), None, None).signature
    mirrored = compare(grey(STILL, 1)[::-1], None, None).signature
    assert distance(one, again) <= 2
    assert distance(one, mirrored) > 8
    assert 0 <= one < 1 << 64


# --- near-duplicates --------------------------------------------------------------------------------------------


def test_near_finds_signatures_within_some_bits() -> None:
    assert near(0b1111, [0b1111, 0b1110, 0b0000, 0b11111], bits=1) == [0, 1, 3]


def test_groups_are_runs_in_which_nothing_moves() -> None:
    found = list(measured(story((5, STILL), (5, PRINTING), (4, Look(part=True)))).values())
    assert groups(found, FIRST_THRESHOLD, bits=64) == [(0, 4), (10, 13)]
    assert groups([found[0], None, found[1], found[2]], FIRST_THRESHOLD, bits=64) == [(2, 3)]


@given(st.lists(st.none() | st.tuples(st.floats(0, 5), st.integers(0, 255)), max_size=40))
def test_groups_never_overlap_and_hold_only_near_duplicates(raw: list[tuple[float, int] | None]) -> None:
    changes = [None if one is None else Change(one[0], 100.0, one[1]) for one in raw]
    last = -1
    for first, end in groups(changes, 1.0, bits=2):
        assert last < first < end
        last = end
        run = changes[first : end + 1]
        assert None not in run
        assert all(one is not None and one.motion <= 1.0 for one in run[1:])
        assert all(distance(run[0].signature, one.signature) <= 2 for one in run if run[0] and one)


# --- places where the picture changed ---------------------------------------------------------------------------


def test_a_print_has_a_first_frame_and_a_first_frame_after_it() -> None:
    assert changed(story((20, STILL), (30, PRINTING), (20, Look(part=True)))) == [20, 50]


def test_a_part_that_is_taken_off_is_one_place() -> None:
    assert changed(story((20, Look(part=True)), (20, STILL))) == [20]


def test_a_lamp_that_is_switched_on_is_one_place() -> None:
    assert changed(story((20, Look(light=0.25)), (20, STILL))) == [20]


@pytest.mark.parametrize("odd", [Look(odd="black"), Look(odd="grey"), Look(head=4), Look(light=0.2)])
def test_one_odd_frame_is_no_place(odd: Look) -> None:
    assert changed(story((20, STILL), (1, odd), (20, STILL))) == []


def test_odd_frames_within_a_print_cut_it_nowhere() -> None:
    looks = story((20, STILL), (40, PRINTING), (20, Look(part=True)))
    looks[30] = Look(odd="black")
    looks[40] = looks[39]
    looks[41] = looks[39]
    assert changed(looks) == [20, 60]


def test_what_moves_still_has_no_end() -> None:
    assert changed(story((20, STILL), (20, PRINTING))) == [20]
    assert changed(story((20, PRINTING), (20, Look(part=True)))) == [20]


def test_frames_that_were_not_measured_are_passed_over() -> None:
    found = measured(story((20, STILL), (30, PRINTING), (20, Look(part=True))))
    keys = list(found)
    for place in (3, 25, 60):
        del found[keys[place]]
    assert points(keys, found, FIRST_THRESHOLD) == [20, 50]
    assert points(keys, {}, FIRST_THRESHOLD) == []
    assert points([], found, FIRST_THRESHOLD) == []


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 255), st.floats(0, 255)), max_size=60), st.data())
def test_places_are_in_order_and_never_unmeasured(
    raw: list[tuple[float, float, float]], data: st.DataObject
) -> None:
    keys = [f"{number:03}" for number in range(len(raw))]
    kept = {key for key in keys if data.draw(st.booleans())}
    changes = {
        key: Change(m, 100.0, 0, spot, back)
        for key, (m, spot, back) in zip(keys, raw, strict=True)
        if key in kept
    }
    found = points(keys, changes, 1.0)
    assert found == sorted(set(found))
    assert all(keys[place] in kept for place in found)
    for first, last in sequences(keys, changes, 1.0, least=3):
        assert 0 <= first < last < len(keys)


def test_the_threshold_parts_stillness_from_motion_of_any_size() -> None:
    chance = random.Random(1)
    still = [chance.uniform(0.0, 0.06) for _ in range(900)]
    for size in (0.4, 3.0, 12.0):
        moving = [size * chance.uniform(0.6, 1.6) for _ in range(300)]
        assert max(still) < usual_threshold([*still, *moving]) < min(moving)
    assert max(still) < usual_threshold(still) <= FIRST_THRESHOLD, "a camera that never saw a print"
    assert usual_threshold([]) == FIRST_THRESHOLD
    prints = [chance.uniform(0.7, 4.0) for _ in range(300)]
    assert usual_threshold(prints) < min(prints), "a camera that takes pictures only while it prints"


def test_sequences_end_where_a_recording_ends() -> None:
    found = measured(story((10, STILL), (40, PRINTING), (10, Look(part=True))))
    keys = list(found)
    assert sequences(keys, found, FIRST_THRESHOLD) == [(10, 49)]
    assert sequences(keys, found, FIRST_THRESHOLD, stops=frozenset({keys[30]})) == [(10, 29), (30, 49)]
    assert sequences(keys, found, FIRST_THRESHOLD, least=41) == []


# --- heat -------------------------------------------------------------------------------------------------------


def test_heat_glows_where_something_moved_and_nowhere_else() -> None:
    before = np.full((36, 64, 3), 90, np.uint8)
    now = before.copy()
    now[10:16, 20:28] = 200
    shown = heat(before, now).astype(int)
    assert shown.shape == now.shape
    assert shown[12, 24, 0] > 200
    assert shown[30, 50].max() < 60
    assert heat(before[::2, ::2], now).shape == now.shape
    brighter = heat(before, (before * 1.2).astype(np.uint8)).astype(int)
    assert brighter.max() < 80, "light alone is no heat"


# --- the simulated printer --------------------------------------------------------------------------------------


def day_of(frames: int) -> Script:
    """One recording, a frame a minute: two prints, the second one fails; a part that is taken off; four changes of state."""
    spans = (
        ("empty", 20),
        ("warm", 1),
        ("print", 22),
        ("finished", 12),
        ("empty", 14),
        ("warm", 1),
        ("spaghetti", 18),
        ("mess", 12),
    )
    return Script(
        "a day",
        date(2025, 11, 7),
        1,
        1,
        (Sitting(0, time(0, 0, 5), False, tuple((kind, share * frames // 100) for kind, share in spans)),),
        exact=True,
    )


@pytest.mark.parametrize("frames", [300, pytest.param(1440, marks=pytest.mark.slow)])
def test_a_simulated_day_is_labelled_in_few_decisions(tmp_path: Path, frames: int) -> None:
    script = day_of(frames)
    (tmp_path / "print-models.toml").write_text("")
    truth = simulate(tmp_path / "printer-timelapses", size=(256, 144), seed=4, script=script)
    workspace = Workspace.open(tmp_path)
    with FrameIndex(workspace) as index, Changes(workspace) as changes:
        index.scan()
        measure(workspace, index, changes=changes)
        known, threshold = changes.all(), changes.threshold("printer-timelapses")
        keys = index.keys()
        unreadable = set(changes.unreadable())
    assert unreadable == {frame.frame for frame in truth.frames if not frame.usable}
    places = points(keys, known, threshold)
    right = truth.labels("offline-detection")
    turns = [at for at in range(1, len(keys)) if right[keys[at - 1]] != right[keys[at]]]
    assert len(turns) == 4
    assert [at for at in turns if not any(abs(at - place) <= 2 for place in places)] == []
    # A labeller who looks at the first frame of each stretch between two places, and says what it shows.
    edges = [0, *places, len(keys)]
    given = {}
    for first, end in pairwise(edges):
        given.update(dict.fromkeys(keys[first:end], right[keys[first]]))
    assert len(edges) - 1 <= 15
    wrong = [key for key in keys if given[key] != right[key]]
    assert len(wrong) <= 8


# --- real pictures ----------------------------------------------------------------------------------------------


def test_a_real_print_between_stillness_is_found(real_frames: Path) -> None:
    pictures = sorted((real_frames / "octoprint").glob("*.jpg"))
    if len(pictures) < 12:
        pytest.skip("no consecutive real frames here")
    chance = np.random.default_rng(3)

    def seen(path: Path) -> bytes:
        """The real frame as that camera might have stored it a minute later: other noise, light that breathes."""
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB")).astype(np.float32)
        pixels = pixels * chance.uniform(0.97, 1.03) + chance.normal(0, 2.0, pixels.shape)
        out = io.BytesIO()
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=90)
        return small_grey(FileBytes(out.getvalue(), 0), path.name, SMALL)

    film = [pictures[0]] * 40 + pictures + [pictures[-1]] * 39
    smalls = [seen(path) for path in film]
    found = {
        f"{at:03}": compare(here, smalls[at - 1] if at else None, smalls[at - 2] if at > 1 else None)
        for at, here in enumerate(smalls)
    }
    threshold = usual_threshold([change.motion for change in found.values()][1:])
    places = points(list(found), found, threshold)
    assert len(places) == 2
    assert abs(places[0] - 41) <= 1, "the first frame that differs from the first of the timelapse"
    assert abs(places[1] - 51) <= 1
