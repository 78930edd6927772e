"""A release that trains: once the version is tagged, a training on it, its model as a second commit, and then the push.

What always holds: one journal names all of it from first to last, and the training once it began, so that
`release --resume` goes on with whatever is left; no lock of the release is held while it trains; a training that is no
longer watched goes on. Called by `release --train` and its resuming.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from core.errors import NotProven, PrintModelsError, Refused
from core.progress import CancelToken, Progress, Report, silent
from core.releasing import journal, models
from core.releasing.journal import Journal
from core.releasing.planning import ReleasePlan
from core.releasing.resuming import resumed
from core.releasing.steps import Tell
from core.text import safe
from core.training import planning, runs
from core.training.events import RunView
from core.training.runs import Run
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.release import Released

Confirm = Callable[[ReleasePlan], bool]


class NotTrained(NotProven):
    """The version is tagged on this machine; what keeps its model from being there too."""

    def __init__(self, tag: str, error: PrintModelsError) -> None:
        super().__init__(
            f"{tag} is committed and tagged here, and its model is not there yet: {error.what}",
            error.remedy,
            detail=error.detail,
        )


def run(
    plan: ReleasePlan,
    *,
    report: Report = silent,
    cancel: CancelToken | None = None,
    confirm: Confirm | None = None,
    publish: Confirm | None = None,
    step: Tell | None = None,
) -> Released:
    """Carry a release out with a training on it, and return what it made, its model named; else as `release.run`.

    Raises NotTrained once the version is tagged and no model came of it; `release.resume` goes on from there.
    """
    from core import release

    workspace = plan.workspace
    runs.require_torch()
    asked = partial(release.run, report=report, cancel=cancel, confirm=confirm, publish=publish, step=step)
    if not plan.tagged:
        asked(replace(plan, train=True))
    book = journal.read(workspace)
    if book is None:
        raise Refused("The journal of this release is gone.", "Train on the version: print-models train")
    kept = _model(workspace, book, report=report, cancel=cancel)
    left = resumed(workspace, msgspec.structs.replace(book, train=False), report=report, cancel=cancel)
    made = asked(left)
    return replace(made, model=kept.record.name, model_commit=kept.commit)


def _model(workspace: Workspace, book: Journal, *, report: Report, cancel: CancelToken | None) -> models.Kept:
    """Train on the version that a journal names, or go on with the training it names, and commit the model.

    Raises NotTrained where no model came of it, or one that is worse than what is there.
    """
    try:
        run, book = _training(workspace, book)
        seen = runs.follow(run, _teller(run, report, cancel))
        if cancel is not None:
            cancel.check()
        if seen.state not in ("finished", "stopped"):
            raise PrintModelsError(
                f"The training {run.id} is {seen.state}: {safe(seen.reason, limit=300)}",
                "Train again and finish it: print-models release --resume",
            )
        journal.enter(workspace, book, "promote")
        return models.keep(workspace, run, who=workspace.who())
    except NotProven:
        raise
    except PrintModelsError as error:
        remedy = error.remedy
        if "--because" in remedy:
            remedy = f"{remedy}   and then: print-models release --resume"
        raise NotTrained(book.tag, PrintModelsError(error.what, remedy, detail=error.detail)) from error


def _training(workspace: Workspace, book: Journal) -> tuple[Run, Journal]:
    """Return the training of a journal, begun where there is none that could still give a model."""
    known = next((run for run in runs.list_runs(workspace) if run.id == book.run), None)
    if known is not None and runs.view(known).state in (
        "starting",
        "running",
        "paused",
        "stopping",
        "finished",
        "stopped",
    ):
        return known, journal.enter(workspace, book, "train")
    run = runs.start(workspace, planning.plan(workspace, task=book.task, version=book.version))
    return run, journal.enter(workspace, msgspec.structs.replace(book, run=run.id), "train")


def _teller(run: Run, report: Report, cancel: CancelToken | None) -> Callable[[RunView], None]:
    def told(seen: RunView) -> None:
        report(Progress(f"training {run.id}: {seen.phase or seen.state}", seen.epoch, seen.epochs or None))
        if cancel is not None and cancel.cancelled:
            runs.stop(run, wait_s=0)

    return told
