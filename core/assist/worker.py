"""Suggesting as long as somebody labels: looks whether a label was given, learns again, writes the file; else it rests.

What always holds: one at a time per workspace and task, by a lock; nothing is worked out while nothing changes; a label
that is given while embeddings are computed is learned from at once, and the computing goes on afterwards. Called by
`suggest`, once or with --watch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from core.assist import telling
from core.assist.curve import Point, curve
from core.assist.engines import Engine, choose
from core.assist.gathering import Gathered, Gathering
from core.assist.suggesting import Answer, answer
from core.durable import lock
from core.errors import Busy, Cancelled
from core.labels.store import LabelStore
from core.labels.suggested import path_of
from core.progress import CancelToken, Progress, Report, silent
from core.tasks import Task
from core.workspace import Workspace

#: Seconds between two looks at the labels, at the cameras' folders; and between two writings while embeddings come.
LABELS_S, CAMERAS_S, WRITE_S = 0.25, 30.0, 15.0


_State = tuple[int, tuple[float, ...]]


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
        engine: Engine | None = None,
    ) -> None:
        """Take what frames are compared by from `engine`, without one the best there is; it is closed at the end."""
        self.workspace, self.task, self.store = workspace, task, store
        self._report, self.cancel = report, cancel or CancelToken()
        self.engine: Engine = engine or choose(workspace)
        self.gathering = Gathering(workspace, task, store, self.engine)
        self._written: _State | None = None
        self._gathered: Gathered | None = None
        self._found: Answer | None = None
        self._curve: list[Point] = []
        self._drawn = False

    def close(self) -> None:
        self.gathering.close()
        self.engine.close()

    def once(self) -> dict[str, Any]:
        """Compute what is missing, learn, write the file and return what it says."""
        self.gathering.look(self._report, self.cancel)
        self.fill(lambda: False)
        self.write()
        return self.draw(self.cancel)

    def write(self) -> dict[str, Any]:
        """Learn from the labels as they are, write the file and return what it says."""
        self._written = self._state()
        self._gathered = self.gathering.read()
        self._found = answer(self._gathered.scene, self._gathered.looks)
        self._drawn = False
        return self._tell()

    def draw(self, cancel: CancelToken | None = None) -> dict[str, Any]:
        """Work out the learning curve of what was written last, and write it too. Raises Cancelled."""
        assert self._gathered is not None
        self._curve = curve(self._gathered.scene, self._gathered.looks, cancel)
        self._drawn = True
        return self._tell()

    def _tell(self) -> dict[str, Any]:
        assert self._gathered is not None
        assert self._written is not None
        data = telling.told(self.task, self._gathered, self._found, self._curve)
        data |= {
            "engine": self.engine.key,
            "engine_text": self.engine.text,
            "labels_seq": self._written[0],
            "made_at": telling.moment(),
        }
        telling.write(self.workspace, self.task, data)
        return data

    def said(self) -> dict[str, str]:
        """Return the class that was suggested last for every frame that counts; a labelled frame's is its label."""
        if self._gathered is None or self._found is None:
            return {}
        keys, classes = self._gathered.scene.keys, self.task.classes
        return {key: classes[code] for key, code in zip(keys, self._found.said.tolist(), strict=True)}

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
        except Busy:  # another process computes the same: what is known is learned from meanwhile
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
                filled = self.fill(partial(self._due, time.monotonic() + WRITE_S))
                self.write()
            if time.monotonic() - looked > CAMERAS_S:
                looked = time.monotonic()
                filled = not self.gathering.look(cancel=self.cancel) and filled
            if self.moved():
                self.write()
            elif not self._drawn:
                with suppress(_Moved):
                    self.draw(_Until(self))
            self.cancel.rest(LABELS_S)

    def _due(self, at: float) -> bool:
        """True where there is something new to learn, or the clock says it is time to write again."""
        return self.moved() or time.monotonic() > at

    def _state(self) -> _State:
        """Return what the file depends on beside the frames: the last step of labelling, the predictions' files."""
        return self.store.last_seq(), tuple(
            _written_at(self.workspace, one) for one in self.workspace.tasks.values()
        )

    def moved(self) -> bool:
        """True where labels or predictions are no longer those that were learned from."""
        return self._state() != self._written


class _Moved(Cancelled):
    """A label was given meanwhile."""


class _Until(CancelToken):
    """Stops what can wait as soon as there is something new to learn, or the worker is to end."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker

    def check(self) -> None:
        self._worker.cancel.check()
        if self._worker.moved():
            raise _Moved()


def _written_at(workspace: Workspace, task: Task) -> float:
    try:
        return (workspace.root / task.predictions).stat().st_mtime
    except OSError:
        return 0.0
