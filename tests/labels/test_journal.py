"""The journal of steps in data/history, and what a clone knows from it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.labels import journal
from core.labels.sync import flush, open_store
from core.workspace import Workspace
from tests.labels.conftest import Desk, key, keys

TASK = "offline-detection"


def test_a_journal_that_is_gone_is_written_again(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, [key(0)], "active", who="ana")
    desk.flush(store)
    path = journal.host_file(desk.ws.history_dir)
    before = path.read_text()
    path.unlink()
    store.set(TASK, [key(1)], "active", who="ana")
    desk.flush(store)
    assert path.read_text().startswith(before)
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize("steps_after", [0, 1])
def test_steps_that_git_took_out_of_the_journal_come_back(desk: Desk, steps_after: int) -> None:
    """A stash puts the committed journal back: what was given since is appended again, the same bytes, once."""
    store = desk.open()
    store.set(TASK, [key(0)], "active", who="ana")
    desk.flush(store)
    path = journal.host_file(desk.ws.history_dir)
    committed = path.read_bytes()
    store.set(TASK, [key(1)], "active", who="ana", how="stretch")
    desk.flush(store)
    whole = path.read_bytes()
    path.write_bytes(committed)
    if steps_after:
        store.set(TASK, [key(2)], "active", who="ana")
    again = desk.open()
    desk.flush(again)
    assert path.read_bytes().startswith(whole)
    assert len(path.read_bytes().splitlines()) == 2 + steps_after
    desk.flush(again)
    desk.flush(desk.open())
    assert len(path.read_bytes().splitlines()) == 2 + steps_after


def test_a_line_of_another_clone_of_the_same_name_hides_no_step(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, [key(0)], "active", who="ana")
    path = journal.host_file(desk.ws.history_dir)
    path.parent.mkdir(parents=True)
    path.write_text(
        '{"changes":[],"how":"hand","seq":1,"task":"x","time":"2025-11-07T08:00:00+01:00","who":"b"}\n'
    )
    desk.flush(store)
    assert [json.loads(line)["who"] for line in path.read_text().splitlines()] == ["b", "ana"]


def test_every_step_stands_in_the_journal_once(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana", how="stretch")
    desk.flush(store)
    store.set(TASK, keys(3), "offline", who="ben")
    store.undo("ben")
    desk.flush(store)
    desk.flush(store)
    desk.open().close()
    lines = journal.host_file(desk.ws.history_dir).read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert [(e["seq"], e["who"], e["how"]) for e in entries] == [
        (1, "ana", "stretch"),
        (2, "ben", "hand"),
        (3, "ben", "undo"),
    ]
    assert entries[1]["changes"] == [
        {"after": "offline", "before": "active", "frames": keys(2)},
        {"after": "offline", "before": None, "frames": [key(2)]},
    ]
    assert lines == [json.dumps(e, sort_keys=True, separators=(",", ":")) for e in entries]


def test_a_journal_line_cut_short_by_a_crash_spoils_no_other(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, [key(0)], "active", who="ana")
    path = journal.host_file(desk.ws.history_dir)
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"seq": 1, "chan')
    desk.flush(store)
    assert [json.loads(line)["who"] for line in path.read_text().splitlines()[1:]] == ["ana"]


def clone(desk: Desk, root: Path) -> Workspace:
    """What git gives to another machine: the settings and data/, nothing else."""
    shutil.copytree(desk.ws.root, root, ignore=shutil.ignore_patterns(".print-models"))
    return Workspace.open(root)


@pytest.mark.parametrize(
    "part",
    [
        {"changes": [{"before": {}, "after": "active", "frames": [key(0)]}]},
        {"changes": [{"before": 1, "after": "active", "frames": [key(0)]}]},
        {"changes": [{"before": "\udcff", "after": "active", "frames": [key(0)]}]},
        {"changes": [{"after": "active", "frames": [key(0), {}]}]},
        {"changes": [{"after": "active", "frames": key(0)}]},
        {"changes": {"after": "active"}},
        {"who": {"name": "ana"}},
        {"who": "\ud800"},
        {"how": ["hand"]},
        {"task": []},
        {"seq": 10**30},
        {"seq": "1"},
    ],
)
def test_a_history_line_that_is_no_step_is_counted_and_blocks_nothing(
    desk: Desk, part: dict[str, object]
) -> None:
    good = {
        "changes": [{"after": "active", "before": None, "frames": [key(1)]}],
        "how": "stretch",
        "seq": 1,
        "task": TASK,
        "time": "2025-11-07T09:00:00.000+01:00",
        "who": "ana",
    }
    bad = {**good, "changes": [{"after": "active", "before": None, "frames": [key(0)]}], **part}
    path = journal.host_file(desk.ws.history_dir)
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in (good, bad)))
    desk.write(dict.fromkeys(keys(2), "active"))
    store = desk.open()
    assert store.file_errors == {}
    assert [store.get(TASK, key(n)).who for n in (0, 1)] == ["unknown", "ana"]
    assert any(path.name in notice and "1 line" in notice for notice in store.notices)
    store.set(TASK, [key(5)], "active", who="ben")
    assert desk.flush(store).problem is None


def test_a_clone_knows_who_gave_every_label(desk: Desk, tmp_path: Path) -> None:
    """F-119: a fresh clone costs no saved label, mark or provenance."""
    desk.write({key(50): "active"})
    store = desk.open()
    store.set(TASK, keys(3), "offline", who="ana", how="stretch")
    store.set(TASK, [key(1)], "active", who="ben")
    store.set(TASK, [key(2)], "active", who="ben")
    store.undo("ben")
    store.mark(key(1), who="ben", mark="excluded", reason="blurred", note="ä")
    desk.flush(store)
    ws = clone(desk, tmp_path / "clone")
    with open_store(ws) as copy:
        ours, theirs = store.labels(TASK), copy.labels(TASK)
        assert list(ours) == list(theirs)
        for frame, label in theirs.items():
            assert (label.class_, label.who, label.how, label.before) == (
                ours[frame].class_,
                ours[frame].who,
                ours[frame].how,
                ours[frame].before,
            )
            assert label.at[:19] == ours[frame].at[:19]
        # What one step gave is one step in the clone too.
        assert theirs[key(0)].seq == theirs[key(2)].seq != theirs[key(1)].seq
        assert copy.marks(TASK) == store.marks(TASK)
        told = [(e.seq, e.who, e.how, e.before, e.after) for e in copy.history(key(0))]
        assert told == [(theirs[key(0)].seq, "ana", "stretch", None, "offline")]
        assert copy.history(key(0))[0].at[:19] == store.history(key(0))[0].at[:19]
        assert [(e.who, e.how) for e in copy.history(key(50))] == [("unknown", "imported")]
        seq = copy.set(TASK, [key(9)], "active", who="cyd").seq
        flush(ws, copy, ws.task(TASK))
    lines = [json.loads(line) for line in journal.host_file(ws.history_dir).read_text().splitlines()]
    assert len({line["seq"] for line in lines}) == len(lines)
    assert lines[-1]["seq"] == seq
    assert lines[-1]["who"] == "cyd"


def test_a_label_that_returns_to_a_value_gets_its_giver_back(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, [key(0)], "active", who="ana", how="stretch")
    desk.flush(store)
    first = desk.file.read_bytes()
    store.set(TASK, [key(0)], "offline", who="ben")
    desk.flush(store)
    desk.write(first)
    desk.flush(store)
    label = store.get(TASK, key(0))
    assert label is not None
    assert (label.class_, label.who, label.how) == ("active", "ana", "stretch")


def test_a_step_whose_time_nobody_knows_is_written_again_where_git_took_its_line(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, [key(0)], "active", who="ana")
    desk.flush(store)
    path = journal.host_file(desk.ws.history_dir)
    entry = json.loads(path.read_text())
    del entry["time"]
    path.write_text(json.dumps(entry) + "\n")
    store.close()
    shutil.rmtree(desk.ws.private)
    again = desk.open()
    path.write_text("")
    again.set(TASK, [key(1)], "active", who="ana")
    assert desk.flush(again).problem is None
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["seq"], line["who"], bool(line["time"])) for line in lines] == [
        (1, "ana", False),
        (2, "ana", True),
    ]


def test_a_checkout_while_the_journal_is_being_written_takes_no_step_out_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = desk.open()
    store.set(TASK, [key(0)], "active", who="ana")
    desk.flush(store)
    path, pending = journal.host_file(desk.ws.history_dir), journal.pending

    def overtaken(*words: Any) -> tuple[int, int, list[str]]:
        """Git puts an older content in the place of the file after it was looked at."""
        asked = pending(*words)
        path.unlink()
        path.write_text("")
        return asked

    store.set(TASK, [key(1)], "active", who="ana")
    monkeypatch.setattr(journal, "pending", overtaken)
    desk.flush(store)
    monkeypatch.undo()
    desk.flush(store)
    assert sorted(json.loads(line)["seq"] for line in path.read_text().splitlines()) == [1, 2]
    whole = path.read_bytes()
    desk.flush(store)
    assert path.read_bytes() == whole
