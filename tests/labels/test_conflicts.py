"""Both sides changed the same frame: both values stand in the file until a person decides."""

from __future__ import annotations

import json

import pytest

from core.labels.store import LabelStore
from tests.labels.conftest import Desk, key, keys

TASK = "offline-detection"


def test_both_sides_changed_the_same_frame_differently(desk: Desk) -> None:
    """F-021, F-022: both values are kept in the file, the label here stays, until the frame is labelled."""
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    store.set(TASK, [key(0)], None, who="ana")
    desk.write({key(0): "offline", key(1): "offline"})
    done = desk.flush(store)
    assert (done.written, done.outside, done.problem) == (True, 1, None)
    assert any(key(0) in line and "conflict" in line for line in done.notices)
    assert desk.read() == {key(0): {"ours": None, "theirs": "offline"}, key(1): "offline"}
    assert store.classes(TASK) == {key(1): "offline"}
    assert [(p.key, p.in_conflict) for p in store.problems(TASK)] == [(key(0), True)]
    again = desk.open()
    assert again.file_errors == {}
    assert desk.flush(again).written is False, "it stays as it is"
    store.set(TASK, [key(0)], "active", who="ana")
    done = desk.flush(store)
    assert (done.written, done.problem) == (True, None)
    assert desk.read() == {key(0): "active", key(1): "offline"}
    assert store.problems(TASK) == ()


def in_conflict(desk: Desk, *, written: bool = True) -> LabelStore:
    """A store whose first frame is offline here and was taken off outside."""
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    store.set(TASK, [key(0)], "offline", who="ana")
    desk.write({key(1): "active"})
    if written:
        desk.flush(store)
        assert desk.read()[key(0)] == {"ours": "offline", "theirs": None}
    return store


@pytest.mark.parametrize("decided", ["offline", "active", None])
def test_a_conflict_may_be_decided_in_an_editor(desk: Desk, decided: str | None) -> None:
    store = in_conflict(desk)
    desk.write({key(1): "active"} | ({key(0): decided} if decided else {}))
    assert desk.flush(store).problem is None
    assert store.problems(TASK) == ()
    assert store.classes(TASK).get(key(0)) == decided
    assert desk.read().get(key(0)) == decided


@pytest.mark.parametrize("way", ["the file moves once more", "another session looks", "a label decides"])
def test_a_conflict_that_is_not_in_the_file_yet_is_not_forgotten(desk: Desk, way: str) -> None:
    store = in_conflict(desk, written=False)
    other = desk.open()  # sees the conflict, and writes nothing
    assert [problem.key for problem in other.problems(TASK)] == [key(0)]
    if way == "the file moves once more":
        desk.write({key(1): "active", key(2): "active"})
    if way == "another session looks":
        other = desk.open()
    if way == "a label decides":
        other.set(TASK, [key(0)], "active", who="ana")
    assert desk.flush(store).problem is None
    wanted = "active" if way == "a label decides" else {"ours": "offline", "theirs": None}
    assert desk.read()[key(0)] == wanted


