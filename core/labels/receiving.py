"""Labels and marks that somebody else gave, taken as steps of their own, each with who gave it, when and how.

What always holds: all of it is one transaction; a label is by the person who gave it, at that time, in that way, and the
step that took it is by whoever took it and is taken back by `undo`; what a person has decided here since is not touched.
The journal lines it came with stand in a journal of their own, so that a clone knows as much. Called by sharing/taking.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.durable import atomic_write
from core.errors import Busy
from core.frames.names import check_key
from core.labels import deciding, journal, queries, steps
from core.labels.journal import Origin
from core.labels.model import HOWS, Binding, LabelStep, Mark
from core.labels.steps import MARKS, Row
from core.labels.store import LabelStore
from core.text import safe

_PREFIX = "shared-"


@dataclass(frozen=True, slots=True)
class Received:
    """A label from elsewhere: its class, who gave it, how and when, what it replaced, the bytes it is of."""

    class_: str
    who: str
    how: str
    at: str
    before: str | None = None
    binding: Binding = field(default_factory=Binding)


def receive(
    store: LabelStore,
    labels: Mapping[str, Mapping[str, Received]],
    marks: Mapping[str, Mark],
    *,
    who: str,
    what: str,
    origin: str,
    here: Mapping[str, Mapping[str, str]],
) -> list[LabelStep]:
    """Take labels, by task and frame, and marks: a step for each task and one for marks, all or none of them.

    `origin` says in a few words where they come from, `here` is what each task's labels were when that was shown.
    Raises Damaged (a key), Busy (somebody labelled one of these frames meanwhile), Lacking, the question about a camera.
    """
    for frame in {*marks, *(frame for given in labels.values() for frame in given)}:
        check_key(frame)
        if (question := store.workspace.questions.get(frame.split("/", 1)[0])) is not None:
            raise question

    def work(db: sqlite3.Connection) -> list[LabelStep]:
        done = [
            _labels(db, store, task, given, who, what, origin, here.get(task, {}))
            for task, given in labels.items()
            if given
        ]
        return done + ([_marks(db, store, marks, who, what)] if marks else [])

    return store.database.write(work)


def _labels(
    db: sqlite3.Connection,
    store: LabelStore,
    task: str,
    given: Mapping[str, Received],
    who: str,
    what: str,
    origin: str,
    here: Mapping[str, str],
) -> LabelStep:
    frames = tuple(sorted(given))
    decided = deciding.decide(db, task, frames)
    now = steps.currents(db, task, frames)
    for frame in frames:
        if (now[frame].class_ if frame in now else None) != here.get(frame):
            raise Busy("A frame was labelled just now.", "Nothing was taken; try again.")
    wanted = {frame: one.class_ for frame, one in given.items()}
    told = {frame: _origin(one, origin) for frame, one in given.items()}
    givers = journal.enter_elsewhere(db, store.session, task, wanted, told)
    rows = [
        Row(
            frame,
            now[frame].given if frame in now else None,
            wanted[frame],
            given[frame].binding,
            givers[frame][0],
            givers[frame][1],
        )
        for frame in frames
    ]
    text = f"{what} × {len(rows)}{steps.when(frames)}"
    step = steps.begin(db, who, "imported", task, None, "label", store.session, text)
    steps.apply(db, step, task, rows)
    deciding.keep(db, step.seq, task, decided)
    return LabelStep(step.seq, step.at, who, "imported", task, None, frames, len(rows), text)


def _origin(one: Received, origin: str) -> Origin:
    at = journal.utc(one.at) or datetime.now(UTC).isoformat(timespec="milliseconds")
    how = one.how if one.how in HOWS else "imported"
    return Origin(safe(one.who, limit=200) or "unknown", how, at, one.before, "", f"{origin}, {at}")


def _marks(
    db: sqlite3.Connection, store: LabelStore, marks: Mapping[str, Mark], who: str, what: str
) -> LabelStep:
    frames = tuple(sorted(marks))
    decided = deciding.decide(db, MARKS, frames)
    now = steps.currents(db, MARKS, frames)
    rows = []
    for frame in frames:
        old = now.get(frame)
        value = queries.encode_mark(marks[frame], old.class_ if old else None)
        rows.append(Row(frame, old.given if old else None, value, Binding()))
    text = f"{what}: marks × {len(rows)}{steps.when(frames)}"
    step = steps.begin(db, who, "imported", MARKS, None, "label", store.session, text)
    steps.apply(db, step, MARKS, rows)
    deciding.keep(db, step.seq, MARKS, decided)
    return LabelStep(step.seq, step.at, who, "imported", "", None, frames, len(rows), text)


# --- their journals ---------------------------------------------------------------------------------------------


def add_lines(
    folder: Path, name: str, lines: Iterable[Mapping[str, Any]], keys: Mapping[str, Mapping[str, str]]
) -> None:
    """Add lines of somebody's journal, about frames as `keys` calls them here, by task, to a journal of its own.

    What any journal here tells already is not told twice; frames that `keys` does not name are left out.
    """
    path = folder / f"{journal_name(name)}.jsonl"
    told = {_mark_of(entry) for one in sorted(folder.glob("*.jsonl")) for entry in journal.entries(one)}
    fresh = []
    for line in lines:
        if (entry := _mapped(line, keys.get(str(line.get("task")), {}))) and _mark_of(entry) not in told:
            fresh.append(json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True))
    if not fresh:
        return
    folder.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes() if path.exists() else b""
    ended = before if not before or before.endswith(b"\n") else before + b"\n"
    atomic_write(path, ended + "".join(f"{line}\n" for line in fresh).encode())


def journal_name(name: str) -> str:
    """Return what the journal of somebody's machine is called here; one that was shared before keeps its name."""
    word = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:80].strip(".-_") or "host"
    return word if word.startswith(_PREFIX) else _PREFIX + word


def _mapped(line: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any] | None:
    changes = [
        {
            "after": change.get("after"),
            "before": change.get("before"),
            "frames": sorted({keys[frame] for frame in meant}),
        }
        for change in line.get("changes") or ()
        if (meant := [frame for frame in change["frames"] if frame in keys])
    ]
    if not changes:
        return None
    kept = {name: line[name] for name in ("how", "seq", "target", "task", "time", "who") if name in line}
    return {**kept, "changes": changes}


def _mark_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what tells a step from any other, wherever it is told."""
    at = journal.utc(entry.get("time"))
    return (at, *(str(entry.get(name)) for name in ("who", "how", "task")))
