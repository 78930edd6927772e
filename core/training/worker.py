"""What surrounds a training while it runs: identity, low priority, heartbeat, the wish to stop, and its reported end.

What always holds: the first event is written before anything slow is imported; whatever ends the training, its end is
an event with a reason, a remedy and an exit code; only a process that is killed outright says nothing, and then its
files say so (`runs.settle`). Torch is not needed here.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from core.errors import PrintModelsError, Refused
from core.text import safe
from core.training import events, proc, spec
from core.training.events import EventWriter, RunView
from core.training.spec import Spec
from core.workspace import Workspace

_BEAT_S = 10.0
_SPEAK_S = 1.0


class Stopped(Exception):
    """A person asked for the end; what is best so far is kept."""


@dataclass(slots=True)
class Outcome:
    """How a training came out: the best epoch, its results and its words; filled in as it goes."""

    best_epoch: int | None = None
    results: dict[str, Any] | None = None
    words: list[str] = field(default_factory=list)
    early: bool = False


class Heart:
    """Says every ten seconds that the process lives, and at once what it does when that changes."""

    def __init__(self, writer: EventWriter, wish: threading.Event) -> None:
        self._writer = writer
        self._wish = wish
        self._end = threading.Event()
        self._phase = "loading torch"
        self._spoke = time.monotonic()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def say(self, phase: str, facts: dict[str, Any] | None = None, *, force: bool = True) -> None:
        """Tell what is being done now; without `force` at most once a second."""
        now = time.monotonic()
        self._phase = phase
        if force or facts or now - self._spoke >= _SPEAK_S:
            self._spoke = now
            self._writer.append("heartbeat", phase=phase, **({"facts": facts} if facts else {}))

    def stop(self) -> None:
        self._end.set()
        self._thread.join()

    def _beat(self) -> None:
        told, slept = False, 0.0
        while not self._end.wait(_SPEAK_S / 2):
            slept += _SPEAK_S / 2
            if self._wish.is_set() and not told:
                self._phase, told, slept = "stopping", True, _BEAT_S
            if slept >= _BEAT_S:
                slept = 0.0
                try:
                    self._writer.append("heartbeat", phase=self._phase, memory=_memory())
                except PrintModelsError:
                    continue  # the training itself will meet the same disk, and say so


def _memory() -> int | None:
    """Return the bytes of memory this process holds."""
    try:
        import psutil

        return int(psutil.Process().memory_info().rss)
    except (ImportError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Job:
    """All a training needs to know of its surroundings. `before` is what the run's events said when it began."""

    folder: Path
    workspace: Workspace
    spec: Spec
    writer: EventWriter
    heart: Heart
    wish: threading.Event
    before: RunView
    outcome: Outcome

    def check(self) -> None:
        """Raise Stopped if a person asked for the end."""
        if self.wish.is_set():
            raise Stopped


def lower_priority() -> None:
    """Let everything else on this machine go first: a print may be running."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, 19)
        import psutil

        if sys.platform == "linux":
            psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
    except (OSError, ImportError, AttributeError):
        return


def supervise(folder: Path, train: Callable[[Job], None]) -> int:
    """Run a training to its reported end; return its exit code."""
    wish = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:
        wish.set()

    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, asked)
    lower_priority()
    # A killed training looks dead a moment before its last thread has let go of the file.
    writer = EventWriter(folder, wait_s=30.0)
    who = proc.identify(os.getpid())
    if who is not None:
        proc.write(folder, who)
    begun = time.monotonic()
    outcome = Outcome()
    before = events.reduce(events.read(folder / events.FILE).events)
    _begin(folder, writer, before)
    heart = Heart(writer, wish)
    try:
        what = spec.read(folder)
        workspace = Workspace.open(folder.parents[2])
        train(Job(folder, workspace, what, writer, heart, wish, before, outcome))
        heart.stop()
        writer.append("finished", early=outcome.early, **_end(outcome, begun))
        return 0
    except Stopped:
        heart.stop()
        writer.append("stopped", **_end(outcome, begun))
        return 0
    except BaseException as error:
        heart.stop()
        return _fail(error, writer, outcome, begun)
    finally:
        writer.close()


def _begin(folder: Path, writer: EventWriter, before: RunView) -> None:
    if before.started_at:
        writer.append("resumed", epoch=before.epoch, phase="loading torch", pid=os.getpid())
        return
    facts: dict[str, Any] = {"epochs": 0}
    try:
        what = spec.read(folder)
        facts = {
            **what.config,
            "epochs": what.last_epoch,
            "task": what.task,
            "dataset": what.dataset.version,
            "digest": what.dataset.digest,
            "architecture": what.architecture,
            "commit": what.commit,
            "tool": what.tool,
        }
    except PrintModelsError:
        pass  # read again below, where its failure is reported
    writer.append("started", phase="loading torch", pid=os.getpid(), **facts)


def _end(outcome: Outcome, begun: float) -> dict[str, Any]:
    return {
        "best_epoch": outcome.best_epoch,
        "results": outcome.results,
        "words": outcome.words,
        "seconds": round(time.monotonic() - begun, 1),
    }


def _fail(error: BaseException, writer: EventWriter, outcome: Outcome, begun: float) -> int:
    known = _known(error)
    traceback.print_exception(error)  # standard error is the run's log
    try:
        writer.append(
            "failed",
            reason=safe(known.what),
            remedy=safe(known.remedy),
            exit_code=known.exit_code,
            **_end(outcome, begun),
        )
    except PrintModelsError:
        traceback.print_exc()
    return known.exit_code


def _known(error: BaseException) -> PrintModelsError:
    if isinstance(error, PrintModelsError):
        return error
    if isinstance(error, MemoryError):
        return Refused("The training ran out of memory.", "Use a smaller --batch-size, or --mode head.")
    if isinstance(error, OSError):
        from core.durable import explain

        return explain(error, "training")
    if isinstance(error, ImportError):
        return Refused(
            f"torch could not be loaded: {safe(str(error), limit=160)}.",
            "Install it again: make setup TRAIN=1",
        )
    return Refused(
        f"Something unforeseen ended the training: {type(error).__name__}: {safe(str(error), limit=200)}",
        "Look at the end of its train.log.",
    )
