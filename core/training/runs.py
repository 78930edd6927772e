"""Trainings of a workspace: start one, list them, see how one stands, stop it. Torch is not needed here.

What always holds: one training at a time in a workspace; a training's state is derived from its files and its
process, never stored; only the very process that a training is gets a signal. Called by the training commands, the
Training screen, `status`, and `release --train`.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.durable import explain, lock
from core.errors import Busy, PrintModelsError, Refused, WrongUsage
from core.text import safe
from core.training import dataset, elsewhere, ending, events, launching, proc, spec
from core.training.events import RunView, Tail
from core.training.readiness import require_ready, require_torch
from core.training.spec import Spec
from core.versions.manifest import Version
from core.workspace import Workspace

__all__ = ["Run", "require_torch"]

LOG, LAST, BEST = ending.LOG, ending.LAST, ending.BEST

_ID = re.compile(r"\d{8}T\d{6}-[a-z0-9][a-z0-9_-]*")
_POLL_S = 0.2
_BIRTH_S = 10.0


@dataclass(frozen=True, slots=True)
class Run:
    """One training: its id '<YYYYMMDDTHHMMSS>-<task>' and its folder; on starting it a `warning`, where there is one."""

    id: str
    path: Path
    warning: str = field(default="", compare=False)

    @property
    def log(self) -> Path:
        return self.path / LOG

    @property
    def best(self) -> Path:
        return self.path / BEST

    @property
    def spec(self) -> Spec:
        """What it is to do. Raises Damaged."""
        return spec.read(self.path)


def list_runs(workspace: Workspace) -> list[Run]:
    """Return every training of a workspace, the newest first."""
    try:
        names = [entry.name for entry in os.scandir(workspace.runs) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [Run(name, workspace.runs / name) for name in sorted(names, reverse=True) if _ID.fullmatch(name)]


def get(workspace: Workspace, name: str | None = None) -> Run:
    """Return a training by its id or the beginning of it, without one the one at work, else the newest.

    The newest by its id need not be the last: a clock may have been set back. Raises WrongUsage, Refused.
    """
    known = list_runs(workspace)
    if not known:
        raise Refused("There is no training yet.", "Start one: print-models train")
    if name is None:
        return running(workspace) or known[0]
    found = [run for run in known if run.id == name] or [run for run in known if run.id.startswith(name)]
    if len(found) != 1:
        shown = ", ".join(run.id for run in known[:3])
        what = "more than one training" if found else "no training"
        raise WrongUsage(f"There is {what} called “{safe(name, limit=60)}”.", f"The newest are: {shown}.")
    return found[0]


def running(workspace: Workspace) -> Run | None:
    """Return the training that is at work, if any; one that has told its end only has to leave."""
    return next((run for run in list_runs(workspace) if is_alive(run) and not view(run).over), None)


def is_alive(run: Run) -> bool:
    """True while the training's own process runs on this machine."""
    who = proc.read(run.path)
    return who is not None and proc.alive(who)


def tail(run: Run, offset: int = 0) -> Tail:
    """Return the events after `offset` bytes and where to go on; feed them to `events.reduce`, then `settle`."""
    return events.read(run.path / events.FILE, offset)


def view(run: Run) -> RunView:
    """Return how a training stands now."""
    # Alive is asked before the file is read: an end written in between is then seen, and not taken for a death.
    living = is_alive(run)
    return settle(run, events.fold(run.path / events.FILE)[0], living)


