"""From a workspace to a scene: frames, labels, marks, recordings and embeddings of a task, as far as they changed.

What always holds: only what moved since the last look is worked out again, so that one label costs milliseconds; frames
that a camera has deleted are learned from as long as their label and their embedding are known. Called by the worker and
by impact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from core.assist.embeddings import Embeddings, Rows
from core.assist.engines import Engine
from core.assist.head import Ints
from core.assist.scene import Looks, Scene, minutes_of
from core.frames.index import Frame, FrameIndex
from core.frames.names import captured_at, source_of, why_unusable
from core.labels.facts import Facts, Said
from core.labels.model import Label
from core.labels.predictions import read_predictions
from core.labels.store import LabelStore
from core.labels.suggested import Expanded, newer, path_of, read_suggestions
from core.progress import CancelToken, Report, silent
from core.tasks import Task
from core.versions.placing import place
from core.workspace import Workspace


class Gathered(NamedTuple):
    """A scene, how it is looked at, what a model said of its frames (-1 for nothing), places that are contradicted."""

    scene: Scene
    looks: Looks
    guesses: Ints
    against: tuple[int, ...]


class Gathering:
    """What is known of a task's frames; `look` and `read` bring it up to date. Not to be used from several threads."""

    def __init__(self, workspace: Workspace, task: Task, store: LabelStore, engine: Engine) -> None:
        self.workspace, self.task, self.store = workspace, task, store
        self.embeddings = Embeddings(workspace, engine)
        self._index = FrameIndex(workspace)
        self._listed: dict[str, list[Frame]] = {}
        self.frames: list[Frame] = []
        self.keys: list[str] = []
        #: The frames, and those that labels name and no camera of these has.
        self._there: set[str] = set()
        self._idle: Mapping[str, str] | None = None
        self._recordings: list[str] = []
        self._rows: Rows = np.empty(0, np.int64)
        self._mask: bytes | None = None
        self._looks: Looks | None = None
        #: What is odd about earlier versions, which recordings are taken from.
        self.odd: list[str] = []

    def close(self) -> None:
        self._index.close()
        self.embeddings.close()

    # --- frames and embeddings --------------------------------------------------------------------------------------

    def look(self, report: Report = silent, cancel: CancelToken | None = None) -> bool:
        """List the cameras again; return whether there are other frames than before."""
        self._index.scan(report, cancel)
        ws = self.workspace
        names = sorted(name for name in ws.active_sources if name not in ws.questions)
        listed = {name: self._index.frames(name) for name in names}
        if listed == self._listed and self.frames:
            return False
        self._listed = listed
        self._arrange(self.store.classes(self.task))
        return True

    def _arrange(self, labelled: Iterable[str]) -> None:
        """Put frames in order, with those of these cameras that only labels name."""
        labelled = list(labelled)
        frames = [frame for name in sorted(self._listed) for frame in self._listed[name]]
        there = {frame.key for frame in frames}
        gone = [
            Frame(key, source_of(key), at)
            for key in labelled
            if key not in there
            and source_of(key) in self._listed
            and why_unusable(key) is None
            and (at := captured_at(key)) is not None
        ]
        if gone:
            frames = sorted([*frames, *gone], key=lambda one: (one.source, one.captured_at, one.key))
        self.frames, self.keys = frames, [frame.key for frame in frames]
        self._there = {*self.keys, *labelled}
        self._idle, self._looks = None, None

    def without(self) -> list[str]:
        """Return the frames without an embedding, the labelled ones first, the others spread over all."""
        rows = self.embeddings.rows(self.keys)
        labelled = self.store.classes(self.task)
        bare = [key for key, row in zip(self.keys, rows.tolist(), strict=True) if row < 0]
        first = [key for key in bare if key in labelled]
        rest = [key for key in bare if key not in labelled]
        return first + [key for begin in (0, 4, 2, 6, 1, 5, 3, 7) for key in rest[begin::8]]

    # --- labels -----------------------------------------------------------------------------------------------------

    def read(self) -> Gathered:
        """Return what is known of the frames that count, as it is now."""
        labels = self.store.labels(self.task)
        if labels.keys() - self._there:
            self._arrange(labels)
        facts = self._facts(labels)
        self._place()
        mask = facts.counting
        chosen = list(range(len(self.keys))) if mask is None else facts.chosen(mask)
        looks = self._seen(np.array(chosen, np.int64), mask)
        codes = {name: code for code, name in enumerate(self.task.classes)}
        keys = [self.keys[at] for at in chosen]
        given = [labels.get(key) for key in keys]
        said = [facts.guessed.get(key) for key in keys]
        scene = Scene(
            self.task.classes,
            keys,
            looks.known,
            [self._recordings[at] for at in chosen],
            minutes_of([self.frames[at].captured_at for at in chosen]),
            _coded(given, codes),
            np.array([one is not None and one.how == "suggestion" for one in given], np.bool_),
            np.array([key in facts.aside for key in keys], np.bool_),
            self.workspace.settings.split.embargo_minutes,
        )
        against = tuple(at for at, key in enumerate(keys) if _contradicted(facts, key))
        return Gathered(scene, looks, _coded(said, codes), against)

    def _facts(self, labels: Mapping[str, Label]) -> Facts:
        task, ws, store = self.task, self.workspace, self.store
        others = {task.when[0]} if task.when else set[str]()
        others |= {other for _, other, _ in task.contradicts}
        others |= {
            one.name for one in ws.tasks.values() if any(row[1] == task.name for row in one.contradicts)
        }
        others &= ws.tasks.keys()
        known: dict[str, Mapping[str, Label]] = {name: store.labels(name) for name in others}
        known[task.name] = labels
        guesses: dict[str, Mapping[str, Said]] = {
            task.name: read_predictions(ws.root / task.predictions, task)[0]
        }
        if task.when and task.when[0] in ws.tasks:
            guesses[task.when[0]] = self._said(ws.tasks[task.when[0]])
        return Facts(task, self.frames, known, guesses, store.marks(task), tasks=ws.tasks)

    def _said(self, other: Task) -> Mapping[str, Said]:
        """Return what is said of frames for another task: suggestions, or predictions that are younger."""
        found = (
            read_suggestions(path_of(self.workspace, other), other)[0]
            if newer(self.workspace, other)
            else None
        )
        if found is not None and found.runs:
            return Expanded(found.runs, self._listed)
        return read_predictions(self.workspace.root / other.predictions, other)[0]

    def _place(self) -> None:
        """Work out the recordings again where the labels of the idle task changed, which decide where one is cut."""
        task = self.workspace.idle_task
        idle = self.store.classes(task) if task else {}
        if self._idle is not None and idle == self._idle:
            return
        self.odd.clear()
        found = place(self.workspace, self.store, self._index, self.task, self.keys, tell=self.odd.append)
        self._recordings = [found.recordings[key] for key in self.keys]
        self._idle = idle

    def _seen(self, chosen: Ints, mask: bytes | None) -> Looks:
        """Return how the chosen frames are looked at; kept as long as they and their embeddings are the same."""
        rows = self.embeddings.rows(self.keys)
        if self._looks is None or mask != self._mask or not np.array_equal(rows, self._rows):
            mine, some = rows[chosen], self.embeddings.some
            self._looks = Looks(lambda places: some(mine[places]), mine >= 0)
            self._rows, self._mask = rows, mask
        return self._looks


def _contradicted(facts: Facts, key: str) -> bool:
    """True where the label of a frame in another task can't be true together with its own."""
    mine = facts.labelled.get(key)
    if mine is None:
        return False
    for own, other, class_ in facts.contradicting:
        theirs = facts.labels.get(other, {}).get(key)
        if mine.class_ == own and theirs is not None and theirs.class_ == class_:
            return True
    return False


def _coded(said: Sequence[Label | None] | Sequence[Said | None], codes: Mapping[str, int]) -> Ints:
    return np.array([-1 if one is None else codes.get(one.class_, -1) for one in said], np.int64)
