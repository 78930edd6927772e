"""The label store: give, take back, remember. One labelling step is one durable transaction in labels.db.

What always holds: when `set` returns, the label survives a kill and a power cut; when it raises, nothing was changed.
Every change stays in the history; undo and redo are steps of their own and touch only frames that nobody changed
since. Order is the step's number, never the clock. Several sessions may write; the later step wins, both are in the
history. The app, the commands and the draft call this; labels/sync keeps the label files in step.
"""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import TracebackType

from core.errors import PrintModelsError, WrongUsage
from core.frames.names import check_key, check_keys
from core.labels import giving, queries, reviews, steps, undoing
from core.labels.database import Database
from core.labels.giving import Order
from core.labels.marks import check_mark, holding, marked
from core.labels.model import HOWS, Binding, HistoryEntry, Label, LabelProblem, LabelStep, Mark
from core.labels.reviews import Reviewed
from core.labels.steps import MARKS
from core.tasks import Task
from core.workspace import Workspace

__all__ = ["HistoryEntry", "Label", "LabelProblem", "LabelStep", "LabelStore", "Mark"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _second(at: str) -> str:
    """Return a moment as marks.json has it."""
    return datetime.fromisoformat(at).isoformat(timespec="seconds")


Sizes = Mapping[str, tuple[int, int | None, str | None]]


class LabelStore:
    """The labels, marks and history of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        if not workspace.private.is_dir():
            workspace.ensure_private()
        self._db = Database(workspace.labels_db)
        #: Names this opening of the store, so that undo finds its own steps.
        self.session = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._opened_at = self.last_seq()
        #: What was found on opening and a person should know, one sentence each.
        self.notices: list[str] = []
        #: The name under which a damaged labels.db was kept when this opening built it anew from data/, else ''.
        self.kept_aside = ""
        #: Label files that can't be taken in as they are, by task name; labels/sync fills it, export refuses on it.
        self.file_errors: dict[str, PrintModelsError] = {}
        #: Per file the last step and the file's stat when both agreed, so that nothing is compared twice.
        self.agreed: dict[str, tuple[int, str]] = {}
        #: Per file the stat under which it was last looked at in vain, so that polling does not look again.
        self.seen: dict[str, str] = {}
        #: Per file the entries that wait for a decision and were named already.
        self.waiting_told: dict[str, frozenset[tuple[str, str]]] = {}

    def count_as_earlier(self) -> None:
        """Let all steps there are now count as older sessions' for undo; called where a new database took them up."""
        self._opened_at = self.last_seq()

    @property
    def read_only(self) -> PrintModelsError | None:
        """Why nothing can be labelled here, None where it can."""
        return self._db.read_only

    @property
    def database(self) -> Database:
        """The database, for labels/sync."""
        return self._db

    def close(self) -> None:
        """Close the database; nothing is pending, every step was durable when it returned."""
        self._db.close()

    def __enter__(self) -> LabelStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    # --- giving -------------------------------------------------------------------------------------------------

    def set(
        self,
        task: Task | str,
        frames: Iterable[str],
        class_: str | None,
        *,
        how: str = "hand",
        who: str,
        sizes: Sizes | None = None,
    ) -> LabelStep:
        """Give frames a class, or take their label off with None; durable when it returns.

        `sizes` binds frames to their bytes: key → (size, mtime in ns, 'sha256:…' or None). A frame that has the class
        already is not changed, unless a person confirms by hand what came otherwise. Raises WrongUsage (no such
        class), Damaged (a key that is no path in a source; the open question about one), Lacking ("label NOT saved"),
        Busy.
        """
        task = self._task(task)
        given = task.check(class_) if class_ is not None else None
        return self._give(
            task, dict.fromkeys(frames, given), given, how, who, sizes or {}, given or "unlabelled"
        )

    def set_many(
        self,
        task: Task | str,
        labels: Mapping[str, str | None],
        *,
        how: str,
        who: str,
        what: str,
        sizes: Sizes | None = None,
        again: bool = False,
    ) -> LabelStep:
        """Give each frame its own class, None takes its label off, in one step that `what` names; else as `set`.

        `again` gives a class also to frames that have it: then it is given in this way, at this time.
        """
        task = self._task(task)
        given = {key: task.check(class_) if class_ is not None else None for key, class_ in labels.items()}
        return self._give(task, given, None, how, who, sizes or {}, what, again)

    def _give(
        self,
        task: Task,
        wanted: Mapping[str, str | None],
        class_: str | None,
        how: str,
        who: str,
        sizes: Sizes,
        what: str,
        again: bool = False,
    ) -> LabelStep:
        if how not in HOWS:
            raise WrongUsage(f"“{how}” is no way of labelling.", f"Use one of: {', '.join(HOWS)}.")
        keys = check_keys(wanted)
        for source, question in self.workspace.questions.items():  # whose pictures these are is not known
            if any(key.startswith(f"{source}/") for key in keys):
                raise question

        order = Order(self.session, who, how, task.name, class_, what, again)
        bound = {key: Binding(*sizes[key]) for key in keys if key in sizes}
        return self._db.write(lambda db: giving.give(db, order, wanted, bound))

    def mark(
        self,
        frame: str,
        *,
        who: str,
        mark: str | None = None,
        reason: str = "",
        note: str = "",
        example: str | None = None,
        task: Task | str | None = None,
    ) -> LabelStep:
        """Mark a frame skipped, unsure, or excluded with a reason, or note something; all empty takes the mark off.

        A mark removes no label. `task` None means every task. What was there goes, note and example too. Raises
        WrongUsage, and what `set` raises.
        """
        check_mark(mark, reason)
        name = self._task(task).name if task is not None else None
        at = _now()
        whole = Mark(frame, mark, reason.strip(), note.strip(), example, who, _second(at), name)
        return self._mark((frame,), lambda old: whole if mark or note or example else None, whole, at)

    def mark_many(
        self,
        frames: Iterable[str],
        *,
        who: str,
        mark: str | None,
        reason: str = "",
        task: Task | str | None = None,
    ) -> LabelStep:
        """Give frames one mark as one step, or take marks off with None; their notes and examples stay.

        Frames with a stronger mark (skipped, unsure, excluded), or with one for another task, keep it and are `left`
        of the answer. `reason` goes with an exclusion. Raises as `mark`.
        """
        check_mark(mark, reason)
        name = self._task(task).name if task is not None else None
        at = _now()
        new = Mark("", mark, reason.strip(), by=who, at=_second(at), task=name)
        return self._mark(tuple(dict.fromkeys(frames)), lambda old: marked(old, new), new, at)

    def _mark(
        self, frames: tuple[str, ...], change: Callable[[Mark | None], Mark | None], new: Mark, at: str
    ) -> LabelStep:
        keys = check_keys(frames)
        # marks.json and the history tell of one moment, however long the step waits for another session's.
        order = Order(self.session, new.by, "hand", new.task or "", new.mark, "", at=at)
        return self._db.write(lambda db: giving.mark(db, order, keys, change))

    def review(
        self,
        task: Task | str,
        hunks: Iterable[str],
        *,
        who: str,
        base: str,
        held: bool | None = None,
        comment: str | None = None,
    ) -> LabelStep:
        """Hold hunks back or let them go, or comment them, against the version `base`, as one step.

        What is None stays as it is; an empty comment takes it off. Raises what `set` raises.
        """
        what = "comment" if held is None else "held back" if held else "no longer held back"
        order = Order(self.session, who, "hand", self._task(task).name, None, what)
        change = reviews.saying(held, comment, base, who, _second(_now()))
        keys = {check_key(id_): change for id_ in hunks}
        return self._db.write(lambda db: giving.review(db, order, keys))

    def reviews(self, task: Task | str) -> dict[str, Reviewed]:
        """Return what was said of hunks of a task, by their ids."""
        name = self._task(task).name
        return reviews.of(self._db.ask(lambda db: queries.classes(db, MARKS)), name)

    def bind(self, task: Task | str, bindings: Mapping[str, Binding]) -> int:
        """Record which bytes labels belong to, where that is not known yet; return how many were recorded."""
        name = self._task(task).name
        return self._db.write(lambda db: steps.bind(db, name, bindings))

    # --- taking back --------------------------------------------------------------------------------------------

    def next_undo(self, who: str, session: str | None = None) -> LabelStep | None:
        """Return the step that `undo` would take back, None where there is none."""

        def look(db: sqlite3.Connection) -> LabelStep | None:
            seq = undoing.last_to_undo(db, who, session, self._opened_at)
            return queries.read(db, seq) if seq else None

        return self._db.ask(look)

    def came_by_git(self) -> bool:
        """True where git brought labels or marks here, which undo leaves to git."""
        return self._db.ask(queries.came_by_git)

    def people(self) -> tuple[str, ...]:
        """Return who gave the steps that could be taken back, in order of names."""
        return self._db.ask(queries.people)

    def undo(self, who: str, session: str | None = None) -> LabelStep | None:
        """Take back the last step of `who` that is not taken back yet; None where there is none.

        With `session` (`store.session`) it is that session's last step, then older ones, never a step that another
        session made meanwhile. Frames that were changed again since keep the later label.
        """

        def work(db: sqlite3.Connection) -> LabelStep | None:
            seq = undoing.last_to_undo(db, who, session, self._opened_at)
            return undoing.invert(db, seq, "undo", who, self.session) if seq else None

        return self._db.write(work)

    def redo(self, who: str, session: str | None = None) -> LabelStep | None:
        """Give back what the last undo of `who` took, unless something was labelled since; None where there is none.

        With `session` as `undo`: what other sessions do meanwhile counts for nothing.
        """

        def work(db: sqlite3.Connection) -> LabelStep | None:
            seq = undoing.last_to_redo(db, who, session, self._opened_at)
            return undoing.invert(db, seq, "redo", who, self.session) if seq else None

        return self._db.write(work)

    # --- asking -------------------------------------------------------------------------------------------------

    def labels(self, task: Task | str) -> dict[str, Label]:
        """Return every label of a task by frame, in order of frames."""
        name = self._task(task).name
        return {label.frame: label for label in self._db.ask(lambda db: queries.labels(db, name))}

    def classes(self, task: Task | str) -> dict[str, str]:
        """Return the class of every labelled frame, in order of frames; quicker than `labels`."""
        name = self._task(task).name
        return self._db.ask(lambda db: queries.classes(db, name))

    def get(self, task: Task | str, frame: str) -> Label | None:
        """Return one frame's label, None where it has none."""
        name = self._task(task).name
        found = self._db.ask(lambda db: queries.labels(db, name, frame))
        return found[0] if found else None

    def counts(self, task: Task | str) -> dict[str, int]:
        """Return labels per class, in the order of the task's classes."""
        task = self._task(task)
        found = self._db.ask(lambda db: queries.counts(db, task.name))
        return {name: int(found.get(name, 0)) for name in task.classes}

    def marks(self, task: Task | str) -> dict[str, Mark]:
        """Return the marks that hold for a task, by frame; of a labelled frame no `skipped`."""
        name = self._task(task).name
        found = self.all_marks()
        skipped = any(mark.mark == "skipped" for mark in found.values())
        return holding(found, name, self.classes(name) if skipped else ())

    def all_marks(self) -> dict[str, Mark]:
        """Return every mark by frame."""
        values = self._db.ask(lambda db: queries.classes(db, MARKS))
        found = {frame: queries.decode_mark(frame, value) for frame, value in values.items()}
        return {frame: mark for frame, mark in found.items() if mark.mark or mark.note or mark.example}

    def private(self) -> dict[str, tuple[str, ...]]:
        """Return the frames that are private for any task, with the hashes of bytes their labels are bound to."""
        return self._db.ask(lambda db: queries.private(db, self.workspace.tasks))

    def history(self, frame: str) -> list[HistoryEntry]:
        """Return every change of a frame's labels and marks, oldest first."""
        return self._db.ask(lambda db: queries.history(db, frame))

    def steps(self, since: int = 0, limit: int = 1000) -> list[LabelStep]:
        """Return the steps after number `since`, oldest first; what a screen asks when `last_seq` moved."""
        return self._db.ask(lambda db: queries.since(db, since, limit))

    def last_seq(self) -> int:
        """Return the number of the last step, 0 for none; a screen polls it."""
        return self._db.ask(queries.last_seq)

    def problems(self, task: Task | str) -> tuple[LabelProblem, ...]:
        """Return the entries of the task's label file that wait for a decision; labelling the frame decides."""
        name = self._task(task).name
        return self._db.ask(lambda db: queries.problems(db, name))

    def mark_problems(self) -> tuple[LabelProblem, ...]:
        """Return the entries of marks.json that wait for a decision; marking the frame decides."""
        return self._db.ask(lambda db: queries.problems(db, MARKS))

    def _task(self, task: Task | str) -> Task:
        return self.workspace.task(task) if isinstance(task, str) else task
