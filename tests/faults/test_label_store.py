"""Faults 11, 12, 18, 19, 23 and 25: labels.db damaged, shared, left by the dead, and a clock that lies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import rule, run_state_machine_as_test

from core.errors import Damaged
from core.labels.store import LabelStore
from core.labels.sync import flush, open_store
from core.workspace import Workspace
from tests.conftest import Cli, Place, run_program
from tests.faults import labeller
from tests.faults.conftest import ACTIVE, label, label_file, labels_of
from tests.labels.conftest import keys
from tests.labels.test_undo_model import Labelling

ROOT = Path(__file__).resolve().parents[2]
TASK = labeller.TASK
Copies = Callable[[], Place]
Make = Callable[..., Place]


def test_f_011_the_log_torn_at_every_page(tmp_path: Path) -> None:
    """SQLite recovers; every acknowledged label there: those whose pages the log still has, and none is made up"""
    root = tmp_path / "ws"
    root.mkdir()
    (root / "print-models.toml").write_text("")
    ws = Workspace.open(root)
    steps = labeller.plan(12, 5)
    acknowledged = []
    with LabelStore(ws) as store:
        wal = ws.private / "labels.db-wal"
        for number, (kind, key, class_) in enumerate(steps, 1):
            if kind == "undo":
                store.undo("ana")
            else:
                store.set(TASK, [key], class_, who="ana")
            acknowledged.append((wal.stat().st_size, labeller.after(steps[:number])))
        kept = {name: (ws.private / name).read_bytes() for name in ("labels.db", "labels.db-wal")}
    log = kept["labels.db-wal"]
    states = [{}, *(state for _, state in acknowledged)]
    tails = (b"", b"\0" * 4096, os.urandom(5000))
    for number, cut in enumerate([*range(0, len(log), 2300), *[len(log)] * 3]):
        _lay_out(tmp_path / "torn", kept["labels.db"], log[:cut] + tails[number % 3])
        sure = max((n for n, (size, _) in enumerate(acknowledged, 1) if size <= cut), default=0)
        with LabelStore(Workspace.open(tmp_path / "torn")) as torn:
            found = torn.classes(TASK)
            # SQLite fills a log up to a whole sector: a step may be whole before its last byte.
            assert found in states[sure : sure + 2], f"cut at {cut}"
            assert torn.set(TASK, [keys(1)[0]], None, who="ana").changed in (0, 1)
    assert acknowledged[-1][0] == len(log), "the whole log with garbage behind it was among them"


def _lay_out(root: Path, database: bytes, log: bytes) -> None:
    shutil.rmtree(root, ignore_errors=True)
    (root / ".print-models").mkdir(parents=True)
    (root / "print-models.toml").write_text("")
    (root / ".print-models" / "labels.db").write_bytes(database)
    (root / ".print-models" / "labels.db-wal").write_bytes(log)


PAGE = 4096


def test_f_012_labels_db_damaged(copies: Copies, cli: Cli) -> None:
    """labels.db: nothing is written to it, kept aside, rebuilt from `data/` and said what is lost · index.db: rebuilt without a word of alarm"""
    place = copies()
    # One label is only in labels.db: its file could not follow.
    (place.root / "data" / "labels.json").rename(place.root / "away.json")
    (place.root / "data" / "labels.json").write_text("[]")
    assert cli(place.root, "label", "--as", "active", place.keys[0]).code == 3
    (place.root / "away.json").rename(place.root / "data" / "labels.json")
    database = place.root / ".print-models" / "labels.db"
    history = (place.root / "data" / "history").glob("*.jsonl")
    for journal in history:  # the journal did not follow either
        lines = journal.read_text().splitlines(keepends=True)
        journal.write_text("".join(line for line in lines if '"hand"' not in line))
    whole = database.read_bytes()
    database.write_bytes(whole[: 5 * PAGE] + os.urandom(2 * PAGE) + whole[7 * PAGE :])
    broken = database.read_bytes()
    codes, said = [], ""
    for _ in range(3):
        answer = cli(place.root, "label", "--as", "offline", place.keys[1])
        codes.append(answer.code)
        said += answer.err
    assert codes[-1] == 0, said
    assert set(codes[:-1]) <= {0, 3}
    assert 3 in codes
    aside = list(database.parent.glob("labels.db.damaged-*"))
    assert [path.read_bytes() for path in aside if not path.name.endswith(("-wal", "-shm"))] == [broken]
    assert "kept as labels.db.damaged-1" in said
    assert "built anew from data/" in said
    found = labels_of(place.root)
    assert len(found) == 12
    assert "Traceback" not in said


def _label_one(ws: Workspace, key: str) -> tuple[dict[str, str], str]:
    with open_store(ws) as store:
        store.set(TASK, [key], "active", who="ana")
        if problem := flush(ws, store, ws.task(TASK)).problem:
            raise problem
        return store.classes(TASK), store.kept_aside


def _labelled_in_the_end(ws: Workspace, key: str) -> tuple[dict[str, str], str]:
    """Label as a person does who is told of the damage and tries again, a few times at most."""
    for _ in range(3):
        try:
            return _label_one(ws, key)
        except Damaged:
            continue
    return _label_one(ws, key)


def test_f_012_every_page_of_labels_db(copies: Copies) -> None:
    """labels.db: nothing is written to it, kept aside, rebuilt from `data/` and said what is lost · index.db: rebuilt without a word of alarm"""
    pages = Workspace.open(copies().root).labels_db.stat().st_size // PAGE
    assert pages > 5
    for page in range(1, pages):
        place = copies()
        before = label_file(place.root)
        ws = Workspace.open(place.root)
        whole = ws.labels_db.read_bytes()
        ws.labels_db.write_bytes(whole[: page * PAGE] + b"\xa5" * PAGE + whole[(page + 1) * PAGE :])
        found, kept = _labelled_in_the_end(ws, place.keys[0])
        wanted = before | {place.keys[0]: "active"}
        assert (found, label_file(place.root)) == (wanted, wanted), page
        assert not kept or (ws.private / kept).exists()


def test_f_012_labels_only_the_damaged_file_has_can_be_imported(copies: Copies, cli: Cli) -> None:
    """labels.db: nothing is written to it, kept aside, rebuilt from `data/` and said what is lost · index.db: rebuilt without a word of alarm"""
    place = copies()
    ws = Workspace.open(place.root)
    with LabelStore(ws) as store:
        store.set(TASK, place.keys[:2], "active", who="ana")
    (ws.private / "labels.db.suspect").touch()
    import sqlite3

    # A page that only an index of the history uses: what is labelled can still be read.
    with sqlite3.connect(ws.labels_db) as db:
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name='step'").fetchone()[0]
    db.close()
    whole = bytearray(ws.labels_db.read_bytes())
    whole[(root - 1) * PAGE : (root - 1) * PAGE + 200] = b"\xff" * 200
    ws.labels_db.write_bytes(bytes(whole))
    told = cli(place.root, "status")
    assert told.code == 0
    assert "2 labels of offline-detection that only it held" in told.out + told.err
    file = next(ws.private.glob("recovered-*.json"))
    assert cli(place.root, "import", "--task", TASK, "--replace", file).code == 0
    assert [labels_of(place.root)[key] for key in place.keys[:2]] == ["active", "active"]


def test_f_012_index_db_damaged(copies: Copies, cli: Cli) -> None:
    """labels.db: nothing is written to it, kept aside, rebuilt from `data/` and said what is lost · index.db: rebuilt without a word of alarm"""
    place = copies()
    assert cli(place.root, "frames").code == 0
    index = place.root / ".print-models" / "index.db"
    for damage in (b"no database at all", b""):
        index.write_bytes(damage * 1000)
        answer = cli(place.root, "frames", "--json")
        assert answer.code == 0, answer.err
        assert answer.json["total"] == 12
        assert answer.err == ""


WORKER = """
import sys
from pathlib import Path
from core.labels.store import LabelStore
from core.workspace import Workspace
root, who, first = sys.argv[1:]
with LabelStore(Workspace.open(Path(root))) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(40):
        key = f"printer-timelapses/20251107/20251107T{n // 60 + 10:02}{n % 60:02}{first}.jpg"
        store.set("offline-detection", [key], "active", who=who)
        store.set("offline-detection", ["printer-timelapses/20251107/20251107T235959.jpg"], ("active", "offline")[n % 2], who=who)
        print(f"saved {n} {store.last_seq()}", flush=True)
