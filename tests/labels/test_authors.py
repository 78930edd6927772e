"""Who gave a label that came with a file: whoever gave it last and did not take it back."""

from __future__ import annotations

import json
import shutil

import pytest

from core.labels import journal
from core.labels.store import LabelStore
from tests.labels.conftest import Desk, key, keys

TASK = "offline-detection"
EARLY, LATE = "2025-11-07T08:00:00.000+01:00", "2099-11-07T08:00:00.000+01:00"


def line(desk: Desk, host: str, who: str, time: str, how: str = "hand", **words: object) -> None:
    """Append a step on the first frame to a journal; '' is this machine's."""
    path = desk.ws.history_dir / f"{host}.jsonl" if host else journal.host_file(desk.ws.history_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    change = {"after": "offline", "before": None, "frames": [key(0)]}
    entry = {"changes": [change], "how": how, "seq": 1, "task": TASK, "time": time, "who": who, **words}
    with path.open("a") as file:
        file.write(json.dumps(entry) + "\n")


def author(desk: Desk, store: LabelStore) -> tuple[str, str]:
    desk.write({**(desk.read() if desk.file.exists() else {}), key(0): "offline"})
    assert desk.flush(store).problem is None
    label = store.get(TASK, key(0))
    assert label is not None
    return label.who, label.how


def painted_and_undone(desk: Desk) -> LabelStore:
    store = desk.open()
    store.set(TASK, keys(1), "offline", how="stretch", who="newt")
    desk.flush(store)
    store.undo("newt")
    desk.flush(store)
    return store


@pytest.mark.parametrize("host", ["bobs-desk", ""])
@pytest.mark.parametrize("time", [EARLY, LATE])
@pytest.mark.parametrize("told", [True, False])
def test_a_label_that_i_took_back_and_another_gave_is_the_others(
    desk: Desk, host: str, time: str, told: bool
) -> None:
    """Also where both clones carry one host's name, whose steps are numbered alike, or git took the undo's line away."""
    store = painted_and_undone(desk)
    if not told:
        path = journal.host_file(desk.ws.history_dir)
        path.write_text(path.read_text().splitlines(keepends=True)[0])
    line(desk, host, "bob", time)
    assert author(desk, store) == ("bob", "hand")


def test_the_later_giving_is_told_also_where_mine_was_not_taken_back_but_replaced(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(1), "offline", how="stretch", who="newt")
    store.set(TASK, keys(1), "active", who="newt")
    desk.flush(store)
    line(desk, "bobs-desk", "bob", LATE)
    assert author(desk, store) == ("bob", "hand")


def test_an_earlier_giving_elsewhere_takes_nothing_from_mine(desk: Desk) -> None:
    store = desk.open()
    line(desk, "bobs-desk", "bob", EARLY)
    store.set(TASK, keys(1), "offline", how="stretch", who="newt")
    store.set(TASK, keys(1), "active", who="newt")
    desk.flush(store)
    assert author(desk, store) == ("newt", "stretch")


def test_what_its_giver_took_back_elsewhere_is_nobodys_until_given_again(desk: Desk) -> None:
    line(desk, "bobs-desk", "bob", EARLY)
    line(desk, "bobs-desk", "bob", LATE, "undo", seq=2, target=1)
    store = desk.open()
    store.set(TASK, keys(2, 1), "active", who="newt")
    desk.flush(store)
    assert author(desk, store) == ("outside", "outside")


def test_two_clones_of_one_name_are_told_apart_where_their_steps_have_one_number(desk: Desk) -> None:
    store = desk.open()
    store.set(TASK, keys(2, 2), "active", who="newt")
    desk.flush(store)
    line(desk, "shop", "bob", EARLY)
    line(desk, "shop", "cy", LATE, changes=[{"after": "offline", "before": None, "frames": [key(1)]}])
    desk.write({**desk.read(), key(0): "offline", key(1): "offline"})
    desk.flush(store)
    assert [label.who for label in store.labels(TASK).values()] == ["bob", "cy", "newt", "newt"]


def test_a_redo_elsewhere_gives_it_again(desk: Desk) -> None:
    line(desk, "bobs-desk", "bob", EARLY)
    line(desk, "bobs-desk", "bob", "2025-11-07T08:01:00+01:00", "undo", seq=2, target=1)
    line(desk, "bobs-desk", "bob", "2025-11-07T08:02:00+01:00", "redo", seq=3, target=1)
    store = desk.open()
    store.set(TASK, keys(2, 1), "active", who="newt")
    desk.flush(store)
    assert author(desk, store) == ("bob", "hand")


def test_a_new_database_knows_the_others_of_the_same_host_name_too(desk: Desk) -> None:
    store = painted_and_undone(desk)
    line(desk, "", "bob", LATE)
    assert author(desk, store) == ("bob", "hand")
    store.close()
    shutil.rmtree(desk.ws.private)
    again = desk.open()
    label = again.get(TASK, key(0))
    assert label is not None
    assert label.who == "bob"
