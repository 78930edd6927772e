"""Names packed into one text: they behave as the tuple they were made of, and take a fraction of its room."""

from __future__ import annotations

import sys
import tracemalloc
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.frames.packed import NONE, Names

_LETTERS = st.characters(exclude_characters="\0/", exclude_categories=["Cs"])
_USUAL = st.integers(0, 235_959).map(lambda n: f"20251107T{n:06}.jpg")
_NAMES = st.lists(st.text(_LETTERS, min_size=1, max_size=12), max_size=30) | st.lists(_USUAL, max_size=30)


@given(_NAMES)
def test_names_are_what_they_were_made_of(names: list[str]) -> None:
    packed = Names.of(names)

    assert list(packed) == names
    assert len(packed) == len(names)
    assert bool(packed) == bool(names)
    assert [packed[at] for at in range(-len(names), len(names))] == names * 2
    assert list(reversed(packed)) == names[::-1]


@given(_NAMES, st.slices(30))
def test_a_part_of_them_is_the_same_part(names: list[str], part: slice) -> None:
    assert Names.of(names)[part] == tuple(names)[part]


@given(_NAMES, _USUAL | st.text(_LETTERS, min_size=1, max_size=12))
def test_a_name_is_found_by_halving(names: list[str], wanted: str) -> None:
    names.sort()

    assert bisect_left(Names.of(names), wanted) == bisect_left(names, wanted)
    assert (wanted in Names.of(names)) == (wanted in names)


@given(_NAMES, _NAMES)
def test_equal_are_those_of_the_same_names(one: list[str], other: list[str]) -> None:
    assert (Names.of(one) == Names.of(other)) == (one == other)
    assert hash(Names.of(one)) == hash(Names.of(list(one)))


@pytest.mark.parametrize("at", [3, -4])
def test_beyond_the_end_there_is_none(at: int) -> None:
    with pytest.raises(IndexError):
        Names.of(["a", "bc", "d"])[at]
    with pytest.raises(IndexError):
        NONE[0]


def test_a_day_takes_a_third_of_its_strings() -> None:
    names = [f"20251107T{number:06}.jpg" for number in range(1440)]
    tracemalloc.start()
    try:
        packed = Names.of(names)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(packed) == len(names)
    assert taken < sum(map(sys.getsizeof, names)) / 3


def test_names_known_to_be_of_one_length_are_the_same_as_looked_at() -> None:
    names = [f"20251107T08{minute:02}00.jpg" for minute in range(60)]
    even, packed = Names.even("\0".join(names), 20), Names.of(names)
    assert even == packed
    assert Names.of(even) is even
    assert (len(even), even[0], even[-1], even[7:9]) == (60, names[0], names[-1], packed[7:9])
