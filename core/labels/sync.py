"""labels.db and the files under data/ kept in step: label files, marks.json, and the journal of steps.

Per file the database keeps what file and database last agreed on (the base). File = base: ours is written. Database =
base: theirs is taken, as one step `outside`, undoable where git did not bring it. Both changed: per frame; where both sides changed the same frame
differently both values are written, as a conflict, until a person labels the frame.

What always holds: a change made outside is never overwritten; a file that is empty, damaged or gone is never "no
labels"; every step is safe in labels.db before a file is touched. The app calls `flush` after rest and on leaving,
every command before it ends, export and release before they read.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.durable import atomic_write, explain, lock
from core.errors import Busy, Damaged, PrintModelsError
from core.frames.identity import recall
from core.human import plural
from core.labels import damage, files, journal, queries
from core.labels.deciding import UNWRITTEN, key_of
from core.labels.documents import (
    Base,
    Document,
    announce,
    digest,
    document,
    load_base,
    marks_document,
    save_base,
)
from core.labels.mending import mendable
from core.labels.reconcile import (
    Overtaken,
    bytes_of,
    decided_entries,
    holds_nothing_new,
    reconcile,
    stat_of,
    still_agreed,
    with_ours,
)
from core.labels.revive import revive
from core.labels.store import LabelStore
from core.labels.waiting import tell_waiting
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace

_LARGE, _REST, _LONG_REST = 2_000_000, 1.0, 30.0
#: So often a file is looked at anew that someone else writes just then.
_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Flushed:
    """What `flush` did with a task's label file.

    `written` says whether the file was written anew, `outside` how many labels were taken from it, `by_git` that git
    brought some of them, so that undo leaves them; `notices` is what a person should know about that. Where `problem` is set the file is as it was found, and every label is safe in
    labels.db; `beside` is True where that is about marks alone, and the label file says what labels.db says.
    """

    path: Path
    written: bool
    outside: int
    problem: PrintModelsError | None
    notices: tuple[str, ...] = ()
    beside: bool = False
    by_git: bool = False


def open_store(workspace: Workspace, *, accept_outside: bool = False) -> LabelStore:
    """Open the label store, import label files at first sight, take what was changed in them outside.

    Raises what opening raises; a label file's own trouble is in `store.file_errors` and `store.notices` instead, since
    labelling goes on without it. `accept_outside` takes also a change that removes more than ten labels.
    """
    store = _opened(workspace)
    recall(workspace)
    if store.read_only is not None:
        store.notices.append(store.read_only.what)
        return store
    try:
        if store.last_seq() == 0:
            _take_up(workspace, store)
        _take_all_in(workspace, store, accept_outside)
        if store.kept_aside:
            _tell_damage(workspace, store)
    except BaseException:
        store.close()
        raise
    # A workspace that is only read has its labels from data/ in a database outside of it: to look at, not to add to.
    store.database.read_only = workspace.read_only
    return store


def flush(workspace: Workspace, store: LabelStore, task: Task, *, accept_outside: bool = False) -> Flushed:
    """Write a task's label file, the journal and marks.json; what was changed in them outside is taken first.

    Never raises for a file: `problem` says what stood in the way.
    """
    told, path = len(store.notices), workspace.labels_path(task)
    docs = (document(workspace, task), marks_document(workspace))
    if store.read_only is not None:
        return Flushed(path, False, 0, store.read_only)
    if all(_quiet(store, doc) for doc in docs) and _journal_is_whole(workspace, store):
        return Flushed(path, False, 0, None)
    try:
        with _files_lock(workspace):
            own, marks = (_flush(workspace, store, doc, accept_outside) for doc in docs)
            problem = own.problem
            try:
                _journal(workspace, store)
            except PrintModelsError as error:
                problem = problem or error
    except Busy as error:
        return Flushed(path, False, 0, error)
    beside = problem is None and marks.problem is not None
    notices = tuple(store.notices[told:])
    return Flushed(path, own.written, own.outside, problem or marks.problem, notices, beside, own.by_git)


def rest_before_writing(workspace: Workspace) -> float:
    """Return how many seconds of rest label files wait for: one, or half a minute where one is so large that writing
    it takes a while; then it is written that often, however busy a person is.
    """
    large = False
    for task in workspace.tasks.values():
        with suppress(OSError):
            large = large or os.stat(workspace.labels_path(task)).st_size >= _LARGE
    return _LONG_REST if large else _REST


# --- opening ----------------------------------------------------------------------------------------------------


def _opened(workspace: Workspace) -> LabelStore:
    try:
        if not damage.proved(workspace.labels_db):
            return LabelStore(workspace)
    except Damaged:
        pass
    aside = damage.set_aside(workspace.labels_db)
    store = LabelStore(workspace)
    store.kept_aside = aside.name
    return store


def _tell_damage(workspace: Workspace, store: LabelStore) -> None:
    lost = damage.told(workspace, store, workspace.private / store.kept_aside)
    store.notices.append(
        f"labels.db was damaged and is kept as {store.kept_aside}; the labels were built anew from data/. {lost}"
    )


def _take_up(workspace: Workspace, store: LabelStore) -> None:
    """Let a new database go on where this machine's journal ends, and say where only the journal has labels."""
    labels = revive(workspace, store)
    store.count_as_earlier()
    if not labels:
        return
    for task in workspace.tasks.values():
        known = sum(store.counts(task).values())
        if known and not workspace.labels_path(task).exists():
            store.notices.append(
                f"{safe(task.labels_file)} is not there; its {plural(known, 'label')} come from data/history, and it is "
                "written anew with the next label."
            )


