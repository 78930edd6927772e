"""A new labels.db where data/ knows more: who, when and how come back, and undo of what was saved goes on."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from core.labels import journal
from core.labels.model import HistoryEntry
from core.labels.told import whole_history
from tests.labels.conftest import Desk, key, keys

TASK = "offline-detection"


def new_card(desk: Desk) -> None:
    for store in desk.opened:
        store.close()
    shutil.rmtree(desk.ws.private)


def facts(entry: HistoryEntry) -> tuple[object, ...]:
    return (entry.who, entry.how, entry.at, entry.before, entry.after, entry.undone)


def told_by_bo(desk: Desk, *, before: str | None) -> None:
    """Write what bo did on another machine: the first frame is offline."""
    line = {
        "changes": [{"after": "offline", "before": before, "frames": [key(0)]}],
        "how": "hand",
        "seq": 7,
        "task": TASK,
        "time": "2025-11-07T09:00:00+01:00",
        "who": "bo",
    }
    (desk.ws.history_dir / "laptop.jsonl").write_text(json.dumps(line) + "\n")


def test_every_saved_step_comes_back_and_can_be_taken_back(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(4), "offline", who="ana", how="stretch")
    store.set(TASK, [key(1)], "active", who="bo")
    store.set(TASK, [key(2)], "active", who="ana")
    store.undo("ana")
    store.set(TASK, [key(3)], "active", who="ana")
    store.undo("ana")
    store.redo("ana")
    desk.flush(store)
    labels = store.labels(TASK)
    histories = {k: [facts(entry) for entry in store.history(k)] for k in keys(4)}
    new_card(desk)
    again = desk.open()
    assert again.notices == []
    assert again.labels(TASK) == labels
    assert {k: [facts(entry) for entry in again.history(k)] for k in keys(4)} == histories
    assert again.undo("ana", session=again.session).frames == (key(3),)
    assert again.classes(TASK)[key(3)] == "offline"
    assert again.undo("ana").changed == 3
    assert again.classes(TASK) == {key(1): "active"}
    assert again.undo("ana") is None
    desk.flush(again)
    numbers = [
        json.loads(line)["seq"] for line in journal.host_file(desk.ws.history_dir).read_text().splitlines()
    ]
    assert numbers == sorted(set(numbers)), "every step stands in the journal once"


def test_an_older_journal_that_does_not_say_what_undo_took_back_resurrects_nothing(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(2), "offline", who="ana")
    store.set(TASK, [key(0)], "active", who="ana")
    store.undo("ana")
    store.set(TASK, [key(1)], "active", who="ana")
    desk.flush(store)
    path = journal.host_file(desk.ws.history_dir)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[2].pop("target") == 2
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    new_card(desk)
    again = desk.open()
    assert again.undo("ana").changed == 1
    assert again.classes(TASK) == dict.fromkeys(keys(2), "offline")
    assert again.undo("ana") is None


def test_a_persons_import_can_be_taken_back_on_a_new_card_and_a_first_sight_not(desk: Desk) -> None:
    desk.write({key(0): "active"})
    store = desk.open()
    store.set_many(TASK, {key(1): "active", key(2): "offline"}, how="imported", who="ana", what="other.json")
    desk.flush(store)
    new_card(desk)
    again = desk.open()
    assert again.undo("ana").changed == 2
    assert again.classes(TASK) == {key(0): "active"}
    assert again.undo("ana") is None


def test_a_step_over_several_days_names_its_days(desk: Desk) -> None:
    store = desk.open()
    step = store.set(TASK, [key(30), key(10, "20251109")], "active", who="ana")
    assert step.text == "active × 2 · Fri 7 Nov–Sun 9 Nov 2025"
    night = store.set(TASK, [key(1430, "20251110"), key(20, "20251111")], "active", who="ana")
    assert night.text == "active × 2 · Mon 10 Nov 2025 23:50–Tue 11 Nov 00:20"


@pytest.mark.parametrize("gone", [1, 30])
def test_where_the_file_says_otherwise_it_is_taken_and_undo_gives_the_history_back(
    desk: Desk, gone: int
) -> None:
    store = desk.open()
    store.set(TASK, keys(40), "active", who="ana")
    desk.flush(store)
    new_card(desk)
    desk.write({**dict.fromkeys(keys(40 - gone), "active"), key(0): "offline", key(99): "offline"})
    again = desk.open()
    assert again.file_errors == {}
    assert any("data/history tell different labels" in notice for notice in again.notices)
    assert again.counts(TASK) == {"offline": 2, "active": 39 - gone}
    assert again.undo("ana").changed == gone + 2
    assert again.counts(TASK) == {"offline": 0, "active": 40}


def test_a_label_file_that_is_gone_too_is_written_from_the_history(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(3), "active", who="ana")
    desk.flush(store)
    new_card(desk)
    desk.file.unlink()
    again = desk.open()
    assert any("come from data/history" in notice for notice in again.notices)
    assert desk.flush(again).written is True
    assert desk.read() == dict.fromkeys(keys(3), "active")


def test_what_other_machines_did_is_told_among_ones_own_steps(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, [key(0)], "active", who="ana")
    desk.flush(store)
    told_by_bo(desk, before=None)
    told = whole_history(desk.ws, store, key(0))
    assert [(entry.who, entry.host, entry.seq) for entry in told] == [("bo", "laptop", 7), ("ana", "", 1)]
    store.set(TASK, [key(0)], "offline", who="ana")
    assert [entry.who for entry in whole_history(desk.ws, store, key(0))] == ["bo", "ana", "ana"]


def test_a_label_given_elsewhere_keeps_its_giver_over_a_new_card(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, [key(1)], "active", who="ana")
    desk.flush(store)
    told_by_bo(desk, before="active")
    desk.write({key(0): "offline", key(1): "active"})
    desk.flush(store)
    assert store.get(TASK, key(0)).who == "bo"
    new_card(desk)
    label = desk.open().get(TASK, key(0))
    assert label is not None
    assert (label.who, label.how, label.before) == ("bo", "hand", "active")


def test_two_processes_may_open_a_new_database_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    store = desk.open()
    store.set(TASK, keys(3), "offline", who="ana")
    desk.flush(store)
    new_card(desk)
    own_entries, neighbours = journal.own_entries, []

    def overtaken(*words: Any) -> list[dict[str, Any]]:
        """Read the journal as the neighbour does, who is done first."""
        found = own_entries(*words)
        if not neighbours:
            neighbours.append(desk)
            neighbours.append(desk.open())
        return found

    monkeypatch.setattr(journal, "own_entries", overtaken)
    late = desk.open()
    assert late.classes(TASK) == dict.fromkeys(keys(3), "offline")
    assert late.last_seq() == 1
    assert late.undo("ana", session=late.session).changed == 3
