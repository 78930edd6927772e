"""What the worker threads read and keep for the Label screen: predictions and suggestions, where the app was left, undo.

What always holds: a file that others write (predictions, suggestions) is data, believed only as far as it fits the task; each
function returns one frozen message or None. Called by the bridge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import PrintModelsError
from core.human import size
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace
from tui.label_messages import MarksRead, PredictionsRead, Undoes, ViewRead

if TYPE_CHECKING:
    from core.labels.model import LabelProblem
    from core.labels.predictions import Guess
    from core.labels.store import LabelStore
    from core.labels.suggested import Suggestions

_MOST_BYTES = 256_000_000


class Predictions:
    """Reads the files of predictions and suggestions when they changed."""

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[int, int] | None] = {}
        self._guesses: dict[str, Mapping[str, Guess]] = {}
        self._suggested: dict[str, Suggestions] = {}
        self._said: dict[Path, str] = {}

    def look(self, workspace: Workspace) -> PredictionsRead | None:
        """Return what the files say, and what is odd about them if that was not said yet; None where none changed."""
        from core.labels import suggested

        changed, said = False, []
        for task in workspace.tasks.values():
            for path in (workspace.root / task.predictions, suggested.path_of(workspace, task)):
                stat = _stat(path)
                if self._seen.get(path) != stat:
                    self._seen[path] = stat
                    odd = self._take(workspace, task, path, stat)
                    if odd and odd != self._said.get(path):
                        said.append(odd)
                    self._said[path] = odd
                    changed = True
        if not changed:
            return None
        newer = {name for name in self._suggested if suggested.newer(workspace, workspace.tasks[name])}
        return PredictionsRead(
            dict(self._guesses), tuple(said), suggested=dict(self._suggested), newer=frozenset(newer)
        )

    def _take(self, workspace: Workspace, task: Task, path: Path, stat: tuple[int, int] | None) -> str:
        """Read one of the two files; return what is odd about it."""
        from core.labels.suggested import path_of, read_suggestions

        if path != path_of(workspace, task):
            self._guesses[task.name], odd = _read(path, task, stat)
            return odd
        found, odd = read_suggestions(path, task)
        self._suggested.pop(task.name, None)
        if found is not None:
            self._suggested[task.name] = found
        return odd


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _read(path: Path, task: Task, stat: tuple[int, int] | None) -> tuple[Mapping[str, Guess], str]:
    from core.labels.predictions import read_predictions

    if stat is not None and stat[1] > _MOST_BYTES:
        return {}, f"{safe(path.name)} is larger than {size(_MOST_BYTES)}; predictions are left out."
    return read_predictions(path, task) if stat is not None else ({}, "")


def undoes(store: LabelStore, who: str) -> Undoes | None:
    """Look up the step that `u` takes back now."""
    try:
        return Undoes(store.next_undo(who, store.session))
    except PrintModelsError:
        return None


def marks(store: LabelStore, tasks: Iterable[Task]) -> MarksRead:
    """Look up what a filter may ask beside labels, and the facts show: marks, and entries that wait for a decision."""
    from core.labels.facts import Known

    undecided = _why_by_frame(store.mark_problems())
    return MarksRead(
        {
            task.name: Known(_why_by_frame(store.problems(task)), store.marks(task), undecided)
            for task in tasks
        }
    )


def _why_by_frame(entries: Iterable[LabelProblem]) -> dict[str, str]:
    return {entry.key.removeprefix("./"): entry.what for entry in entries}


def view_of(found: Mapping[str, Any]) -> ViewRead:
    """Return what was kept as far as it makes sense."""
    words = {
        name: value
        for name in ("place", "task", "source", "frame", "filter", "queue", "left_at")
        if isinstance(value := found.get(name), str)
    }
    frames = found.get("frames")
    counted = frames if isinstance(frames, dict) else {}
    looks, answers = found.get("looks"), found.get("answers")
    return ViewRead(
        **words,
        looks=looks if isinstance(looks, dict) else {},
        answers={
            task: {frame: class_ for frame, class_ in given.items() if isinstance(class_, str)}
            for task, given in (answers if isinstance(answers, dict) else {}).items()
            if isinstance(given, dict)
        },
        frames={k: v for k, v in counted.items() if isinstance(v, int)},
    )
