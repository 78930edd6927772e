"""A finished model asked about a version's validation images: its kept answers where there are any, else a new process.

What always holds: an image that a model learned from is never counted for it; what stands in for what is said in
`notes`. No torch here: new answers come from a process of their own (`asking`).
Called by `evaluate`, `compare`, `models --history`, and by who adopts a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import PrintModelsError, Refused
from core.human import plural
from core.progress import CancelToken, Report, silent
from core.tasks import Task
from core.text import safe
from core.training import asking, dataset, predictions, results, runs
from core.training.alarms import Rule
from core.training.predictions import FOLDS, VALIDATION, Predicted, Predictions
from core.training.record import ModelRecord
from core.training.sides import Row, sides
from core.versions.baselines import NAMES, Sample, on_split, out_of_fold
from core.versions.manifest import TRAIN, Version, read_version
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Judged:
    """What a model said of a version's validation and what that is worth.

    `results` are those of `results.measure` (None without images that may be asked), `folds` those of its training's
    cross-validation, `source` is 'kept' or 'asked'; `notes` say what is odd, `run` is the training it
    came from.
    """

    name: str
    version: Version
    predictions: Predictions
    results: dict[str, Any] | None
    folds: dict[str, Any] | None
    words: list[str]
    notes: tuple[str, ...]
    source: str
    run: str = ""

    @property
    def headline(self) -> dict[str, Any] | None:
        """The result that counts: out of fold where there is one."""
        return self.folds or self.results

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.name,
            "task": self.version.task.name,
            "version": self.version.name,
            "digest": self.version.digest,
            "source": self.source,
            "words": self.words,
            "notes": list(self.notes),
            "results": self.results,
            "results_folds": self.folds,
        }


def judge(
    workspace: Workspace,
    record: ModelRecord,
    version: Version | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
    *,
    rule: Rule | None = None,
) -> Judged:
    """Judge a model on a version's validation, without `version` on that of its own.

    Raises Refused (another task, nothing left to ask), Lacking (its file, pictures, torch), Damaged, Cancelled.
    """
    own = own_version(workspace, record)
    on = version or own
    if on is None:
        raise Refused(
            f"Nobody knows which version {record.name} learned from, or it is not here as it was.",
            f"Say which to ask it about: print-models evaluate {record.word} --on v1",
        )
    require_task(record, on)
    rows, notes = may_ask(record, own, on)
    said, source = asking.answered(workspace, record, on, rows, report, cancel, notes)
    same = own is not None and own.digest == on.digest
    kept = asking.kept(workspace, record) if same else Predictions(classes=())
    folds = kept.of(FOLDS)
    if kept.folds_note and not folds:
        notes.append(_uncrossed(kept))
    return judged(
        record.name,
        on,
        {VALIDATION: said, FOLDS: folds},
        started(record),
        notes,
        source,
        run=str(record.facts.get("run") or ""),
        rule=rule,
        chosen=same and bool(record.digest),
    )


def of_run(workspace: Workspace, run: runs.Run, *, rule: Rule | None = None) -> Judged:
    """Judge a training by the answers it left. Raises Refused where it left none, or some about other classes."""
    found = predictions.read(run.path / predictions.FILE)
    if found is None:
        raise Refused(
            f"The training {run.id} has left no answers yet.", "Wait for its end: print-models watch"
        )
    what, seen = run.spec, runs.view(run)
    _require_classes(f"The training {run.id}", found.classes, workspace.task(what.task))
    version = dataset.version_of(workspace, what, run.path)
    notes = list(version.problems)
    notes += [_uncrossed(found)] if found.folds_note and not found.of(FOLDS) else []
    if version.digest != what.dataset.digest:
        notes.append(f"{version.name} is no longer what it learned from: its digest differs.")
    start = str(seen.facts.get("start", ""))
    return judged(run.id, version, found.sets, start, notes, "kept", run=run.id, rule=rule, chosen=True)


def _uncrossed(found: Predictions) -> str:
    """Return why no network judged recordings that it never saw."""
    return f"No cross-validation. {safe(found.folds_note)}"


def judged(
    name: str,
    version: Version,
    sets: Mapping[str, list[Predicted]],
    weights: str,
    notes: Sequence[str],
    source: str,
    *,
    run: str,
    rule: Rule | None,
    chosen: bool,
) -> Judged:
    """Make results and words of answers; `chosen` says that the best epoch was chosen on this validation."""
    classes = version.task.classes
    asked, folds = list(sets.get(VALIDATION, ())), list(sets.get(FOLDS, ()))
    measured = _measure(asked, version, baselines(version, [row.row for row in asked]), rule)
    crossed = _measure(folds, version, _all_round(version, [row.row for row in folds]), rule)
    if chosen or measured is None:
        said = results.words(measured, weights=weights, folds=crossed)
    else:
        said = [*results.sentences(measured), weights]
    kept = {VALIDATION: asked} | ({FOLDS: folds} if folds else {})
    return Judged(
        name, version, Predictions(classes=classes, sets=kept), measured, crossed,
        [line for line in said if line], tuple(notes), source, run,
    )  # fmt: skip


def _measure(
    said: Sequence[Predicted], version: Version, known: Mapping[str, Any], rule: Rule | None
) -> dict[str, Any] | None:
    rows, shares = [one.row for one in said], [one.probabilities for one in said]
    task = version.task
    return results.measure(rows, shares, task.classes, known, alarm=task.alarm, rule=rule)


def baselines(version: Version, rows: Sequence[Row]) -> dict[str, Any]:
    """Return what the rules that see no picture reach on some rows of validation: the version's own, else computed."""
    both = sides(version)
    whole = {row.file_name for row in rows} == {row.file_name for row in both.validation}
    if whole and version.info.validation_baselines:
        return {name: version.info.validation_baselines.get(name) for name in NAMES}
    samples = [_sample(row, TRAIN) for row in both.train]
    return dict(on_split([*samples, *(_sample(row, "validation") for row in rows)], version.task.classes))