def settle(run: Run, seen: RunView, living: bool) -> RunView:
    """Return the view with the state that follows from the process: one that is gone without a word was killed."""
    who = proc.read(run.path)
    silent = who is not None and who.pid != seen.pid  # the newest process has not said anything yet
    # Who was not there before the events were read may have been born in between: only who is gone still is dead.
    if living or is_alive(run):
        return replace(seen, state="starting", phase="", reason="", remedy="") if silent else seen
    if seen.over and not silent:
        return seen
    if who is not None and who.host != proc.this_host() and _spoke_lately(seen):
        return seen
    kept = f" {there}" if (there := ending.kept(run.path, seen)) else ""
    how = "Go on from its last checkpoint" if (run.path / LAST).exists() else "Begin it again"
    again = f"{how}: print-models train --resume {run.id}"
    ended = replace(seen, phase="", eta_s=None, remedy=again, exit_code=1)
    if who is None and _just_made(run):
        return seen
    if who is None:
        return replace(
            ended, state="failed", reason=f"It did not start. {ending.last_words(run.path)}".strip()
        )
    if not proc.here(who):
        why = f"The machine it ran on ({safe(who.host, limit=60)}) was switched off or restarted.{kept}"
        return replace(ended, state="interrupted", reason=why)
    if silent:
        begin = "went on" if seen.started_at else "began"
        return replace(
            ended, state="failed", reason=f"It ended before it {begin}. {ending.last_words(run.path)}".strip()
        )
    if said := ending.crash(run.path):
        return replace(ended, state="failed", reason=f"It crashed: {said}{kept}")
    why = f"Its process was killed from outside (kill -9, or the system for want of memory{ending.scarce(seen)}).{kept}"
    return replace(ended, state="killed", reason=why)


def _spoke_lately(seen: RunView) -> bool:
    """True for a training on another machine (a shared disk) whose heart beat within the last two minutes."""
    try:
        return datetime.now().astimezone() - datetime.fromisoformat(seen.last_at) < timedelta(minutes=2)
    except (ValueError, TypeError):
        return False


def _just_made(run: Run) -> bool:
    """True within the first seconds of a run's folder, before its process is written down."""
    try:
        return abs(time.time() - run.path.stat().st_mtime) < _BIRTH_S
    except OSError:
        return False


def start(workspace: Workspace, what: Spec, *, draft: Version | None = None, id_: str = "") -> Run:
    """Start a training in the background, in a session of its own, and return it at once.

    `draft` is what `core.versions.drafted` made, for a spec that learns from it; its text is kept in the training's
    folder. It is called `id_` (of `free_id`) where nobody took that meanwhile. Raises Lacking (torch, pictures), Refused (a class without images), Busy (one runs already).
    """
    if draft is None:
        version = dataset.version_of(workspace, what)
    else:
        version = dataset.anew(workspace, draft, what.val_split, what.seed) if what.val_split else draft
    require_ready(workspace, what, version)
    with _starting(workspace):
        run = _new_run(workspace, what, draft, id_)
        return _spawn(workspace, run, what)


def resume(workspace: Workspace, run: Run) -> Run:
    """Go on with a training that was stopped, killed or interrupted. Raises Refused for one that is finished."""
    seen = view(run)
    if seen.state == "finished":
        raise Refused(f"The training {run.id} is finished.", "Start a new one: print-models train")
    away = elsewhere.read(run.path) is not None
    if not away:
        require_ready(workspace, run.spec, dataset.version_of(workspace, run.spec, run.path))
    with _starting(workspace):
        return _spawn(workspace, run, run.spec, following=("again",) if away else None)


def start_on(
    workspace: Workspace,
    host: str,
    url: str,
    what: Spec,
    options: Mapping[str, str | bool],
    *,
    tool: str = "",
) -> Run:
    """Start a training on another machine, and here the process that follows it; see `elsewhere.start`."""
    with _starting(workspace):
        place, there = elsewhere.start(host, url, what, options, tool=tool)
        run = _new_run(workspace, there)
        elsewhere.keep(run.path, place)
        return _spawn(workspace, run, there, following=())


