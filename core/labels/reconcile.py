"""What a file says and the database does not know is taken in: the half of labels/sync that changes the database.

Taking theirs is one step: `imported` at first sight, `outside` after that. A label that returns to a value it had gets
back who gave it, when and how, from the database's own history or from the journals. Called by labels/sync only.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

from core.errors import Busy, Lacking, Refused
from core.human import plural
from core.labels import journal, queries, steps
from core.labels.documents import (
    Base,
    Document,
    Read,
    announced,
    digest,
    forget_announced,
    json_of,
    load_base,
    save_base,
)
from core.labels.files import read_bytes
from core.labels.merge import Merge, three_way
from core.labels.model import Binding
from core.labels.steps import MARKS, Row
from core.labels.store import LabelStore
from core.text import safe
from core.workspace import Workspace

#: More labels than this taken off by a change outside need a person's word.
MANY = 10
# The place among a task's problems of frames that both sides changed; entries of the file itself count from 0.
_CONFLICT = -1


class ManyGone(Refused):
    """A change outside takes off more labels than is done without a person's word."""


def reconcile(workspace: Workspace, store: LabelStore, doc: Document, accept: bool) -> int:
    """Take what the file says and the database does not know; return how many labels changed.

    Raises Damaged (the file can't be parsed), Refused (conflicts, or many labels gone). Then nothing was changed.
    """
    data = bytes_of(doc.path)
    base = store.database.ask(lambda db: load_base(db, doc.name))
    ours_written = store.database.ask(lambda db: announced(db, doc.name))
    if data is None or (base is not None and base.sha256 == digest(data)):
        if data is not None and ours_written:  # a crash came before our writing: it never happened
            store.database.write(lambda db: forget_announced(db, doc.name))
        _forget_conflicts(store, doc, ())
        return 0
    ours = store.database.ask(lambda db: queries.classes(db, doc.name))
    if not data.strip(b"\0 \t\r\n") and ours:
        # A camera host that lost power leaves such a file; it holds nothing that could be lost.
        store.notices.append(
            f"{safe(doc.path.name)} was empty or zeros; {len(ours)} labels are in labels.db, safe."
        )
        return 0
    read = doc.parse(data)
    before = base.values if base else {}
    if ours_written == digest(data):
        before = read.values  # our own writing, which a crash cut short before it was noted
    decided = {frame: doc.value_of(value) for frame, value in decided_entries(store, doc.name)}
    skip = {problem.key.removeprefix("./") for problem in read.problems}
    agreed = {**read.values, **still_agreed(base, skip)}
    merge = three_way(before, ours, read.values, skip=skip, decided=decided)
    if merge.conflicts:
        _note_conflicts(store, doc, merge)
        raise _conflict(doc, merge)
    if merge.removed > MANY and not accept:
        raise ManyGone(
            f"{safe(doc.path.name)} was changed outside: −{merge.removed} +{merge.added} ~{merge.changed} labels.",
            "If that is meant, say --accept-outside; else get the file back: git checkout -- "
            f"{safe(doc.path.relative_to(workspace.root))}",
        )
    first = base is None and not ours
    store.database.write(lambda db: _take(db, workspace, store, doc, data, read, agreed, merge, ours, first))
    return len(merge.take)


def _take(
    db: sqlite3.Connection,
    workspace: Workspace,
    store: LabelStore,
    doc: Document,
    data: bytes,
    read: Read,
    agreed: Mapping[str, str],
    merge: Merge,
    ours: Mapping[str, str],
    first: bool,
) -> None:
    how = "imported" if first else "outside"
    givers = _givers(db, workspace, store, doc, merge)
    rows = []
    for frame, value in merge.take.items():
        old = steps.current(db, doc.name, frame)
        if (old.class_ if old else None) != ours.get(frame):
            raise Busy("A label is being given just now.", "The file is looked at again with the next label.")
        seq, replaced = givers.get(frame, (None, None))
        rows.append(Row(frame, old.given if old else None, value, Binding(), seq, replaced))
    moved = _head_moved(db, workspace)
    if rows:
        text = f"{safe(doc.path.name)} {'imported' if first else moved or 'changed outside'}: "
        text += f"+{merge.added} −{merge.removed} ~{merge.changed}"
        kind = "import" if first else "outside"
        step = steps.begin(
            db, "unknown" if first else "outside", how, doc.name, None, kind, store.session, text
        )
        steps.apply(db, step, doc.name, rows)
    resolved = set(_decided_rows(db, doc.name))
    db.execute("DELETE FROM problem WHERE task=?", (doc.name,))
    db.executemany(
        "INSERT INTO problem VALUES (?,?,?,?,?,?,?)",
        [
            (
                doc.name,
                problem.key,
                place,
                problem.line,
                problem.what,
                problem.value,
                (problem.key, problem.value) in resolved,
            )
            for place, problem in enumerate(read.problems)
        ],
    )
    save_base(db, doc.name, data, stat_of(doc.path), agreed)


