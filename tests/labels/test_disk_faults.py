"""What a failing disk does to labels: acknowledged ones stay, others are never called saved."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core.errors import Lacking
from core.labels.store import LabelStore
from core.labels.sync import open_store
from core.workspace import Workspace
from tests.faults import labeller
from tests.faults.harness import PROGRAM, Call, inject
from tests.labels.conftest import Desk, key, keys

TASK = "offline-detection"
_LABELLER = (PROGRAM[0], "-m", "tests.faults.labeller")
_REPOSITORY = Path(__file__).resolve().parents[2]


def labelled(root: Path, call: Call, fault: str, count: int = 12) -> tuple[int, str]:
    """Run the labeller with a fault; return how many steps it called saved, and what it said at last."""
    answer = inject([*_LABELLER, root, str(count), "1"], call, fault, cwd=_REPOSITORY)
    return answer.out.count("saved"), answer.err


def check(root: Path, saved: int, count: int = 12) -> None:
    """What was called saved is there; at most the step that was under way is there too."""
    steps = labeller.plan(count, 1)
    with open_store(Workspace.open(root)) as store:
        assert store.classes(TASK) in (labeller.after(steps[:saved]), labeller.after(steps[: saved + 1]))


@pytest.mark.parametrize("number", [9, 17, 26, 33, 41])
def test_killed_while_writing(desk: Desk, number: int) -> None:
    """F-001: kill -9 while saving: acknowledged labels all there."""
    saved, _ = labelled(desk.ws.root, Call("pwrite64", number, "", False), "signal=KILL")
    check(desk.ws.root, saved)


@pytest.mark.parametrize("number", [1, 3, 6, 9])
def test_killed_while_making_durable(desk: Desk, number: int) -> None:
    """F-001, at the system call that makes a label durable."""
    saved, _ = labelled(desk.ws.root, Call("fdatasync", number, "", False), "signal=KILL")
    check(desk.ws.root, saved)


@pytest.mark.parametrize(
    ("fault", "words"), [("ENOSPC", "disk full — label NOT saved"), ("EDQUOT", "label NOT saved")]
)
def test_no_room_for_a_label(desk: Desk, fault: str, words: str) -> None:
    """F-004, F-007: "disk full — label NOT saved"; what was saved before stays, and labelling goes on later."""
    LabelStore(desk.ws).close()
    saved, said = labelled(desk.ws.root, Call("pwrite64", 25, "", False), f"error={fault}")
    assert saved < 12
    assert words in said
    check(desk.ws.root, saved)
    assert desk.open().set(TASK, [key(900)], "active", who="ana").changed == 1


def test_one_failed_fsync_moves_the_labels_to_a_new_file(desk: Desk) -> None:
    """F-006: no commit goes to a database whose fsync failed; it is read into a new one and kept aside."""
    LabelStore(desk.ws).close()
    saved, said = labelled(desk.ws.root, Call("fdatasync", 5, "", False), "error=EIO")
    assert (saved, said) == (12, "")
    check(desk.ws.root, saved)
    assert (desk.ws.private / "labels.db.failed-1").is_file()


def test_a_neighbour_goes_on_in_the_new_file(desk: Desk) -> None:
    one, two = desk.open(), desk.open()
    one.set(TASK, keys(3), "active", who="ana")
    assert two.counts(TASK)["active"] == 3
    one.database._rescue(sqlite3.OperationalError("an fsync failed"))
    assert two.counts(TASK)["active"] == 3
    two.set(TASK, [key(5)], "active", who="ben")
    one.set(TASK, [key(6)], "active", who="ana")
    one.close()
    two.close()
    assert desk.open().counts(TASK)["active"] == 5


@pytest.mark.parametrize("cut", range(3))
def test_an_exchange_cut_short_is_finished_at_the_next_opening(desk: Desk, cut: int) -> None:
    """A crash between any two renames of the exchange loses nothing."""
    store = desk.open()
    store.set(TASK, keys(4), "active", who="ana")
    path = desk.ws.labels_db
    db = sqlite3.connect(path)
    db.execute("VACUUM INTO ?", (str(path) + ".rescued",))
    db.close()
    for end in ("-shm", "-wal", "")[:cut]:
        old = path.with_name(path.name + end)
        old.rename(path.with_name(f"labels.db.failed-1{end}"))
    again = desk.open()
    assert again.counts(TASK)["active"] == 4
    again.set(TASK, [key(7)], "active", who="ana")
    assert not path.with_name("labels.db.rescued").exists()


def test_a_disk_that_keeps_failing_ends_in_reading_only(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """F-006: else read-only, and nothing is called saved."""
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")

    def failing(path: Path, writer: sqlite3.Connection) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("core.labels.database.rescue", failing)
    with pytest.raises(Lacking, match="label NOT saved"):
        store.database._rescue(sqlite3.OperationalError("an fsync failed"))
    with pytest.raises(Lacking, match="label NOT saved"):
        store.set(TASK, [key(5)], "active", who="ana")
    assert store.read_only is not None
    assert store.counts(TASK)["active"] == 2


def test_a_torn_log_keeps_every_acknowledged_label_before_it(desk: Desk) -> None:
    """F-011: labels.db-wal with garbage at its end: SQLite recovers, every acknowledged label is there."""
    store = desk.open()
    store.set(TASK, keys(5), "active", who="ana")
    log = desk.ws.labels_db.with_name("labels.db-wal")
    copy, aside = log.read_bytes(), desk.ws.labels_db.read_bytes()
    store.close()
    for tail in (b"\xff" * 3000, b"\0" * 8192, b""):
        desk.ws.labels_db.write_bytes(aside)
        log.write_bytes(copy + tail)
        again = LabelStore(desk.ws)
        assert again.counts(TASK)["active"] == 5
        again.close()


def test_a_crash_while_the_store_is_made_leaves_one_that_works(desk: Desk) -> None:
    desk.ws.ensure_private()
    db = sqlite3.connect(desk.ws.labels_db)
    db.execute("PRAGMA journal_mode=WAL")
    db.close()
    assert desk.open().set(TASK, keys(1), "active", who="ana").changed == 1


def test_a_full_disk_leaves_the_old_label_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """F-005: labels stay safe in labels.db, the old labels.json intact, until it can be written."""
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    before = desk.file.read_bytes()
    store.set(TASK, [key(5)], "active", who="ana")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.durable.os.fsync", full)
    done = desk.flush(store)
    monkeypatch.undo()
    assert isinstance(done.problem, Lacking)
    assert done.problem.exit_code == 5
    assert desk.file.read_bytes() == before
    assert [path.name for path in desk.ws.data.iterdir() if path.suffix == ".tmp"] == []
    assert store.counts(TASK)["active"] == 3
    assert desk.flush(store).written is True
    assert len(desk.read()) == 3
