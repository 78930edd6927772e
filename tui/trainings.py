"""What the worker threads look up and do for the Training screen; reads only what a training writes.

What always holds: the app never holds a training's process; a run's state comes from its files. Called by the bridge.
"""

from __future__ import annotations

from collections.abc import Callable

from core.errors import PrintModelsError
from core.human import duration
from core.tasks import Task
from core.text import safe, safe_lines
from core.workspace import Workspace
from tui.messages import RunRow, RunSeen, RunsSeen, RunStarted, RunStopped, TrainingOffered

_LOG_BYTES = 16_000


class Views:
    """How every training stood when it was last looked at: one that is over is not read again."""

    def __init__(self) -> None:
        self._over: dict[str, RunRow] = {}
        self._last: RunsSeen | None = None

    def seen(self, workspace: Workspace) -> RunsSeen | None:
        """List the trainings; None where nothing changed since the last look."""
        from core.training import runs

        rows, running = [], ""
        for run in runs.list_runs(workspace):
            row = self._over.get(run.id)
            if row is None:
                view = runs.view(run)
                facts = runs.as_json(run, view)
                row = RunRow(
                    run.id, view.state, safe(str(facts["task"] or "?")), safe(str(facts["dataset"] or "?")),
                    safe(runs.describe(view)),
                )  # fmt: skip
                if view.over:
                    self._over[run.id] = row
                elif not running:
                    share = f" {100 * view.epoch // view.epochs}%" if view.epochs else " …"
                    running = "T" + share + (f" {duration(view.eta_s)}" if view.eta_s else "")
            rows.append(row)
        now = RunsSeen(tuple(rows), running)
        if now == self._last:
            return None
        self._last = now
        return now

    def again(self, run_id: str) -> None:
        """Look at this one again the next time."""
        self._over.pop(run_id, None)
        self._last = None


def run_seen(workspace: Workspace, run_id: str) -> RunSeen:
    """Look at one training closely."""
    from core.training import runs

    run = runs.get(workspace, run_id)
    view = runs.view(run)
    share = view.epoch / view.epochs if view.epochs else None
    if view.epochs and view.batches and view.batch < view.batches:
        share = max(0, view.epoch - 1) / view.epochs + view.batch / view.batches / view.epochs
    baselines = (view.results or {}).get("baselines") or {}
    words = [safe(line) for line in view.words] or [safe(line) for line in (view.reason, view.remedy) if line]
    start = view.facts.get("start")
    return RunSeen(
        id=run.id,
        state=view.state,
        headline=safe(runs.describe(view)),
        words=(
            *words,
            *([safe(str(start))] if start and not view.words else []),
            *(safe(a) for a in view.alerts),
        ),
        share=1.0 if view.state == "finished" else share,
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
        log=_log(run.log.read_bytes()[-_LOG_BYTES:] if run.log.exists() else b""),
        speed=f"{view.images_per_s:.0f} images/s" if view.images_per_s and not view.over else "",
    )


def _log(data: bytes) -> tuple[str, ...]:
    text = safe_lines(data.replace(b"\r", b"\n"), limit=200)
    return tuple(line for line in text.split("\n") if line.strip())


def offered(workspace: Workspace, task: Task) -> TrainingOffered:
    """Say what a training of this task started now would do, each setting with its reason."""
    from core.training import planning, runs

    try:
        runs.require_torch()
        what = planning.plan(workspace, task=task.name)
    except PrintModelsError as error:
        return TrainingOffered(task.name, (), error.what, error.remedy)
    cores = "one thread less than the cores: the app stays quick"
    return TrainingOffered(
        task.name,
        (
            ("dataset", what.dataset.version, "the latest version that is not withdrawn"),
            ("network", what.architecture, "small, and trained on ImageNet where its weights can be had"),
            ("trained", f"{what.mode} stage and head", "few pictures: the rest stays as it is"),
            ("epochs", f"at most {what.epochs}", f"ends after {what.patience} without a better one"),
            ("batch", str(what.batch_size), "fits into any memory"),
            ("step size", f"{what.lr:g}", "for this way of training"),
            ("seed", str(what.seed), "the same again gives the same model"),
            ("processor", f"{what.threads} thread{'s' if what.threads != 1 else ''}", cores),
        ),
    )


def start(workspace: Workspace, task: Task, forget: Callable[[str], None]) -> RunStarted:
    """Start a training with the defaults."""
    from core.training import planning, runs

    runs.require_torch()
    run = runs.start(workspace, planning.plan(workspace, task=task.name))
    forget(run.id)
    return RunStarted(run.id)


def stop(workspace: Workspace, run_id: str) -> RunStopped:
    """Stop a training after the step it is at; its best is kept."""
    from core.training import runs

    view = runs.stop(runs.get(workspace, run_id))
    kept = f"its best, epoch {view.best_epoch}, is kept" if view.best_epoch else "it had saved nothing yet"
    return RunStopped(
        run_id, f"{run_id} is stopped; {kept}." if view.over else f"{run_id} was asked to stop."
    )