class _starting:
    """Hold the right to start a training while nobody else may; raises Busy where one runs."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = lock(
            workspace.ensure_private() / "training.lock", what="the start of a training", timeout=5
        )

    def __enter__(self) -> None:
        self._lock.__enter__()
        other = running(self._workspace)
        if other is not None:
            self._lock.__exit__(None, None, None)
            seen = view(other)
            how_far = f"epoch {seen.epoch} of {seen.epochs}" if seen.epochs else seen.state
            raise Busy(
                f"The training {other.id} is running ({how_far}); a workspace trains one at a time.",
                f"Watch it: print-models watch   or stop it: print-models stop {other.id}",
            )

    def __exit__(self, *error: Any) -> None:
        self._lock.__exit__(*error)


def free_id(workspace: Workspace, what: Spec) -> str:
    """Return what the next training would be called: the moment, and the task."""
    moment = datetime.now().replace(microsecond=0)
    while (workspace.runs / (name := f"{moment:%Y%m%dT%H%M%S}-{what.task}")).exists():
        moment += timedelta(seconds=1)
    return name


def _new_run(workspace: Workspace, what: Spec, draft: Version | None = None, id_: str = "") -> Run:
    run_id = id_ or free_id(workspace, what)
    try:
        workspace.runs.mkdir(exist_ok=True)
        while True:
            try:
                (workspace.runs / run_id).mkdir()
                break
            except FileExistsError:
                run_id = free_id(workspace, what)
    except OSError as error:
        raise explain(error, "making the training's folder") from error
    run = Run(run_id, workspace.runs / run_id)
    if draft is not None:
        dataset.keep_draft(run.path, draft)
    spec.write(run.path, what)
    return run


def _spawn(workspace: Workspace, run: Run, what: Spec, *, following: tuple[str, ...] | None = None) -> Run:
    by, memory = launching.keeper(), workspace.settings.training.memory
    pid = launching.spawn(workspace.root, run.path, what, by, memory_gb=memory, following=following)
    who = proc.identify(pid)
    if who is not None:
        proc.write(run.path, who)
    return replace(run, warning=by.warning)


def stop(run: Run, *, wait_s: float = 30.0) -> RunView:
    """Ask a training to stop after the step it is at, keeping its best; wait up to `wait_s` seconds for its end.

    Raises Refused where it does not run. A process that is not this training never gets a signal.
    """
    who = proc.read(run.path)
    if who is None or not proc.alive(who):
        seen = view(run)
        raise Refused(f"The training {run.id} does not run: it is {seen.state}.", "See: print-models runs")
    proc.ask_to_stop(who)
    return follow(run, until_s=wait_s)


def follow(
    run: Run,
    on_change: Callable[[RunView], None] | None = None,
    *,
    until_s: float | None = None,
    wake: threading.Event | None = None,
) -> RunView:
    """Call `on_change` with every new view until the training is over, `until_s` have passed, or `wake` is set."""
    wake = wake or threading.Event()
    seen, offset, waited, told = RunView(), 0, 0.0, None
    while True:
        living = is_alive(run)
        seen, offset = events.fold(run.path / events.FILE, seen, offset)
        now = settle(run, seen, living)
        if now != told and on_change:
            on_change(now)
        told = now
        if now.over or (until_s is not None and waited >= until_s) or wake.wait(_POLL_S):
            return now
        waited += _POLL_S


def as_json(run: Run, seen: RunView) -> dict[str, Any]:
    """Return a training as `runs --json` lists it."""
    facts = seen.facts
    what = facts or _facts_of_spec(run)
    return {
        "id": run.id,
        "state": seen.state,
        "task": what.get("task"),
        "dataset": what.get("dataset"),
        "epoch": seen.epoch,
        "epochs": seen.epochs or what.get("epochs", 0),
        "share": None if seen.share is None else round(seen.share, 3),
        "best": seen.best,
        "eta_s": seen.eta_s,
        "reason": seen.reason,
        "words": list(seen.words),
        "kept": ending.kept(run.path, seen),
        "reproduces": what.get("again"),
        "val_split": what.get("val_split"),
    }


def _facts_of_spec(run: Run) -> dict[str, Any]:
    try:
        what = run.spec
    except PrintModelsError:
        return {}
    facts = {"task": what.task, "dataset": what.dataset.version, "epochs": what.epochs}
    return facts | {"again": what.again or None, "val_split": what.val_split or None}
