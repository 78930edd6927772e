"""The files under data/ that labels.db agrees with: a task's label file, and marks.json, seen the same way.

A document maps frames to texts: class names, or a mark's JSON. The base is what file and database last agreed on.
Called by labels/sync only.
"""

from __future__ import annotations

import hashlib
import json
import operator
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import PrintModelsError
from core.labels import files, marks
from core.labels.model import LabelProblem
from core.labels.queries import same_mark
from core.labels.steps import MARKS
from core.process import run
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

    `value_of` turns an entry, as parsed, into the value it means, None for none; `conflict` writes two values of one
    frame as one entry; `knows` says whether a value of the database may be written, `same` whether two values, None
    for none, say the same.
    """

    name: str
    path: Path
    parse: Callable[[bytes], Read]
    encode: Callable[[Mapping[str, str], Iterable[tuple[str, str]]], bytes]
    value_of: Callable[[Any], str | None]
    conflict: Callable[[str | None, str | None], str]
    knows: Callable[[str], bool]
    same: Callable[[str | None, str | None], bool] = operator.eq


@dataclass(frozen=True, slots=True)
class Base:
    """What was agreed last: hash of the file's bytes, its stat, its values by frame."""

    sha256: str
    stat: str
    values: dict[str, str]


def document(workspace: Workspace, task: Task) -> Document:
    """Return a task's label file."""
    path = workspace.labels_path(task)

    def parse(data: bytes) -> Read:
        found = files.parse(data, task, task.labels_file)
        return Read(found.labels, found.problems)

    def value_of(value: Any) -> str | None:
        return files.class_of(value, task)

    def conflict(ours: str | None, theirs: str | None) -> str:
        return json.dumps({"ours": ours, "theirs": theirs})

    return Document(task.name, path, parse, files.encode, value_of, conflict, task.classes.__contains__)


def marks_document(workspace: Workspace) -> Document:
    """Return data/marks.json."""

    def conflict(ours: str | None, theirs: str | None) -> str:
        sides = {"ours": ours, "theirs": theirs}
        return json.dumps({side: json.loads(text) if text else None for side, text in sides.items()})

    return Document(
        MARKS,
        workspace.marks_file,
        _parse_marks,
        _encode_marks,
        _mark_of,
        conflict,
        lambda value: True,
        same_mark,
    )


def _parse_marks(data: bytes) -> Read:
    found = files.collect(data, "data/marks.json", _mark_of, _why_no_mark)
    return Read(found.labels, found.problems)


def _mark_of(value: Any) -> str | None:
    """Return a mark's JSON the one way it is stored and compared, None for what is no mark."""
    if not isinstance(value, dict) or files.is_conflict(value):
        return None
    if value.get("mark") not in (None, *marks.MARKS):
        return None
    return json.dumps(value, sort_keys=True)


def _why_no_mark(value: Any) -> str:
    return files.why_conflict(value) if files.is_conflict(value) else "no mark"


def _encode_marks(values: Mapping[str, str], kept: Iterable[tuple[str, str]]) -> bytes:
    return encode_entries([*values.items(), *kept])


def encode_entries(entries: Iterable[tuple[str, str]]) -> bytes:
    """Return the bytes of a file of (frame, JSON) entries: sorted, two-space indent, a newline at the end.

    Written entry by entry: one that is there twice with different values stays there twice.
    """
    lines = [f"  {files.quoted(frame)}: {_indented(text)}" for frame, text in sorted(entries)]
    return ("{\n" + ",\n".join(lines) + "\n}\n" if lines else "{}\n").encode()


def _indented(text: str) -> str:
    value = json.loads(text)
    try:
        return _dumped(value, ensure_ascii=False)
    except UnicodeEncodeError:
        return _dumped(value, ensure_ascii=True)


def _dumped(value: Any, *, ensure_ascii: bool) -> str:
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=ensure_ascii).replace("\n", "\n  ")
    text.encode()
    return text


