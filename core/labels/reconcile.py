"""What a file says and the database does not know is taken in: the half of labels/sync that changes the database.

Taking theirs is one step: `imported` at first sight, `outside` after that; undo takes it back only where git did not
bring it, since that is other people's work and the next sync would take it from them too. A label that returns to a value it had gets
back who gave it, when and how, from the database's own history or from the journals. A frame that both sides changed
differently keeps the label it has here and waits, with both values, until a label decides. Called by labels/sync only.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from core.errors import Busy, Lacking, PrintModelsError, Refused
from core.human import plural
from core.labels import journal, queries, steps
from core.labels.deciding import UNWRITTEN, key_of, stored
from core.labels.documents import (
    Base,
    Document,
    agree_head,
    announced,
    committed,
    cut_short,
    digest,
    forget_announced,
    git_at_work,
    head,
    head_agreed,
    load_base,
    save_base,
)
from core.labels.files import is_conflict, read_bytes, why_conflict
from core.labels.merge import Merge, three_way
from core.labels.model import Binding, LabelProblem
from core.labels.steps import MARKS, Row
from core.labels.store import LabelStore
from core.text import safe
from core.workspace import Workspace

#: More labels than this taken off by a change outside need a person's word.
MANY = 10


class Overtaken(Busy):
    """A label or the file was changed between looking and writing; a second look goes on from there."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} just now.", "The file is looked at again with the next label.")


class ManyGone(Refused):
    """A change outside takes off more labels than is done without a person's word; how many in `removed` and so on."""

    def __init__(self, workspace: Workspace, doc: Document, merge: Merge) -> None:
        self.removed, self.added, self.changed = merge.removed, merge.added, merge.changed
        super().__init__(
            f"{safe(doc.path.name)} was changed outside: −{merge.removed} +{merge.added} ~{merge.changed} labels.",
            "If that is meant, say --accept-outside; else get the file back: git checkout -- "
            f"{safe(doc.path.relative_to(workspace.root))}",
        )


class Taken(NamedTuple):
    """How many labels changed, and whether git brought them: a checkout, a pull, a merge."""

    labels: int
    by_git: bool = False


def reconcile(workspace: Workspace, store: LabelStore, doc: Document, accept: bool) -> Taken:
    """Take what the file says and the database does not know; return what was taken.

    Raises Damaged (the file can't be parsed), ManyGone. Then nothing was changed.
    """
    at_first = head(workspace.root)  # before the file: git changes files first, then HEAD
    stat = stat_of(doc.path)
    data = bytes_of(doc.path)
    base = store.database.ask(lambda db: load_base(db, doc.name))
    ours_written = store.database.ask(lambda db: announced(db, doc.name))
    if data is None or (base is not None and base.sha256 == digest(data)):
        if data is not None and ours_written:  # a crash came before our writing: it never happened
            store.database.write(lambda db: forget_announced(db, doc.name))
        if data is not None:
            note_head(store, doc.name, at_first)
        return Taken(0)
    ours = store.database.ask(lambda db: queries.classes(db, doc.name))
    if ours and holds_nothing_new(store, doc, base, data):
        # A camera host that lost power leaves such a file; it holds nothing that could be lost.
        held = plural(len(ours), "mark" if doc.name == MARKS else "label")
        are = "is" if len(ours) == 1 else "are"
        store.notices.append(
            f"{safe(doc.path.name)} was empty, zeros or cut short; {held} {are} in labels.db, safe."
        )
        return Taken(0)
    revived = base is not None and base.sha256 == digest(b"")
    read = doc.parse(data)
    before = base.values if base else {}
    if ours_written == digest(data):
        before = read.values  # our own writing, which a crash cut short before it was noted
    decided = decisions(store, doc)
    skip = {problem.key.removeprefix("./") for problem in read.problems}
    merge = three_way(before, ours, read.values, skip=skip, decided=decided, same=doc.same)
    if merge.removed > MANY and not accept and not revived:
        raise ManyGone(workspace, doc, merge)
    # What is in conflict stays agreed as it was until both values stand in the file.
    agreed = {frame: value for frame, value in read.values.items() if frame not in merge.conflicts}
    agreed |= still_agreed(base, {*skip, *merge.conflicts})
    agreed = with_ours(
        agreed, ours, {entry.key.removeprefix("./") for entry in read.problems if entry.in_conflict}
    )
    first = base is None and not ours
    moved = _git_moved(workspace, store, doc, base, data)
    found = _Found(doc, data, stat, read.problems, agreed, merge, ours, first, revived, moved)
    by_git = store.database.write(lambda db: _take(db, workspace, store, found))
    if revived and merge.take:
        store.notices.append(
            f"{safe(doc.path.name)} and data/history tell different labels: the file is taken "
            f"(+{merge.added} −{merge.removed} ~{merge.changed})"
            f"{', as git has it' if by_git else ', undo gives back what the history tells'}."
        )
    return Taken(len(merge.take), by_git)


