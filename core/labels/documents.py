"""The files under data/ that labels.db agrees with: a task's label file, and marks.json, seen the same way.

A document maps frames to texts: class names, or a mark's JSON. The base is what file and database last agreed on.
Called by labels/sync only.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Damaged
from core.frames.names import why_unusable
from core.labels import files
from core.labels.model import LabelProblem
from core.labels.steps import MARKS
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Read:
    """What a document's bytes say: values by frame, and entries that wait for a decision."""

    values: dict[str, str]
    problems: tuple[LabelProblem, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One file: `name` is its task's (or that of marks), how it is read and written.

    `value_of` turns an entry's JSON into the value it means, None for none; `json_of` is the way back.
    """

    name: str
    path: Path
    parse: Callable[[bytes], Read]
    encode: Callable[[Mapping[str, str], Iterable[tuple[str, str]]], bytes]
    value_of: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Base:
    """What was agreed last: hash of the file's bytes, its stat, its values by frame."""

    sha256: str
    stat: str
    values: dict[str, str]


def json_of(value: str | None) -> str:
    """Return a document's value as JSON text."""
    return json.dumps(value)


def document(workspace: Workspace, task: Task) -> Document:
    """Return a task's label file."""
    path = workspace.labels_path(task)

    def parse(data: bytes) -> Read:
        found = files.parse(data, task, task.labels_file)
        return Read(found.labels, found.problems)

    def value_of(value: str) -> str | None:
        return files.class_of(json.loads(value), task)

    return Document(task.name, path, parse, files.encode, value_of)


def marks_document(workspace: Workspace) -> Document:
    """Return data/marks.json."""
    return Document(MARKS, workspace.marks_file, _parse_marks, _encode_marks, lambda value: json.loads(value))


def _parse_marks(data: bytes) -> Read:
    pairs = files.pairs_of(data, "data/marks.json")
    values: dict[str, str] = {}
    for frame, value in pairs:
        why = why_unusable(frame)
        if why or not isinstance(value, dict) or value.get("mark") not in (None, "unsure", "excluded"):
            raise Damaged(
                f"marks.json: the entry “{safe(frame, limit=120)}” {why or 'is no mark'}.",
                "Mend that entry, or get the file back: git checkout -- data/marks.json",
            )
        mark = canonical(value)
        if values.setdefault(frame, mark) != mark:
            raise Damaged(
                f"marks.json: the entry “{safe(frame, limit=120)}” is there twice, with different marks.",
                "Keep the one that is meant, or get the file back: git checkout -- data/marks.json",
            )
    return Read(values, ())


def canonical(value: dict[str, Any]) -> str:
    """Return a mark's JSON the one way it is stored and compared."""
    return json.dumps(value, sort_keys=True)


def _encode_marks(values: Mapping[str, str], kept: Iterable[tuple[str, str]]) -> bytes:
    whole = {frame: json.loads(value) for frame, value in [*values.items(), *kept]}
    return (json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


# --- the base ---------------------------------------------------------------------------------------------------


def digest(data: bytes) -> str:
    """Return the sha256 of a file's bytes in hex."""
    return hashlib.sha256(data).hexdigest()


def announce(db: sqlite3.Connection, name: str, data: bytes) -> None:
    """Note the bytes about to be written, so that a crash before `save_base` is not taken for a change outside."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"writing:{name}", digest(data)))


def announced(db: sqlite3.Connection, name: str) -> str | None:
    """Return the hash of the bytes that were last about to be written."""
    row = db.execute("SELECT value FROM meta WHERE key=?", (f"writing:{name}",)).fetchone()
    return str(row[0]) if row else None


def forget_announced(db: sqlite3.Connection, name: str) -> None:
    """Forget which bytes were about to be written."""
    db.execute("DELETE FROM meta WHERE key=?", (f"writing:{name}",))


def load_base(db: sqlite3.Connection, name: str) -> Base | None:
    """Return what was agreed last on a document, None where it was never seen."""
    row = db.execute("SELECT sha256, stat, content FROM base WHERE file=?", (name,)).fetchone()
    return Base(row[0], row[1], json.loads(zlib.decompress(row[2]))) if row else None


def base_facts(db: sqlite3.Connection, name: str) -> tuple[str, str]:
    """Return hash and stat of the bytes last agreed on, both empty where there are none."""
    row = db.execute("SELECT sha256, stat FROM base WHERE file=?", (name,)).fetchone()
    return (row[0], row[1]) if row else ("", "")


def save_base(db: sqlite3.Connection, name: str, data: bytes, stat: str, values: Mapping[str, str]) -> None:
    """Remember what file and database agree on; what was announced before has come to its end with that.

    An announcement that outlived it would take a file put back to those bytes later for a writing of our own.
    """
    content = zlib.compress(json.dumps(values, separators=(",", ":")).encode(), 1)
    db.execute("INSERT OR REPLACE INTO base VALUES (?,?,?,?)", (name, digest(data), stat, content))
    forget_announced(db, name)
