"""What the lane for labels does: labels given and taken back, other sessions followed, the label files kept in step.

What always holds: all of it runs in that one lane, in order; `Labelled` is returned only after the store has the step
on the disk; a change of a label file outside is taken as one step that can be undone, or waits for a word where it
takes many labels. Called by the bridge.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.errors import PrintModelsError
from core.human import plural
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace
from tui import glancing, remembering
from tui.label_messages import HistoryRead, ManyGoneOutside, Marked, MarksRead, ViewRead, ViewsRead
from tui.lanes import Post
from tui.messages import (
    Failed,
    Flushed,
    Labelled,
    LabelsChanged,
    LabelsRead,
    NothingToUndo,
    NotLabelled,
)

if TYPE_CHECKING:
    from core.labels.model import Label, LabelStep
    from core.labels.store import LabelStore

Bytes = tuple[int, int, str | None]

_MANY = 2000
#: A first picture that takes longer, or that there will be none, holds up no labels.
_PICTURE_S = 0.2
#: From so many frames on it is quicker to read all labels of a task at one go.
_ONE_BY_ONE = 200


class LabelWork:
    """The work of the labels lane; `store` opens the store on first use."""

    def __init__(self, workspace: Workspace, store: Callable[[], LabelStore], post: Post) -> None:
        self.workspace = workspace
        self._open = store
        self._store: LabelStore | None = None
        self._post = post
        self._who = ""
        self._seq = 0
        self._dirty: set[str] = set()
        self._told: frozenset[str] = frozenset()
        self._view: Mapping[str, Any] = {}
        self._marks = MarksRead({})
        #: Why label files were not written on leaving, for who says it once the screen is gone.
        self.unwritten: tuple[str, ...] = ()
        #: What this person did today, in a line; '' where nothing was labelled in this opening of the app.
        self.did = ""
        #: Set when the first picture is on the screen.
        self.picture_there = threading.Event()

    # --- reading ------------------------------------------------------------------------------------------------

    def read(self) -> LabelsRead:
        """Open the store and read every label; also where too much changed to be followed step by step.

        The first picture comes first: beside it, a tenth of the start goes into this.
        """
        self.picture_there.wait(_PICTURE_S)
        self.picture_there.set()
        store = self._opened()
        self._seq = store.last_seq()
        labels = {task.name: store.labels(task) for task in self.workspace.tasks.values()}
        said = tuple(dict.fromkeys(safe(line) for line in store.notices))
        self._tell()
        return LabelsRead(labels, said)

    def view(self) -> ViewRead:
        """Read where the app was left; before the store is opened, which may wait for others."""
        from core.labels.views import read_view

        self._view = read_view(self.workspace.labels_db)
        return remembering.view_of(self._view)

    def keep_view(self, view: Mapping[str, Any]) -> None:
        """Keep where the app is, if that differs in more than the time from what is kept."""
        from core.labels.views import keep_view

        known = {**self._view, "left_at": view["left_at"]}
        if view != known and keep_view(self._opened(), view):
            self._view = view

    # --- labelling ----------------------------------------------------------------------------------------------

    def label(
        self,
        task: Task,
        frames: tuple[str, ...],
        class_: str | None,
        seen: Mapping[str, Bytes],
        how: str = "hand",
    ) -> Labelled | NotLabelled:
        """Give frames a class as one step, or take their label off."""
        try:
            store = self._opened()
            looked = glancing.at(self.workspace, (key for key in frames if class_ and key not in seen))
            given = [key for key in frames if key not in looked.unusable]
            given = self._bare(store, task, given) if how == "suggestion" else given
            step = store.set(task, given, class_, how=how, who=self._me(), sizes={**looked.sizes, **seen})
            self._dirty.add(task.name)
            self._follow(step.seq)
            self._tell()
            return Labelled(step, _labels_of(store, task.name, frames), unusable=looked.unusable)
        except PrintModelsError as error:
            return NotLabelled(task.name, frames, class_, how, error.what, error.remedy)

    def label_each(
        self, task: Task, labels: Mapping[str, str], how: str, what: str
    ) -> Labelled | NotLabelled:
        """Give each frame its own class, all as one step."""
        frames = tuple(labels)
        try:
            store = self._opened()
            looked = glancing.at(self.workspace, frames)
            given = {key: class_ for key, class_ in labels.items() if key not in looked.unusable}
            if how == "suggestion":
                given = {key: given[key] for key in self._bare(store, task, list(given))}
            step = store.set_many(task, given, how=how, who=self._me(), what=what, sizes=looked.sizes)
            self._dirty.add(task.name)
            self._follow(step.seq)
            self._tell()
            return Labelled(step, _labels_of(store, task.name, frames), unusable=looked.unusable)
        except PrintModelsError as error:
            return NotLabelled(task.name, frames, None, how, error.what, error.remedy, labels)

    @staticmethod
    def _bare(store: LabelStore, task: Task, frames: Sequence[str]) -> list[str]:
        """Return those frames that have no label by now: what is suggested never takes the place of one."""
        labels = _labels_of(store, task.name, frames)
        return [key for key in frames if labels[key] is None]

    def mark(self, work: Callable[[LabelStore, str], LabelStep]) -> Marked | Failed:
        """Do a step on marks, one of tui.marking: `work` gets the store and the person's name."""
        try:
            step = work(self._opened(), self._me())
        except PrintModelsError as error:
            return Failed("mark", error.what, error.remedy)
        return self._marked(step)

    def _marked(self, step: LabelStep) -> Marked:
        self._touched("")
        self._follow(step.seq)
        self._tell()
        return Marked(step)

    def undo(self, *, again: bool = False) -> Labelled | NothingToUndo | Failed:
        """Take this person's last step back; `again` gives back what the last undo took."""
        try:
            store = self._opened()
            turn = store.redo if again else store.undo
            step = turn(self._me(), store.session)
            none = step is None and not again
            by_git, other = none and store.came_by_git(), store.next_undo(self._me()) if none else None
        except PrintModelsError as error:
            return Failed("redo" if again else "undo", error.what, error.remedy)
        if step is None:
            return NothingToUndo(again, by_git, safe(other.text, limit=60) if other is not None else "")
        self._touched(step.task)
        self._follow(step.seq)
        self._tell()
        known = step.task in self.workspace.tasks
        return Labelled(step, _labels_of(store, step.task, step.frames) if known else {}, undone=True)

    def history(self, frame: str) -> HistoryRead:
        """Read everything that happened to a frame's labels and marks, here and on other machines."""
        from core.labels.told import whole_history

        return HistoryRead(frame, tuple(whole_history(self.workspace, self._opened(), frame)))

    def views(self, keep: tuple[str, str, str, str] | None = None, drop: str = "") -> ViewsRead | Failed:
        """Read the views that have names, after keeping one (name, filter, queue, task) or dropping one."""
        from core.labels import views

        try:
            store = self._opened()
            if keep is not None:
                views.keep(store, *keep)
            if drop:
                views.drop(store, drop)
            return ViewsRead(views.named(store))
        except PrintModelsError as error:
            return Failed("views", error.what, error.remedy)

    def _opened(self) -> LabelStore:
        self._store = self._store or self._open()
        return self._store

    def _me(self) -> str:
        self._who = self._who or self.workspace.who()
        return self._who

    def _tell(self) -> None:
        """Say which marks there are, if others than before, and what `u` takes back now.

        A person without a name yet has nothing to take back.
        """
        try:
            marks = remembering.marks(self._opened(), self.workspace.tasks.values())
            if marks != self._marks:
                self._marks = marks
                self._post(marks)
            found = remembering.undoes(self._opened(), self._me())
        except PrintModelsError:
            return
        if found is not None:
            self._post(found)

    def _touched(self, task: str) -> None:
        """A step on marks, or of a task the settings no longer have, belongs to no one label file: write them all."""
        self._dirty |= {task} if task in self.workspace.tasks else set(self.workspace.tasks)

    def _follow(self, seq: int) -> None:
        """Our own step needs no second look, unless another session's came before it."""
        if seq == self._seq + 1:
            self._seq = seq

    # --- others -------------------------------------------------------------------------------------------------

    def poll(self) -> LabelsRead | LabelsChanged | None:
        """Look whether another session labelled, and whether a label file was changed outside."""
        if self._store is None:
            return None
        from core.labels.polling import changed_outside

        if changed_outside(self.workspace, self._store):
            flushed = self.flush()
            if flushed is not None:
                self._post(flushed)
        return self._others(self._store)

    def _others(self, store: LabelStore) -> LabelsRead | LabelsChanged | None:
        if store.last_seq() == self._seq:
            return None
        steps = store.steps(self._seq)
        if sum(len(step.frames) for step in steps) > _MANY or len(steps) >= 1000:
            return self.read()
        self._seq = max((step.seq for step in steps), default=self._seq)
        self._tell()
        return LabelsChanged(
            {
                task: _labels_of(
                    store, task, [key for step in steps if step.task == task for key in step.frames]
                )
                for task in {step.task for step in steps} & set(self.workspace.tasks)
            }
        )

    # --- the label files ----------------------------------------------------------------------------------------

    def flush(self, accept: str = "") -> Flushed | None:
        """Bring the label files in step with the store; `accept` names a task whose file may take many labels off."""
        if self._store is None:
            return None
        from core.labels.reconcile import ManyGone
        from core.labels.sync import flush

        said, asked = [], []
        for name in sorted({*self._dirty, accept} - {""} or self.workspace.tasks):
            self._dirty.discard(name)
            task = self.workspace.tasks[name]
            done = flush(self.workspace, self._store, task, accept_outside=name == accept)
            if isinstance(done.problem, ManyGone):
                asked.append(ManyGoneOutside(name, done.problem.what))
            elif done.problem:
                said.append(str(done.problem))
            if done.problem:
                self._dirty.add(name)
            if done.outside:
                file = safe(done.path.name)
                how = "brought by git" if done.by_git else "changed outside; u undoes"
                said.append(f"{plural(done.outside, 'label')} taken from {file}, {how}.")
            said += done.notices
        told, self._told = self._told, frozenset([*said, *(question.what for question in asked)])
        for question in asked:
            if question.what not in told:
                self._post(question)
        changed = self._others(self._store)
        if changed is not None:
            self._post(changed)
        return Flushed(tuple(safe(line) for line in dict.fromkeys(said) if line not in told))

    def leave(self) -> None:
        """Write what waits and close the store; what could not be written is in `unwritten`."""
        if self._store is None:
            return
        try:
            self.did = self._work_done(self._store)
            if self._dirty:
                self._told = frozenset()
                done = self.flush()
                self.unwritten = done.said if done and self._dirty else ()
        finally:
            self._store.close()

    def _work_done(self, store: LabelStore) -> str:
        """Return what this person did today, where they did something since the app was opened."""
        from core.labels.sessions import work_in, work_today

        try:
            now = self._who and work_in(store, self._who, store.session)
            return work_today(store, self._who).said() if now and now.decisions else ""
        except PrintModelsError:
            return ""  # nobody can tell any more; leaving goes on


def _labels_of(store: LabelStore, task: str, frames: Sequence[str]) -> dict[str, Label | None]:
    """Return the labels of these frames as they stand, None where a frame has none."""
    if len(frames) <= _ONE_BY_ONE:
        return {key: store.get(task, key) for key in frames}
    labels = store.labels(task)
    return {key: labels.get(key) for key in frames}
