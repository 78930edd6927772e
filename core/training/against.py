"""One model against another on a version's validation: who may be asked what, and the answers of both.

What always holds: neither learned from an image they are compared on; where only a part of the answers can be had, the
comparison is of that part and says so. Called by `compare` and by who decides whether a model may follow another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Lacking, PrintModelsError, Refused
from core.human import plural
from core.progress import CancelToken, Report, silent
from core.training import asking, comparing, judging, predictions, registry
from core.training.judging import Judged
from core.training.predictions import VALIDATION, Predicted
from core.training.record import ModelRecord
from core.training.sides import Row, sides
from core.versions.manifest import Version
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Against:
    """What `comparing.compare` found of two models on a version, in words too; `notes` say what is odd about it."""

    first: str
    second: str
    version: Version
    found: dict[str, Any]
    words: list[str]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "models": [self.first, self.second],
            "task": self.version.task.name,
            "version": self.version.name,
            "digest": self.version.digest,
            "words": self.words,
            "notes": list(self.notes),
            **self.found,
        }


def compare(
    workspace: Workspace,
    first: ModelRecord,
    second: ModelRecord,
    on: Version | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Against:
    """Compare a model with another on a version's validation, by default of the newer one that they learned from.

    Raises Refused where one learned from what the other is asked, Lacking where no answer of one can be had here.
    """
    known = [judging.own_version(workspace, record) for record in (first, second)]
    on = on or max((one for one in known if one is not None), key=lambda one: one.number, default=None)
    if on is None:
        raise Refused(
            f"Nobody knows which versions {first.name} and {second.name} learned from.",
            f"Say on which to compare them: print-models compare {first.word} {second.word} --on v1",
        )
    rows, notes = _common(first, second, known, on)
    answered = []
    for record in (first, second):
        said, partly = _answers(workspace, record, on, rows, report, cancel, notes)
        if partly:
            kept = {one.oid for one in said}
            rows = [row for row in rows if row.oid in kept]
        answered.append(said)
    names = {row.file_name for row in rows}
    both = [[one for one in said if one.file_name in names] for said in answered]
    pairs = comparing.pairs(both[0], both[1], on.task.classes)
    found = comparing.compare(pairs, on.task.classes)
    words = comparing.sentences(found, first.name, second.name)
    return Against(first.name, second.name, on, found, words, tuple(dict.fromkeys(notes)))


def _common(
    first: ModelRecord, second: ModelRecord, known: Sequence[Version | None], on: Version
) -> tuple[list[Row], list[str]]:
    """Return the validation rows of a version and what has to be said of them. Raises Refused naming who learned from one."""
    every = sides(on).validation
    notes: list[str] = []
    for record, own in zip((first, second), known, strict=True):
        judging.require_task(record, on)
        rows, said = judging.may_ask(record, own, on)
        if len(rows) < len(every):
            raise Refused(
                f"Not comparable on {on.name}: {record.name} learned from {len(every) - len(rows)} of its "
                f"{plural(len(every), 'validation image')}.",
                f"Try another version: print-models compare {first.word} {second.word} --on v1",
            )
        notes += said
    return list(every), notes


def _answers(
    workspace: Workspace,
    record: ModelRecord,
    on: Version,
    rows: Sequence[Row],
    report: Report,
    cancel: CancelToken | None,
    notes: list[str],
) -> tuple[list[Predicted], bool]:
    """Return a model's answers on rows, and whether they are a part only: those that are kept, where none can be asked."""
    try:
        return asking.answered(workspace, record, on, rows, report, cancel, notes)[0], False
    except Lacking as error:
        by_oid = predictions.by_oid(asking.known_answers(workspace, record))
        some = [row for row in rows if row.oid in by_oid]
        if not some:
            raise
        notes.append(
            f"Compared on {len(some)} of {plural(len(rows), 'image')}: of the others {record.name} can't be asked here. "
            f"{error.what}"
        )
        shares = [by_oid[row.oid or ""].probabilities for row in some]
        return predictions.said(some, shares), True


def beside_in_use(workspace: Workspace, found: Judged) -> Against | None:
    """Compare what was judged with the model in use, by answers that are kept; None where that can't be done."""
    record = before(workspace, found)
    return beside(workspace, found, record) if record is not None and record.current else None


def before(workspace: Workspace, found: Judged) -> ModelRecord | None:
    """Return what has to be outdone by what was judged: the model in use; where it is that one, the version before it."""
    known = [one for one in registry.models(workspace) if one.task == found.version.task.name]
    own = next((at for at, one in enumerate(known) if _is(one, found)), None)
    current = next((one for one in known if one.current), None)
    if current is not None and not _is(current, found):
        return current
    return known[own - 1] if own else None


def _is(record: ModelRecord, found: Judged) -> bool:
    """True where a model version is what was judged: itself, or the training it was made of."""
    return record.name == found.name or bool(found.run and record.facts.get("run") == found.run)


def beside(workspace: Workspace, found: Judged, record: ModelRecord) -> Against | None:
    """Compare what was judged with a model version, by answers that are kept; None where that can't be done."""
    task, version = found.version.task, found.version
    try:
        judging.require_task(record, version)
        rows, notes = judging.may_ask(record, judging.own_version(workspace, record), version)
        by_oid = predictions.by_oid(asking.known_answers(workspace, record))
    except PrintModelsError:
        return None
    fair = {row.oid for row in rows if row.oid in by_oid}
    mine = [one for one in found.predictions.of(VALIDATION) if one.oid in fair]
    if not mine:
        return None
    theirs = predictions.said(
        [one.row for one in mine], [by_oid[one.oid or ""].probabilities for one in mine]
    )
    compared = comparing.compare(comparing.pairs(theirs, mine, task.classes), task.classes)
    named = f"{record.name}, the model in use" if record.current else record.name
    words = comparing.sentences(compared, named, found.name)
    return Against(record.name, found.name, version, compared, words, tuple(notes))
