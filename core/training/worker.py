"""What surrounds a training while it runs: identity, limits, heartbeat, the wish to stop, and its reported end.

What always holds: the first event is written before anything slow is imported; whatever ends the training, its end is
an event with a reason, a remedy and an exit code; only a process that is killed outright says nothing, and then its
files say so (`runs.settle`). Torch is not needed here.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from core import hooks
from core.errors import PrintModelsError, Refused
from core.text import safe
from core.training import ending, events, limits, proc, spec
from core.training.alerts import Watched
from core.training.events import EventWriter, RunView
from core.training.figures import memory_limit
from core.training.heart import Heart, Look
from core.training.launching import KEEPER
from core.training.printing import why_printing
from core.training.spec import Spec
from core.workspace import Workspace


class Stopped(Exception):
    """A person asked for the end; what is best so far is kept."""


@dataclass(slots=True)
class Outcome:
    """How a training came out: the best epoch, its results and its words; filled in as it goes.

    `results` are those on validation, `results_folds` those of cross-validation, None where it was not run.
    """

    best_epoch: int | None = None
    results: dict[str, Any] | None = None
    results_folds: dict[str, Any] | None = None
    words: list[str] = field(default_factory=list)
    early: bool = False


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
        """Rest while it has to (a print is running), and raise Stopped if a person asked for the end."""
        self.heart.rest()
        if self.wish.is_set():
            raise Stopped

    @property
    def rested(self) -> float:
        """Seconds it had to rest so far: what measures time takes them off."""
        return self.heart.rested


def wish_to_end() -> threading.Event:
    """Return what SIGTERM sets from here on; a terminal's own signals pass this process by."""
    wish = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:
        wish.set()

    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, asked)
    return wish


def supervise(folder: Path, train: Callable[[Job], None]) -> int:
    """Run a training to its reported end; return its exit code."""
    wish = wish_to_end()
    # What crashes below Python says so in the log, after the line with this process; see `ending.crash`.
    faulthandler.enable()
    sys.stderr.write(ending.begins(os.getpid()))
    sys.stderr.flush()
    # A killed training looks dead a moment before its last thread has let go of the file.
    writer = Watched(folder, wait_s=30.0)
    who = proc.identify(os.getpid())
    if who is not None:
        proc.write(folder, who)
    begun = time.monotonic()
    outcome = Outcome()
    before = events.fold(folder / events.FILE)[0]
    heart, workspace = None, None
    try:
        what = spec.read(folder)
        workspace = Workspace.open(folder.parents[2])
        _begin(writer, before, what, limits.apply(_memory_limit(workspace, what)))
        heart = Heart(writer, wish, _look(workspace))
        train(Job(folder, workspace, what, writer, heart, wish, before, outcome))
        heart.stop()
        writer.append("finished", early=outcome.early, **_end(folder, outcome, begun))
        return 0
    except Stopped:
        if heart is not None:
            heart.stop()
        writer.append("stopped", **_end(folder, outcome, begun))
        return 0
    except BaseException as error:
        if heart is not None:
            heart.stop()
        return _fail(error, writer, folder, outcome, begun)
    finally:
        if workspace is not None:
            _tell_hook(workspace, folder, writer)
        writer.close()


def _memory_limit(workspace: Workspace, what: Spec) -> int | None:
    """Return the bytes it may take; what maps a GPU's memory into the process can't be bounded by them."""
    return None if what.device.startswith("cuda") else memory_limit(workspace.settings.training.memory)


def _look(workspace: Workspace) -> Look | None:
    """Return what says why to rest: a print that runs, where the settings ask for that."""
    return partial(why_printing, workspace) if workspace.settings.training.while_printing else None


def _tell_hook(workspace: Workspace, folder: Path, writer: EventWriter) -> None:
    """Tell the person's own program that the training is over, and write into the log what became of that."""
    argv = workspace.settings.hooks.training_finished
    if not argv:
        return
    seen = events.fold(folder / events.FILE)[0]
    facts = {key: seen.facts.get(key) for key in ("task", "dataset")}
    event = {
        "event": "training_finished", "format": 1, "run": folder.name, "state": seen.state, "reason": seen.reason,
        "words": list(seen.words), "seconds": seen.seconds, "workspace": os.fspath(workspace.root), **facts,
    }  # fmt: skip
    said = hooks.call(workspace.root, argv, event)
    sys.stderr.write(f"{said}\n")  # standard error is the run's log
    sys.stderr.flush()
    if not said.endswith("was told."):
        with contextlib.suppress(PrintModelsError):
            writer.append("alert", kind="hook", text=said)


def _begin(writer: EventWriter, before: RunView, what: Spec, held: dict[str, int | str]) -> None:
    kept = os.environ.get(KEEPER, "session")
    if before.started_at:
        writer.append(
            "resumed", epoch=before.epoch, phase="loading torch", pid=os.getpid(), limits=held, keeper=kept
        )
        return
    facts = {
        **what.config,
        "epochs": what.last_epoch,
        "task": what.task,
        "dataset": what.dataset.version,
        "digest": what.dataset.digest,
        "architecture": what.architecture,
        "commit": what.commit,
        **({"again": what.again} if what.again else {}),
        "tool": what.tool,
        "folds": what.folds,
        "limits": held,
        "keeper": kept,
    }
    writer.append("started", phase="loading torch", pid=os.getpid(), **facts)


def _end(folder: Path, outcome: Outcome, begun: float) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "best_epoch": outcome.best_epoch,
        "results": outcome.results,
        "results_folds": outcome.results_folds,
        "words": outcome.words,
        "files": ending.left(folder),
        "seconds": round(time.monotonic() - begun, 1),
    }


def _fail(error: BaseException, writer: EventWriter, folder: Path, outcome: Outcome, begun: float) -> int:
    known = _known(error)
    traceback.print_exception(error)  # standard error is the run's log
    try:
        writer.append(
            "failed",
            reason=safe(known.what),
            remedy=safe(known.remedy),
            exit_code=known.exit_code,
            **_end(folder, outcome, begun),
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