def _take_all_in(workspace: Workspace, store: LabelStore, accept: bool) -> None:
    docs = [document(workspace, task) for task in workspace.tasks.values()]
    docs.append(marks_document(workspace))
    try:
        with _files_lock(workspace):
            for doc in docs:
                _taken_in(workspace, store, doc, accept)
    except Busy as error:
        store.file_errors |= {doc.name: error for doc in docs}
        store.notices.append(str(error))


def _taken_in(workspace: Workspace, store: LabelStore, doc: Document, accept: bool) -> None:
    seen = stat_of(doc.path)
    try:
        reconcile(workspace, store, doc, accept)
        store.file_errors.pop(doc.name, None)
        tell_waiting(store, doc)
    except PrintModelsError as error:
        error = mendable(workspace, store, doc, error)
        store.seen[doc.name] = seen
        store.file_errors[doc.name] = error
        store.notices.append(f"{error.what} {error.remedy}")


def _files_lock(workspace: Workspace) -> AbstractContextManager[None]:
    return lock(workspace.private / "files.lock", what="the label files", timeout=10)


# --- writing ours -----------------------------------------------------------------------------------------------


def _flush(workspace: Workspace, store: LabelStore, doc: Document, accept: bool) -> Flushed:
    outside, written, by_git = 0, False, False
    seen = (store.last_seq(), stat_of(doc.path))
    if _quiet(store, doc):
        return Flushed(doc.path, False, 0, None)
    try:
        for again in range(_LOOKS, 0, -1):
            try:
                taken = reconcile(workspace, store, doc, accept)
                outside, by_git = outside + taken.labels, by_git or taken.by_git
                written = _write(store, doc)
                break
            except Overtaken:
                if again == 1:
                    raise
                seen = (store.last_seq(), stat_of(doc.path))
        tell_waiting(store, doc)
        store.file_errors.pop(doc.name, None)
        store.seen[doc.name] = "" if written else seen[1]
        if not outside and not written:
            store.agreed[doc.name] = seen
        return Flushed(doc.path, written, outside, None, by_git=by_git)
    except PrintModelsError as error:
        error = mendable(workspace, store, doc, error)
        store.seen[doc.name] = seen[1]
        store.file_errors[doc.name] = error
        return Flushed(doc.path, written, outside, error)
    except OSError as error:
        return Flushed(doc.path, written, outside, explain(error, f"writing {safe(doc.path.name)}"))


