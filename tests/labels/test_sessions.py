"""What a person did today, counted from the history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.labels.sessions import Decision, Work, work_in, work_of, work_today
from tests.conftest import Cli, Place
from tests.labels.conftest import Desk, key, keys

TASK = "offline-detection"
NOON = datetime(2025, 11, 7, 12, tzinfo=UTC)


def test_frames_decisions_and_minutes_are_said_in_a_line() -> None:
    made = [Decision(NOON + timedelta(seconds=30 * n), TASK, tuple(keys(100, 100 * n))) for n in range(13)]
    made.append(Decision(NOON + timedelta(hours=2), TASK, tuple(keys(12))))
    found = work_of(made)
    assert found == Work(1300, 14, 360.0), "the pause is no work, and a frame labelled twice is one"
    assert found.said() == "today: 1 300 frames in 14 decisions, 6 min"
    assert work_of(made[:1]).said("now") == "now: 100 frames in 1 decision"
    assert work_of([]).said() == ""


@given(st.lists(st.integers(-400, 400), max_size=30))
def test_time_is_what_lies_between_decisions_but_for_pauses_and_jumps_of_the_clock(gaps: list[int]) -> None:
    at, made = NOON, [Decision(NOON, TASK, ("a/b.jpg",))]
    for gap in gaps:
        at += timedelta(seconds=gap)
        made.append(Decision(at, TASK, ("a/b.jpg",)))
    assert work_of(made).seconds == sum(gap for gap in gaps if 0 < gap <= 300)
    assert work_of(made).frames == 1


def test_status_says_what_was_done_today(workspace: Callable[..., Place], cli: Cli) -> None:
    place = workspace(8)
    assert "\ntoday " not in cli(place.root, "status").out
    cli(place.root, "label", "--as", "active", "--filter", "08:01-08:06", "--who", "ana")
    cli(place.root, "label", "--as", "offline", place.keys[3], "--who", "ana")
    said = cli(place.root, "status", env={"PRINT_MODELS_WHO": "ana"})
    assert "\ntoday      6 frames in 2 decisions\n" in said.out
    found = cli(place.root, "status", "--json", env={"PRINT_MODELS_WHO": "ana"}).json["today"]
    assert (found["frames"], found["decisions"]) == (6, 2)


def test_what_was_taken_back_imported_or_done_by_somebody_else_does_not_count(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(10), "active", how="stretch", who="ana")
    store.set(TASK, [key(20)], "active", who="bo")
    store.set(TASK, keys(5, 30), "active", how="imported", who="ana")
    store.set(TASK, [key(3)], "offline", who="ana")
    store.set(TASK, [key(4)], "offline", who="ana")
    store.undo("ana")
    store.mark_many([key(40)], who="ana", mark="skipped", task=TASK)
    found = work_today(store, "ana")
    assert (found.frames, found.decisions) == (11, 3)
    assert work_in(store, "ana", store.session) == found
    assert work_in(desk.open(), "ana", "another") == Work()
    assert work_today(store, "ana", datetime.now() + timedelta(days=2)) == Work()
