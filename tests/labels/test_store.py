from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from core.errors import Damaged, Refused, WrongUsage
from core.labels.bind import bind_missing
from core.labels.model import Binding
from core.labels.store import LabelStore
from tests.conftest import Place, run_program
from tests.labels.conftest import Desk, key, keys

TASK = "offline-detection"


def test_a_label_tells_who_how_when_and_what_it_replaced(desk: Desk) -> None:
    store = desk.open()
    first = store.set(
        TASK, [key(0)], "offline", how="stretch", who="ana", sizes={key(0): (5, 7, "sha256:aa")}
    )
    second = store.set(TASK, [key(0)], "active", who="ben")
    found = store.get(TASK, key(0))
    assert found is not None
    assert (found.class_, found.who, found.how, found.seq, found.before) == (
        "active",
        "ben",
        "hand",
        second.seq,
        "offline",
    )
    assert datetime.fromisoformat(found.at).tzinfo is not None
    assert second.seq == first.seq + 1
    assert store.undo("ben") is not None
    back = store.get(TASK, key(0))
    assert back is not None
    assert (back.class_, back.who, back.how, back.seq, back.before) == (
        "offline",
        "ana",
        "stretch",
        first.seq,
        None,
    )
    assert (back.size, back.mtime_ns, back.sha256) == (5, 7, "sha256:aa")


def test_labels_counts_and_classes_agree(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(5), "offline", who="ana")
    store.set(TASK, keys(2), "active", who="ana")
    store.set("failed-print-detection", keys(3), "good", who="ana")
    assert store.counts(TASK) == {"offline": 3, "active": 2}
    assert store.classes(TASK) == {k: label.class_ for k, label in store.labels(TASK).items()}
    assert store.counts("failed-print-detection") == {"good": 3, "failed": 0}


def test_class_names_may_be_written_in_any_case_and_others_are_refused(desk: Desk) -> None:
    store = desk.open()
    assert store.set(TASK, keys(1), " Active ", who="ana").class_ == "active"
    for wrong in ("actve", "", "good", "../../x", "x" * 300):
        with pytest.raises(WrongUsage) as caught:
            store.set(TASK, keys(1), wrong, who="ana")
        assert caught.value.exit_code == 2
    with pytest.raises(WrongUsage):
        store.set(TASK, keys(1), "active", how="guess", who="ana")
    assert store.last_seq() == 1


@pytest.mark.parametrize("bad", ["../../x", "/etc/passwd", "a//b", "cam/\udcff.jpg", "x"])
def test_a_key_that_is_no_path_in_a_source_is_refused(desk: Desk, bad: str) -> None:
    """F-059: refused, shown escaped; and nothing of the step is kept."""
    store = desk.open()
    with pytest.raises(Damaged):
        store.set(TASK, [key(0), bad], "active", who="ana")
    assert store.classes(TASK) == {}


def test_odd_names_round_trip(desk: Desk) -> None:
    """F-046: newline, escape, blanks, brackets in a name."""
    store = desk.open()
    odd = [
        f"cam/20251107/20251107T080000{tail}.jpg"
        for tail in ("\n", "\x1b[31m", " ", "[/x]", "é", "e\u0301", "\u202e")
    ]
    store.set(TASK, odd, "active", who="ana")
    assert desk.flush(store).problem is None
    assert set(desk.read()) == set(odd)
    assert desk.open().classes(TASK) == dict.fromkeys(sorted(odd), "active")


def test_the_same_label_again_is_no_step_but_a_confirmation_by_hand_is(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(3), "active", how="stretch", who="ana")
    assert store.set(TASK, keys(3), "active", how="stretch", who="ben").changed == 0
    assert store.set(TASK, keys(1), "active", how="hand", who="ben").changed == 1
    assert store.set(TASK, keys(1), "active", how="stretch", who="cyd").changed == 0
    found = store.get(TASK, key(0))
    assert found is not None
    assert (found.how, found.who) == ("hand", "ben")
    assert store.last_seq() == 2


def test_a_painted_stretch_is_undone_as_one(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, [key(5)], "offline", who="ana")
    store.set(TASK, keys(20), "active", how="stretch", who="ana")
    step = store.undo("ana")
    assert step is not None
    assert step.changed == 20
    assert store.classes(TASK) == {key(5): "offline"}


