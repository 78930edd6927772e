"""What a model said of every image it was asked: the one form in which answers are kept, beside a run and a model.

What always holds: a row stands for itself (image, frame, truth, answer), so results, comparisons and reports are made
of rows alone, without torch and without a picture. A training writes `predictions.json`, promoting it keeps the same
answers beside the model (`answers`), `evaluate` keeps its own in the cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from core.durable import atomic_write
from core.errors import Damaged
from core.text import safe
from core.training.sides import Row

FORMAT = 1
FILE = "predictions.json"
#: The two sets a training is judged by: its version's own split, and every recording by a network that never saw it.
VALIDATION, FOLDS = "validation", "folds"
_DIGITS = 6


class Predicted(msgspec.Struct, frozen=True, kw_only=True):
    """One image and what was said of it: `probabilities` per class in the order of the file's `classes`.

    `frame` is the frame's key, `captured_at` its local time, `fold` the number of the network that was asked, None
    outside cross-validation.
    """

    file_name: str
    frame: str
    label: str
    recording: str
    probabilities: tuple[float, ...]
    oid: str | None = None
    captured_at: str | None = None
    fold: int | None = None

    @property
    def row(self) -> Row:
        """The image as measuring wants it."""
        try:
            at = datetime.fromisoformat(self.captured_at) if self.captured_at else None
        except ValueError:
            at = None
        return Row(self.file_name, self.label, self.recording, self.frame, at, self.oid)


class Predictions(msgspec.Struct, frozen=True, kw_only=True):
    """Rows by set; `folds_note` says why there is no cross-validation where there is none."""

    classes: tuple[str, ...]
    sets: dict[str, list[Predicted]] = {}
    folds_note: str = ""
    format: int = FORMAT

    def of(self, name: str) -> list[Predicted]:
        """Return the rows of a set, none where it was not asked."""
        return self.sets.get(name, [])


def said(
    rows: Iterable[Row], probabilities: Iterable[Sequence[float]], folds: Iterable[int | None] | None = None
) -> list[Predicted]:
    """Return rows with what a network said of each, in order; `folds` where several networks were asked."""
    known = list(rows)
    return [
        Predicted(
            file_name=row.file_name,
            frame=row.source,
            label=row.label,
            recording=row.recording,
            oid=row.oid,
            captured_at=row.captured_at.isoformat() if row.captured_at else None,
            fold=fold,
            probabilities=tuple(round(float(one), _DIGITS) for one in shares),
        )
        for row, shares, fold in zip(
            known, probabilities, folds if folds is not None else [None] * len(known), strict=True
        )
    ]


def write(folder: Path, predictions: Predictions) -> Path:
    """Write `predictions.json` into a folder, whole or not at all; return its path."""
    path = folder / FILE
    atomic_write(path, encode(predictions))
    return path


def encode(predictions: Predictions) -> bytes:
    """Return predictions as one JSON object, keys sorted."""
    return msgspec.json.format(msgspec.json.encode(predictions, order="sorted"), indent=2) + b"\n"


def read(path: Path) -> Predictions | None:
    """Read predictions, None where there are none. Raises Damaged naming the file."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    try:
        return checked(msgspec.json.decode(data, type=Predictions))
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise Damaged(
            f"{safe(path.name)} can't be read: {safe(str(error), limit=160)}.",
            "Ask the model again: print-models evaluate MODEL",
        ) from error


def checked(found: Predictions) -> Predictions:
    """Return predictions that can be measured; else ValueError: other classes, no shares, a newer form."""
    if found.format > FORMAT:
        raise ValueError("a newer print-models wrote it")
    for rows in found.sets.values():
        for row in rows:
            if row.label not in found.classes:
                raise ValueError(f"{row.file_name} has a class that is none of its classes")
            fit = len(row.probabilities) == len(found.classes)
            if not fit or not all(0 <= one <= 1 for one in row.probabilities):
                raise ValueError(f"{row.file_name} has no probability for every class")
    return found


def by_oid(rows: Iterable[Predicted]) -> Mapping[str, Predicted]:
    """Return rows by the identity of their bytes; rows without one are left out."""
    return {row.oid: row for row in rows if row.oid}
