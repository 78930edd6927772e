"""What a promoted model said of every image, as small text beside its record: `models/versions/NAME.predictions.jsonl`.

What always holds: a clone without torch and without a picture can compare models frame by frame; the text names an
image by its file name in the dataset version alone, and all else of it (frame, truth, recording) comes from that
version's own manifest, which is proven to be the one the model was asked on. First line: what the rows are; then one
line per image and set. Written when a model is promoted; read by comparing, the gate of promotion, reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from core.errors import Damaged, PrintModelsError
from core.text import safe
from core.training import predictions
from core.training.predictions import Predicted, Predictions
from core.training.record import ModelRecord
from core.training.runs import Run
from core.training.sides import sides
from core.versions.manifest import read_version
from core.workspace import Workspace

FORMAT = 1
ENDING = ".predictions.jsonl"
#: As many digits of a probability as can matter to a threshold.
_DIGITS = 5


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: classes in the order of the probabilities, and the dataset version the images are of."""

    classes: tuple[str, ...]
    dataset: dict[str, str]
    folds_note: str = ""
    format: int = FORMAT


class _Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One image and what was said of it."""

    set: str
    file_name: str
    probabilities: tuple[float, ...]
    fold: int | None = None


def path_of(workspace: Workspace, name: str) -> Path:
    """Return where the answers of a model version are, there or not."""
    return workspace.model_versions / f"{name}{ENDING}"


def of_run(run: Run) -> Predictions | None:
    """Return what a training's best said of its images, None where it wrote nothing. Raises Damaged."""
    return predictions.read(run.path / predictions.FILE)


def encode(found: Predictions, dataset: Mapping[str, str]) -> bytes:
    """Return answers as the text beside a model; `dataset` is task, version and digest of the images' version."""
    kept = {name: dataset[name] for name in ("task", "version", "digest")}
    lines = [
        msgspec.json.encode(
            _Head(classes=found.classes, dataset=kept, folds_note=found.folds_note), order="sorted"
        )
    ]
    for name, rows in sorted(found.sets.items()):
        for row in sorted(rows, key=lambda row: row.file_name):
            shares = tuple(round(share, _DIGITS) for share in row.probabilities)
            line = _Line(set=name, file_name=row.file_name, probabilities=shares, fold=row.fold)
            lines.append(msgspec.json.encode(line, order="sorted"))
    return b"\n".join(lines) + b"\n"


def read(workspace: Workspace, record: ModelRecord) -> Predictions | None:
    """Return what a model version said of every image it was judged by, None where nothing is kept.

    Raises Damaged where the text can't be read, PrintModelsError where its dataset version is not here as it was.
    """
    path = path_of(workspace, record.name)
    try:
        data = path.read_bytes()
    except OSError:
        return None
    try:
        first, *rest = data.splitlines()
        head = msgspec.json.decode(first, type=_Head)
        if head.format > FORMAT:
            raise ValueError("a newer print-models wrote it")
        lines = [msgspec.json.decode(line, type=_Line) for line in rest]
        found = _joined(workspace, head, lines)
        return predictions.checked(found)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, KeyError) as error:
        raise Damaged(
            f"{safe(path.name)} can't be read: {safe(str(error), limit=160)}.",
            f"Get it as it was: git checkout -- models/versions/{safe(path.name)}",
        ) from error


def _joined(workspace: Workspace, head: _Head, lines: list[_Line]) -> Predictions:
    version = read_version(workspace, workspace.task(head.dataset["task"]), head.dataset["version"])
    if version.digest != head.dataset["digest"]:
        raise PrintModelsError(
            f"{version.task.name} {version.name} is not what the model was asked on: its digest differs.",
            "Get the version as it was.",
        )
    both = sides(version)
    known = {row.file_name: row for row in (*both.train, *both.validation)}
    sets: dict[str, list[Predicted]] = {}
    for line in lines:
        (one,) = predictions.said([known[line.file_name]], [line.probabilities], [line.fold])
        sets.setdefault(line.set, []).append(one)
    return Predictions(classes=head.classes, sets=sets, folds_note=head.folds_note)