def test_undo_and_redo_go_back_and_forth_across_restarts(desk: Desk) -> None:
    store = desk.open()
    for n, class_ in enumerate(("offline", "active", None, "active")):
        store.set(TASK, [key(0)], class_, who="ana")
        assert store.last_seq() == n + 1
    states = ["active", None, "active", "offline", None]
    seen = [store.classes(TASK).get(key(0))]
    store.close()
    while True:
        again = desk.open()
        step = again.undo("ana", again.session)
        if step is None:
            break
        seen.append(again.classes(TASK).get(key(0)))
    assert seen == states
    forth = []
    while again.redo("ana") is not None:
        forth.append(again.classes(TASK).get(key(0)))
    assert forth == states[-2::-1]
    assert again.redo("ana") is None


def test_a_new_label_ends_what_redo_could_give(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, [key(0)], "active", who="ana")
    store.undo("ana")
    store.set(TASK, [key(1)], "active", who="ana")
    assert store.redo("ana") is None


def test_undo_says_what_it_would_do_first(desk: Desk) -> None:
    store = desk.open()
    assert store.next_undo("ana") is None
    store.set(TASK, keys(31), "active", how="stretch", who="ana")
    step = store.next_undo("ana")
    assert step is not None
    assert step.text == "active × 31 · Fri 7 Nov 2025 00:00–00:30"
    assert store.counts(TASK)["active"] == 31


def test_two_sessions_undo_their_own_last_step(desk: Desk) -> None:
    """F-018: both may label, each sees the other, the later wins, undo is one's own."""
    one, two = desk.open(), desk.open()
    one.set(TASK, [key(0)], "active", who="ana")
    two.set(TASK, [key(1)], "offline", who="ana")
    assert one.last_seq() == two.last_seq() == 2
    assert [step.frames for step in one.steps(1)] == [(key(1),)]
    assert one.undo("ana", one.session).frames == (key(0),)
    assert two.classes(TASK) == {key(1): "offline"}
    assert one.undo("ana", one.session) is None


def test_undo_keeps_what_another_session_changed_since(desk: Desk) -> None:
    one, two = desk.open(), desk.open()
    one.set(TASK, keys(3), "active", how="stretch", who="ana")
    two.set(TASK, [key(1)], "offline", who="ben")
    step = one.undo("ana", one.session)
    assert step is not None
    assert step.changed == 2
    assert "1 changed since" in step.text
    assert one.classes(TASK) == {key(1): "offline"}
    entries = one.history(key(1))
    assert [(entry.who, entry.after) for entry in entries] == [("ana", "active"), ("ben", "offline")]


def test_history_tells_everything_and_never_brings_anything_back(desk: Desk) -> None:
    """F-025: undo is a record."""
    store = desk.open()
    store.set(TASK, [key(0)], "active", who="ana")
    store.set("failed-print-detection", [key(0)], "failed", who="ana")
    store.mark(key(0), who="ana", mark="excluded", reason="blurred")
    store.undo("ana")
    store.undo("ana")
    assert [(e.task, e.how, e.before, e.after, e.undone) for e in store.history(key(0))] == [
        (TASK, "hand", None, "active", False),
        ("failed-print-detection", "hand", None, "failed", True),
        ("marks", "hand", None, "excluded", True),
        ("marks", "undo", "excluded", None, False),
        ("failed-print-detection", "undo", "failed", None, False),
    ]


def test_marks_belong_to_every_task_or_one_and_remove_no_label(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    store.mark(key(0), who="ana", mark="unsure", task=TASK)
    store.mark(key(1), who="ana", mark="excluded", reason="hand in front")
    assert set(store.marks(TASK)) == {key(0), key(1)}
    assert set(store.marks("failed-print-detection")) == {key(1)}
    assert store.marks(TASK)[key(1)].reason == "hand in front"
    assert store.counts(TASK)["active"] == 2
    store.mark(key(0), who="ana")
    assert set(store.marks(TASK)) == {key(1)}
    for bad in ({"mark": "maybe"}, {"mark": "excluded"}):
        with pytest.raises(WrongUsage):
            store.mark(key(0), who="ana", **bad)


def test_labels_are_bound_to_bytes_while_the_file_is_the_same(desk: Desk, tmp_path: object) -> None:
    store = desk.open()
    for n in range(3):
        path = desk.ws.frame_path(key(n))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"picture %d" % n)
    found = desk.ws.frame_path(key(1)).stat()
    store.set(TASK, [key(0)], "active", who="ana")
    store.set(TASK, [key(1)], "active", who="ana", sizes={key(1): (found.st_size, found.st_mtime_ns, None)})
    store.set(TASK, [key(2)], "active", who="ana", sizes={key(2): (99, 99, None)})
    store.set(TASK, [key(3)], "active", who="ana")
    assert bind_missing(desk.ws, store, desk.task) == 2
    assert [label.sha256 is not None for label in store.labels(TASK).values()] == [True, True, False, False]
    assert store.bind(TASK, {key(0): Binding(1, 1, "sha256:other")}) == 0
    store.set(TASK, [key(0)], "offline", who="ana")
    store.undo("ana")
    assert store.get(TASK, key(0)).sha256 is not None


