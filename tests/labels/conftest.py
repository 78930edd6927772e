"""A workspace without git or camera, its label store, and short ways to write and read its label file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.labels.store import LabelStore
from core.labels.sync import Flushed, flush, open_store
from core.tasks import Task
from core.workspace import Workspace


@dataclass
class Desk:
    """A workspace with labels; `open` opens the store anew, as another session would."""

    ws: Workspace
    opened: list[LabelStore]

    @property
    def task(self) -> Task:
        return self.ws.task("offline-detection")

    @property
    def file(self) -> Path:
        return self.ws.labels_path(self.task)

    def open(self, **words: Any) -> LabelStore:
        store = open_store(self.ws, **words)
        self.opened.append(store)
        return store

    def flush(self, store: LabelStore, **words: Any) -> Flushed:
        return flush(self.ws, store, self.task, **words)

    def write(self, labels: dict[str, Any] | str | bytes) -> None:
        """Change the label file as an editor or git would."""
        self.file.parent.mkdir(exist_ok=True)
        if isinstance(labels, dict):
            labels = json.dumps(labels)
        self.file.write_bytes(labels.encode() if isinstance(labels, str) else labels)

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    root = tmp_path / "ws"
    root.mkdir()
    (root / "print-models.toml").write_text("")
    made = Desk(Workspace.open(root), [])
    yield made
    for store in made.opened:
        store.close()


def key(n: int, day: str = "20251107") -> str:
    """The key of the n-th minute of a day."""
    return f"printer-timelapses/{day}/{day}T{n // 60:02}{n % 60:02}00.jpg"


def keys(count: int, first: int = 0) -> list[str]:
    return [key(n) for n in range(first, first + count)]
