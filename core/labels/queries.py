"""What the label store is asked: labels, classes, steps, history, marks. Nothing here changes anything.

All functions read within the caller's connection. Called by labels/store, labels/sync and labels/reconcile.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.labels.deciding import key_of
from core.labels.model import PRIVATE, HistoryEntry, Label, LabelProblem, LabelStep, Mark
from core.labels.steps import MARKS, frames_of


def labels(db: sqlite3.Connection, task: str, frame: str | None = None) -> list[Label]:
    """Return the labels of a task, or of one frame of it, in order of frames."""
    query = (
        "SELECT frame, label.task, label.class, who, how, at, label.seq, before, size, mtime_ns, sha256"
        " FROM label JOIN step USING (seq) WHERE label.task=?"
    )
    if frame is not None:
        return [Label(*row) for row in db.execute(query + " AND frame=?", (task, frame))]
    same: dict[object, Any] = {}  # what all frames of a step share is one object: a third of the room
    one: Callable[[object, object], Any] = same.setdefault
    rows = db.execute(query + " ORDER BY frame", (task,))
    return [Label(row[0], *map(one, row[1:7], row[1:7]), *row[7:]) for row in rows]


def classes(db: sqlite3.Connection, task: str) -> dict[str, str]:
    """Return frame → class (or a mark's JSON) in order of frames."""
    return dict(db.execute("SELECT frame, class FROM label WHERE task=? ORDER BY frame", (task,)).fetchall())


def history(db: sqlite3.Connection, frame: str) -> list[HistoryEntry]:
    """Return every change of one frame, oldest first; of a mark the word, not its JSON.

    A label that a file brought and that was given on another machine tells of the step there, as the label does. Any
    other change that gives back what an older step gave, as undo does, tells of itself: the older step has its line.
    """
    rows = db.execute(
        "SELECT told.seq, told.at, told.who, told.how, change.task, before, after, step.undone"
        " FROM change JOIN step USING (seq) LEFT JOIN step giver ON giver.seq=after_seq AND giver.kind='elsewhere'"
        " AND step.kind IN ('import', 'outside', 'moved') JOIN step told ON told.seq=coalesce(giver.seq, step.seq)"
        " WHERE frame=? AND change.task IN (SELECT DISTINCT task FROM step) ORDER BY change.seq",
        (frame,),
    )
    return [
        HistoryEntry(
            seq, at, who, how, "marks", _word(before), _word(after), bool(undone), words=_words(after)
        )
        if task == MARKS
        else HistoryEntry(seq, at, who, how, task, before, after, bool(undone))
        for seq, at, who, how, task, before, after, undone in rows.fetchall()
    ]


def last_seq(db: sqlite3.Connection) -> int:
    """Return the number of the last step, 0 for none."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM step").fetchone()[0])


def counts(db: sqlite3.Connection, task: str) -> dict[str, int]:
    """Return labels per class, of the classes that have some."""
    return dict(
        db.execute("SELECT class, count(*) FROM label WHERE task=? GROUP BY class", (task,)).fetchall()
    )


def since(db: sqlite3.Connection, seq: int, limit: int) -> list[LabelStep]:
    """Return the steps after a number, oldest first."""
    found = db.execute(
        "SELECT seq FROM step WHERE seq>? AND kind<>'elsewhere' ORDER BY seq LIMIT ?", (seq, limit)
    ).fetchall()
    return [read(db, number) for (number,) in found]


def came_by_git(db: sqlite3.Connection) -> bool:
    """True where git brought labels or marks here, which undo leaves to git."""
    return db.execute("SELECT 1 FROM step WHERE kind='moved' AND changed>0 LIMIT 1").fetchone() is not None


def problems(db: sqlite3.Connection, task: str) -> tuple[LabelProblem, ...]:
    """Return what of a task's label file waits for a decision, in order of lines."""
    rows = db.execute(
        "SELECT frame, line, what, value FROM problem WHERE task=? AND NOT resolved ORDER BY line, frame, place",
        (task,),
    )
    return tuple(LabelProblem(key_of(key), *row) for key, *row in rows.fetchall())


def read(db: sqlite3.Connection, seq: int) -> LabelStep:
    """Return one step with its frames."""
    at, who, how, task, class_, changed, text = db.execute(
        "SELECT at, who, how, task, class, changed, text FROM step WHERE seq=?", (seq,)
    ).fetchone()
    frames = tuple(frames_of(db, seq))
    return LabelStep(seq, at, who, how, "" if task == MARKS else task, class_, frames, changed, text)


def people(db: sqlite3.Connection) -> tuple[str, ...]:
    """Return who gave the steps that could be taken back, in order of names."""
    rows = db.execute(
        "SELECT DISTINCT who FROM step WHERE kind='label' AND NOT undone AND changed>0 ORDER BY who"
    )
    return tuple(who for (who,) in rows)


def private(db: sqlite3.Connection, tasks: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return every private frame with the hashes of the bytes that labels of these tasks are or were bound to.

    Where two marks of a frame wait for a decision, one of them that is private counts.
    """
    # Few marks have the word in them: those alone are read as JSON.
    rows = db.execute(
        f"SELECT frame, class FROM label WHERE task=? AND class LIKE '%{PRIVATE}%'"
        f" UNION ALL SELECT frame, value FROM problem WHERE task=? AND NOT resolved AND value LIKE '%{PRIVATE}%'",
        (MARKS, MARKS),
    )
    found: dict[str, tuple[str, ...]] = {
        key.removeprefix("./"): ()
        for key, value in rows
        if isinstance(key, str) and _says_private(json.loads(value))
    }
    bound = db.execute(
        "SELECT DISTINCT frame, sha256 FROM (SELECT value AS private FROM json_each(?))"
        " CROSS JOIN (SELECT value AS named FROM json_each(?)) CROSS JOIN change"
        " WHERE task=named AND frame=private AND sha256 IS NOT NULL",
        (json.dumps(list(found)), json.dumps(list(tasks))),
    )
    for frame, sha256 in bound:
        found[frame] = (*found[frame], sha256)
    return found


def _says_private(value: Any) -> bool:
    """True for the JSON of a private mark, and for a conflict with one on either side."""
    if not isinstance(value, dict):
        return False
    sides = value.values() if set(value) == {"ours", "theirs"} else (value,)
    return any(isinstance(side, dict) and mark_of("", side).private for side in sides)


def same_mark(one: str | None, other: str | None) -> bool:
    """True where two marks, as JSON, say the same, whoever gave them and when; a part that is empty says nothing."""
    sides = [json.loads(text) if text else {} for text in (one, other)]
    said = [
        {name: value for name, value in side.items() if name not in ("by", "at") and value not in (None, "")}
        for side in sides
    ]
    return said[0] == said[1]


def encode_mark(mark: Mark | None, before: str | None = None) -> str | None:
    """Return a mark as JSON, as in data/marks.json, None for none.

    What a newer tool or a person wrote beside it in the entry `before` stays in it.
    """
    beside = {name: value for name, value in json.loads(before or "{}").items() if name not in _PARTS}
    if mark is None and not beside:
        return None
    mark = mark or Mark("")
    value = {
        **beside,
        "mark": mark.mark,
        "reason": mark.reason,
        "note": mark.note,
        "example": mark.example,
        "by": mark.by,
        "at": mark.at,
        "task": mark.task,
    }
    return json.dumps(value, sort_keys=True, ensure_ascii=True)


def decode_mark(frame: str, value: str) -> Mark:
    """Return a mark from its JSON; what is missing there is empty."""
    return mark_of(frame, json.loads(value))


def mark_of(frame: str, found: Mapping[str, Any]) -> Mark:
    """Return a mark from what its JSON holds; what is missing there is empty."""
    return Mark(
        frame,
        mark=_text(found.get("mark")) or None,
        reason=_text(found.get("reason")),
        note=_text(found.get("note")),
        example=_text(found.get("example")) or None,
        by=_text(found.get("by")),
        at=_text(found.get("at")),
        task=_text(found.get("task")) or None,
    )


#: The parts of an entry of data/marks.json that are understood here.
_PARTS = frozenset(Mark.__struct_fields__) - {"frame"}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _word(value: str | None) -> str | None:
    if value is None:
        return None
    mark = decode_mark("", value)
    return mark.mark or ("note" if mark.note else f"example of {mark.example}" if mark.example else None)


def _words(value: str | None) -> str:
    """What was written with a mark."""
    mark = decode_mark("", value) if value else Mark("")
    return " · ".join(text for text in (mark.reason, mark.note) if text)
