"""What the worker threads look up and do for the Training screen; reads only what a training writes.

What always holds: the app never holds a training's process; a run's state comes from its files. Called by the bridge.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import PrintModelsError
from core.human import duration, plural, size
from core.text import safe, safe_lines
from core.training.view import describe
from core.workspace import Workspace
from tui.messages import RunPromoted, RunRow, RunSeen, RunsSeen, RunStarted, RunStopped
from tui.told import Told
from tui.ways import in_app

if TYPE_CHECKING:
    from core.training.events import RunView
    from core.training.runs import Run
    from core.training.watching import Watcher

_LOG_BYTES = 16_000
_MOST_WRONG = 200
#: What a training's process writes first of all.
_BEGUN = re.compile(r"\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\S*\] process \d+$")
PREDICTIONS = "predictions.json"


class Views:
    """How every training stood when it was last looked at: one that is over is not read again."""

    def __init__(self) -> None:
        self._over: dict[str, RunRow] = {}
        self._watcher: Watcher | None = None
        self._last: RunsSeen | None = None
        self._told = Told()
        self._first = True

    def seen(self, workspace: Workspace) -> RunsSeen | None:
        """List the trainings; None where nothing changed since the last look."""
        from core.training import runs

        rows, running = [], ""
        for run in runs.list_runs(workspace):
            row = self._over.get(run.id)
            if row is None:
                view = self._watching().view(run)
                facts = runs.as_json(run, view)
                row = RunRow(
                    run.id, view.state, safe(str(facts["task"] or "?")), safe(str(facts["dataset"] or "?")),
                    safe(describe(view)), _when(run.id),
                )  # fmt: skip
                if view.over:
                    self._over[run.id] = row
                elif not running:
                    running = _in_header(view)
            rows.append(row)
        now, away, self._first = RunsSeen(tuple(rows), running), self._first, False
        news = self._told.fresh(workspace, [row.id for row in rows if row.id in self._over])
        if now == self._last and not news:
            return None
        self._last = now
        return RunsSeen(now.rows, running, _ended([row for row in rows if row.id in news]), away)

    def one(self, workspace: Workspace, run_id: str) -> RunSeen | RunsSeen | None:
        """Look at one training closely; where its folder is gone, at which there are."""
        if not (workspace.runs / run_id).is_dir():
            self.again(run_id)
            return self.seen(workspace)
        return run_seen(workspace, run_id, self._watching())

    def _watching(self) -> Watcher:
        if self._watcher is None:
            from core.training.watching import Watcher

            self._watcher = Watcher()
        return self._watcher

    def again(self, run_id: str) -> None:
        """Look at this one again the next time."""
        self._over.pop(run_id, None)
        self._last = None


def _in_header(view: RunView) -> str:
    """Return 'T 43% 2 min': how far the training at work is, in a few letters."""
    if view.state == "paused":
        return "T paused"
    share = f" {100 * view.share:.0f}%" if view.share is not None else " …"
    return "T" + share + (f" {duration(view.eta_s)}" if view.eta_s else "")


def _when(run_id: str) -> str:
    """Return '23 Nov 12:42' from a training's id."""
    try:
        moment = datetime.strptime(run_id[:15], "%Y%m%dT%H%M%S")
    except ValueError:
        return run_id[:15]
    return f"{moment.day} {moment:%b %H:%M}"


def _ended(rows: list[RunRow]) -> tuple[str, ...]:
    """Say of each what came of it; of many, of the newest and how many more."""
    said = [
        f"The training of {row.when} on {row.task} {row.dataset} is {row.state}: {row.words}"
        for row in rows[:2]
    ]
    more = len(rows) - len(said)
    return (*said, *([f"{plural(more, 'more training')} ended too; T lists them."] if more else []))


