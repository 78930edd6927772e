"""Undo as a person meets it: what it leaves alone and says, conflicts that come back, and several sessions at once."""

from __future__ import annotations

import pytest

from core.labels.sync import open_store
from tests.labels.conftest import Desk, key, keys
from tests.labels.test_conflicts import in_conflict

TASK = "offline-detection"


def test_undo_names_the_frames_that_were_changed_since_and_keeps_them(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(18), "active", how="stretch", who="ana")
    store.set(TASK, keys(5), "offline", how="stretch", who="bo")
    step = store.undo("ana", store.session)
    assert step is not None
    assert (step.changed, step.left) == (13, tuple(keys(5)))
    assert "active × 18" in step.text
    assert "(5 changed since, kept: 20251107T000000.jpg, " in step.text
    assert step.text.endswith(" and 2 more)")
    assert store.classes(TASK) == dict.fromkeys(keys(5), "offline")
    again = store.redo("ana", store.session)
    assert again is not None
    assert (again.changed, again.left) == (13, tuple(keys(5)))


@pytest.mark.parametrize("class_", ["offline", "active", None])
@pytest.mark.parametrize("written", [True, False])
def test_a_conflict_that_a_label_decided_is_back_after_undo(
    desk: Desk, class_: str | None, written: bool
) -> None:
    both = {"ours": "offline", "theirs": None}
    store = in_conflict(desk)
    store.set(TASK, [key(0)], class_, who="ana")
    if written:
        assert desk.flush(store).written
        assert desk.read().get(key(0)) == class_
    again = desk.open()  # across a restart
    step = again.undo("ana")
    assert step is not None
    assert "1 conflict to decide again" in step.text
    assert again.classes(TASK)[key(0)] == "offline"
    assert [problem.key for problem in again.problems(TASK)] == [key(0)]
    assert desk.flush(again).problem is None
    assert desk.read()[key(0)] == both
    assert again.redo("ana") is not None
    assert again.problems(TASK) == ()
    assert desk.flush(again).problem is None
    assert desk.read().get(key(0)) == class_
    assert open_store(desk.ws).classes(TASK).get(key(0)) == class_


def test_a_conflict_decided_and_labelled_again_by_somebody_else_stays_decided(desk: Desk) -> None:
    store = in_conflict(desk)
    store.set(TASK, [key(0)], "active", who="ana")
    store.set(TASK, [key(0)], "offline", who="bo")
    step = store.undo("ana")
    assert step is not None
    assert step.left == (key(0),)
    assert store.problems(TASK) == ()
    assert store.classes(TASK)[key(0)] == "offline"


def test_a_mark_that_decided_a_conflict_opens_it_again(desk: Desk) -> None:
    store = desk.open()
    desk.ws.marks_file.parent.mkdir(exist_ok=True)
    desk.ws.marks_file.write_text(
        f'{{"{key(0)}": {{"ours": {{"mark": "unsure"}}, "theirs": {{"mark": "excluded", "reason": "cut"}}}}}}'
    )
    desk.flush(store)
    assert len(store.mark_problems()) == 1
    store.mark_many([key(0)], who="ana", mark="excluded", reason="cut")
    desk.flush(store)
    assert store.mark_problems() == ()
    assert store.undo("ana") is not None
    desk.flush(store)
    assert [problem.key for problem in store.mark_problems()] == [key(0)]
    assert '"theirs"' in desk.ws.marks_file.read_text()


def test_each_session_sees_the_others_labels_and_takes_back_its_own_first(desk: Desk) -> None:
    early, late = desk.open(), desk.open()
    early.set(TASK, [key(9)], "active", who="ana")
    one, two = desk.open(), desk.open()
    seen = two.last_seq()
    one.set(TASK, keys(3), "active", how="stretch", who="ana")
    two.set(TASK, [key(5)], "offline", who="ana")
    assert [(step.frames, step.class_) for step in two.steps(seen)] == [
        (tuple(keys(3)), "active"),
        ((key(5),), "offline"),
    ]
    undone = [two.undo("ana", two.session) for _ in range(3)]
    assert [step.frames if step else None for step in undone] == [(key(5),), (key(9),), None], (
        "its own, then what was there before it; never what another session gives meanwhile"
    )
    assert one.classes(TASK) == dict.fromkeys(keys(3), "active") == late.classes(TASK)


def test_a_large_stretch_comes_back_as_one_after_a_restart(desk: Desk) -> None:
    first = desk.open()
    first.set(TASK, keys(700), "offline", how="stretch", who="ana")
    first.set(TASK, keys(1440), "active", how="stretch", who="ana")
    first.close()
    store = desk.open()
    step = store.undo("ana", store.session)
    assert step is not None
    assert (step.changed, step.left) == (1440, ())
    assert store.classes(TASK) == dict.fromkeys(keys(700), "offline")


def test_redo_goes_on_after_a_restart_and_not_over_a_label_given_since(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(3), "active", how="stretch", who="ana")
    store.set(TASK, keys(3, 5), "offline", how="stretch", who="ana")
    store.undo("ana", store.session)
    store.undo("ana", store.session)
    store.close()
    again = desk.open()
    other = desk.open()
    other.set(TASK, [key(20)], "active", who="ana")
    step = again.redo("ana", again.session)
    assert step is not None
    assert again.classes(TASK) == dict.fromkeys([*keys(3), key(20)], "active")
    again.set(TASK, [key(30)], "active", who="ana")
    assert again.redo("ana", again.session) is None, "what was labelled here since ends it"
    assert other.redo("ana", other.session) is None, "and so does a label of another session in its own"
