"""Looking at trainings again and again: of a file that only grows, only what is new is read.

What always holds: what is said is what `runs.view` says; a file that shrank or became another one is read from its start.
Kept by the app, which looks once a second for as long as it is open.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from core.training import events, runs
from core.training.runs import Run
from core.training.view import RunView


@dataclass(frozen=True, slots=True)
class _Read:
    """How far a file was read, which one it was, and what follows from that."""

    file: tuple[int, int]
    offset: int
    view: RunView


class Watcher:
    """How every training stood when it was looked at last; used by one thread."""

    def __init__(self) -> None:
        self._read: dict[str, _Read] = {}

    def view(self, run: Run) -> RunView:
        """Return how a training stands now."""
        living = runs.is_alive(run)
        path = run.path / events.FILE
        try:
            at = os.stat(path)
        except OSError:
            self._read.pop(run.id, None)
            return runs.view(run)
        known = self._read.get(run.id)
        if known is None or known.file != (at.st_ino, at.st_dev) or at.st_size < known.offset:
            known = _Read((at.st_ino, at.st_dev), 0, RunView())
        view, offset = events.fold(path, known.view, known.offset)
        self._read[run.id] = _Read(known.file, offset, view)
        return runs.settle(run, view, living)
