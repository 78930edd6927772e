"""A training in this very process, so that tests share one that has torch: with an end at any step, as a kill gives it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from core.training import events, spec
from core.training.events import EventWriter
from core.training.fit import train
from core.training.ranks import _Silent
from core.training.spec import Spec
from core.training.worker import Job, Outcome, Stopped
from core.workspace import Workspace


class Killed(BaseException):
    """Stands for the end of a process: nothing catches it, nothing is saved on its way."""


class Here(Job):
    """A job whose `check`, which is asked before every step, may be the last thing that happens."""

    __slots__ = ()
    steps = 0
    end: Callable[[int], None] = staticmethod(lambda step: None)

    def check(self) -> None:
        Here.steps += 1
        Here.end(Here.steps)
        if self.wish.is_set():
            raise Stopped


def new_run(workspace: Workspace, what: Spec, name: str = "20251107T080000-offline-detection") -> Path:
    folder = workspace.ensure_private() / "runs" / name
    folder.mkdir(parents=True)
    spec.write(folder, what)
    return folder


def run_here(workspace: Workspace, folder: Path, end: Callable[[int], None] = lambda step: None) -> Outcome:
    """Train, or go on, in this process; return what came out. `end` hears the number of each step and may raise."""
    writer = EventWriter(folder)
    outcome, wish = Outcome(), threading.Event()
    heart: Any = _Silent()
    before = events.reduce(events.read(folder / events.FILE).events)
    if not before.started_at:
        writer.append("started", epochs=spec.read(folder).last_epoch, phase="")
    Here.steps, Here.end = 0, staticmethod(end)
    try:
        train(Here(folder, workspace, spec.read(folder), writer, heart, wish, before, outcome))
    finally:
        writer.close()
    return outcome


def kill_at(step: int) -> Callable[[int], None]:
    def end(now: int) -> None:
        if now >= step:
            raise Killed

    return end


def stop_at(step: int) -> Callable[[int], None]:
    def end(now: int) -> None:
        if now >= step:
            raise Stopped

    return end


def told(folder: Path, event: str) -> list[dict[str, Any]]:
    """Return the events of a kind."""
    return [msgspec.to_builtins(e) for e in events.read(folder / events.FILE).events if e["event"] == event]