def test_a_conflict_that_a_merge_wrote_is_read_and_decided_by_a_label(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    desk.write({key(0): {"ours": "active", "theirs": "offline"}, key(1): "active"})
    done = desk.flush(store)
    assert done.problem is None
    assert "ours active, theirs offline" in " ".join(done.notices)
    assert store.classes(TASK)[key(0)] == "active"
    store.set(TASK, [key(0)], "offline", who="ana")
    desk.flush(store)
    assert desk.read() == {key(0): "offline", key(1): "active"}


def test_marks_that_both_sides_changed_are_kept_both_until_one_is_given(desk: Desk) -> None:
    store = desk.open()
    store.mark(key(0), who="ana", mark="unsure")
    desk.flush(store)
    store.mark(key(0), who="ana", mark="excluded", reason="private")
    theirs = {key(0): {"mark": None, "note": "fine", "by": "bo"}, key(1): {"mark": "unsure", "by": "bo"}}
    desk.ws.marks_file.write_text(json.dumps(theirs))
    done = desk.flush(store)
    assert done.problem is None
    assert "ours excluded private, theirs fine" in " ".join(done.notices)
    found = json.loads(desk.ws.marks_file.read_text())
    assert found[key(0)]["theirs"]["note"] == "fine"
    assert found[key(1)]["by"] == "bo"
    assert [problem.key for problem in store.mark_problems()] == [key(0)]
    assert store.marks(TASK)[key(0)].reason == "private", "what is excluded here stays so meanwhile"
    store.mark(key(0), who="ana", mark="excluded", reason="private")
    desk.flush(store)
    assert json.loads(desk.ws.marks_file.read_text())[key(0)]["mark"] == "excluded"
    assert store.mark_problems() == ()


def test_two_different_marks_of_one_frame_are_left_alone_and_said(desk: Desk) -> None:
    """F-015: neither wins silently, also not when the file is written again."""
    store = desk.open()
    store.mark(key(0), who="ana", mark="unsure")
    desk.flush(store)
    entries = [f'"{key(1)}": {{"mark": "{mark}", "reason": "dark"}}' for mark in ("excluded", "unsure")]
    both = "{" + ", ".join(entries) + "}"
    desk.ws.marks_file.write_text(both)
    again = desk.open()
    assert any(key(1) in notice and "twice" in notice for notice in again.notices)
    again.mark(key(2), who="ana", mark="unsure")
    assert desk.flush(again).problem is None
    assert desk.ws.marks_file.read_text().count(key(1)) == 2
    assert json.loads(desk.ws.marks_file.read_text())[key(2)]["mark"] == "unsure"
    again.mark(key(1), who="ana", mark="unsure")
    assert desk.flush(again).problem is None
    assert desk.ws.marks_file.read_text().count(key(1)) == 1
    assert again.mark_problems() == ()


def test_a_conflict_may_be_decided_for_the_label_that_stands(desk: Desk) -> None:
    store = in_conflict(desk)
    desk.flush(store)
    assert store.set(TASK, [key(0)], "offline", who="ana").changed == 1, (
        "to decide is a step, for u to take back"
    )
    assert desk.flush(store).written is True
    assert desk.read()[key(0)] == "offline"
    assert store.problems(TASK) == ()
    assert desk.flush(store).written is False


def test_the_same_mark_given_on_both_sides_is_no_conflict(desk: Desk) -> None:
    store = desk.open()
    store.mark(key(0), who="ana", mark="unsure")
    store.mark(key(1), who="ana", mark="unsure")
    theirs = {"mark": "unsure", "by": "bo", "at": "2025-11-12T10:00:00+01:00"}
    desk.ws.marks_file.parent.mkdir(exist_ok=True)
    desk.ws.marks_file.write_text(json.dumps({key(0): theirs, key(1): {**theirs, "note": "dark"}}))
    assert desk.flush(store).problem is None
    assert [problem.key for problem in store.mark_problems()] == [key(1)]
    assert json.loads(desk.ws.marks_file.read_text())[key(0)]["by"] == "ana"
    assert desk.flush(store).written is False


@pytest.mark.parametrize("other", [{"mark": "unsure"}, None])
@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_picture_that_one_side_says_is_private_counts_as_private_until_decided(
    desk: Desk, side: str, other: dict[str, str] | None
) -> None:
    """A fresh clone of a merge that waits has neither mark, and copies pictures all the same."""
    private = {"mark": "excluded", "reason": "Private"}
    desk.ws.marks_file.parent.mkdir(exist_ok=True)
    desk.ws.marks_file.write_text(json.dumps({key(0): {"ours": other, "theirs": other, side: private}}))
    store = desk.open()
    assert set(store.private()) == {key(0)}
    store.mark(key(0), who="ana", mark="unsure")
    assert store.private() == {}
