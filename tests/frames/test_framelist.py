"""A camera's frames as little more than their names: the same frames as a plain list of them, in far less room."""

from __future__ import annotations

import gc
import tracemalloc
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.frames.among import (
    alike_from,
    joined,
    key_at,
    keys_of,
    moment_after,
    moment_from,
    picked,
    place_from,
    up_to,
)
from core.frames.framelist import Frame, FrameList, folder_list
from core.frames.names import captured_at, tell_by
from core.frames.packed import Names

_BEGIN = datetime(2025, 11, 7)
_FAR = (datetime.min, datetime.max, _BEGIN, _BEGIN + timedelta(days=9))
#: Moments around midnights, so that folders lie close to each other; several frames of one moment.
_NAMES = st.sets(
    st.builds(
        lambda seconds, tail: f"{_BEGIN + timedelta(seconds=seconds):%Y%m%dT%H%M%S}{tail}",
        st.integers(0, 200_000) | st.integers(86_398, 86_402),
        st.sampled_from([".jpg", "_1.jpg", ".PNG"]),
    ),
    max_size=25,
)


def _folders(names: set[str], misplaced: bool) -> dict[str, list[str]]:
    """Return names by day folder; `misplaced` puts some into the folder of the day before."""
    found: dict[str, list[str]] = {}
    for number, name in enumerate(sorted(names)):
        moment = datetime.fromisoformat(name[:15]) - timedelta(days=misplaced and number % 3 == 0)
        found.setdefault(f"{moment:%Y%m%d}", []).append(name)
    return found


def _both(source: str, folders: dict[str, list[str]]) -> tuple[FrameList, list[Frame]]:
    """Return the frames as a list of ours, and as a plain one in order of (time, key)."""
    ours = folder_list(
        source, ((f"{source}/{day}/", Names.of(names)) for day, names in sorted(folders.items()))
    )
    keys = [f"{source}/{day}/{name}" for day, names in folders.items() for name in names]
    plain = [Frame(key, source, at) for key in keys if (at := captured_at(key)) is not None]
    return ours, sorted(plain, key=lambda frame: (frame.captured_at, frame.key))


@given(_NAMES, st.booleans(), st.data())
def test_it_holds_the_frames_of_a_plain_list(names: set[str], misplaced: bool, data: st.DataObject) -> None:
    ours, plain = _both("cam", _folders(names, misplaced))
    assert list(ours) == plain == [ours[at] for at in range(len(plain))]
    assert list(ours.keys()) == list(keys_of(plain)) == [key_at(ours)(at) for at in range(len(plain))]
    at, most = data.draw(st.integers(0, len(plain))), data.draw(st.integers(1, 70))
    keys = [frame.key for frame in plain[at:]]
    for frames in (ours, plain):
        assert alike_from(frames, at, ["", *keys], 1, most) == min(len(keys), most)
        assert alike_from(frames, at, [*keys[:20], "other", *keys[20:]], 0, most) == min(len(keys[:20]), most)
    assert ours == _both("cam", _folders(names, misplaced))[0]
    first, end = (data.draw(st.none() | st.integers(-30, 30)) for _ in range(2))
    step = data.draw(st.sampled_from([1, 2, 3, -1]))
    part = slice(first, end, step)
    assert list(ours[part]) == plain[part]
    assert list(ours[part].keys()) == [frame.key for frame in plain[part]]
    for frame in plain:
        assert plain[place_from(ours, frame.key)] == frame
    part = slice(first, end, abs(step))
    moments = [frame.captured_at for frame in plain[part]]
    for moment in (*moments, *(at + timedelta(milliseconds=ms) for at in moments for ms in (-1, 1)), *_FAR):
        assert moment_from(ours[part], moment) == bisect_left(moments, moment)
        assert moment_after(ours[part], moment) == bisect_right(moments, moment)


