"""The merge of label files and marks that git asks for: three files in, one out, per frame.

A frame that both sides changed differently is written {"ours": …, "theirs": …}. Where a task tells the classes, older
spellings count as the class they mean, so that two spellings are no conflict. Pure but for reading settings; called by
commands/merging.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Damaged
from core.labels.documents import encode_entries
from core.labels.files import class_of, is_conflict, pairs_of
from core.labels.merge import three_way
from core.labels.queries import same_mark
from core.tasks import Task


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged file's bytes, the frames whose two values wait for a decision, and whether those are marks."""

    data: bytes
    conflicts: tuple[str, ...]
    of_marks: bool = False


def merge(base: bytes, ours: bytes, theirs: bytes, tasks: Iterable[Task]) -> Merged:
    """Merge three versions of a label file or of marks.json; an empty base is no entries: both sides added the file.

    Raises Damaged where one of them can't be read as entries by frame, each there once. A side that is empty is one:
    taken for “no labels” it would take every label away.
    """
    read = [
        _entries(base, "the base") if base.strip() else {},
        _entries(ours, "ours"),
        _entries(theirs, "theirs"),
    ]
    task = _task_of(read, tuple(tasks))
    then, here, there = ({key: _text(value, task) for key, value in side.items()} for side in read)
    found = three_way(then, here, there, same=_same)
    merged = here | {key: value for key, value in found.take.items() if value is not None}
    for key, value in found.take.items():
        if value is None:
            merged.pop(key, None)
    for key, (mine, other) in found.conflicts.items():
        sides = {"ours": mine, "theirs": other}
        merged[key] = json.dumps({side: json.loads(text) if text else None for side, text in sides.items()})
    of_marks = any(
        isinstance(value, dict) and not is_conflict(value) for side in read for value in side.values()
    )
    return Merged(encode_entries(merged.items()), tuple(found.conflicts), of_marks)


def _entries(data: bytes, side: str) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for written, value in pairs_of(data, side):
        key = written.removeprefix("./")
        if key in entries and entries[key] != value:
            raise Damaged(f"{side} has “{key}” twice, with different values.", "Keep the one that is meant.")
        entries[key] = value
    return entries


def _task_of(sides: Iterable[Mapping[str, Any]], tasks: tuple[Task, ...]) -> Task | None:
    """Return the one task whose classes the files name, None where none or several could be meant."""
    words = {value.strip().lower() for side in sides for value in side.values() if isinstance(value, str)}
    meant = [task for task in tasks if words & set(task.classes)]
    return meant[0] if len(meant) == 1 else None


def _same(one: str | None, other: str | None) -> bool:
    """True where both sides mean the same: the same class, or a mark that says the same, whoever gave it and when."""
    marks = all(text is not None and text.startswith("{") for text in (one, other))
    return one == other or (marks and same_mark(one, other))


def _text(value: Any, task: Task | None) -> str:
    meant = class_of(value, task) if task is not None else None
    return json.dumps(value if meant is None else meant, sort_keys=True)
