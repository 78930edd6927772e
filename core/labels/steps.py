"""The statements behind the label store: enter a step, apply it, bind labels to bytes.

Every change of a label is a row of `change`; `label` is what those rows add up to. A label's `seq` is the step that
gave it, also after another step was taken back. Marks are kept the same way, under a task name of their own, with
their JSON in the place of the class. All functions work inside the caller's transaction. Called by labels/store and
labels/reconcile; labels/undoing takes back, labels/queries reads.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from core.frames.names import captured_at, is_told, source_of, usual_moment
from core.labels.model import Binding

#: The place of marks among the tasks; no task can have this name.
MARKS = "(marks)"
NOTHING = (None, None)


class Given(NamedTuple):
    """A label as it stands: class, the step that gave it, and how."""

    class_: str
    given: tuple[str, int]
    how: str


class Row(NamedTuple):
    """One frame's change: (class, giving step) before, class after, bytes; `after_seq` where an older step gave it."""

    frame: str
    before: tuple[str, int] | None
    after: str | None
    binding: Binding
    after_seq: int | None = None
    replaced: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A step that has been entered: its number and its time in UTC."""

    seq: int
    at: str


def begin(
    db: sqlite3.Connection,
    who: str,
    how: str,
    task: str,
    class_: str | None,
    kind: str,
    session: str,
    text: str,
    *,
    target: int | None = None,
    at: str | None = None,
) -> Begun:
    """Enter a step.

    `kind` is label, import, outside, moved (as outside, brought by git), undo, redo, or elsewhere (given on another
    machine).
    """
    at = at or datetime.now(UTC).isoformat(timespec="milliseconds")
    seq = db.execute(
        "INSERT INTO step (at, who, how, task, class, kind, session, target, text) VALUES (?,?,?,?,?,?,?,?,?)",
        (at, who, how, task, class_, kind, session, target, text),
    ).lastrowid
    assert seq is not None
    return Begun(seq, at)


def apply(db: sqlite3.Connection, step: Begun, task: str, rows: Sequence[Row]) -> None:
    """Write the changes of a step, and what the labels then are."""
    enter_frames(db, step.seq, [row.frame for row in rows])
    changes, kept, gone = [], [], []
    for frame, given, after, binding, after_seq, replaced in rows:
        before, before_seq = given or NOTHING
        seq = None if after is None else after_seq or step.seq
        size, mtime_ns, sha256 = binding.size, binding.mtime_ns, binding.sha256
        changes.append((task, frame, step.seq, before, before_seq, after, seq, size, mtime_ns, sha256))
        if after is None:
            gone.append((task, frame))
        else:
            kept.append((task, frame, after, seq, replaced if after_seq else before, size, mtime_ns, sha256))
    db.executemany("INSERT INTO change VALUES (?,?,?,?,?,?,?,?,?,?)", changes)
    db.executemany("INSERT OR REPLACE INTO label VALUES (?,?,?,?,?,?,?,?)", kept)
    db.executemany("DELETE FROM label WHERE task=? AND frame=?", gone)


def enter_frames(db: sqlite3.Connection, seq: int, frames: list[str]) -> None:
    """Note with a step which frames it changes, and how many."""
    db.execute("UPDATE step SET changed=?, frames=? WHERE seq=?", (len(frames), pack(frames), seq))


def current(db: sqlite3.Connection, task: str, frame: str) -> Given | None:
    """Return a frame's label as it stands."""
    row = db.execute(
        "SELECT label.class, label.seq, how FROM label JOIN step USING (seq) WHERE label.task=? AND frame=?",
        (task, frame),
    ).fetchone()
    return Given(row[0], (row[0], row[1]), row[2]) if row else None


