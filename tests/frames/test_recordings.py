from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from core.frames.names import captured_at, source_of, stem
from core.frames.recordings import Rule, cut, starts
from tests.frames.plain_recordings import cut as plain_cut

BEGIN = datetime(2025, 11, 7)
Frames = list[tuple[str, datetime]]


def key_at(at: datetime, source: str = "cam") -> str:
    return f"{source}/{at:%Y%m%d}/{at:%Y%m%dT%H%M%S}.jpg"


def at(clock: str, day: int = 7) -> tuple[str, datetime]:
    moment = datetime.strptime(f"2025-11-{day:02} {clock}", "%Y-%m-%d %H:%M")
    return key_at(moment), moment


def every(first: str, last: str, minutes: int = 1, *, day: int = 7, last_day: int | None = None) -> Frames:
    moment, end = at(first, day)[1], at(last, last_day or day)[1]
    found = []
    while moment <= end:
        found.append((key_at(moment), moment))
        moment += timedelta(minutes=minutes)
    return found


def ids(found: dict[str, str]) -> list[str]:
    return sorted(set(found.values()))


# --- the rule, case by case -------------------------------------------------------------------------------------


def test_frames_without_a_long_gap_are_one_recording_named_by_its_first() -> None:
    found = cut(every("08:00", "09:00", 15), {})
    assert ids(found) == ["cam/20251107T080000"]


def test_a_gap_over_fifteen_minutes_cuts_and_one_of_fifteen_does_not() -> None:
    assert ids(cut([at("08:00"), at("08:15"), at("08:31")], {})) == [
        "cam/20251107T080000",
        "cam/20251107T083100",
    ]


def test_sources_are_cut_apart() -> None:
    moment = at("08:00")[1]
    found = cut([(key_at(moment, "a"), moment), (key_at(moment, "b"), moment)], {})
    assert ids(found) == ["a/20251107T080000", "b/20251107T080000"]


def test_an_idle_stretch_is_cut_at_six_hours() -> None:
    frames = every("05:00", "07:00")
    idle = {at("05:10")[0]: True, at("06:40")[0]: True}
    assert ids(cut(frames, idle)) == ["cam/20251107T050000", "cam/20251107T060000"]


def test_a_frame_on_the_mark_lies_after_it() -> None:
    frames = every("05:58", "06:02")
    found = cut(frames, {key: True for key, _ in frames})
    assert found[at("06:00")[0]] == "cam/20251107T060000"
    assert found[at("05:59")[0]] == "cam/20251107T055800"


def test_a_print_is_never_cut_at_a_mark_nor_over_midnight() -> None:
    frames = every("21:00", "03:00", last_day=8)
    busy = {key: False for key, _ in frames}
    assert ids(cut(frames, busy)) == ["cam/20251107T210000"]


def test_one_side_of_the_mark_that_is_active_or_unlabelled_keeps_it_whole() -> None:
    frames = every("05:00", "07:00")
    before, after = at("05:59")[0], at("06:00")[0]
    assert len(ids(cut(frames, {before: True, after: False}))) == 1
    assert len(ids(cut(frames, {before: False, after: True}))) == 1
    assert len(ids(cut(frames, {before: True}))) == 1
    assert len(ids(cut(frames, {after: True}))) == 1
    assert len(ids(cut(frames, {}))) == 1


def test_only_the_nearest_labels_within_the_stretch_count() -> None:
    frames = every("05:00", "05:30") + every("05:50", "06:30")
    # The idle label before the mark lies beyond a gap: another stretch.
    assert ids(cut(frames, {at("05:20")[0]: True, at("06:10")[0]: True})) == [
        "cam/20251107T050000",
        "cam/20251107T055000",
    ]
    near = {at("05:52")[0]: True, at("05:55")[0]: False, at("06:10")[0]: True}
    assert len(ids(cut(every("05:50", "06:30"), near))) == 1


def test_days_of_idling_are_cut_four_times_a_day() -> None:
    frames = every("00:00", "23:59", 5, last_day=8)
    idle = {frames[0][0]: True, frames[-1][0]: True}
    assert len(ids(cut(frames, idle))) == 8


def test_without_a_file_list_gaps_are_two_hours() -> None:
    frames = [at("08:00"), at("09:50"), at("12:00")]
    known = [key for key, _ in frames]
    assert len(ids(cut(frames, {}, unlisted=known))) == 2
    assert len(ids(cut(frames, {}, gap_minutes=120))) == 2
    assert len(ids(cut(frames, {}))) == 3