def test_threads_of_one_session_label_and_read_at_once(desk: Desk) -> None:
    store, errors = desk.open(), []

    def work(n: int) -> None:
        try:
            for i in range(15):
                store.set(TASK, [key(n * 100 + i)], "active", who="ana")
                store.counts(TASK)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert store.counts(TASK)["active"] == 60
    assert store.last_seq() == 60


def test_a_newer_format_is_opened_for_reading_only(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, [key(0)], "active", who="ana")
    store.close()
    db = sqlite3.connect(desk.ws.labels_db)
    db.execute("PRAGMA user_version=99")
    db.close()
    newer = desk.open()
    assert newer.classes(TASK) == {key(0): "active"}
    with pytest.raises(Refused, match="newer print-models"):
        newer.set(TASK, [key(1)], "active", who="ana")
    with pytest.raises(Refused):
        newer.undo("ana")
    assert desk.flush(newer).problem is not None


def test_a_clock_that_jumps_changes_no_order(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """F-023: order by step number."""
    store = desk.open()

    class Jumping(datetime):
        years = iter((2030, 1970, 2025))

        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(next(cls.years), 1, 1, tzinfo=tz)

    monkeypatch.setattr("core.labels.steps.datetime", Jumping)
    for class_ in ("active", "offline", "active"):
        store.set(TASK, [key(0)], class_, who="ana")
    monkeypatch.undo()
    assert [entry.after for entry in store.history(key(0))] == ["active", "offline", "active"]
    store.undo("ana")
    assert store.classes(TASK) == {key(0): "offline"}


def test_opening_twice_makes_one_database(desk: Desk) -> None:
    stores = [LabelStore(desk.ws) for _ in range(3)]
    desk.opened += stores
    for n, store in enumerate(stores):
        store.set(TASK, [key(n)], "active", who="ana")
    assert all(store.counts(TASK)["active"] == 3 for store in stores)


def test_closing_while_other_threads_read_ends_their_questions_and_not_the_process(
    workspace: Callable[..., Place],
) -> None:
    """A connection that is closed under a running query takes the whole process with it; run where that is seen."""
    place = workspace(frames=2)
    code = (
        "import sys, threading\nfrom pathlib import Path\n"
        "from core.errors import PrintModelsError\nfrom core.labels.store import LabelStore\n"
        "from core.workspace import Workspace\n"
        "ws = Workspace.open(Path(sys.argv[1]))\ntask = ws.task(None)\n"
        "keys = [f'printer-timelapses/20251107/20251107T{n // 3600:02}{n // 60 % 60:02}{n % 60:02}.jpg' "
        "for n in range(3000)]\n"
        "for turn in range(15):\n"
        "    store = LabelStore(ws)\n    store.set(task, keys, 'active', how='stretch', who='ana')\n"
        "    begun, ended = threading.Semaphore(0), []\n"
        "    def read():\n"
        "        try:\n"
        "            while True:\n                begun.release()\n                store.labels(task)\n"
        "        except PrintModelsError:\n            ended.append(True)\n"
        "    threads = [threading.Thread(target=read) for _ in range(3)]\n"
        "    [thread.start() for thread in threads]\n"
        "    [begun.acquire() for _ in range(6)]\n"
        "    store.close()\n    [thread.join(20) for thread in threads]\n"
        "    assert len(ended) == 3\n"
        "print('lived')\n"
    )
    done = run_program([sys.executable, "-c", code, place.root], cwd=Path(__file__).resolve().parents[2])
    assert (done.code, done.out) == (0, "lived\n"), done.err