def currents(db: sqlite3.Connection, task: str, frames: Sequence[str]) -> dict[str, Given]:
    """Return the labels of many frames as they stand; one question instead of one per frame."""
    if len(frames) == 1:
        one = current(db, task, frames[0])
        return {frames[0]: one} if one else {}
    rows = db.execute(
        "SELECT frame, label.class, label.seq, how FROM json_each(?) CROSS JOIN label CROSS JOIN step"
        " WHERE label.task=? AND frame=json_each.value AND step.seq=label.seq",
        (json.dumps(frames), task),
    )
    return {frame: Given(class_, (class_, seq), how) for frame, class_, seq, how in rows}


def changes_of(db: sqlite3.Connection, seq: int) -> list[tuple[Any, ...]]:
    """Return (frame, before, before_seq, after, after_seq) of a step's changes, in order of frames."""
    return db.execute(
        "SELECT frame, before, before_seq, after, after_seq FROM json_each(?) CROSS JOIN change"
        " WHERE task=(SELECT task FROM step WHERE seq=?) AND frame=json_each.value AND seq=? ORDER BY frame",
        (json.dumps(frames_of(db, seq)), seq, seq),
    ).fetchall()


def frames_of(db: sqlite3.Connection, seq: int) -> list[str]:
    """Return the frames a step changed, in order."""
    row = db.execute("SELECT frames FROM step WHERE seq=?", (seq,)).fetchone()
    packed: bytes | None = row[0] if row else None
    if not packed:
        return []
    found: list[str] = json.loads(packed if packed[:1] == b"[" else zlib.decompress(packed))
    return found


def pack(frames: list[str]) -> bytes:
    """Return a step's frames as they are stored."""
    text = msgspec.json.encode(sorted(frames))
    return text if len(frames) < 8 else zlib.compress(text, 1)


def when(frames: Iterable[str]) -> str:
    """Return ' · Tue 11 Nov 2025 08:54–09:24' for frames of known times, the first to the last.

    Over midnight the second day is named too: ' · Tue 11 Nov 2025 23:50–Wed 12 Nov 00:10'; from one day on the days
    alone: ' · Fri 7 Nov–Sun 9 Nov 2025'.
    """
    moments = [at for frame in _ends(list(frames)) if (at := captured_at(frame)) is not None]
    if not moments:
        return ""
    first, last = min(moments), max(moments)
    if last - first < timedelta(days=1):
        until = "–" if last.date() == first.date() else f"–{_day(last)} "
        return f" · {_day(first)} {first:%Y %H:%M}" + (f"{until}{last:%H:%M}" if last != first else "")
    year = f" {first:%Y}" if first.year != last.year else ""
    return f" · {_day(first)}{year}–{_day(last)} {last:%Y}"


def _day(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b}"


def _ends(frames: list[str]) -> list[str]:
    """Return the first and the last of many frames whose names alone tell their order; else all of them."""
    if len(frames) < 64:
        return frames
    source = source_of(frames[0])
    names = [frame.rpartition("/")[2] for frame in frames]
    first, last = min(names), max(names)
    # Names of the usual form sort as their moments do; any other name between two of them tells none.
    usual = usual_moment(first) is not None and usual_moment(last) is not None
    one_source = source_of(min(frames)) == source_of(max(frames)) == source
    return (
        [f"{source}/{first}", f"{source}/{last}"] if usual and one_source and not is_told(source) else frames
    )


# --- bytes ------------------------------------------------------------------------------------------------------


def bind(db: sqlite3.Connection, task: str, bindings: Mapping[str, Binding]) -> int:
    """Record the bytes of labels that have none recorded; a recorded sha256 is never replaced."""
    done = 0
    for frame, bound in bindings.items():
        row = db.execute("SELECT seq, sha256 FROM label WHERE task=? AND frame=?", (task, frame)).fetchone()
        if row is None or row[1] is not None:
            continue
        values = (bound.size, bound.mtime_ns, bound.sha256, task, frame)
        db.execute("UPDATE label SET size=?, mtime_ns=?, sha256=? WHERE task=? AND frame=?", values)
        db.execute(
            "UPDATE change SET size=?, mtime_ns=?, sha256=? WHERE task=? AND frame=? AND after_seq=?",
            (*values, row[0]),
        )
        done += 1
    return done