@given(_NAMES, st.booleans(), st.data())
def test_a_view_holds_some_of_them_and_finds_each(
    names: set[str], misplaced: bool, data: st.DataObject
) -> None:
    ours, plain = _both("cam", _folders(names, misplaced))
    places = [at for at in range(len(plain)) if data.draw(st.booleans())]
    view, plain_view = picked(ours, places), picked(plain, places)
    assert isinstance(view, FrameList)
    assert list(view) == plain_view
    shown = view.shown_in(ours)
    assert shown is not None
    assert [shown[at] for at in range(len(plain))] == [
        places.index(at) if at in places else -1 for at in range(len(plain))
    ]
    pairs = [(frame.captured_at, frame.key) for frame in plain_view]
    for frame in plain:
        assert place_from(view, frame.key) == bisect_left(pairs, (frame.captured_at, frame.key))


@given(_NAMES, st.booleans(), st.lists(st.sampled_from(["", "cam/", "cam/20251108/", "cam/20251108/x", "z"])))
def test_keys_are_counted_up_to_any_key(names: set[str], misplaced: bool, others: list[str]) -> None:
    ours, plain = _both("cam", _folders(names, misplaced))
    listed = sorted(frame.key for frame in plain)
    asked = sorted([*others, *listed[::2], *(key + "x" for key in listed[::3])])
    expected = [(sum(key <= one for key in listed), one in listed) for one in asked]
    assert list(up_to(ours, asked)) == list(up_to(plain, asked)) == expected


def test_frames_of_two_cameras_follow_each_other() -> None:
    names = _folders({f"20251107T0{hour}0000.jpg" for hour in range(9)}, False)
    (one, plain_one), (two, plain_two) = _both("one", names), _both("a", names)
    both = joined([one, two])
    assert isinstance(both, FrameList)
    assert list(both) == [*plain_one, *plain_two]
    assert both[9].source == "a"
    assert list(joined([one, tuple(two)])) == list(both)
    assert list(joined([one[::2], two])) == [*plain_one[::2], *plain_two]


class _Told:
    """Says of names like 3-b.jpg that they were taken on that day of the month; of others nothing."""

    def at(self, key: str) -> datetime | None:
        day, dash, _ = key.rpartition("/")[2].partition("-")
        return datetime(2025, 11, int(day)) if dash else None

    def rule(self, key: str) -> str:
        return "exif"


@pytest.fixture
def told() -> Iterator[None]:
    tell_by({"told": _Told()})
    yield
    tell_by({})


@pytest.mark.usefixtures("told")
def test_where_names_tell_no_moment_it_keeps_them_and_leaves_out_what_has_none() -> None:
    ours, plain = _both("told", {"b": ["9-a.jpg", "x.jpg", "3-a.jpg"], "a": ["5-b.jpg", "3-b.jpg"]})
    tell_by({})  # who told them may have forgotten since
    names = [frame.key for frame in ours]
    assert names == ["told/a/3-b.jpg", "told/b/3-a.jpg", "told/a/5-b.jpg", "told/b/9-a.jpg"]
    assert list(ours) == plain
    assert list(joined([ours, ours[1:]])) == [*plain, *plain[1:]]


def test_a_frame_takes_little_more_room_than_its_name() -> None:
    names = {
        f"202511{day:02}": [
            f"202511{day:02}T{s // 3600:02}{s // 60 % 60:02}{s % 60:02}.jpg" for s in range(2500)
        ]
        for day in range(1, 21)
    }
    gc.collect()
    tracemalloc.start()
    try:
        packed = [(f"cam/{day}/", Names.of(some)) for day, some in names.items()]
        frames: Sequence[Frame] = folder_list("cam", packed)
        each = tracemalloc.get_traced_memory()[0] / len(frames)
        some = picked(frames, range(0, len(frames), 2))
        both = tracemalloc.get_traced_memory()[0] / len(frames)
    finally:
        tracemalloc.stop()
    assert len(frames) == 50_000
    assert len(some) == 25_000
    assert each < 30
    assert both < 35
