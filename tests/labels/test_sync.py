from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.durable import atomic_write
from core.errors import Busy, Damaged, Refused
from core.labels import files
from core.labels.polling import changed_outside
from core.labels.sync import open_store, rest_before_writing
from tests.labels.conftest import Desk, key, keys

TASK = "offline-detection"


def test_a_label_file_is_imported_at_first_sight_and_left_as_it_is(desk: Desk) -> None:
    desk.write({key(0): 1, key(1): "Offline"})
    before = desk.file.read_bytes()
    store = desk.open()
    assert store.classes(TASK) == {key(0): "active", key(1): "offline"}
    label = store.get(TASK, key(0))
    assert label is not None
    assert (label.how, label.who) == ("imported", "unknown")
    assert desk.flush(store).written is False
    assert desk.file.read_bytes() == before
    assert store.undo("ana") is None
    store.set(TASK, [key(2)], "active", who="ana")
    assert desk.flush(store).written is True
    assert (
        desk.file.read_bytes()
        == json.dumps({key(0): "active", key(1): "offline", key(2): "active"}, indent=2).encode() + b"\n"
    )


def test_nothing_is_written_where_there_is_nothing_to_say(desk: Desk) -> None:
    store = desk.open()
    desk.flush(store)
    assert not desk.ws.data.exists()


def test_an_outside_change_is_taken_as_one_undoable_step(desk: Desk) -> None:
    """F-022: detected before writing; taken."""
    store = desk.open()
    store.set(TASK, keys(3), "active", who="ana")
    desk.flush(store)
    assert changed_outside(desk.ws, store) == ()
    desk.write({key(0): "offline", key(1): "active", key(3): "active"})
    assert changed_outside(desk.ws, store) == ("labels.json",)
    done = desk.flush(store)
    assert (done.outside, done.problem) == (3, None)
    assert store.classes(TASK) == {key(0): "offline", key(1): "active", key(3): "active"}
    step = store.undo("ana")
    assert step is not None
    assert step.changed == 3
    assert desk.flush(store).written is True
    assert desk.read() == dict.fromkeys(keys(3), "active")


