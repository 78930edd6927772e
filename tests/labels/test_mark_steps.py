"""Marks on many frames as one step, what goes with what, and pictures that are nobody's business."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from core.errors import WrongUsage
from core.labels.marks import examples, print_name
from core.labels.model import Mark
from tests.labels.conftest import Desk, key, keys

TASK, OTHER = "offline-detection", "failed-print-detection"


def test_many_frames_are_marked_as_one_step_and_keep_their_notes(desk: Desk) -> None:
    store = desk.open()
    store.mark(key(1), who="ana", note="first layer", example="active", task=TASK)
    store.mark(key(2), who="ana", mark="excluded", reason="a hand")
    step = store.mark_many(keys(4), who="ana", mark="unsure", task=TASK)
    assert (step.changed, step.left, step.text) == (3, (key(2),), "unsure × 3 · Fri 7 Nov 2025 00:00–00:03")
    found = store.all_marks()
    assert {frame: mark.mark for frame, mark in found.items()} == {
        **dict.fromkeys(keys(4), "unsure"),
        key(2): "excluded",
    }
    assert (found[key(1)].note, found[key(1)].example, found[key(1)].task) == ("first layer", "active", TASK)
    desk.flush(store)
    assert json.loads(desk.ws.marks_file.read_text())[key(0)]["mark"] == "unsure"
    assert store.mark_many(keys(4), who="ana", mark="unsure", task=TASK).changed == 0
    assert store.undo("ana") is not None
    assert {frame: mark.mark for frame, mark in store.all_marks().items()} == {
        key(1): None,
        key(2): "excluded",
    }
    assert store.redo("ana") is not None
    assert store.mark_many(keys(4), who="ana", mark=None, task=TASK).changed == 3
    assert store.all_marks().keys() == {key(1), key(2)}


def test_a_skipped_frame_is_put_aside_until_it_is_labelled(desk: Desk) -> None:
    store = desk.open()
    store.mark_many(keys(3), who="ana", mark="skipped", task=TASK)
    assert {mark.mark for mark in store.marks(TASK).values()} == {"skipped"}
    assert store.marks(OTHER) == {}
    store.set(TASK, [key(1)], "active", who="ana")
    assert store.marks(TASK).keys() == {key(0), key(2)}
    store.undo("ana")
    assert store.marks(TASK).keys() == set(keys(3)), "without its label it is put aside again"
    store.mark_many([key(0)], who="ana", mark="unsure", task=TASK)
    assert store.mark_many(keys(3), who="ana", mark="skipped", task=TASK).left == (key(0),)
    desk.flush(store)
    assert desk.open().marks(TASK)[key(2)].mark == "skipped"


def test_a_step_on_one_frame_says_what_is_new_about_it(desk: Desk) -> None:
    store = desk.open()
    steps = [
        store.mark(key(0), who="ana", mark="skipped"),
        store.mark(key(0), who="ana", mark="skipped", note="too dark"),
        store.mark(key(0), who="ana", mark="unsure", note="too dark", example="active", task=TASK),
        store.mark(key(0), who="ana"),
        store.mark_many([key(0)], who="ana", mark="unsure"),
    ]
    said = ("skipped", "note", "unsure, example of active", "mark taken off", "unsure")
    assert [step.text for step in steps] == [f"{word} · {key(0)}" for word in said]


def test_what_holds_for_another_task_is_left_alone(desk: Desk) -> None:
    store = desk.open()
    store.mark(key(0), who="ana", mark="unsure", task=OTHER)
    store.mark(key(1), who="ana", example="failed", task=OTHER)
    store.mark(key(2), who="ana", mark="unsure")
    step = store.mark_many(keys(4), who="ana", mark="unsure", task=TASK)
    assert step.changed == 1, "of the first three each says something else, or says it for all tasks already"
    assert {frame: mark.task for frame, mark in store.all_marks().items()} == {
        key(0): OTHER,
        key(1): OTHER,
        key(2): None,
        key(3): TASK,
    }


def test_a_mark_that_is_none_and_an_exclusion_without_reason_are_refused(desk: Desk) -> None:
    store = desk.open()
    for words in ({"mark": "private"}, {"mark": "excluded"}):
        with pytest.raises(WrongUsage):
            store.mark_many([key(0)], who="ana", **words)
    assert store.all_marks() == {}


def test_examples_are_pinned_by_class_and_a_print_has_the_note_of_its_first_frame(desk: Desk) -> None:
    store = desk.open()
    for number, class_ in enumerate(("active", "active", "offline")):
        store.mark(key(number), who="ana", example=class_, task=TASK)
    store.mark(key(5), who="ana", note="vase, red PETG")
    marks = store.marks(TASK)
    assert examples(marks, TASK, ("offline", "active")) == {"offline": (key(2),), "active": (key(0), key(1))}
    assert (print_name(marks, key(5)), print_name(marks, key(6))) == ("vase, red PETG", "")


def test_private_is_the_same_to_all_that_ask_however_the_file_spells_it(desk: Desk) -> None:
    reasons = ["private", "Private\n", "\tPRIVATE ", "not private", "privat", None, 7]
    desk.ws.marks_file.parent.mkdir(exist_ok=True)
    entries = {key(n): {"mark": "excluded", "reason": reason} for n, reason in enumerate(reasons)}
    entries[key(20)] = {"mark": "unsure", "reason": "private"}
    desk.ws.marks_file.write_text(json.dumps(entries))
    store = desk.open()
    assert set(store.private()) == set(keys(3))
    assert {frame for frame, mark in store.all_marks().items() if mark.private} == set(keys(3))


def test_a_print_keeps_its_name_when_the_camera_deletes_its_first_frames() -> None:
    def at(clock: str) -> str:
        return f"cam/20251107/20251107T{clock}00.jpg"

    gap = timedelta(minutes=10)
    elsewhere = "other/20251107/20251107T080100.jpg"
    marks = {at("0800"): Mark(at("0800"), note="vase"), elsewhere: Mark(elsewhere, note="not here")}
    assert print_name(marks, at("0802"), gap=gap) == "vase"
    assert print_name(marks, at("0830"), gap=gap) == "", "that is another print"
    assert print_name(marks, at("0802"), after=at("0801"), gap=gap) == "", "a note within the print before"
    assert print_name({**marks, at("0802"): Mark(at("0802"), note="cup")}, at("0802"), gap=gap) == "cup"