def _all_round(version: Version, rows: Sequence[Row]) -> dict[str, Any]:
    """Return the same with each recording judged by all others: what cross-validation stands beside."""
    if not rows:
        return {}
    if version.info.baselines:
        return {name: version.info.baselines.get(name) for name in NAMES}
    return dict(out_of_fold([_sample(row, TRAIN) for row in rows], version.task.classes))


def _sample(row: Row, split: str) -> Sample:
    return Sample(row.source, row.label, row.recording, split, row.captured_at, None)


def as_record(workspace: Workspace, run: runs.Run) -> ModelRecord:
    """Return a training's best as a model version would be recorded, so that it can be asked as one.

    Raises Refused where it runs still or has saved nothing, Damaged.
    """
    seen, what = runs.view(run), run.spec
    if not seen.over or not seen.best_sha256 or not run.best.is_file():
        why = "has saved no model" if seen.over else "is still running"
        raise Refused(f"The training {run.id} {why}.", "See how it stands: print-models runs")
    facts = {
        "task": what.task,
        "architecture": what.architecture,
        "classes": list(what.classes),
        "input": seen.facts.get("input"),
        "dataset": {"task": what.task, "version": what.dataset.version, "digest": what.dataset.digest},
        "config": what.config,
        "weights": dict(seen.facts.get("weights") or {}),
        "results": seen.results,
        "results_folds": seen.results_folds,
        "run": run.id,
    }
    file = run.best.relative_to(workspace.root).as_posix()
    return ModelRecord(run.id, file, seen.best_sha256, run.best.stat().st_size, "file", False, facts)


def own_version(workspace: Workspace, record: ModelRecord) -> Version | None:
    """Return the version a model learned from, None where it is not known or not here as it was."""
    if record.name == record.facts.get(
        "run"
    ):  # a training, which may have learned from a draft or a split of its own
        run = runs.Run(record.name, workspace.runs / record.name)
        try:
            learned = dataset.version_of(workspace, run.spec, run.path)
        except PrintModelsError:
            return None
        return learned if learned.digest == record.digest else None
    if not record.dataset or record.task not in workspace.tasks:
        return None
    try:
        found = read_version(workspace, workspace.task(record.task), record.dataset)
    except PrintModelsError:
        return None
    return (
        found if not record.facts.get("dataset", {}).get("digest") or found.digest == record.digest else None
    )


def require_task(record: ModelRecord, on: Version) -> None:
    """Raise Refused where a model answers another question than the version asks."""
    if record.task != on.task.name:
        raise Refused(
            f"{record.name} is a model of {safe(record.task, limit=60) or 'no known task'}, not of {on.task.name}.",
            "Name a version of its own task.",
        )
    _require_classes(record.name, tuple(record.facts.get("classes") or on.task.classes), on.task)


def _require_classes(who: str, classes: Sequence[str], task: Task) -> None:
    """Raise Refused where answers are about other classes than the task's, or about them in another order."""
    if tuple(classes) != task.classes:
        raise Refused(
            f"{who} tells {safe(', '.join(map(str, classes)), limit=120)} apart, {task.name} "
            f"{', '.join(task.classes)}.",
            "Train a model of the classes as they are.",
        )


def may_ask(record: ModelRecord, own: Version | None, on: Version) -> tuple[list[Row], list[str]]:
    """Return the validation rows a model never learned from, and what has to be said about them. Raises Refused."""
    rows = list(sides(on).validation)
    notes = []
    if own is None or not record.digest:
        notes.append(f"What {record.name} learned from is not proven: it may have seen some of these images.")
    if own is not None and own.digest != on.digest:
        learned = sides(own).train
        recordings, oids = {row.recording for row in learned}, {row.oid for row in learned if row.oid}
        unseen = [row for row in rows if row.recording not in recordings and row.oid not in oids]
        if len(unseen) < len(rows):
            notes.append(
                f"It learned from {len(rows) - len(unseen)} of {plural(len(rows), 'image')}: they are left out."
            )
        rows = unseen
    if not rows:
        raise Refused(
            f"{on.name} has no validation image that {record.name} did not learn from.",
            "Ask it about another version: --on v1",
        )
    return rows, notes


def started(record: ModelRecord) -> str:
    """Return the sentence on where a model's training began, '' where nobody knows."""
    weights = record.facts.get("weights") or {}
    known = {
        "random": "It started from random weights, not pretrained ones.",
        "imagenet": "It started from torchvision's ImageNet weights.",
        "file": f"It started from the weights in {safe(str(weights.get('name', '')), limit=60)}.",
    }
    return known.get(str(weights.get("kind", "")), "")
