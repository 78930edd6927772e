"""The statements for many frames at once: a whole stretch costs a few statements, not a few for every frame.

A stretch lies side by side in the table of labels and is walked there; frames that lie scattered are handed to SQLite
as one JSON list. What always holds: the rows of `change` and `label` are those that labels/steps would write frame by
frame. All functions work inside the caller's transaction. Called by labels/store and labels/steps.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from core.labels.model import Binding

_LISTED = "frame IN (SELECT value FROM json_each(?))"
_BESIDE = "frame BETWEEN ? AND ?"


class Due(NamedTuple):
    """The frames of which a class is to be given and that have another one, or none.

    `where` and `words` are the condition that finds the labels of `labelled` among those of the task.
    """

    class_: str | None
    labelled: list[str]
    fresh: list[str]
    where: str
    words: Sequence[str]

    @property
    def frames(self) -> list[str]:
        """All frames that change."""
        return self.labelled + self.fresh


def due(db: sqlite3.Connection, task: str, class_: str | None, frames: Sequence[str]) -> Due:
    """Return what giving `frames` a class changes; None takes labels off."""
    where, words = _BESIDE, [min(frames), max(frames)]
    query = f"SELECT frame, class FROM label WHERE task=? AND {where} LIMIT ?"
    # All of them as one text takes a quarter of the time that they take row by row, and mostly no more is needed.
    count, others, listed = db.execute(
        f"SELECT count(*), total(class IS NOT ?), json_group_array(frame) FROM ({query})",
        (class_, task, *words, len(frames) + 1),
    ).fetchone()
    if count == others == len(frames) and msgspec.json.decode(listed) == sorted(frames):
        return Due(class_, list(frames), [], where, words)
    found: dict[str, str] = (
        dict(db.execute(query, (task, *words, len(frames) + 1)).fetchall()) if count else {}
    )
    if not found.keys() <= set(frames):  # labels that are not meant lie in between
        where, words = _LISTED, [json.dumps(frames)]
        found = dict(
            db.execute(
                "SELECT frame, class FROM json_each(?) CROSS JOIN label WHERE task=? AND frame=json_each.value",
                (*words, task),
            ).fetchall()
        )
    given = found.get
    labelled = [frame for frame in frames if given(frame, class_) != class_]
    bare = class_ is not None and len(found) < len(frames)
    fresh = [frame for frame in frames if frame not in found] if bare else []
    return Due(class_, labelled, fresh, where, words)


def give(db: sqlite3.Connection, seq: int, task: str, change: Due) -> None:
    """Give what is due by step `seq`."""
    class_, after_seq = change.class_, None if change.class_ is None else seq
    if change.labelled:
        # What the same step gave already, in another class, may lie in between.
        where = f"task=? AND {change.where} AND class IS NOT ? AND seq<>?"
        words = (task, *change.words, class_, seq)
        db.execute(
            "INSERT INTO change (task, frame, seq, before, before_seq, after, after_seq)"
            f" SELECT task, frame, ?, class, seq, ?, ? FROM label WHERE {where}",
            (seq, class_, after_seq, *words),
        )
        if class_ is None:
            db.execute(f"DELETE FROM label WHERE {where}", words)
        else:
            db.execute(
                "UPDATE label SET before=class, class=?, seq=?, size=NULL, mtime_ns=NULL, sha256=NULL"
                f" WHERE {where}",
                (class_, seq, *words),
            )
    if change.fresh:
        given = msgspec.json.encode(change.fresh).decode()
        db.execute(
            "INSERT INTO change (task, frame, seq, after, after_seq) SELECT ?, value, ?, ?, ? FROM json_each(?)",
            (task, seq, class_, seq, given),
        )
        db.execute(
            "INSERT INTO label (task, frame, class, seq) SELECT ?, value, ?, ? FROM json_each(?)",
            (task, class_, seq, given),
        )


def bind(db: sqlite3.Connection, seq: int, task: str, bindings: Mapping[str, Binding]) -> None:
    """Record the bytes that step `seq` gave some of its labels for."""
    rows = [(b.size, b.mtime_ns, b.sha256, task, frame, seq) for frame, b in bindings.items()]
    for table in ("label", "change"):
        db.executemany(
            f"UPDATE {table} SET size=?, mtime_ns=?, sha256=? WHERE task=? AND frame=? AND seq=?", rows
        )