def test_polling_names_a_file_once_and_looks_at_its_stat_only(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = desk.open()
    store.set(TASK, keys(3), "active", who="ana")
    store.mark(key(0), who="ana", mark="unsure")
    desk.flush(store)
    assert changed_outside(desk.ws, store) == ()
    desk.write(desk.file.read_bytes())  # the same bytes again are no change
    os.utime(desk.file, ns=(1, 1))
    assert changed_outside(desk.ws, store) == ()
    monkeypatch.setattr(
        "core.labels.polling.bytes_of", lambda path: pytest.fail("a look at the stat is enough")
    )
    assert changed_outside(desk.ws, store) == ()
    monkeypatch.undo()
    desk.write("[]")
    desk.ws.marks_file.write_text("{}")
    assert changed_outside(desk.ws, store) == ("labels.json", "marks.json")
    assert desk.flush(store).problem is not None
    assert changed_outside(desk.ws, store) == (), "what could not be taken is said once"
    desk.file.unlink()
    assert changed_outside(desk.ws, store) == ("labels.json",)
    assert desk.flush(store).written is True
    assert changed_outside(desk.ws, store) == ()


def test_an_edit_in_the_moment_after_writing_is_noticed_by_polling(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")

    def overtaken(path: Path, data: bytes, **words: Any) -> None:
        atomic_write(path, data, **words)
        desk.write({key(0): "offline", key(1): "active"})

    monkeypatch.setattr("core.labels.sync.atomic_write", overtaken)
    desk.flush(store)
    monkeypatch.undo()
    assert changed_outside(desk.ws, store) == ("labels.json",)
    assert desk.flush(store).outside == 1
    assert changed_outside(desk.ws, store) == ()


@pytest.mark.parametrize("times", [1, 9])
def test_an_edit_while_the_file_is_being_written_is_not_written_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    store.set(TASK, [key(0)], "offline", who="ana")
    edited = desk.read()

    def overtaken(path: Path, data: bytes, **words: Any) -> None:
        """Someone saves the file when our bytes are on the disk already, and not yet under its name."""
        if len(edited) < 2 + times:
            edited[key(len(edited))] = "active"
            desk.write(edited)
        atomic_write(path, data, **words)

    monkeypatch.setattr("core.labels.sync.atomic_write", overtaken)
    done = desk.flush(store)
    if times > 1:  # someone who does not stop: the file is theirs, and looked at with the next label
        assert isinstance(done.problem, Busy)
        assert desk.read() == edited
        monkeypatch.undo()
        done = desk.flush(store)
    assert done.problem is None
    assert desk.read() == edited | {key(0): "offline"} == store.classes(TASK)


def test_a_large_label_file_is_written_less_often(desk: Desk) -> None:
    assert rest_before_writing(desk.ws) == 1
    desk.write("{" + " " * 2_000_000 + "}")
    assert rest_before_writing(desk.ws) == 30


def test_both_sides_changed_different_frames(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(3), "active", who="ana")
    desk.flush(store)
    store.set(TASK, [key(0)], "offline", who="ana")
    desk.write({key(0): "active", key(1): "active", key(2): "offline"})
    done = desk.flush(store)
    assert (done.written, done.outside, done.problem) == (True, 1, None)
    assert desk.read() == {key(0): "offline", key(1): "active", key(2): "offline"}


def test_the_same_change_on_both_sides_is_no_conflict(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    store.set(TASK, [key(0)], "offline", who="ana")
    desk.write({key(0): "offline", key(1): "active"})
    assert desk.flush(store).problem is None


def test_many_labels_gone_outside_wait_for_a_word(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(20), "active", who="ana")
    desk.flush(store)
    desk.write({key(0): "active"})
    done = desk.flush(store)
    assert isinstance(done.problem, Refused)
    assert "−19 +0" in done.problem.what
    assert store.counts(TASK)["active"] == 20
    assert "--accept-outside" in desk.open().file_errors[TASK].remedy
    assert desk.open(accept_outside=True).counts(TASK)["active"] == 1
    assert store.undo("ana").changed == 19
    desk.flush(store)
    assert len(desk.read()) == 20


@pytest.mark.parametrize("data", [b"", b"\0" * 500, b" \n"])
def test_an_empty_or_zeroed_file_is_written_anew(desk: Desk, data: bytes) -> None:
    """F-013: never "no labels"; recovered from labels.db."""
    store = desk.open()
    store.set(TASK, keys(20), "active", who="ana")
    desk.flush(store)
    desk.write(data)
    again = desk.open()
    assert again.counts(TASK)["active"] == 20
    assert any("safe" in notice for notice in again.notices)
    assert desk.flush(again).written is True
    assert len(desk.read()) == 20


def test_an_empty_file_with_no_labels_known_is_an_error(desk: Desk) -> None:
    desk.write(b"")
    store = desk.open()
    assert isinstance(store.file_errors[TASK], Damaged)
    store.set(TASK, [key(0)], "active", who="ana")
    assert desk.flush(store).written is True


def test_a_label_file_that_is_a_link_is_left_one_and_the_label_is_safe(desk: Desk) -> None:
    desk.write({key(0): "active"})
    real = desk.ws.root / "shared.json"
    desk.file.rename(real)
    desk.file.symlink_to(real)
    store = desk.open()
    store.set(TASK, [key(1)], "active", who="ana")
    assert isinstance(desk.flush(store).problem, Refused)
    assert desk.file.is_symlink()
    assert json.loads(real.read_text()) == {key(0): "active"}
    assert desk.open().counts(TASK)["active"] == 2


def test_a_missing_file_is_written_anew(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(20), "active", who="ana")
    desk.flush(store)
    desk.file.unlink()
    again = desk.open()
    assert again.counts(TASK)["active"] == 20
    assert desk.flush(again).written is True


@pytest.mark.parametrize("data", [b'{"cam/2', b"[]", b"<<<<<<< a\n{}\n", b"\xef\xbb\xbf{}"])
def test_a_broken_file_is_left_alone_and_labelling_goes_on(desk: Desk, data: bytes) -> None:
    """F-013, F-014: refused by name; what is typed is safe in labels.db."""
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    desk.write(data)
    store.set(TASK, [key(5)], "active", who="ana")
    done = desk.flush(store)
    assert isinstance(done.problem, Damaged)
    assert done.problem.exit_code == 3
    assert desk.file.read_bytes() == data
    again = desk.open()
    assert again.counts(TASK)["active"] == 3
    assert isinstance(again.file_errors[TASK], Damaged)
    desk.file.unlink()
    assert desk.flush(again).written is True
    assert len(desk.read()) == 3


def test_entries_that_wait_for_a_decision_stay_until_the_frame_is_labelled(desk: Desk) -> None:
    """F-015, F-016: quarantined, kept as they are, block export, and a label decides."""
    text = '{"%s": "maybe", "%s": "active", "%s": "offline", "%s": {"ours": "active", "theirs": "offline"}}'
    desk.write(text % (key(0), key(1), key(1), key(2)))
    store = desk.open()
    assert store.classes(TASK) == {}
    assert {problem.key for problem in store.problems(TASK)} == set(keys(3))
    store.set(TASK, [key(9)], "active", who="ana")
    assert desk.flush(store).problem is None
    assert desk.file.read_text().count(key(1)) == 2
    assert desk.read()[key(0)] == "maybe"
    assert desk.read()[key(2)] == {"ours": "active", "theirs": "offline"}
    store.set(TASK, keys(3), "active", who="ana")
    assert store.problems(TASK) == ()
    assert desk.flush(store).problem is None
    assert desk.read() == dict.fromkeys([*keys(3), key(9)], "active")
    assert desk.file.read_text().count(key(1)) == 1


def test_an_unknown_class_written_over_a_label_outside_keeps_both_until_decided(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    desk.write({key(0): "maybe", key(1): "active"})
    assert desk.flush(store).problem is None
    store.set(TASK, [key(5)], "active", who="ana")
    desk.flush(store)
    assert desk.read()[key(0)] == "maybe"
    assert store.classes(TASK)[key(0)] == "active"
    store.set(TASK, [key(0)], "active", who="ana")
    desk.flush(store)
    assert desk.read()[key(0)] == "active"


@pytest.mark.parametrize("other", ["", "./"])
def test_a_label_beside_a_bad_entry_of_the_same_frame_is_in_the_file_or_the_database(
    desk: Desk, other: str
) -> None:
    desk.write(f'{{"{key(0)}": "active", "{other}{key(0)}": "garbage", "{key(1)}": "active"}}')
    store = desk.open()
    store.set(TASK, [key(2)], "active", who="ana")
    assert desk.flush(store).problem is None
    text = desk.file.read_text()
    assert f'"{key(0)}": "active"' in text
    assert f'"{other}{key(0)}": "garbage"' in text
    store.set(TASK, [key(0)], "offline", who="ana")
    assert desk.flush(store).problem is None
    assert desk.read() == {key(0): "offline", key(1): "active", key(2): "active"}
    assert store.problems(TASK) == ()


@pytest.mark.parametrize("labelled_between", [False, True])
@pytest.mark.parametrize("mended", ["offline", "active", None])
def test_a_typo_made_outside_and_then_mended_outside_is_taken(
    desk: Desk, mended: str | None, labelled_between: bool
) -> None:
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    desk.write({key(0): "oflin", key(1): "active"})
    assert desk.flush(store).problem is None
    more = {}
    if labelled_between:
        store.set(TASK, [key(3)], "active", who="ana")
        assert desk.flush(store).written is True
        more = {key(3): "active"}
        assert desk.flush(store).written is False
    desk.write({key(1): "active", **more, **({key(0): mended} if mended else {})})
    assert desk.flush(store).problem is None
    assert store.classes(TASK).get(key(0)) == mended
    assert desk.read().get(key(0)) == mended
    assert store.problems(TASK) == ()


def test_a_crash_just_after_writing_the_file_is_no_change_outside(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-003: new labels.json, the database not told yet: reconciled, and no conflict with what is labelled next."""
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("core.labels.sync.save_base", crash)
    with pytest.raises(KeyboardInterrupt):
        desk.flush(store)
    monkeypatch.undo()
    assert len(desk.read()) == 2
    store.close()
    again = desk.open()
    again.set(TASK, [key(0)], "offline", who="ana")
    done = desk.flush(again)
    assert (done.problem, done.outside, done.written) == (None, 0, True)
    assert desk.read() == {key(0): "offline", key(1): "active"}


@pytest.mark.parametrize("between", ["changed outside", "crash before writing"])
def test_bytes_once_written_here_are_an_outside_change_when_they_come_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, between: str
) -> None:
    """F-022: git puts an older content back: it is taken, and the next label does not write over it."""
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    older = desk.file.read_bytes()
    if between == "changed outside":
        desk.write({key(0): "offline", key(1): "active"})
        assert desk.flush(store).outside == 1
    else:
        store.set(TASK, [key(0)], "offline", who="ana")
        older = files.encode(store.classes(TASK))

        def crash(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("core.labels.sync.atomic_write", crash)
        with pytest.raises(KeyboardInterrupt):
            desk.flush(store)
        monkeypatch.undo()
        store.undo("ana")
        assert desk.flush(store).problem is None
    desk.write(older)
    store.set(TASK, [key(5)], "active", who="ana")
    assert desk.flush(store).outside == 1
    assert desk.read() == {**json.loads(older), key(5): "active"}
    assert store.classes(TASK) == desk.read()


def test_a_checkout_or_a_pull_is_named_as_the_reason(desk: Desk) -> None:
    git = desk.ws.root / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text(
        "# pack-refs with: peeled\n1234567890abcdef1234567890abcdef12345678 refs/heads/main\n"
    )
    desk.write({key(0): "active"})
    store = desk.open()

    def reason(class_: str) -> str:
        desk.write({key(0): class_})
        desk.flush(store)
        return store.steps()[-1].text

    (git / "HEAD").write_text("ref: refs/heads/night\n")
    assert reason("offline") == "labels.json checkout main→night: +0 −0 ~1"
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    store.set(TASK, [key(1)], "active", who="ana")
    desk.flush(store)
    assert desk.file.exists()
    assert reason("active").startswith("labels.json changed outside"), (
        "the move was before the last agreement"
    )
    (git / "refs" / "heads" / "main").write_text("a" * 40)
    assert reason("offline").startswith("labels.json main 1234567→aaaaaaa: ")


def test_marks_go_to_the_file_and_come_back(desk: Desk) -> None:
    store = desk.open()
    store.mark(key(0), who="ana", mark="unsure", note="dark", task=TASK)
    desk.flush(store)
    found = json.loads(desk.ws.marks_file.read_text())[key(0)]
    assert (found["mark"], found["note"], found["by"], found["task"]) == ("unsure", "dark", "ana", TASK)
    found["note"], found["extra"] = "very dark", 7
    desk.ws.marks_file.write_text(json.dumps({key(0): found}))
    desk.flush(store)
    assert store.marks(TASK)[key(0)].note == "very dark"
    store.mark(key(1), who="ana", mark="unsure")
    desk.flush(store)
    assert json.loads(desk.ws.marks_file.read_text())[key(0)]["extra"] == 7
    store.mark(key(0), who="bo", mark="excluded", reason="a hand", task=TASK)
    desk.flush(store)
    marked = json.loads(desk.ws.marks_file.read_text())[key(0)]
    assert (marked["mark"], marked["extra"]) == ("excluded", 7), "what is not understood here stays"
    desk.ws.marks_file.write_text("[]")
    store.mark(key(2), who="ana", mark="unsure")
    assert isinstance(desk.flush(store).problem, Damaged)
    assert desk.ws.marks_file.read_text() == "[]"


def test_a_damaged_database_is_kept_aside_and_built_anew(desk: Desk) -> None:
    """F-012: labels.db damaged: kept aside, rebuilt from data/, and said what is lost."""
    store = desk.open()
    store.set(TASK, keys(5), "active", who="ana", how="stretch")
    desk.flush(store)
    store.close()
    desk.ws.labels_db.write_bytes(b"no database" * 1000)
    again = desk.open()
    assert again.counts(TASK)["active"] == 5
    assert again.get(TASK, key(0)).who == "ana"
    assert any("damaged" in notice for notice in again.notices)
    assert (desk.ws.private / "labels.db.damaged-1").read_bytes().startswith(b"no database")


def test_a_disk_that_cannot_be_written_is_opened_for_reading(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-009: read-only with the reason."""
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    monkeypatch.setattr("core.labels.database.os.access", lambda *_: False)
    real = desk.ws.labels_db.parent
    import sqlite3

    original = sqlite3.connect

    def refused(target: object, *rest: object, **words: object) -> sqlite3.Connection:
        if str(real) in str(target):
            raise sqlite3.OperationalError("unable to open database file")
        return original(target, *rest, **words)

    monkeypatch.setattr("core.labels.database.sqlite3.connect", refused)
    again = open_store(desk.ws)
    assert again.counts(TASK)["active"] == 2
    assert again.read_only is not None
    assert "read-only" in again.read_only.what
    again.close()


def test_a_label_that_a_checkout_takes_and_brings_back_belongs_to_the_same_bytes(desk: Desk) -> None:
    """Its picture is found by them once the camera has deleted the file."""
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana", sizes={k: (9, 7, "sha256:" + "a" * 64) for k in keys(2)})
    desk.flush(store)
    for _ in range(2):
        desk.write({key(1): "offline"})
        desk.flush(store)
        desk.write(dict.fromkeys(keys(2), "active"))
        desk.flush(store)
    for frame in keys(2):
        label = store.get(TASK, frame)
        assert label is not None
        assert label.before is None, "to come back is no correction"
        assert (label.who, label.size, label.mtime_ns, label.sha256) == ("ana", 9, 7, "sha256:" + "a" * 64)
