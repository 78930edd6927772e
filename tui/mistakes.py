"""Which frames a training or a model version got wrong, and which ones a training mends or breaks against another model.

What always holds: answers that are kept are read, nothing is asked anew and no torch is needed; what can't be compared
is said and not left out. Called by the bridge; the Training screen offers them, Label shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from core.errors import PrintModelsError
from core.human import plural
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.training.record import ModelRecord
    from core.training.runs import Run

#: Of so many model versions, the newest, it is said what they got wrong.
_MOST_MODELS = 8


class Some(Struct, frozen=True):
    """Some frames: `words` name them in a list under `head`, `view` where they are all that is shown; `why` explains."""

    words: str
    view: str
    keys: tuple[str, ...]
    why: str = ""
    head: str = ""


class MistakesSeen(Struct, frozen=True):
    """What can be looked at for a training (`run` is '' without one) and the models of its task; `note`: what can't be."""

    run: str
    task: str
    title: str
    groups: tuple[Some, ...]
    note: str = ""


def of_training(workspace: Workspace, run_id: str, when: str) -> MistakesSeen:
    """Find the frames of a training: what it got wrong, what it mends and breaks; then what the models got wrong."""
    from core.training import runs

    run = runs.get(workspace, run_id)
    view = runs.view(run)
    name = str(runs.as_json(run, view)["task"] or "")
    if name not in workspace.tasks:
        return MistakesSeen(
            run.id, name, when, (), "The task of this training is no longer in print-models.toml."
        )
    found = view.results_folds or view.results
    groups = []
    if found and (keys := _keys(found["wrong"])):
        asked = "by networks that never saw the recording" if view.results_folds else "of validation"
        groups.append(Some("it got wrong", f"{when} got wrong", keys, asked, f"the training of {when}"))
    against, note = ((), "") if not view.over else _against(workspace, run, when)
    if not found:
        note = "This training has not been judged yet; frames come with its end."
    models = _of_models(workspace, workspace.task(name))
    return MistakesSeen(run.id, name, when, (*groups, *against, *models), note)


def of_models(workspace: Workspace, task: Task) -> MistakesSeen:
    """Find what the model versions of a task got wrong, where there is no training."""
    groups = _of_models(workspace, task)
    note = "" if groups else f"No model of {task.name} has answers here yet."
    return MistakesSeen("", task.name, task.name, groups, note)


def _against(workspace: Workspace, run: Run, when: str) -> tuple[tuple[Some, ...], str]:
    """Return the frames on which a training and the model it has to outdo differ, and why there are none."""
    from core.training import against, judging

    try:
        judged = judging.of_run(workspace, run)
        record = against.before(workspace, judged)
        found = against.beside(workspace, judged, record) if record is not None else None
    except PrintModelsError as error:
        return (), f"Not compared with the model in use: {error.what}"
    if record is None:
        return (), "There is no other model of its task to compare it with."
    name = safe(record.name, limit=60)
    if found is None:
        return (
            (),
            f"Not compared with {name}: it was asked about none of the same frames, or learned from them.",
        )
    both = found.found
    rows: list[Some] = []
    used = f"{name}, the model in use" if record.current else f"{name}, the version before it"
    of = f"against {used}, on {plural(both['images'], 'frame')} of validation"
    for key, word, why in (
        ("fixed", "mends", "wrong there, right here"),
        ("broken", "breaks", "right there, wrong here"),
    ):
        if keys := _keys(both[key]):
            rows.append(Some(f"it {word}", f"{when} {word} against {name}", keys, why, "" if rows else of))
    note = "" if rows else f"It mends and breaks no frame against {used}."
    return tuple(rows), " ".join([note, *(safe(line, limit=300) for line in found.notes)]).strip()


def _of_models(workspace: Workspace, task: Task) -> tuple[Some, ...]:
    """Return what each model version of a task got wrong, the one in use first, then the newest."""
    from core.training import registry

    known = [one for one in reversed(registry.models(workspace)) if one.task == task.name]
    rows: list[Some] = []
    for record in sorted(known, key=lambda one: not one.current)[:_MOST_MODELS]:
        keys, asked = _wrong_of(workspace, record, task)
        if keys:
            name = safe(record.name, limit=60)
            word = name + (" (in use)" if record.current else "")
            head = "" if rows else "what a model version got wrong"
            rows.append(Some(word, f"{name} got wrong", keys, asked, head))
    return tuple(rows)


def _wrong_of(workspace: Workspace, record: ModelRecord, task: Task) -> tuple[tuple[str, ...], str]:
    """Return the frames of its own version that a model got wrong, by the answers that are kept, and what was asked."""
    from core.training import asking, comparing
    from core.training.predictions import FOLDS, VALIDATION

    try:
        said = asking.kept(workspace, record)
        rows = said.of(FOLDS) or said.of(VALIDATION)
        asked = "by networks that never saw the recording" if said.of(FOLDS) else "of validation"
        rows = rows or asking.known_answers(workspace, record)
        classes = said.classes or tuple(record.facts.get("classes") or task.classes)
        wrong = {row.frame for row in rows if comparing.answer(row, classes) != row.label}
    except (PrintModelsError, IndexError):  # none that can be read, or of other classes than its record's
        return (), ""
    return tuple(sorted(wrong)), asked


def _keys(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the frames of some rows in the order in which they were taken."""
    return tuple(sorted({str(row["frame"]) for row in rows}))