def test_a_frame_the_camera_deleted_is_not_torn_from_its_neighbours() -> None:
    frames = [at("08:00"), at("08:01"), at("09:00")]
    assert ids(cut(frames, {}, unlisted=[at("09:00")[0]])) == ["cam/20251107T080000"]


# --- inherited for ever -----------------------------------------------------------------------------------------


def released(frames: Frames, name: str) -> dict[str, str]:
    return {key: name for key, _ in frames}


def test_a_released_recording_keeps_its_id_when_earlier_frames_join() -> None:
    old = released(every("08:30", "08:40"), "cam/20251107T083000")
    found = cut(every("08:00", "09:00"), {}, released=old)
    assert ids(found) == ["cam/20251107T083000"]


def test_a_new_frame_within_a_released_span_joins_it_whatever_the_gaps() -> None:
    old = released([at("08:00"), at("12:00")], "cam/20251107T080000")
    assert (
        cut([at("08:00"), at("10:00"), at("12:00")], {}, released=old)[at("10:00")[0]]
        == "cam/20251107T080000"
    )


def test_labels_that_change_never_cut_a_released_recording() -> None:
    frames = every("05:00", "07:00")
    old = released(frames, "cam/20251107T050000")
    assert ids(cut(frames, {key: True for key, _ in frames}, released=old)) == ["cam/20251107T050000"]


def test_idle_frames_after_a_mark_begin_a_recording_of_their_own_beside_a_released_one() -> None:
    old = released(every("00:00", "05:59"), "cam/20251107T000000")
    frames = every("00:00", "11:59")
    found = cut(frames, {key: True for key, _ in frames}, released=old)
    assert ids(found) == ["cam/20251107T000000", "cam/20251107T060000"]


def test_released_recordings_never_merge_and_what_lies_between_goes_to_the_nearer() -> None:
    old = {
        **released([at("08:00")], "cam/A20251107T080000"),
        **released([at("09:00")], "cam/20251107T090000"),
    }
    found = cut(every("08:00", "09:00"), {}, released=old)
    assert found[at("08:30")[0]] == "cam/A20251107T080000"
    assert found[at("08:31")[0]] == "cam/20251107T090000"


def test_a_released_frame_the_camera_deleted_still_holds_its_place() -> None:
    old = released([at("08:00")], "cam/20251107T080000")
    assert cut([at("09:30")], {}, released=old) == {at("09:30")[0]: "cam/20251107T080000"}
    assert cut([at("10:30")], {}, released=old) == {at("10:30")[0]: "cam/20251107T103000"}


def test_an_id_whose_first_frame_is_gone_is_never_given_to_another_recording() -> None:
    old = {at("12:00")[0]: "cam/20251107T080000"}
    assert cut([at("08:00")], {}, released=old) == {at("08:00")[0]: "cam/20251107T080000"}


# --- what holds for any input -----------------------------------------------------------------------------------

gaps = st.lists(st.sampled_from([1, 1, 1, 5, 14, 15, 16, 40, 130, 300]), min_size=1, max_size=60)


@st.composite
def camera(draw: st.DrawFn) -> tuple[Frames, dict[str, bool]]:
    """Frames of one camera with some idle labels."""
    moment, frames = BEGIN + timedelta(minutes=draw(st.integers(0, 720))), []
    for gap in draw(gaps):
        moment += timedelta(minutes=gap)
        frames.append((key_at(moment), moment))
    labels = draw(
        st.lists(st.sampled_from([True, True, False, None]), min_size=len(frames), max_size=len(frames))
    )
    return frames, {key: label for (key, _), label in zip(frames, labels, strict=True) if label is not None}


def brute(frames: Frames, idle: dict[str, bool]) -> dict[str, str]:
    """The rule once more, said the slow way: walk, and look at every mark between two frames."""
    stretches: list[Frames] = []
    for frame in sorted(frames, key=lambda f: (f[1], f[0])):
        if stretches and frame[1] - stretches[-1][-1][1] <= timedelta(minutes=15):
            stretches[-1].append(frame)
        else:
            stretches.append([frame])
    out = {}
    for stretch in stretches:
        name = ""
        for i, (key, moment) in enumerate(stretch):
            mark = moment.replace(hour=moment.hour - moment.hour % 6, minute=0, second=0)
            if i == 0:
                name = key
            elif stretch[i - 1][1] < mark <= moment:
                before = [idle[k] for k, _ in stretch[:i] if k in idle]
                after = [idle[k] for k, _ in stretch[i:] if k in idle]
                if before and after and before[-1] and after[0]:
                    name = key
            out[key] = f"{source_of(name)}/{stem(name)}"
    return out