def note_head(store: LabelStore, name: str, now: str) -> None:
    """Note where HEAD is while file and database agree, so that a later edit is not taken for what a commit brought.

    Where that can't be written nothing is lost: git is asked then.
    """
    if now and store.database.ask(lambda db: head_agreed(db, name)) != now:
        with suppress(PrintModelsError):
            store.database.write(lambda db: agree_head(db, name, now))


def holds_nothing_new(store: LabelStore, doc: Document, base: Base | None, data: bytes) -> bool:
    """True for a file that is empty or zeros, or the beginning of what was last written here."""
    if not data.strip(b"\0 \t\r\n"):
        return True
    query = "SELECT frame, value FROM problem WHERE task=? AND place>=0"
    rows = store.database.ask(lambda db: db.execute(query, (doc.name,)).fetchall())
    waiting = [(key_of(key), value) for key, value in rows]
    return base is not None and cut_short(doc, base, waiting, data)


@dataclass(frozen=True, slots=True)
class _Found:
    """A file as it was found, and what follows from it: what to take, and what both sides agree on afterwards."""

    doc: Document
    data: bytes
    stat: str
    problems: Sequence[LabelProblem]
    agreed: Mapping[str, str]
    merge: Merge
    ours: Mapping[str, str]
    first: bool
    revived: bool
    moved: str


def _take(db: sqlite3.Connection, workspace: Workspace, store: LabelStore, found: _Found) -> bool:
    """Take what was found, as one step; return whether git brought it."""
    doc, merge, first = found.doc, found.merge, found.first
    how, who = ("imported", "unknown") if first or found.revived else ("outside", "outside")
    givers = _givers(db, workspace, store, doc, merge)
    now = steps.currents(db, doc.name, tuple(merge.take))
    rows = []
    for frame, value in merge.take.items():
        old = now.get(frame)
        if (old.class_ if old else None) != found.ours.get(frame):
            raise Overtaken("A label is being given")
        seq, replaced, bound = givers.get(frame, (None, None, Binding()))
        rows.append(Row(frame, old.given if old else None, value, bound, seq, replaced))
    by_git = bool(found.moved) and not first
    if rows:
        text = f"{safe(doc.path.name)} {'imported' if first else found.moved or 'changed outside'}: "
        text += f"+{merge.added} −{merge.removed} ~{merge.changed}"
        kind = "import" if first else "moved" if by_git else "outside"
        step = steps.begin(db, who, how, doc.name, None, kind, store.session, text)
        steps.apply(db, step, doc.name, rows)
    _note_problems(db, found)
    save_base(db, workspace.root, doc.name, found.data, found.stat, found.agreed)
    return by_git


def _note_problems(db: sqlite3.Connection, found: _Found) -> None:
    """Remember what waits for a decision: entries of the file, and frames that both sides changed."""
    name = found.doc.name
    resolved = set(_decided_rows(db, name))
    rows = [
        (
            name,
            stored(entry.key),
            place,
            entry.line,
            entry.what,
            entry.value,
            (entry.key, entry.value) in resolved,
        )
        for place, entry in enumerate(found.problems)
    ]
    for frame, (here, there) in found.merge.conflicts.items():
        value = found.doc.conflict(here, there)
        rows.append((name, frame, UNWRITTEN, 0, why_conflict(json.loads(value)), value, False))
    db.execute("DELETE FROM problem WHERE task=?", (name,))
    db.executemany("INSERT INTO problem VALUES (?,?,?,?,?,?,?)", rows)


def still_agreed(base: Base | None, waiting: Collection[str]) -> dict[str, str]:
    """Return what was agreed on frames whose entry waits for a decision: that stays until the entry is mended."""
    return {frame: base.values[frame] for frame in waiting if frame in base.values} if base else {}


def with_ours(
    agreed: Mapping[str, str], ours: Mapping[str, str], conflicts: Collection[str]
) -> dict[str, str]:
    """Return what is agreed with ours on frames whose two values stand in the file: an editor may decide for either."""
    kept = {frame: value for frame, value in agreed.items() if frame not in conflicts}
    return kept | {frame: ours[frame] for frame in conflicts if frame in ours}


