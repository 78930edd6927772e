"""A new labels.db takes up what this machine's journal tells: every step, so that undo and history go on.

After a new card, a `git clean` or a damaged database the label files say what is labelled and the journals who gave
it. What always holds: where file and journal differ the file is right, and what it lacks is one step that `undo` takes
back where git does not hold the file so. Called by labels/sync where a database is new.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from core.labels import journal, queries
from core.labels.documents import save_base
from core.labels.steps import pack, when
from core.labels.store import LabelStore
from core.workspace import Workspace

#: Of a step that can't be taken back any more: a journal of an older tool does not say which step an undo took back.
PAST = "past"
_KINDS = {"undo": "undo", "redo": "redo", "outside": "outside", "imported": "import"}
_Place = tuple[str, str]


@dataclass(slots=True)
class _Told:
    """What the lines read so far add up to: per (task, frame) the label with the step that gave it and what it replaced."""

    labels: dict[_Place, tuple[str, int, str | None]] = field(default_factory=dict)
    given: dict[tuple[str, str, str], list[tuple[int, str | None]]] = field(default_factory=dict)
    undone: set[int] = field(default_factory=set)


def revive(workspace: Workspace, store: LabelStore) -> int:
    """Enter the steps of this machine's journal into an empty database; return how many labels they add up to.

    Where another process has filled it meanwhile nothing is entered.
    """
    skipped = Counter[str]()
    entries = journal.own_entries(workspace.history_dir, skipped)
    store.notices += journal.left_out(skipped)
    if not entries:
        return 0

    def work(db: sqlite3.Connection) -> int:
        if queries.last_seq(db):
            return 0
        told = _Told()
        sure_from = max((e["seq"] for e in entries if _untold(e)), default=0)
        for entry in entries:
            _enter(db, told, entry, past=entry["seq"] <= sure_from)
        db.executemany("UPDATE step SET undone=1 WHERE seq=?", [(seq,) for seq in told.undone])
        for task in workspace.tasks:
            values = {frame: label[0] for (name, frame), label in told.labels.items() if name == task}
            given = _given_elsewhere(db, workspace, store, told, task)
            rows = [
                (task, frame, class_, *given.get(frame, told.labels[task, frame][1:]))
                for frame, class_ in values.items()
            ]
            db.executemany("INSERT INTO label (task, frame, class, seq, before) VALUES (?,?,?,?,?)", rows)
            save_base(db, workspace.root, task, b"", "", values)
        last = str(entries[-1]["seq"])
        db.execute("INSERT OR REPLACE INTO meta VALUES ('journal', ?)", (last,))
        return len(told.labels)

    return store.database.write(work)


def _given_elsewhere(
    db: sqlite3.Connection, workspace: Workspace, store: LabelStore, told: _Told, task: str
) -> dict[str, tuple[int, str | None]]:
    """Return the steps of other machines that gave labels which came here by a file."""
    came = {seq for (seq,) in db.execute("SELECT seq FROM step WHERE how IN ('outside', 'imported')")}
    wanted = {
        frame: class_
        for (name, frame), (class_, seq, _) in told.labels.items()
        if name == task and seq in came
    }
    own = journal.host_file(workspace.history_dir).stem
    origins = journal.origins(workspace.history_dir, task, wanted)
    # Under this machine's own name stand also the lines of a clone that is called alike.
    other = {f: origin for f, origin in origins.items() if origin.host != own or origin.how != "imported"}
    return journal.enter_elsewhere(db, store.session, task, wanted, other)


def _untold(entry: dict[str, Any]) -> bool:
    """True for an undo or redo that does not say of which step."""
    return entry.get("how") in ("undo", "redo") and not isinstance(entry.get("target"), int)


def _enter(db: sqlite3.Connection, told: _Told, entry: dict[str, Any], *, past: bool) -> None:
    seq, how, task = entry["seq"], entry.get("how") or "", entry.get("task") or ""
    kind = "moved" if how == "outside" and entry.get("moved") else _KINDS.get(how, "label")
    if kind == "import" and entry.get("who") not in (None, "unknown"):
        kind = "label"  # a person's import, not what a new database found
    changes = list(journal.changes(entry))
    classes = {after for _, _, after in changes}
    class_ = classes.pop() if len(classes) == 1 else None
    frames = [frame for frame, _, _ in changes]
    target = entry.get("target")
    text = f"{how + ': ' if kind != 'label' else ''}{class_ or 'labels'} × {len(changes)}{when(frames)}"
    db.execute(
        "INSERT INTO step (seq, at, who, how, task, class, kind, session, changed, target, text, frames)"
        " VALUES (?,?,?,?,?,?,?,'journal',?,?,?,?)",
        (
            seq,
            journal.utc(entry.get("time")),
            entry.get("who") or "unknown",
            how,
            task,
            class_,
            PAST if past else kind,
            len(changes),
            target,
            text,
            pack(frames),
        ),
    )
    if kind == "undo" and isinstance(target, int):
        told.undone.add(target)
    if kind == "redo" and isinstance(target, int):
        told.undone.discard(target)
    db.executemany(
        "INSERT OR REPLACE INTO change (task, frame, seq, before, before_seq, after, after_seq)"
        " VALUES (?,?,?,?,?,?,?)",
        [_change(told, seq, kind, task, *change) for change in changes],
    )


def _change(
    told: _Told, seq: int, kind: str, task: str, frame: str, before: str | None, after: str | None
) -> tuple[object, ...]:
    old = told.labels.pop((task, frame), None)
    before_seq = old[1] if old and old[0] == before else None
    if after is None:
        return task, frame, seq, before, before_seq, None, None
    # What an undo, a redo or a file gives back was given by an older step, one that is not taken back.
    givers = told.given.setdefault((task, frame, after), [])
    older = () if kind in ("label", "import") else reversed(givers)
    known = next((giver for giver in older if giver[0] not in told.undone), None)
    if known is None:
        givers.append(known := (seq, before))
    giver, replaced = known
    told.labels[task, frame] = (after, giver, replaced)
    return task, frame, seq, before, before_seq, after, giver
