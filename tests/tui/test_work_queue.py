"""A queue that is worked through, held against a plain list of what waits."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.frames.index import Frame
from core.labels.queues import find
from core.settings import Settings, tasks_of
from tui.work_queue import arranged

KIND = find("all", tasks_of(Settings())["offline-detection"])
BEGIN = datetime(2025, 11, 7)


def frames_of(count):
    moments = [BEGIN + timedelta(minutes=number) for number in range(count)]
    return tuple(Frame(f"cam/{at:%Y%m%d}/{at:%Y%m%dT%H%M%S}.jpg", "cam", at) for at in moments)


@st.composite
def worlds(draw):
    every = frames_of(draw(st.integers(1, 12)))
    shown = tuple(frame for frame in every if draw(st.booleans())) if draw(st.booleans()) else every
    places = draw(st.permutations(range(len(every))))[: draw(st.integers(0, len(every)))]
    if draw(st.booleans()):
        places = sorted(places)
    steps = draw(st.lists(st.tuples(st.integers(0, 11), st.booleans()), max_size=12))
    return every, shown, places, steps


@given(worlds())
def test_it_counts_and_goes_as_a_plain_list_does(world):
    every, shown, places, steps = world
    queue = arranged(KIND, places, every, shown)
    keys = [frame.key for frame in shown]
    plain = [keys.index(every[place].key) for place in places if every[place].key in keys]
    waits = dict.fromkeys(plain, True)
    for place, again in steps:
        queue.settle([place], again)
        if place in waits:
            waits[place] = again
    left = [place for place in plain if waits[place]]
    assert (queue.left, queue.total, queue.done) == (len(left), len(plain), len(plain) - len(left))
    for at, place in enumerate(plain):
        assert queue.number(place) == at + 1
        after = [one for one in plain[at + 1 :] + plain[: at + 1] if waits[one]]
        before = [one for one in plain[:at][::-1] + plain[at:][::-1] if waits[one]]
        assert queue.go(place, 1) == (after[0] if after else None)
        assert queue.go(place, -1) == (before[0] if before else None)
        further = [one for one in plain[at + 1 :] if waits[one]]
        assert queue.go(place, 1, round_=False) == (further[0] if further else None)


@given(worlds(), st.integers(0, 11))
def test_from_a_frame_outside_it_goes_on_in_time_where_it_is_in_time(world, here):
    every, shown, places, _ = world
    queue = arranged(KIND, sorted(places), every, shown)
    if queue.position(here) is not None or not queue.left:
        return
    after = [place for place in queue.order if place > here] or list(queue.order)
    before = [place for place in queue.order if place < here] or list(queue.order)
    assert queue.go(here, 1) == after[0]
    assert queue.go(here, -1) == before[-1]
