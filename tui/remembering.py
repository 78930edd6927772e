"""What the worker threads read and keep for the Label screen: predictions, where the app was left, what `u` undoes.

What always holds: a file that others write (predictions) is data, believed only as far as it fits the task; each
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

_MOST_BYTES = 256_000_000


class Predictions:
    """Reads the predictions files when they changed."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int] | None] = {}
        self._guesses: dict[str, Mapping[str, Guess]] = {}
        self._said: dict[str, str] = {}

    def look(self, workspace: Workspace) -> PredictionsRead | None:
        """Return what the files say, and what is odd about them if that was not said yet; None where none changed."""
        changed, said = False, []
        for task in workspace.tasks.values():
            path = workspace.root / task.predictions
            stat = _stat(path)
            if self._seen.get(task.name) != stat:
                self._seen[task.name] = stat
                self._guesses[task.name], odd = _read(path, task, stat)
                if odd and odd != self._said.get(task.name):
                    said.append(odd)
                self._said[task.name] = odd
                changed = True
        return PredictionsRead(dict(self._guesses), tuple(said)) if changed else None


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
