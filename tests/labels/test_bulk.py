"""A step over many frames leaves in labels.db what the same step frame by frame leaves there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels import giving
from core.labels.model import LabelStep
from core.labels.store import LabelStore
from core.labels.sync import open_store
from core.workspace import Workspace
from tests.labels.conftest import Desk, keys

TASK = "offline-detection"
FRAMES = keys(12)

frames = st.sets(st.sampled_from(FRAMES), min_size=1).map(sorted) | st.tuples(
    st.integers(0, 6), st.integers(1, 6)
).map(lambda run: FRAMES[run[0] : run[0] + run[1]])
classes = st.sampled_from(("offline", "active", None))
painted = st.tuples(st.just("paint"), frames, classes)
both_sides = st.tuples(
    st.just("sides"),
    st.dictionaries(st.sampled_from(FRAMES), st.sampled_from(("offline", "active")), min_size=1),
)
steps = st.lists(painted | both_sides | st.tuples(st.just("undo")), min_size=1, max_size=8)


def done(store: LabelStore, what: tuple[Any, ...], sizes: Mapping[str, Any]) -> LabelStep | None:
    if what[0] == "paint":
        return store.set(TASK, what[1], what[2], how="stretch", who="ana", sizes=sizes)
    if what[0] == "sides":
        return store.set_many(TASK, what[1], how="bisect", who="ana", what="found")
    return store.undo("ana")


def content(store: LabelStore) -> list[Any]:
    """Everything that the database holds about labels, but the moments."""
    queries = (
        "SELECT seq, who, how, task, class, kind, changed, undone, target, text, frames FROM step ORDER BY seq",
        "SELECT * FROM change ORDER BY task, frame, seq",
        "SELECT * FROM label ORDER BY task, frame",
    )
    return [store.database.ask(lambda db, query=query: db.execute(query).fetchall()) for query in queries]


@settings(deadline=None, max_examples=40)
@given(steps, st.sets(st.sampled_from(FRAMES), max_size=3))
def test_in_bulk_and_one_by_one_are_the_same(todo: list[tuple[Any, ...]], seen: set[str]) -> None:
    sizes = {frame: (5, 7, None) for frame in seen}
    with tempfile.TemporaryDirectory() as folder:
        stores = []
        for name, least in (("one", 1000), ("bulk", 1)):
            root = Path(folder, name)
            root.mkdir()
            (root / "print-models.toml").write_text("")
            with patch.object(giving, "BULK", least):
                store = LabelStore(Workspace.open(root))
                answers = [done(store, what, sizes) for what in todo]
            stores.append((store, [(step.changed, step.text) if step else None for step in answers]))
        try:
            (one, said_one), (bulk, said_bulk) = stores
            assert said_bulk == said_one
            assert content(bulk) == content(one)
        finally:
            for store, _ in stores:
                store.close()


def test_a_long_stretch_over_midnight_is_one_step_and_said_as_one(desk: Desk) -> None:
    store = desk.open()
    many = [*keys(1440), *(key.replace("20251107", "20251108") for key in keys(100))]
    step = store.set(TASK, many, "offline", how="stretch", who="ana")
    assert step.text == "offline × 1540 · Fri 7 Nov–Sat 8 Nov 2025"
    assert store.counts(TASK)["offline"] == 1540
    some = many[1400:1500]
    assert store.set(TASK, some, "active", how="stretch", who="ana").text == (
        "active × 100 · Fri 7 Nov 2025 23:20–Sat 8 Nov 00:59"
    )
    odd = [f"printer-timelapses/20251107/zz{n}.jpg" for n in range(3)]
    assert store.set(TASK, [*some, *odd], "offline", how="stretch", who="ana").text.endswith(
        "Fri 7 Nov 2025 23:20–Sat 8 Nov 00:59"
    )
    assert open_store(desk.ws).counts(TASK) == {"offline": 1543, "active": 0}
