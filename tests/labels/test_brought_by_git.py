"""What git brought is other people's work: undo leaves it, and takes one's own last step again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.labels.polling import changed_outside
from core.labels.store import LabelStore
from tests.conftest import git
from tests.labels.conftest import Desk, key, keys

TASK = "offline-detection"


class Repository:
    """The files by which git tells where HEAD is."""

    def __init__(self, desk: Desk) -> None:
        self.folder: Path = desk.ws.root / ".git"
        (self.folder / "refs" / "heads").mkdir(parents=True)
        (self.folder / "HEAD").write_text("ref: refs/heads/main\n")
        self.move("1")

    def move(self, digit: str) -> None:
        (self.folder / "refs" / "heads" / "main").write_text(digit * 40)


def brought(desk: Desk, store: LabelStore) -> Repository:
    """Ana labels two frames; a pull brings three of Bo's."""
    repo = Repository(desk)
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    desk.write({**desk.read(), **dict.fromkeys(keys(3, 2), "offline")})
    repo.move("2")
    return repo


def test_undo_after_a_pull_takes_ones_own_step_and_leaves_what_came(desk: Desk) -> None:
    store = desk.open()
    brought(desk, store)
    done = desk.flush(store)
    assert (done.outside, done.by_git) == (3, True)
    step = store.undo("ana", store.session)
    assert step is not None
    assert step.frames == tuple(keys(2))
    assert store.undo("ana", store.session) is None
    assert store.classes(TASK) == dict.fromkeys(keys(3, 2), "offline")
    again = store.redo("ana", store.session)
    assert again is not None
    assert len(store.classes(TASK)) == 5


def test_what_a_merge_brings_before_its_commit_is_brought_by_git(desk: Desk) -> None:
    store = desk.open()
    repo = Repository(desk)
    store.set(TASK, [key(0)], "active", who="ana")
    desk.flush(store)
    (repo.folder / "MERGE_HEAD").write_text("2" * 40)
    desk.write({**desk.read(), key(1): "offline"})
    assert desk.flush(store).by_git
    found = store.next_undo("ana")
    assert found is not None
    assert found.frames == (key(0),)


def test_marks_that_the_same_pull_brought_stay_too(desk: Desk) -> None:
    store = desk.open()
    repo = Repository(desk)
    store.mark(key(0), who="ana", mark="unsure")
    store.set(TASK, [key(0)], "active", who="ana")
    desk.flush(store)
    desk.write({**desk.read(), key(1): "offline"})
    marks = json.loads(desk.ws.marks_file.read_text())
    marks[key(3)] = {"mark": "excluded", "reason": "cut", "by": "bo", "at": "2025-11-07T00:00:00+00:00"}
    desk.ws.marks_file.write_text(json.dumps(marks))
    repo.move("2")
    desk.flush(store)
    while store.undo("ana"):
        pass
    assert store.classes(TASK) == {key(1): "offline"}
    assert list(store.all_marks()) == [key(3)]


def test_an_edit_after_ones_own_commit_is_no_pull(desk: Desk) -> None:
    """HEAD moved, and the file said the same before and after: by opening, or by a look while the app is open."""
    store = desk.open()
    repo = Repository(desk)
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    repo.move("2")
    assert changed_outside(desk.ws, store) == ()
    desk.write({key(0): "offline", key(1): "active"})
    assert not desk.flush(store).by_git
    assert store.undo("ana") is not None
    assert store.classes(TASK) == dict.fromkeys(keys(2), "active")
    desk.flush(store)
    repo.move("3")
    later = desk.open()
    desk.write({key(0): "active"})
    assert not desk.flush(later).by_git
    assert later.undo("ana") is not None
    assert len(later.classes(TASK)) == 2


@pytest.mark.parametrize("committed", [True, False])
def test_a_new_database_leaves_what_a_clone_brought_beyond_its_own_history(
    desk: Desk, committed: bool
) -> None:
    """A new card: the label file knows of others' labels that this machine's journal does not tell."""
    store = desk.open()
    store.set(TASK, keys(2), "active", who="ana")
    desk.flush(store)
    store.close()
    shutil.rmtree(desk.ws.private)
    desk.write({**desk.read(), key(3): "offline"})
    if committed:
        git(desk.ws.root, "init", "-q")
        git(desk.ws.root, "add", "data")
        git(desk.ws.root, "commit", "-q", "-m", "labels")
    again = desk.open()
    assert len(again.classes(TASK)) == 3
    assert again.undo("ana") is not None
    assert again.classes(TASK) == ({key(3): "offline"} if committed else dict.fromkeys(keys(2), "active"))


def test_a_new_database_leaves_it_as_well(desk: Desk) -> None:
    store = desk.open()
    brought(desk, store)
    desk.flush(store)
    store.close()
    for path in desk.ws.labels_db.parent.glob("labels.db*"):
        path.unlink()
    again = desk.open()
    assert again.undo("ana") is not None
    assert again.undo("ana") is None
    assert again.classes(TASK) == dict.fromkeys(keys(3, 2), "offline")
