"""A release that trains: once the version is tagged, a training on it, its model as a second commit, and then the push.

What always holds: one journal names all of it from first to last, and the training once it began, so that
`release --resume` goes on with whatever is left; no lock of the release is held while it trains; a training that is no
longer watched goes on, and one that was killed is gone on with. Called by `release --train` and its resuming, from a
terminal, which waits for the training, and from the app, which does not.
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
from core.releasing.steps import DOING, DONE, PROMOTING, TRAINING, Tell
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


class StillTraining(NotProven):
    """The version is tagged on this machine; the training of its model is at work, and nobody waits for it here."""

    def __init__(self, tag: str, run: Run) -> None:
        super().__init__(
            f"{tag} is committed and tagged here, and the training {run.id} of its model is at work.",
            "When it has ended, go on: print-models release --resume",
        )
        self.run = run


def training_of(workspace: Workspace, book: Journal) -> tuple[Run, RunView] | None:
    """Return the training of an interrupted release and how it stands, None where it has none yet."""
    known = next((run for run in runs.list_runs(workspace) if run.id == book.run), None) if book.run else None
    return None if known is None else (known, runs.view(known))


def run(
    plan: ReleasePlan,
    *,
    report: Report = silent,
    cancel: CancelToken | None = None,
    confirm: Confirm | None = None,
    publish: Confirm | None = None,
    step: Tell | None = None,
    wait: bool = True,
) -> Released:
    """Carry a release out with a training on it, and return what it made, its model named; else as `release.run`.

    Raises NotTrained once the version is tagged and no model came of it, and without `wait` StillTraining as soon as
    its training is at work; `release.resume` goes on from there.
    """
    from core import release

    workspace = plan.workspace
    if not plan.tagged:
        runs.require_torch()
    asked = partial(release.run, report=report, cancel=cancel, confirm=confirm, publish=publish, step=step)
    if not plan.tagged:
        asked(replace(plan, train=True))
    book = journal.read(workspace)
    if book is None:
        raise Refused("The journal of this release is gone.", "Train on the version: print-models train")
    kept = _model(workspace, book, report=report, cancel=cancel, step=step, wait=wait)
    left = resumed(workspace, msgspec.structs.replace(book, train=False), report=report, cancel=cancel)
    made = asked(left)
    return replace(made, model=kept.record.name, model_commit=kept.commit)


def _model(
    workspace: Workspace,
    book: Journal,
    *,
    report: Report,
    cancel: CancelToken | None,
    step: Tell | None,
    wait: bool,
) -> models.Kept:
    """Train on the version that a journal names, or go on with the training it names, and commit the model.

    Raises NotTrained where no model came of it, or one that is worse than what is there; StillTraining.
    """
    tell = step or (lambda id, state: None)
    try:
        tell(TRAINING, DOING)
        run, book = _training(workspace, book)
        if not wait and not runs.view(run).over:
            raise StillTraining(book.tag, run)
        seen = runs.follow(run, _teller(run, report, cancel))
        if cancel is not None:
            cancel.check()
        if seen.state not in ("finished", "stopped"):
            raise PrintModelsError(
                f"The training {run.id} is {seen.state}: {safe(seen.reason, limit=300)}",
                "Train again and finish it: print-models release --resume",
            )
        tell(TRAINING, DONE)
        journal.enter(workspace, book, PROMOTING)
        tell(PROMOTING, DOING)
        kept = models.keep(workspace, run, who=workspace.who())
        tell(PROMOTING, DONE)
        return kept
    except NotProven:
        raise
    except PrintModelsError as error:
        remedy = error.remedy
        if "--because" in remedy:
            remedy = f"{remedy}   and then: print-models release --resume"
        raise NotTrained(book.tag, PrintModelsError(error.what, remedy, detail=error.detail)) from error


def _training(workspace: Workspace, book: Journal) -> tuple[Run, Journal]:
    """Return the training of a journal: at work or over, gone on with where it died, else begun anew."""
    found = training_of(workspace, book)
    if found is not None and (not found[1].over or found[1].state in ("finished", "stopped")):
        return found[0], journal.enter(workspace, book, TRAINING)
    runs.require_torch()
    if found is not None and found[1].state in ("killed", "interrupted"):
        return runs.resume(workspace, found[0]), journal.enter(workspace, book, TRAINING)
    what = planning.plan(workspace, task=book.task, version=book.version)
    # Its name is in the journal before it begins: killed in between, nobody would know it for this release's.
    named = runs.free_id(workspace, what)
    book = journal.enter(workspace, msgspec.structs.replace(book, run=named), TRAINING)
    run = runs.start(workspace, what, id_=named)
    if run.id != named:
        book = journal.enter(workspace, msgspec.structs.replace(book, run=run.id), TRAINING)
    return run, book


def _teller(run: Run, report: Report, cancel: CancelToken | None) -> Callable[[RunView], None]:
    def told(seen: RunView) -> None:
        report(Progress(f"training {run.id}: {seen.phase or seen.state}", seen.epoch, seen.epochs or None))
        if cancel is not None and cancel.cancelled:
            runs.stop(run, wait_s=0)

    return told
