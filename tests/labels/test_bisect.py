"""Bisection: the onset in few looks, labels kept, and never a painting that contradicts an answer."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.labels.bisect import Bisection
from tests.labels.conftest import keys
from tests.labels.test_stretches import CLASSES, keys_of

counts = st.integers(1, 40) | st.integers(41, 1500)


def finish(search: Bisection, truth: Mapping[int, str]) -> Bisection:
    """Answer truthfully until everything is found."""
    while search.look is not None:
        left = search.looks_left
        assert left >= 1
        search = search.answer(truth[search.look])
    assert search.looks_left == 0
    return search


def painted(search: Bisection) -> dict[int, str | None]:
    """What is painted, by place; a place is painted once."""
    found: dict[int, str | None] = {}
    for stretch in search.painted:
        assert not found.keys() & set(stretch.places)
        found |= dict.fromkeys(stretch.places, stretch.class_)
    return found


def bound(count: int) -> int:
    """ceil(log2 n) + 2."""
    return (count - 1).bit_length() + 2


@given(counts, st.data())
def test_the_onset_is_found_for_every_truth_with_one_change(count: int, data: st.DataObject) -> None:
    onset = data.draw(st.integers(0, count), label="onset")
    one, other = data.draw(st.permutations(CLASSES))[:2]
    first = data.draw(st.integers(0, 3))
    names = keys_of(first + count + 1)
    truth = {place: one if place < first + onset else other for place in range(first, first + count)}
    before = data.draw(st.sampled_from((None, one))) if first else None
    after = data.draw(st.sampled_from((None, other)))
    search = finish(Bisection.start(names, {}, first, first + count - 1, before, after), truth)
    assert painted(search) == truth
    assert len(search.answers) <= bound(count)


def test_a_day_of_frames_takes_at_most_thirteen_looks() -> None:
    names = keys(1440)
    for onset in range(0, 1441, 7):
        truth = {place: "offline" if place < onset else "active" for place in range(1440)}
        search = Bisection.start(names, {}, 0, 1439)
        assert search.looks_left <= 13
        search = finish(search, truth)
        assert len(search.answers) <= 13
        assert painted(search) == truth


@given(counts, st.data())
def test_lone_labels_inside_are_kept_and_count_as_known(count: int, data: st.DataObject) -> None:
    onset = data.draw(st.integers(0, count))
    truth = {place: "offline" if place < onset else "active" for place in range(count)}
    lone = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=3))
    names = keys_of(count)
    classes = {names[place]: truth[place] for place in lone}
    search = finish(Bisection.start(names, classes, 0, count - 1), truth)
    assert painted(search) == {place: class_ for place, class_ in truth.items() if place not in lone}
    assert not {place for place, _ in search.answers} & lone
    assert len(search.answers) <= bound(count)


def test_a_lone_label_asks_only_for_what_is_not_known_beside_it() -> None:
    """The label at 500 says failed: only the start is looked at, then the side between it and the label."""
    names = keys(1000)
    truth = {place: "good" if place < 321 else "failed" for place in range(1000)}
    search = finish(Bisection.start(names, {names[500]: "failed"}, 0, 999, after="failed"), truth)
    assert all(place < 500 for place, _ in search.answers)
    assert len(search.answers) <= 10


@given(counts, st.data())
def test_labels_that_are_marked_to_be_covered_are_looked_at_and_painted_over(
    count: int, data: st.DataObject
) -> None:
    onset = data.draw(st.integers(0, count))
    truth = {place: "offline" if place < onset else "active" for place in range(count)}
    names = keys_of(count)
    wrong = data.draw(st.dictionaries(st.sampled_from(names), st.sampled_from(CLASSES), max_size=5))
    search = finish(Bisection.start(names, wrong, 0, count - 1, cover=True), truth)
    assert painted(search) == truth
    assert len(search.answers) <= bound(count)


@given(st.integers(1, 60), st.data())
def test_no_answer_and_no_label_is_contradicted_whatever_the_truth(count: int, data: st.DataObject) -> None:
    truth = dict(enumerate(data.draw(st.lists(st.sampled_from(CLASSES), min_size=count, max_size=count))))
    names = keys_of(count)
    labels = data.draw(st.dictionaries(st.integers(0, count - 1), st.sampled_from(CLASSES), max_size=4))
    classes = {names[place]: class_ for place, class_ in labels.items()}
    before, after = data.draw(st.sampled_from((None, *CLASSES))), data.draw(st.sampled_from((None, *CLASSES)))
    search = finish(Bisection.start(names, classes, 0, count - 1, before, after), truth)
    found = painted(search)
    assert all(found[place] == class_ for place, class_ in search.answers)
    assert found.keys() == set(range(count)) - labels.keys()
    whole = [found.get(place, labels.get(place)) for place in range(count)]
    said = {place for place, _ in search.answers} | labels.keys()
    for place in range(
        1, count
    ):  # a change lies only between two frames that were both looked at or labelled
        assert whole[place] == whole[place - 1] or {place, place - 1} <= said


@given(counts, st.data())
def test_an_answer_taken_back_leaves_what_was_before_it(count: int, data: st.DataObject) -> None:
    names = keys_of(count)
    states = [Bisection.start(names, {}, 0, count - 1)]
    while states[-1].look is not None and len(states) < 6:
        states.append(states[-1].answer(data.draw(st.sampled_from(CLASSES))))
    search = states.pop()
    while states:
        search = search.back()
        before = states.pop()
        assert (search, search.look, search.painted) == (before, before.look, before.painted)
    assert search.back() == search
    assert search.painted == ()


@given(st.integers(1, 200), st.data())
def test_a_frame_that_nobody_can_tell_is_gone_around_and_painted_only_between_two_alike(
    count: int, data: st.DataObject
) -> None:
    onset = data.draw(st.integers(0, count))
    dark = data.draw(st.sets(st.integers(0, count - 1), max_size=count))
    truth = {place: "offline" if place < onset else "active" for place in range(count)}
    search = Bisection.start(keys_of(count), {}, 0, count - 1)
    while (look := search.look) is not None:
        assert look not in {place for place, _ in search.answers}
        search = search.skip() if look in dark else search.answer(truth[look])
    found = painted(search)
    assert all(truth[place] == class_ for place, class_ in found.items())
    told = [place for place, class_ in search.answers if class_ is not None]
    assert {place for place in range(count) if place not in dark and told} <= found.keys()


def test_what_is_said_names_the_step_the_times_and_what_was_found() -> None:
    search = Bisection.start(keys(600), {}, 0, 599)
    assert search.said == "look 1: the first of 600 frames"
    search = search.answer("offline")
    assert search.said == "look 2: the last of 600 frames"
    search = search.answer("active")
    assert search.said == "look 3: between offline 00:00:00 and active 09:59:00 · at most 10 looks left"
    search = finish(search, {place: "offline" if place < 543 else "active" for place in range(600)})
    assert search.said == "offline → active at 09:03:00 · 600 frames"
    assert search.answer("active") == search


def test_between_two_sides_alike_the_middle_is_looked_at_once() -> None:
    search = Bisection.start(keys(400), {}, 100, 299, "active", "active")
    assert search.look == 199
    assert search.answer("active").said == "active throughout · 200 frames"
    other = search.answer("offline")
    assert other.look is not None
    truth = {place: "offline" if 150 <= place < 250 else "active" for place in range(400)}
    assert painted(finish(other, truth)) == {place: truth[place] for place in range(100, 300)}


def test_frames_that_are_none_are_an_error() -> None:
    with pytest.raises(IndexError):
        Bisection.start(keys(5), {}, 3, 5)
