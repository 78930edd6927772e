"""Suggesting as long as somebody labels: looks whether a label was given, learns again, writes the file; else it rests.

What always holds: one at a time per workspace and task, by a lock; nothing is worked out while nothing changes; a label
that is given while embeddings are computed is learned from at once, and the computing goes on afterwards. Called by
`suggest`, once or with --watch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.assist import telling
from core.assist.engines import Engine, choose
from core.assist.gathering import Gathering
from core.assist.suggesting import answer
from core.durable import lock
from core.errors import Cancelled
from core.labels.store import LabelStore
from core.labels.suggested import path_of
from core.progress import CancelToken, Progress, Report, silent
from core.tasks import Task
from core.workspace import Workspace

#: Seconds between two looks at the labels, at the cameras' folders; and between two writings while embeddings come.
LABELS_S, CAMERAS_S, WRITE_S = 0.25, 30.0, 15.0


@contextmanager
def alone(workspace: Workspace, task: Task) -> Iterator[None]:
    """Be the only one that suggests for a task. Raises Busy."""
    workspace.ensure_private()
    folder = path_of(workspace, task).parent
    folder.mkdir(exist_ok=True)
    with lock(folder / f"{task.name}.lock", what=f"the suggestions of {task.name}"):
        yield


class Worker:
    """Works out what is suggested for a task, and writes it. Not to be used from several threads."""

    def __init__(
        self,
        workspace: Workspace,
        task: Task,
        store: LabelStore,
        report: Report = silent,
        cancel: CancelToken | None = None,
    ) -> None:
        self.workspace, self.task, self.store = workspace, task, store
        self._report, self.cancel = report, cancel or CancelToken()
        self.engine: Engine = choose(workspace)
        self.gathering = Gathering(workspace, task, store, self.engine)
        self._written: object = None

    def close(self) -> None:
        self.gathering.close()
        self.engine.close()

    def once(self) -> dict[str, Any]:
        """Compute what is missing, learn, write the file and return what it says."""
        self.gathering.look(self._report, self.cancel)
        self.fill(lambda: False)
        return self.write()

    def write(self) -> dict[str, Any]:
        """Learn from the labels as they are, write the file and return what it says."""
        state = self._state()
        scene, looks, guesses = self.gathering.read()
        found = answer(scene, looks)
        data = telling.told(self.task, scene, looks, found, guesses)
        data |= {
            "engine": self.engine.key,
            "engine_text": self.engine.text,
            "labels_seq": state[0],
            "made_at": telling.moment(),
        }
        telling.write(self.workspace, self.task, data)
        self._written = state
        return data

    def fill(self, stop: Callable[[], bool]) -> bool:
        """Compute missing embeddings until all are there or `stop` says so; return whether all that can be are there."""
        bare = self.gathering.without()
        token = CancelToken()

        def shown(progress: Progress) -> None:
            self._report(progress)
            if self.cancel.cancelled or stop():
                token.cancel()

        try:
            self.gathering.embeddings.fill(bare, shown, token)
        except Cancelled:
            self.cancel.check()
            return False
        return True

    # --- watching ---------------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Go on until `cancel` is set: learn again whenever labels, frames or predictions changed. Raises Cancelled."""
        self.gathering.look(self._report, self.cancel)
        self.write()
        filled, looked = False, time.monotonic()
        while True:
            if not filled:
                begun = time.monotonic()
                filled = self.fill(lambda: self._moved() or time.monotonic() - begun > WRITE_S)  # noqa: B023
                self.write()
            if time.monotonic() - looked > CAMERAS_S:
                looked = time.monotonic()
                filled = not self.gathering.look(cancel=self.cancel) and filled
            if self._moved():
                self.write()
            self.cancel.rest(LABELS_S)

    def _state(self) -> tuple[int, tuple[float, ...]]:
        """Return what the file depends on beside the frames: the last step of labelling, the predictions' files."""
        return self.store.last_seq(), tuple(
            _written_at(self.workspace, one) for one in self.workspace.tasks.values()
        )

    def _moved(self) -> bool:
        return self._state() != self._written


def _written_at(workspace: Workspace, task: Task) -> float:
    try:
        return (workspace.root / task.predictions).stat().st_mtime
    except OSError:
        return 0.0