def _git_moved(workspace: Workspace, store: LabelStore, doc: Document, base: Base | None, data: bytes) -> str:
    """Return 'checkout main→other', or 'main 1a2b3c4→5d6e7f8', where HEAD moved since the last agreement.

    'merge into main' while git is at it and HEAD is to follow; else ''. Where HEAD holds what was agreed on, as after
    a commit of it, the file was changed by another program. Of a new database it is not known where HEAD was: a clone's
    file, which is as HEAD has it, holds others' labels that this machine's journal does not tell.
    """
    then, now = store.database.ask(lambda db: head_agreed(db, doc.name)), head(workspace.root)
    if now and git_at_work(workspace.root) and then in ("", now):
        return f"merge into {now.split(' ')[0]}"
    if not now:
        return ""
    if base is None or not then or base.sha256 == digest(b""):
        return now if committed(workspace.root, doc.path) == digest(data) else ""
    if then == now or committed(workspace.root, doc.path) == base.sha256:
        return ""
    (old, old_commit), (new, new_commit) = (text.split(" ") for text in (then, now))
    return f"checkout {old}→{new}" if old != new else f"{new} {old_commit or 'nothing'}→{new_commit}"


def _givers(
    db: sqlite3.Connection, workspace: Workspace, store: LabelStore, doc: Document, merge: Merge
) -> dict[str, tuple[int | None, str | None, Binding]]:
    """Return the steps that gave what is taken, with what that replaced and the bytes it was given for.

    They come from this database's history, or from the journals where those tell of a later giving; these tell no
    bytes. A step that was taken back gave nothing: its label is somebody else's, or nobody's that is known.
    A mark is in no journal: who set it and when stands in the mark itself.
    """
    found: dict[str, tuple[int | None, str | None, Binding]] = {}
    wanted: dict[str, str] = {}
    times: dict[str, str] = {}
    for frame, value in merge.take.items():
        if value is None:
            continue
        # What the giving step replaced is told by the first change that names it, its bytes by the last one.
        row = db.execute(
            "SELECT giver.undone, giver.at, after_seq, (SELECT before FROM change first WHERE first.task=change.task"
            " AND first.frame=change.frame AND first.after_seq=change.after_seq ORDER BY seq LIMIT 1),"
            " size, mtime_ns, sha256 FROM change JOIN step giver ON giver.seq=after_seq"
            " WHERE change.task=? AND frame=? AND after=? ORDER BY giver.undone, change.seq DESC LIMIT 1",
            (doc.name, frame, value),
        ).fetchone()
        if row and (doc.name == MARKS or not row[0]):
            found[frame], times[frame] = (row[2], row[3], Binding(*row[4:])), row[1]
        elif row:
            found[frame] = (None, None, Binding(*row[4:]))
        wanted[frame] = value
    if doc.name == MARKS:
        fresh = {frame: value for frame, value in wanted.items() if frame not in found}
        return found | _unbound(journal.enter_elsewhere(db, store.session, MARKS, fresh, _set_by(fresh)))
    skipped = Counter[str]()
    undone = set(db.execute("SELECT at, who FROM step WHERE undone AND task=?", (doc.name,)).fetchall())
    told = journal.origins(workspace.history_dir, doc.name, wanted, skipped, undone)
    # An import tells when a file came, not when its labels were given.
    origins = {
        frame: origin
        for frame, origin in told.items()
        if frame not in times or (origin.how != "imported" and origin.at > times[frame])
    }
    store.notices += [line for line in journal.left_out(skipped) if line not in store.notices]
    return found | _unbound(journal.enter_elsewhere(db, store.session, doc.name, wanted, origins))


def _unbound(
    givers: Mapping[str, tuple[int, str | None]],
) -> dict[str, tuple[int | None, str | None, Binding]]:
    return {frame: (seq, replaced, Binding()) for frame, (seq, replaced) in givers.items()}


def _set_by(marks: Mapping[str, str]) -> dict[str, journal.Origin]:
    found = {}
    for frame, value in marks.items():
        mark = queries.decode_mark(frame, value)
        if mark.by and (at := journal.utc(mark.at)):
            found[frame] = journal.Origin(safe(mark.by), "hand", at, None, "", f"marks.json, {at}")
    return found


def decided_entries(store: LabelStore, name: str) -> list[tuple[str, str]]:
    """Return (frame, JSON) of the entries that a label has decided since the file was written."""
    return store.database.ask(lambda db: _decided_rows(db, name))


def _decided_rows(db: sqlite3.Connection, name: str) -> list[tuple[str, str]]:
    return db.execute("SELECT frame, value FROM problem WHERE task=? AND resolved", (name,)).fetchall()


def decisions(store: LabelStore, doc: Document) -> dict[str, str | None]:
    """Return the value that the file had for each frame decided here: of a conflict, the other side's."""
    found = {}
    for frame, text in decided_entries(store, doc.name):
        value = json.loads(text)
        found[frame] = doc.value_of(value["theirs"] if is_conflict(value) else value)
    return found


def bytes_of(path: Path) -> bytes | None:
    """Return a file's bytes, None where there is none. Raises Damaged (too large), Lacking."""
    try:
        return read_bytes(path)
    except Lacking:
        if path.exists():
            raise
        return None


def stat_of(path: Path) -> str:
    try:
        return journal.stat_text(path.stat())
    except OSError:
        return ""