def _quiet(store: LabelStore, doc: Document) -> bool:
    """True where neither the database nor the file has moved since both agreed, and no entry was decided.

    Who decides for the label that stands here already makes no step.
    """
    unmoved = store.agreed.get(doc.name) == (store.last_seq(), stat_of(doc.path))
    return unmoved and not decided_entries(store, doc.name)


def _write(store: LabelStore, doc: Document) -> bool:
    """Write the file where it says something else than the database; return whether it was written."""
    base, ours, waiting = store.database.ask(lambda db: _sides(db, doc.name))
    looked_at = stat_of(doc.path)
    there = bytes_of(doc.path)
    if not ours and (base is None or there is None):
        return False
    known = base is not None and there is not None and digest(there) == base.sha256
    if there is not None and not known and not holds_nothing_new(store, doc, base, there):
        raise Overtaken(f"{safe(doc.path.name)} is being changed")
    held = {key.removeprefix("./") for key, *_ in waiting}
    values = {frame: value for frame, value in ours.items() if frame not in held}
    fresh = {key for key, _, place in waiting if place == UNWRITTEN}
    agreed = with_ours({**values, **still_agreed(base, held)}, ours, fresh)
    settled = not fresh and not decided_entries(store, doc.name)
    if known and base is not None and agreed == base.values and settled:
        return False
    if foreign := [frame for frame, value in values.items() if not doc.knows(value)]:
        raise Damaged(
            f"labels.db gives {plural(len(foreign), 'frame')} a class that {doc.name} does not have: "
            f"{safe(foreign[0], limit=120)}: {safe(values[foreign[0]], limit=60)}; {safe(doc.path.name)} is left as it is.",
            "Label those frames anew, or put the class back into print-models.toml.",
        )
    _sweep(doc.path)
    data = files.checked_size(doc.encode(values, [(k, value) for k, value, _ in waiting]), doc.path.name)
    store.database.write(lambda db: announce(db, doc.name, data))
    doc.path.parent.mkdir(parents=True, exist_ok=True)

    def last_look() -> None:
        if stat_of(doc.path) != looked_at:
            raise Overtaken(f"{safe(doc.path.name)} is being changed")

    atomic_write(doc.path, data, last_look=last_look)
    stat = stat_of(doc.path)
    if bytes_of(doc.path) != data:
        stat = ""  # someone wrote it again already: that is looked at the next time

    def settle(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM problem WHERE task=? AND resolved", (doc.name,))
        db.execute("UPDATE problem SET place=0 WHERE task=? AND place=?", (doc.name, UNWRITTEN))
        save_base(db, store.workspace.root, doc.name, data, stat, agreed)

    store.database.write(settle)
    return True


def _sweep(path: Path) -> None:
    """Remove what a killed writing left beside the file; nobody else writes there while the lock is held."""
    for left in path.parent.glob(f".{path.name}.*.tmp"):
        left.unlink(missing_ok=True)


def _sides(
    db: sqlite3.Connection, name: str
) -> tuple[Base | None, dict[str, str], list[tuple[str, str, int]]]:
    """Return the base, ours, and the entries that wait for a decision with their places."""
    query = "SELECT frame, value, place FROM problem WHERE task=? AND NOT resolved"
    rows = [(key_of(key), value, place) for key, value, place in db.execute(query, (name,))]
    return load_base(db, name), queries.classes(db, name), rows


def _journal_is_whole(workspace: Workspace, store: LabelStore) -> bool:
    as_left = store.database.ask(journal.left_at) == stat_of(journal.host_file(workspace.history_dir))
    return as_left and store.database.ask(journal.last_written) == store.last_seq()


def _journal(workspace: Workspace, store: LabelStore) -> None:
    """Append the steps that the journal does not hold yet, also those that git took out of it again."""
    path = journal.host_file(workspace.history_dir)
    found = stat_of(path)
    as_left = store.database.ask(journal.left_at) == found
    there = None if as_left else journal.standing(path)
    written, last, lines = store.database.ask(lambda db: journal.pending(db, there))
    if written == last and as_left:
        return
    left = journal.append(workspace.history_dir, lines, found) if lines else found
    store.database.write(lambda db: journal.note(db, last, left))
