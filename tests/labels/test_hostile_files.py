"""Entries of label files and marks that no text file should hold: named, left as they are, in the way of no other."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.conftest import Cli, Place
from tests.labels.conftest import Desk, key

TASK = "offline-detection"
#: Valid JSON, and half of a character: no database and no file name takes it.
HALF = "printer-timelapses/20251107/\ud800.jpg"


def test_a_key_with_half_a_character_waits_and_stays_in_the_file(desk: Desk) -> None:
    desk.write({HALF: "active", key(0): "active"})
    store = desk.open()
    assert store.classes(TASK) == {key(0): "active"}
    assert [(problem.key, problem.what[:7]) for problem in store.problems(TASK)] == [(HALF, "the key")]
    store.set(TASK, [key(1)], "offline", who="ana")
    assert desk.flush(store).problem is None
    assert desk.read() == {HALF: "active", key(0): "active", key(1): "offline"}
    assert desk.open().classes(TASK) == {key(0): "active", key(1): "offline"}
    desk.write({key(0): "active", key(1): "offline"})
    assert desk.flush(store).problem is None
    assert store.problems(TASK) == ()


def test_marks_with_half_characters_are_taken_as_far_as_they_can_be(desk: Desk) -> None:
    private = {"mark": "excluded", "reason": "private", "by": "\ud800", "at": "2025-11-12T10:00:00+01:00"}
    desk.ws.marks_file.parent.mkdir(exist_ok=True)
    desk.ws.marks_file.write_text(json.dumps({HALF: private, key(0): private}))
    store = desk.open()
    assert set(store.private()) == {key(0)}
    assert [problem.key for problem in store.mark_problems()] == [HALF]
    store.mark(key(1), who="ana", mark="unsure")
    assert desk.flush(store).problem is None
    assert set(json.loads(desk.ws.marks_file.read_text())) == {HALF, key(0), key(1)}


def test_keys_that_are_none_are_named_by_every_command_and_break_none(
    workspace: Callable[..., Place], cli: Cli
) -> None:
    place = workspace(3)
    bad = [HALF, "printer-timelapses/../x.jpg", "printer-timelapses//a.jpg", "/etc/passwd", "", "other"]
    labels = {**dict.fromkeys(bad, "active"), "printer-timelapses/\x1b[31m.jpg": "active"}
    (place.root / "data" / "labels.json").write_text(json.dumps(labels))
    (place.root / "data" / "marks.json").write_text(json.dumps({name: {"mark": "unsure"} for name in labels}))
    for words in (
        ("frames",),
        ("frames", "--queues"),
        ("frames", "--queue", "conflicts"),
        ("frames", "--filter", "conflict"),
        ("status",),
        ("label", "--as", "active", place.keys[0]),
        ("mark", place.keys[0], "--unsure"),
    ):
        answer = cli(place.root, *words)
        assert answer.code == 0, (words, answer.err)
        assert "waiting for a decision" in answer.out + answer.err
        assert "\x1b" not in answer.out + answer.err
    assert cli(place.root, "frames", "--json").json["total"] == 4, "a key that is none is no frame"
    assert cli(place.root, "export").code == 3
    kept = json.loads((place.root / "data" / "labels.json").read_text())
    assert kept == {**labels, place.keys[0]: "active"}
