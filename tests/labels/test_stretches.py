"""Stretches, gaps, change points and prints, against looking at every frame."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.labels.prints import Verdict, print_at, verdict
from core.labels.stretches import Stretch, gap_at, next_point, stretch_at
from tests.labels.conftest import key

CLASSES = ("offline", "active", "heating")


def _rows(runs: list[tuple[str | None, int]]) -> list[str | None]:
    return [class_ for class_, count in runs for _ in range(count)]


#: Classes frame by frame, in runs: short ones, and ones longer than the first pieces that are looked at.
rows = st.lists(
    st.tuples(st.sampled_from((None, *CLASSES)), st.integers(1, 4) | st.integers(60, 260)),
    min_size=1,
    max_size=9,
).map(_rows)


def keys_of(count: int, second_source: int | None = None) -> list[str]:
    """That many keys in order; from place `second_source` on those of another camera."""
    found = [key(n, "20251107") for n in range(min(count, 1440))]
    found += [key(n, "20251108") for n in range(count - len(found))]
    edge = count if second_source is None else second_source
    return [name if n < edge else name.replace("printer-", "second-") for n, name in enumerate(found)]


@given(rows, st.data())
def test_a_stretch_is_what_one_finds_walking_frame_by_frame(
    row: list[str | None], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(row) - 1))
    stops = data.draw(st.frozensets(st.integers(0, len(row)), max_size=4))
    edge = data.draw(st.none() | st.integers(0, len(row)))
    keys = keys_of(len(row), edge)
    classes = {name: class_ for name, class_ in zip(keys, row, strict=True) if class_ is not None}

    def together(left: int) -> bool:
        return row[left] == row[left + 1] and left + 1 not in stops and left + 1 != edge

    first = last = at
    while first > 0 and together(first - 1):
        first -= 1
    while last < len(row) - 1 and together(last):
        last += 1
    assert stretch_at(keys, classes, at, stops=stops) == Stretch(first, last, row[at])
    assert gap_at(keys, classes, at, stops=stops) == (Stretch(first, last, None) if row[at] is None else None)


@given(st.lists(rows, min_size=1, max_size=2), st.data())
def test_change_points_are_those_of_any_row_and_of_the_picture(
    found: list[list[str | None]], data: st.DataObject
) -> None:
    count = min(map(len, found))
    extra = sorted(data.draw(st.sets(st.integers(0, count - 1), max_size=3)))
    at = data.draw(st.integers(0, count - 1))
    keys = keys_of(count)
    maps = [dict(zip(keys, row, strict=False)) for row in found]
    places = {n for row in found for n in range(1, count) if row[n] != row[n - 1]} | set(extra)
    after = min((place for place in places if place > at), default=None)
    before = max((place for place in places if place < at), default=None)
    assert next_point(keys, maps, at, 1, extra=extra) == after
    assert next_point(keys, maps, at, -1, extra=extra) == before


def test_a_place_that_is_none_is_an_error() -> None:
    with pytest.raises(IndexError):
        stretch_at([], {}, 0)


def test_a_near_change_is_found_without_looking_at_the_rest() -> None:
    class Counting(dict[str, str]):
        asked = 0

        def get(self, *words: str) -> str | None:
            self.asked += 1
            return super().get(*words)

    keys = [f"cam/{n:07}.jpg" for n in range(100_000)]
    classes = Counting(dict.fromkeys(keys[:50_010], "active"))
    assert next_point(keys, [classes], 50_000, 1) == 50_010
    assert stretch_at(keys[49_950:], classes, 50) == Stretch(0, 59, "active")
    assert classes.asked < 1000


def test_a_print_is_the_recording_and_its_verdict_spares_what_says_otherwise() -> None:
    keys, stops = keys_of(10), frozenset({3, 7})
    classes = {keys[3]: "failed", keys[4]: "good", keys[8]: "good"}
    found = print_at(keys, 5, stops=stops)
    assert found == Stretch(3, 6, None)
    names = [keys[place] for place in found.places]
    assert verdict(names, classes, "good") == Verdict((keys[5], keys[6]), (keys[3],))
    assert verdict(names, classes, "failed") == Verdict((keys[5], keys[6]), (keys[4],))
    assert print_at(keys, 0, stops=stops) == Stretch(0, 2, None)
    assert print_at(keys, 9, stops=stops) == Stretch(7, 9, None)
