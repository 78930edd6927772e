"""One label, durable, against SQLite alone and against writing the label file anew; and how that grows."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from benchmarks.frames import name_of
from benchmarks.measure import Row, Sample, Topic, alternately, exponent, new_workspace, spaced, timed
from core.durable import atomic_write
from core.labels.store import LabelStore
from core.workspace import Workspace

TASK = "offline-detection"
CLASSES = ("offline", "active")


def keys_of(count: int) -> list[str]:
    """Return that many frame keys, a minute apart."""
    return ["printer-timelapses/{}/{}".format(*name_of(number)) for number in range(count)]


def filled(folder: Path, count: int) -> LabelStore:
    """Return a store that holds that many labels."""
    root = new_workspace(folder / f"ws-{count}", folder / f"camera-{count}")
    store = LabelStore(Workspace.open(root))
    store.set(TASK, keys_of(count), "offline", how="imported", who="ana")
    return store


class Bare:
    """The limit: one upsert into one table, WAL and synchronous=FULL, and nothing else."""

    def __init__(self, path: Path, count: int) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute("CREATE TABLE label (frame TEXT PRIMARY KEY, class TEXT) WITHOUT ROWID")
        self.db.execute("BEGIN")
        self.db.executemany("INSERT INTO label VALUES (?, 'offline')", ((key,) for key in keys_of(count)))
        self.db.execute("COMMIT")

    def set(self, key: str, class_: str) -> None:
        """Give one label."""
        self.db.execute(
            "INSERT INTO label VALUES (?, ?) ON CONFLICT (frame) DO UPDATE SET class = excluded.class",
            (key, class_),
        )


class Rewriting:
    """What was done before: the whole label file written anew for every label, durably."""

    def __init__(self, path: Path, count: int) -> None:
        self.path = path
        self.labels = dict.fromkeys(keys_of(count), "offline")

    def set(self, key: str, class_: str) -> None:
        """Give one label."""
        self.labels[key] = class_
        atomic_write(self.path, (json.dumps(self.labels, indent=2, sort_keys=True) + "\n").encode())


def labelling(store: LabelStore, bare: Bare, file: Rewriting, count: int) -> dict[str, Sample]:
    """Measure one label in each, in turns, on frames spread over all."""
    keys, turn = keys_of(count), dict.fromkeys(("ours", "sqlite", "json"), 0)

    def next_of(name: str) -> tuple[str, str]:
        turn[name] += 1
        # Always another frame, and always a change: the same value again would be no write.
        return keys[turn[name] * 7919 % count], "active"

    def ours() -> None:
        key, class_ = next_of("ours")
        store.set(TASK, [key], class_, who="ana")

    quick = alternately({"ours": ours, "sqlite": lambda: bare.set(*next_of("sqlite"))}, 300, warm=20)
    slow = alternately({"json": lambda: file.set(*next_of("json"))}, 5)
    return quick | slow


def painting(store: LabelStore, size: int) -> list[Row]:
    """Measure steps over runs of 10 000 frames, each between single labels, so that a busy minute slows both."""
    apart = keys_of(size)[80_000:]  # what no run holds: a single label is always a change
    single: list[float] = []

    def beside(call: Callable[[], object]) -> float:
        for _ in range(20):
            key = apart[len(single) * 7919 % len(apart)]
            single.append(timed(lambda key=key: store.set(TASK, [key], "active", who="bo")))
        return timed(call)

    def paint(run: list[str]) -> None:
        assert store.set(TASK, run, "active", how="stretch", who="ana").changed > 9_000

    times = {
        "paint a run of 10 000 frames, labelled before": [
            beside(lambda run=run: paint(run)) for run in runs_of(0)
        ],
        "paint a run of 10 000 frames, unlabelled": [
            beside(lambda run=run: paint(run)) for run in runs_of(size)
        ],
        "take such a run back": [beside(lambda: store.undo("ana")) for _ in range(8)],
    }
    one = Sample.of(single)
    return [
        Row(what, Sample.of(found), "one label", one, "≤ 100x" if what.startswith("paint") else "")
        for what, found in times.items()
    ]


def runs_of(first: int, count: int = 8, length: int = 10_000) -> list[list[str]]:
    """Return runs of frames that lie one after another."""
    keys = keys_of(first + count * length)
    return [keys[first + n * length : first + (n + 1) * length] for n in range(count)]


def measure(folder: Path) -> Topic:
    """Label at three sizes; at 100 000 also paint runs of 10 000, and take them back."""
    sizes, ours, rows = (1_000, 10_000, 100_000), [], []
    for size in sizes:
        store, bare = filled(folder, size), Bare(folder / f"bare-{size}.db", size)
        found = labelling(store, bare, Rewriting(folder / f"labels-{size}.json", size), size)
        ours.append(found["ours"])
        at = f"one label, durable, at {spaced(size)} labels"
        rows.append(Row(at, found["ours"], "SQLite WAL FULL upsert", found["sqlite"], "≤ 3x"))
        rows.append(
            Row(
                at, found["ours"], "rewriting the JSON", found["json"], "≤ 1/100" if size == sizes[-1] else ""
            )
        )
        if size == sizes[-1]:
            rows += painting(store, size)
            size_of_file = os.path.getsize(folder / f"labels-{size}.json") / 1e6
        store.close()
        bare.db.close()
    return Topic(
        "A label, durable",
        tuple(rows),
        (
            f"Time of one label ~ labels^{exponent(sizes, ours):.2f} over {', '.join(map(spaced, sizes))}"
            f" labels; the label file at the last size has {size_of_file:.0f} MB.",
        ),
    )