def run_seen(workspace: Workspace, run_id: str, watcher: Watcher | None = None) -> RunSeen:
    """Look at one training closely, with a `watcher` only at what is new of it."""
    from core.training import runs

    run = runs.get(workspace, run_id)
    view = watcher.view(run) if watcher is not None else runs.view(run)
    judged = view.results_folds or view.results
    # The curve is that of validation, and so are the lines it has to stay above.
    baselines = (view.results or {}).get("baselines") or {}
    words = [safe(line) for line in view.words] or _way_on(view)
    start, host = view.facts.get("start"), view.facts.get("host")
    return RunSeen(
        id=run.id,
        state=view.state,
        headline=_headline(view),
        words=(
            *_beside_in_use(workspace, run, view),
            *words[1 if view.words else 0 :],
            *([safe(str(start))] if start and not view.words else []),
            *([f"It runs on {safe(str(host))}."] if host and not view.over else []),
        ),
        share=view.share,
        eta=f"{duration(view.eta_s)} to go" if view.eta_s else "",
        loss={
            "train": tuple((float(e.number), e.train_loss) for e in view.history),
            "validation": tuple((float(e.number), e.loss) for e in view.history if e.loss is not None),
        },
        accuracy={
            "train": tuple((float(e.number), 100 * e.train_accuracy) for e in view.history),
            "validation": tuple(
                (float(e.number), 100 * e.balanced) for e in view.history if e.balanced is not None
            ),
        },
        baselines={safe(str(name)): 100 * found["balanced"] for name, found in baselines.items() if found},
        log=_log(run.log),
        speed=f"{view.images_per_s:.0f} images/s" if view.images_per_s and not view.over else "",
        results=_table(view.results_folds, view.results),
        wrong=_wrong(judged),
        task=str(runs.as_json(run, view)["task"] or ""),
        alerts=tuple(safe(text) for text in view.alerts),
        figures="" if view.over else _figures(view.figures),
        narrow=_narrow(judged),
    )


def _beside_in_use(workspace: Workspace, run: Run, view: RunView) -> list[str]:
    """Say in sentences how a training that has ended stands beside the model in use, where that can be told."""
    from core.training import against, judging, registry

    if not view.over or not (run.path / PREDICTIONS).exists():
        return []
    try:
        own = next((one for one in registry.models(workspace) if one.facts.get("run") == run.id), None)
        if own is not None:
            return [f"It is {safe(own.name)}, {'the model in use' if own.current else 'a model version'}."]
        found = against.beside_in_use(workspace, judging.of_run(workspace, run))
    except PrintModelsError:
        return []
    words = (*found.words, *found.notes) if found is not None else ()
    return [safe(line.replace(run.id, "It"), limit=300) for line in words]


def _way_on(view: RunView) -> list[str]:
    """Say what can be done about a training that did not finish; its reason is the headline."""
    if view.state in ("failed", "killed", "interrupted", "stopped"):
        on = "r goes on from its last checkpoint."
        return [on if not view.remedy or "--resume" in view.remedy else in_app(safe(view.remedy))]
    return []


def _headline(view: RunView) -> str:
    """Say in plain words how a training stands: what it recognised, or how far it is and how good so far."""

    if view.words:
        return safe(view.words[0])
    if view.state == "running" and view.best is not None:
        left = f", about {duration(view.eta_s)} to go" if view.eta_s else ""
        return (
            f"Pass {view.epoch} of at most {view.epochs}: {100 * view.best:.0f} % of the frames it does not learn from "
            f"are right, each class counting the same{left}."
        )
    if view.state == "running" and view.batches and view.batch_loss is not None:
        return f"Pass {view.epoch} of at most {view.epochs}, batch {view.batch} of {view.batches}: loss {view.batch_loss:.3f}."
    return safe(describe(view))


def _figures(known: Mapping[str, float]) -> str:
    """Say what a training takes of its machine, as far as that is told."""
    said = []
    if "cpu" in known:
        said.append(f"processor {known['cpu']:.0f} %")
    if "temperature" in known:
        said.append(f"{known['temperature']:.0f} °C")
    if "memory" in known:
        said.append(f"memory {size(round(known['memory']))}")
    if "free" in known:
        said.append(f"{size(round(known['free']))} free")
    return " · ".join(said)