@given(camera())
@settings(max_examples=200, deadline=None)
def test_the_rule_agrees_with_itself_said_slowly(drawn: tuple[Frames, dict[str, bool]]) -> None:
    frames, idle = drawn
    assert cut(frames, idle) == brute(frames, idle)


@given(camera(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_input_does_not_matter(
    drawn: tuple[Frames, dict[str, bool]], chance: random.Random
) -> None:
    frames, idle = drawn
    found = cut(frames, idle)
    old = {key: found[key] for key, _ in frames if chance.random() < 0.3}
    shuffled = frames[:]
    chance.shuffle(shuffled)
    assert cut(shuffled, dict(reversed(idle.items())), released=old) == cut(frames, idle, released=old)


@given(camera(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_what_was_released_stays_whatever_comes_later(
    drawn: tuple[Frames, dict[str, bool]], chance: random.Random
) -> None:
    """Release some of the frames again and again while frames, labels and the camera change: ids never move."""
    frames, idle = drawn
    fixed: dict[str, str] = {}
    for _ in range(4):
        listed = [frame for frame in frames if chance.random() < 0.8]
        labels = {key: chance.random() < 0.7 for key in idle if chance.random() < 0.8}
        found = cut(listed, labels, released=fixed)
        assert set(found) == {key for key, _ in listed}
        assert all(found[key] == name for key, name in fixed.items() if key in found)
        fixed.update({key: name for key, name in found.items() if chance.random() < 0.5})
        _each_in_one_piece(fixed)
    again = cut(frames, idle, released=fixed)
    _each_in_one_piece(again)
    assert again == cut(frames, idle, released={**fixed, **again})


def _each_in_one_piece(found: dict[str, str]) -> None:
    """No recording lies on both sides of another."""
    order = [name for _, name in sorted(found.items())]
    runs = [name for i, name in enumerate(order) if i == 0 or order[i - 1] != name]
    assert len(runs) == len(set(runs)), runs


@given(camera())
@settings(max_examples=100, deadline=None)
def test_neighbours_in_one_print_are_never_apart(drawn: tuple[Frames, dict[str, bool]]) -> None:
    frames, idle = drawn
    found = cut(frames, idle)
    for (a, first), (b, second) in pairwise(frames):
        if second - first <= timedelta(minutes=15) and idle.get(a) is False:
            assert found[a] == found[b]
    for key, _ in frames:
        assert captured_at(found[key]) is not None


# --- as the plain form says -------------------------------------------------------------------------------------


@st.composite
def everything(draw: st.DrawFn) -> tuple[Frames, dict[str, bool], dict[str, str], set[str]]:
    """Frames with idle labels, and of them released ones, ones no list holds, ones that are gone but released."""
    frames, idle = draw(camera())
    recorded = cut(frames, draw(st.sampled_from([{}, idle])))
    old: dict[str, str] = {}
    unlisted, gone = set(), set()
    for key, moment in frames:
        match draw(st.integers(0, 7)):
            case 0:
                old[key] = recorded[key]
            case 1:
                old[key] = draw(st.sampled_from(sorted(set(recorded.values()))))
            case 2:
                unlisted.add(key)
            case 3:
                gone.add(key)
                old[key] = recorded[key]
            case 4:  # another picture of the very moment
                frames = [*frames, (key.replace(".jpg", "_1.jpg"), moment)]
    return [frame for frame in frames if frame[0] not in gone], idle, old, unlisted


@given(everything(), st.sampled_from([15, 130]))
@settings(max_examples=400, deadline=None)
def test_frame_by_frame_it_is_the_plain_form_of_the_rule(
    drawn: tuple[Frames, dict[str, bool], dict[str, str], set[str]], gap: int
) -> None:
    frames, idle, old, unlisted = drawn
    plain = plain_cut(frames, idle, gap_minutes=gap, released=old, unlisted=unlisted)
    assert cut(frames, idle, gap_minutes=gap, released=old, unlisted=unlisted) == plain
    listed = sorted(frames, key=lambda frame: (frame[1], frame[0]))
    told = plain_cut(frames, idle, gap_minutes=gap, released=old)
    names = [None, *(told[key] for key, _ in listed)]
    assert list(starts("cam", listed, Rule(idle, old, gap))) == [
        key for (key, _), (before, here) in zip(listed, pairwise(names), strict=True) if before != here
    ]