"""


def test_f_018_two_sessions_label_in_one_workspace(tmp_path: Path) -> None:
    """both may; each sees the other within a second; same frame: the later wins, both stand in the history, neither is lost; undo undoes one's own last step"""
    root = tmp_path / "ws"
    root.mkdir()
    (root / "print-models.toml").write_text("")
    ws = Workspace.open(root)
    with LabelStore(ws) as watcher:
        words = [sys.executable, "-c", WORKER, str(root)]
        both = [
            subprocess.Popen(
                [*words, who, first], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for who, first in (("ana", "00"), ("bo", "30"))
        ]
        for child in both:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in both:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        first_line = both[0].stdout.readline().split()
        assert watcher.last_seq() >= int(first_line[-1]), "what is acknowledged is seen at once"
        for child in both:
            # What came along with a line read above waits in the stream; `communicate` would pass it by.
            with child:
                assert child.stdout.read().count("saved") >= 39
            assert child.returncode == 0
        labels = watcher.labels(TASK)
        assert len(labels) == 81
        shared = "printer-timelapses/20251107/20251107T235959.jpg"
        history = watcher.history(shared)
        assert {entry.who for entry in history} == {"ana", "bo"}
        assert [entry.seq for entry in history] == sorted(entry.seq for entry in history)
        assert (labels[shared].class_, labels[shared].who) == (history[-1].after, history[-1].who)
        for who in ("ana", "bo"):
            taken = watcher.undo(who)
            assert taken is not None
            assert {e.who for e in watcher.history(taken.frames[0])} >= {who}
        assert {step.who for step in watcher.steps(watcher.last_seq() - 2)} == {"ana", "bo"}


HOLDER = """
import sys
from pathlib import Path
from core.durable import lock
from core.labels.store import LabelStore
from core.workspace import Workspace
ws = Workspace.open(Path(sys.argv[1]))
store = LabelStore(ws)
def hold(db):
    db.execute("INSERT INTO meta VALUES ('half', 'done')")
    with lock(ws.private / "files.lock", what="x"), lock(ws.private / "labels.lock", what="x"):
        print("holding", flush=True)
        sys.stdin.readline()
store.database.write(hold)
"""


def test_f_019_one_is_killed_while_it_holds_every_lock(copies: Copies) -> None:
    """the other goes on at once"""
    place = copies()
    words = [sys.executable, "-c", HOLDER, str(place.root)]
    holder = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    done = run_program(label(place.root, "offline", *ACTIVE), cwd=place.root)
    assert done.code == 0, done.err
    assert labels_of(place.root) == label_file(place.root) == dict.fromkeys(place.keys, "offline")


CLOCK = """
import datetime as real, sys
from pathlib import Path
import core.labels.steps as steps
from core.labels.sync import flush, open_store
from core.workspace import Workspace
moments = iter([*sys.argv[2:]])
class Clock(real.datetime):
    @classmethod
    def now(cls, tz=None):
        return real.datetime.fromisoformat(next(moments)).astimezone(tz)
steps.datetime = Clock
ws = Workspace.open(Path(sys.argv[1]))
with open_store(ws) as store:
    for class_ in ("active", "offline", "active"):
        store.set("offline-detection", ["printer-timelapses/20251107/20251107T100000.jpg"], class_, who="ana")
    store.set("offline-detection", ["printer-timelapses/20251107/20251107T100100.jpg"], "active", who="ana")
    print(store.undo("ana").text)
    flush(ws, store, ws.task("offline-detection"))
"""


@pytest.mark.parametrize(
    "moments",
    [
        ["2025-11-07T10:00:00+01:00", "2025-11-07T09:00:00+01:00", "1970-01-01T00:00:01+00:00"],
        ["2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00", "2025-10-26T02:10:00+02:00"],
    ],
)
def test_f_023_the_clock_jumps_back(tmp_path: Path, cli: Cli, moments: list[str]) -> None:
    """order by seq; UTC stored; no key uses time"""
    root = tmp_path / "ws"
    root.mkdir()
    (root / "print-models.toml").write_text("")
    words = [sys.executable, "-c", CLOCK, root, *moments, *moments]
    done = run_program(words, cwd=ROOT)
    assert done.code == 0, done.err
    assert "10:01" in done.out, "undo takes the last step, not the latest by the clock"
    frame = "printer-timelapses/20251107/20251107T100000.jpg"
    rows = cli(root, "history", frame, "--json").json["history"]
    assert [row["after"] for row in rows] == ["active", "offline", "active"]
    assert all(row["at"].endswith("+00:00") for row in rows)
    assert label_file(root) == {frame: "active"}
    shutil.rmtree(root / ".print-models")
    again = cli(root, "history", frame, "--json").json["history"]
    assert [row["after"] for row in again] == ["active", "offline", "active"]
    journal = next((root / "data" / "history").glob("*.jsonl")).read_text().splitlines()
    assert [json.loads(line)["seq"] for line in journal] == [1, 2, 3, 4, 5]


class Crashing(Labelling):
    """The model of labelling, in which the machine also loses power, or its card."""

    @rule()
    def crash(self) -> None:
        """What is on the disk goes on; nobody closed anything."""
        copy = self.ws.root / "copy"
        shutil.copytree(self.ws.private, copy)
        for store in self.stores:
            store.close()
        shutil.rmtree(self.ws.private)
        copy.rename(self.ws.private)
        self.stores = [open_store(self.ws), LabelStore(self.ws)]

    @rule()
    def new_card(self) -> None:
        """Only data/ is left, after it was saved."""
        assert flush(self.ws, self.stores[0], self.ws.task(TASK)).problem is None
        for store in self.stores:
            store.close()
        shutil.rmtree(self.ws.private)
        self.stores = [open_store(self.ws), LabelStore(self.ws)]


def test_f_025_undo_after_a_crash() -> None:
    """undo is a record; never resurrects"""
    run_state_machine_as_test(
        Crashing, settings=settings(max_examples=15, stateful_step_count=20, deadline=None)
    )