# --- the base ---------------------------------------------------------------------------------------------------


def digest(data: bytes) -> str:
    """Return the sha256 of a file's bytes in hex."""
    return hashlib.sha256(data).hexdigest()


def cut_short(doc: Document, base: Base, waiting: Iterable[tuple[str, str]], data: bytes) -> bool:
    """True where the bytes are the beginning of what was last written here, the rest lost or zeros: no one edits so."""
    waiting = tuple(waiting)
    held = {key.removeprefix("./") for key, _ in waiting}
    kept = {frame: value for frame, value in base.values.items() if frame not in held}
    whole = doc.encode(kept, waiting)
    return digest(whole) == base.sha256 and data != whole and whole.startswith(data.rstrip(b"\0"))


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


def head(root: Path) -> str:
    """Return the branch that git's HEAD names and its commit, 'main 1a2b3c4', as the files say; '' without git.

    Of a detached HEAD the commit is both. No program is started: labels are written every few seconds.
    """
    try:
        git = _git_of(root)
        text = (git / "HEAD").read_text("utf-8", "replace").strip()
    except OSError:
        return ""
    if not text.startswith("ref: "):
        return f"{text[:7]} {text[:7]}"
    ref = text.removeprefix("ref: ")
    branch = safe(ref.removeprefix("refs/heads/"), limit=60).replace(" ", "-")
    return f"{branch} {_commit_of(git, ref)[:7]}"


def git_at_work(root: Path) -> bool:
    """True while git changes files whose commit HEAD does not name yet: in a merge, or while it holds the index."""
    try:
        git = _git_of(root)
    except OSError:
        return False
    return any((git / name).exists() for name in ("MERGE_HEAD", "index.lock"))


def committed(root: Path, path: Path) -> str:
    """Return the hash of a file's bytes in HEAD's commit, '' where git does not tell. Starts git: not for every second."""
    name = f"HEAD:./{path.relative_to(root).as_posix()}"
    try:
        told = run(["git", "cat-file", "blob", name], cwd=root, check=False)
    except PrintModelsError:
        return ""
    return "" if told.code else digest(told.out)


def head_agreed(db: sqlite3.Connection, name: str) -> str:
    """Return where HEAD was when file and database were last seen to agree on a document, '' where that is not known."""
    row = db.execute("SELECT value FROM meta WHERE key=?", (f"head:{name}",)).fetchone()
    return str(row[0]) if row else ""


def agree_head(db: sqlite3.Connection, name: str, now: str) -> None:
    """Remember that file and database agree on a document where HEAD is now; '' says nothing."""
    if now:
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"head:{name}", now))


def _git_of(root: Path) -> Path:
    """Return the folder that holds HEAD of this work tree. Raises OSError."""
    git = root / ".git"
    if git.is_file():  # a work tree of its own, or a submodule
        return root / git.read_text("utf-8", "replace").removeprefix("gitdir:").strip()
    return git


def _commit_of(git: Path, ref: str) -> str:
    try:
        shared = git / (git / "commondir").read_text().strip()
    except OSError:
        shared = git
    for folder in (git, shared):
        try:
            return (folder / ref).read_text("ascii", "replace").strip()
        except OSError:
            continue
    try:
        lines = (shared / "packed-refs").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line[:40] for line in lines if line.endswith(f" {ref}")), "")


def save_base(
    db: sqlite3.Connection, root: Path, name: str, data: bytes, stat: str, values: Mapping[str, str]
) -> None:
    """Remember what file and database agree on; what was announced before has come to its end with that.

    An announcement that outlived it would take a file put back to those bytes later for a writing of our own.
    """
    content = zlib.compress(json.dumps(values, separators=(",", ":")).encode(), 1)
    db.execute("INSERT OR REPLACE INTO base VALUES (?,?,?,?)", (name, digest(data), stat, content))
    forget_announced(db, name)
    agree_head(db, name, head(root))
