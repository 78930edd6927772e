"""Undo and redo: one step taken back, or given again, as a step of its own.

What always holds: a label is what the last step that is not taken back gave. So a frame that another step changed
since keeps what that step gave, is named, and no later undo brings back what was taken back here. What git brought (a
step `moved`) is never taken back: it is other people's work, and the next sync would take it from them too. All functions work
inside the caller's transaction. Called by labels/store.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from core.human import plural
from core.labels import deciding
from core.labels.model import Binding, LabelStep
from core.labels.steps import MARKS, NOTHING, Row, apply, begin, currents, frames_of
from core.text import safe

_UNDOABLE = "kind IN ('label', 'outside') AND NOT undone AND changed > 0"
#: So many frames that keep a later label are named in the line that says what was taken back.
_NAMED = 3


def last_to_undo(db: sqlite3.Connection, who: str, session: str | None, opened_at: int) -> int | None:
    """Return the number of the last step that `who` may take back; of a session its own first, then older ones."""
    query = f"SELECT max(seq) FROM step WHERE (who=? OR kind='outside') AND {_UNDOABLE}"
    if session is None:
        found = db.execute(query, (who,)).fetchone()[0]
    else:
        found = db.execute(f"{query} AND session=?", (who, session)).fetchone()[0]
        found = found or db.execute(f"{query} AND seq<=?", (who, opened_at)).fetchone()[0]
    return int(found) if found else None


def last_to_redo(db: sqlite3.Connection, who: str, session: str | None, opened_at: int) -> int | None:
    """Return the number of the undone step that redo gives back: the last one undone, with nothing labelled since.

    Of a session its own steps count, before them older ones.
    """
    values: tuple[object, ...] = (who,) if session is None else (who, session, opened_at)
    own = "" if session is None else "AND (session=? OR seq<=?)"
    rows = db.execute(
        f"SELECT kind, target FROM step WHERE who=? AND kind IN ('label', 'outside', 'undo', 'redo') {own}"
        " ORDER BY seq DESC",
        values,
    )
    given_back: set[int] = set()
    for kind, target in rows:
        if kind in ("label", "outside"):
            return None
        if kind == "redo":
            given_back.add(target)
        elif target in given_back:
            given_back.remove(target)
        else:
            return int(target)
    return None


def invert(db: sqlite3.Connection, seq: int, kind: str, who: str, session: str) -> LabelStep:
    """Take step `seq` back (kind 'undo') or give it again ('redo'); `left` of the answer keep a later label.

    A conflict that the step decided waits for a decision again after an undo, and is decided again by a redo.
    """
    task, class_, text = db.execute("SELECT task, class, text FROM step WHERE seq=?", (seq,)).fetchone()
    step = begin(db, who, kind, task, class_, kind, session, f"{kind}: {text}", target=seq)
    db.execute("UPDATE step SET undone=? WHERE seq=?", (int(kind == "undo"), seq))
    names = frames_of(db, seq)
    now, live = currents(db, task, names), _live(db, task, names)
    again = [frame for frame in names if frame in live and live[frame][1] is not None]
    origins = _origins(db, task, again)
    rows = []
    for frame in names:
        old, then = now.get(frame), live.get(frame)
        before = old.given if old else None
        after, after_seq = then or NOTHING
        if before == (then if after is not None else None):
            continue
        unknown = (None, Binding())
        replaced, bound = unknown if after_seq is None else origins.get((frame, after_seq), unknown)
        rows.append(Row(frame, before, after, bound, after_seq, replaced))
    apply(db, step, task, rows)
    changed = {row.frame for row in rows}
    left = tuple(frame for frame in names if frame not in changed)
    if kind == "redo":
        deciding.settle(db, seq, task, changed)
    elif reopened := deciding.reopen(db, seq, task, changed):
        text += f" ({plural(reopened, 'conflict')} to decide again)"
    if left:
        text += f" ({len(left)} changed since, kept: {_names(left)})"
    shown = "" if task == MARKS else task
    return LabelStep(step.seq, step.at, who, kind, shown, class_, tuple(names), len(rows), text, left)


def _names(frames: Sequence[str]) -> str:
    """Return some frames by their last part, and how many more there are."""
    more = f" and {len(frames) - _NAMED} more" if len(frames) > _NAMED else ""
    return ", ".join(safe(frame.rpartition("/")[2], limit=60) for frame in frames[:_NAMED]) + more


def _live(
    db: sqlite3.Connection, task: str, frames: Sequence[str]
) -> dict[str, tuple[str | None, int | None]]:
    """Return (class, giving step) that the last step not taken back left each frame with."""
    # CROSS JOIN keeps SQLite from starting at the steps: a frame has few changes, a workspace many steps.
    last = (
        "SELECT max(c.seq) FROM change c CROSS JOIN step USING (seq) WHERE c.task=? AND c.frame=json_each.value"
        " AND kind IN ('label', 'outside', 'moved', 'import', 'past') AND NOT undone"
    )
    rows = db.execute(
        "SELECT frame, after, after_seq FROM json_each(?) CROSS JOIN change"
        f" WHERE change.task=? AND frame=json_each.value AND change.seq=({last})",
        (json.dumps(frames), task, task),
    )
    return {frame: (after, after_seq) for frame, after, after_seq in rows}


def _origins(
    db: sqlite3.Connection, task: str, frames: Sequence[str]
) -> dict[tuple[str, int], tuple[str | None, Binding]]:
    """Return, by frame and step that gave a label, what that replaced and the bytes it was bound to."""
    rows = db.execute(
        "SELECT frame, after_seq, before, size, mtime_ns, sha256 FROM json_each(?) CROSS JOIN change"
        " WHERE task=? AND frame=json_each.value AND after_seq IS NOT NULL ORDER BY seq DESC",
        (json.dumps(frames), task),
    )
    # The first change that names a step comes last, and stays.
    return {(frame, seq): (before, Binding(*bound)) for frame, seq, before, *bound in rows}