def _table(folds: Mapping[str, Any] | None, results: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the results in lines: out of fold where there is that, else on validation."""
    from core.training.result_tables import lines

    found = folds or results
    if not found:
        return ()
    who = (
        "each judged by a network that never saw it"
        if folds
        else "of validation, which it never learned from"
    )
    head = f"{plural(found.get('images', 0), 'image')} of {plural(found['recordings'], 'recording')}, {who}"
    return tuple(safe(line, limit=200) for line in (head, "", *lines(found)))


def _narrow(found: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the same in short lines."""
    if not found:
        return ()
    from core.training.result_tables import span
    from core.training.results import percent

    lines = ["on frames it never learned from"]
    lines += [f"{name}: {span(one, 'recall')} of {one['images']}" for name, one in found["classes"].items()]
    lines.append(f"balanced: {span(found, 'balanced')}")
    for truth, row in found["confusion"].items():
        lines += [f"{truth} taken for {other}: {n}" for other, n in row.items() if other != truth and n]
    lines += ["", "without looking at the picture"]
    lines += [
        f"{name.replace('_', ' ')}: {percent(one['balanced'] if one else None)}"
        for name, one in found["baselines"].items()
    ]
    wrong = [one for one in found["by_recording"] if one["right"] < one["images"]]
    lines += ["", "recordings with mistakes"] if wrong else []
    for one in wrong:
        lines += [str(one["recording"]), f"  wrong {one['images'] - one['right']} of {one['images']}"]
    return tuple(safe(line, limit=200) for line in lines)


def _wrong(results: Mapping[str, Any] | None) -> tuple[tuple[str, str, str, str, int], ...]:
    found = (results or {}).get("wrong") or []
    return tuple(
        (
            str(one["frame"]),
            safe(str(one["frame"]).rsplit("/", 1)[-1], limit=60),
            safe(str(one["label"]), limit=40),
            safe(str(one["answer"]), limit=40),
            round(100 * one["confidence"]),
        )
        for one in found[:_MOST_WRONG]
    )


def _log(path: Path) -> tuple[str, ...]:
    """Return the end of what a training printed, in lines as a terminal would show them; its own first line is left out.

    A line that begins another process says when it went on.
    """
    try:
        with path.open("rb") as file:
            whole = file.seek(0, os.SEEK_END)
            file.seek(max(0, whole - _LOG_BYTES))
            data = file.read(_LOG_BYTES)
    except OSError:
        return ()
    rows = data.split(b"\n")[1 if whole > _LOG_BYTES else 0 :]
    # Of a bar that is drawn over and over what was drawn last is left.
    last = [next((part for part in reversed(row.split(b"\r")) if part.strip()), b"") for row in rows]
    lines = [line for row in last if (line := safe_lines(row, limit=200).strip())]
    said = [_went_on(line, first=whole <= _LOG_BYTES and not at) for at, line in enumerate(lines)]
    return tuple(line for line in said if line)


def _went_on(line: str, *, first: bool) -> str:
    """Return a line of the log; of the one that names the process in words, nothing where it is the first."""
    found = _BEGUN.match(line)
    return line if found is None else "" if first else f"went on at {found[1].replace('T', ' ')}"


def resume(workspace: Workspace, run_id: str, forget: Callable[[str], None]) -> RunStarted:
    """Go on with a training that was stopped, killed or interrupted."""
    from core.training import runs

    run = runs.resume(workspace, runs.get(workspace, run_id))
    forget(run.id)
    return RunStarted(run.id)


def promote(workspace: Workspace, run_id: str, current: bool, because: str = "") -> RunPromoted:
    """Make a training's best epoch a model version; with `current` also the model in use; `because`: though worse."""
    from core.releasing.models import keep
    from core.training import runs

    kept = keep(workspace, runs.get(workspace, run_id), current=current, who=workspace.who(), because=because)
    record = kept.record
    task = workspace.task(record.task)
    used = f" {task.current_model} has its weights now." if current else ""
    commit = f" Commit {kept.last[:12]}, not pushed." if kept.last else " It was committed already."
    return RunPromoted(run_id, f"{safe(record.name)} is a model version, {size(record.size)}.{used}{commit}")


def stop(workspace: Workspace, run_id: str) -> RunStopped:
    """Stop a training after the step it is at; its best is kept."""
    from core.training import runs

    view = runs.stop(runs.get(workspace, run_id))
    kept = f"its best, epoch {view.best_epoch}, is kept" if view.best_epoch else "it had saved nothing yet"
    return RunStopped(
        run_id, f"{run_id} is stopped; {kept}." if view.over else f"{run_id} was asked to stop."
    )
