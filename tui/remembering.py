"""What the worker threads read and keep for the Label screen: predictions, where the app was left, what `u` undoes.

What always holds: a file that others write (predictions) is data, believed only as far as it fits the task; each
function returns one frozen message or None. Called by the bridge.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import PrintModelsError
from core.tasks import Task
from core.workspace import Workspace
from tui.label_messages import Guess, MarksRead, PredictionsRead, Undoes, ViewRead

if TYPE_CHECKING:
    from core.labels.model import LabelProblem
    from core.labels.store import LabelStore

_MOST_BYTES = 256_000_000


class Predictions:
    """Reads the predictions files when they changed."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int] | None] = {}
        self._guesses: dict[str, Mapping[str, Guess]] = {}

    def look(self, workspace: Workspace) -> PredictionsRead | None:
        """Return what the files say; None where none changed since the last look."""
        changed = False
        for task in workspace.tasks.values():
            path = workspace.root / task.predictions
            stat = _stat(path)
            if self._seen.get(task.name) != stat:
                self._seen[task.name] = stat
                self._guesses[task.name] = _read(path, task) if stat else {}
                changed = True
        return PredictionsRead(dict(self._guesses)) if changed else None


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size) if found.st_size <= _MOST_BYTES else None


def _read(path: Path, task: Task) -> dict[str, Guess]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    guesses = {key.removeprefix("./"): _guess(value, task) for key, value in found.items()}
    return {key: guess for key, guess in guesses.items() if guess is not None}


def _guess(value: Any, task: Task) -> Guess | None:
    if not isinstance(value, dict):
        return None
    class_, sure = value.get("label"), value.get("confidence")
    if not isinstance(class_, str) or class_.lower() not in task.classes:
        return None
    if isinstance(sure, bool) or not isinstance(sure, int | float) or not 0 <= sure <= 1:
        return None
    return Guess(class_.lower(), float(sure))


def undoes(store: LabelStore, who: str) -> Undoes | None:
    """Look up the step that `u` takes back now."""
    try:
        return Undoes(store.next_undo(who, store.session))
    except PrintModelsError:
        return None


def marks(store: LabelStore, tasks: Iterable[Task]) -> MarksRead:
    """Look up what a filter may ask beside labels, and the facts show: marks, and entries that wait for a decision."""
    from core.labels.facts import Known

    undecided = _frames_of(store.mark_problems())
    return MarksRead(
        {task.name: Known(_frames_of(store.problems(task)), store.marks(task), undecided) for task in tasks}
    )


def _frames_of(entries: Iterable[LabelProblem]) -> frozenset[str]:
    return frozenset(entry.key.removeprefix("./") for entry in entries)


def view_of(found: Mapping[str, Any]) -> ViewRead:
    """Return what was kept as far as it makes sense."""
    words = {
        name: value
        for name in ("place", "task", "source", "frame", "filter", "queue", "left_at")
        if isinstance(value := found.get(name), str)
    }
    frames = found.get("frames")
    counted = frames if isinstance(frames, dict) else {}
    looks = found.get("looks")
    return ViewRead(
        **words,
        looks=looks if isinstance(looks, dict) else {},
        frames={k: v for k, v in counted.items() if isinstance(v, int)},
    )