def still_agreed(base: Base | None, waiting: Collection[str]) -> dict[str, str]:
    """Return what was agreed on frames whose entry waits for a decision: that stays until the entry is mended."""
    return {frame: base.values[frame] for frame in waiting if frame in base.values} if base else {}


def _head_moved(db: sqlite3.Connection, workspace: Workspace) -> str:
    """Return 'checkout main→other' where git's HEAD names another branch than at the last look, else nothing."""
    try:
        words = (workspace.root / ".git" / "HEAD").read_text("utf-8", "replace").split("/")
    except OSError:
        return ""
    head = safe(words[-1].strip(), limit=40)
    row = db.execute("SELECT value FROM meta WHERE key='head'").fetchone()
    db.execute("INSERT OR REPLACE INTO meta VALUES ('head', ?)", (head,))
    return f"checkout {row[0]}→{head}" if row and row[0] != head else ""


def _givers(
    db: sqlite3.Connection, workspace: Workspace, store: LabelStore, doc: Document, merge: Merge
) -> dict[str, tuple[int, str | None]]:
    """Return the steps that gave the labels taken: from this database's history, else from the journals."""
    found: dict[str, tuple[int, str | None]] = {}
    wanted: dict[str, str] = {}
    for frame, value in merge.take.items():
        if value is None or doc.name == MARKS:
            continue
        row = db.execute(
            "SELECT after_seq, before FROM change WHERE task=? AND frame=? AND after=? ORDER BY seq DESC LIMIT 1",
            (doc.name, frame, value),
        ).fetchone()
        if row:
            found[frame] = (row[0], row[1])
        else:
            wanted[frame] = value
    lines: dict[tuple[str, str], int] = {}
    skipped = Counter[str]()
    origins = journal.origins(workspace.history_dir, doc.name, wanted, skipped)
    store.notices += [
        f"{plural(number, 'line')} of data/history/{safe(name)} can't be read as a labelling step and was left out."
        for name, number in skipped.items()
    ]
    for frame, origin in sorted(origins.items()):
        place = (origin.line, wanted[frame])
        if place not in lines:
            text = f"given elsewhere ({origin.line})"
            step = steps.begin(
                db,
                origin.who,
                origin.how,
                doc.name,
                wanted[frame],
                "elsewhere",
                store.session,
                text,
                at=origin.at,
            )
            lines[place] = step.seq
        found[frame] = (lines[place], origin.before)
    return found


def decided_entries(store: LabelStore, name: str) -> list[tuple[str, str]]:
    return store.database.ask(lambda db: _decided_rows(db, name))


def _decided_rows(db: sqlite3.Connection, name: str) -> list[tuple[str, str]]:
    return db.execute("SELECT frame, value FROM problem WHERE task=? AND resolved", (name,)).fetchall()


def _note_conflicts(store: LabelStore, doc: Document, merge: Merge) -> None:
    """Remember the conflicts, so that check and export see them and labelling the frame decides."""
    rows = []
    for frame, (here, there) in merge.conflicts.items():
        what = f"changed here ({here or 'no label'}) and outside ({there or 'no label'})"
        rows.append((doc.name, frame, _CONFLICT, 0, what, json_of(there), 0))
    query = "SELECT frame, value FROM problem WHERE task=? AND place=? AND NOT resolved"
    known = set(store.database.ask(lambda db: db.execute(query, (doc.name, _CONFLICT)).fetchall()))
    _forget_conflicts(store, doc, merge.conflicts)
    if any((row[1], row[5]) not in known for row in rows):
        statement = "INSERT OR REPLACE INTO problem VALUES (?,?,?,?,?,?,?)"
        store.database.write(lambda db: db.executemany(statement, rows))


def _forget_conflicts(store: LabelStore, doc: Document, still: Collection[str]) -> None:
    query = "SELECT frame FROM problem WHERE task=? AND place=? AND NOT resolved"
    over = [
        (doc.name, _CONFLICT, frame)
        for (frame,) in store.database.ask(lambda db: db.execute(query, (doc.name, _CONFLICT)).fetchall())
        if frame not in still
    ]
    if over:
        statement = "DELETE FROM problem WHERE task=? AND place=? AND frame=?"
        store.database.write(lambda db: db.executemany(statement, over))


def _conflict(doc: Document, merge: Merge) -> Refused:
    named = [
        f"{safe(frame, limit=120)}: {here or 'no label'} here, {there or 'no label'} in the file"
        for frame, (here, there) in list(merge.conflicts.items())[:5]
    ]
    more = f" and {len(merge.conflicts) - 5} more" if len(merge.conflicts) > 5 else ""
    return Refused(
        f"{safe(doc.path.name)} was changed outside on frames that were labelled here too: {'; '.join(named)}{more}.",
        "Label those frames to decide; until then the file is left as it is and the labels are safe in labels.db.",
    )


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
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"
