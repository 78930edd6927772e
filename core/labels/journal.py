"""data/history/<host>.jsonl: every labelling step as a line of text in git, appended and never rewritten.

A line: {"changes": [{"after", "before", "frames"}], "how", "seq", "task", "time", "who"}, and of an undo or redo the
"target", the number of the step it took back or gave again; of what git brought "moved"; time is local with its offset.
From these lines a clone knows who gave a label, when and how. Called by labels/sync only.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.durable import explain, fsync_dir, open_regular
from core.errors import Damaged
from core.human import plural
from core.labels.model import HistoryEntry
from core.labels.steps import MARKS, begin, changes_of
from core.text import safe

_SEQ_LIMIT = 1 << 53
_ECHOES = ("undo", "redo", "outside")
#: A step as an undo names it: the journal, the number in it, and who.
_Step = tuple[str, Any, str]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a label came from, as a journal tells it; `at` in UTC, `host` and `line` name the journal and its line."""

    who: str
    how: str
    at: str
    before: str | None
    host: str
    line: str


def host_file(folder: Path) -> Path:
    """Return this machine's journal."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", socket.gethostname()).strip(".-") or "host"
    return folder / f"{name}.jsonl"


def own_entries(folder: Path, skipped: Counter[str] | None = None) -> list[dict[str, Any]]:
    """Return the steps of this machine's journal by number; of two with one number, as two clones give, the first."""
    found: dict[int, dict[str, Any]] = {}
    for entry in entries(host_file(folder), skipped):
        found.setdefault(int(entry.get("seq") or 0), entry)
    found.pop(0, None)
    return [found[seq] for seq in sorted(found)]


def left_out(skipped: Counter[str]) -> list[str]:
    """Say how many lines of which journals tell nothing."""
    return [
        f"{plural(number, 'line')} of data/history/{safe(name)} can't be read as a labelling step and "
        f"{'was' if number == 1 else 'were'} left out."
        for name, number in skipped.items()
    ]


def append(folder: Path, lines: list[str], found: str) -> str:
    """Append lines, durable when it returns; lines that stand at the end already are not written twice.

    Returns the stat of the file written, '' where it is not the one whose stat was `found` any more: what git put
    in its place meanwhile is not known to hold the other steps. Raises Lacking (room, permission).
    """
    path = host_file(folder)
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            fsync_dir(folder.parent)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        with os.fdopen(fd, "rb+") as file:
            now = os.fstat(fd)
            same = stat_text(now) == found if found else not now.st_size
            size = file.seek(0, os.SEEK_END)
            expected = sum(len(line) + 1 for line in lines)
            file.seek(max(0, size - max(1 << 16, 2 * expected)))
            tail = file.read()
            there = set(tail.split(b"\n"))
            text = "".join(line + "\n" for line in lines if line.encode() not in there)
            if not text:
                return found if same else ""
            # A line that a crash cut short is ended first, so that it spoils no other.
            cut = b"\n" if tail and not tail.endswith(b"\n") else b""
            file.write(cut + text.encode())
            file.flush()
            os.fsync(file.fileno())
            left = stat_text(os.fstat(fd))
        fsync_dir(folder)
        return left if same else ""
    except OSError as error:
        raise explain(error, "writing the history of labels") from error


def stat_text(found: os.stat_result) -> str:
    """Return what tells a file from a changed one, as it is kept and compared."""
    return f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"


def standing(path: Path) -> set[tuple[int, str]]:
    """Return (number, time in UTC) of the steps that stand in a journal; the time tells clones of one name apart."""
    return {(int(entry.get("seq") or 0), utc(entry.get("time"))) for entry in entries(path)}


def left_at(db: sqlite3.Connection) -> str:
    """Return the stat of this machine's journal when steps were last written into it."""
    row = db.execute("SELECT value FROM meta WHERE key='journal-stat'").fetchone()
    return str(row[0]) if row else ""


def last_written(db: sqlite3.Connection) -> int:
    """Return the number of the last step that was written into this machine's journal."""
    row = db.execute("SELECT value FROM meta WHERE key='journal'").fetchone()
    return int(row[0]) if row else 0


def note(db: sqlite3.Connection, last: int, stat: str) -> None:
    """Note the last step that stands in this machine's journal, and the journal's stat."""
    db.execute("INSERT OR REPLACE INTO meta VALUES ('journal', ?)", (str(last),))
    db.execute("INSERT OR REPLACE INTO meta VALUES ('journal-stat', ?)", (stat,))


def pending(
    db: sqlite3.Connection, there: Collection[tuple[int, str]] | None = None
) -> tuple[int, int, list[str]]:
    """Return the last step that was written, the last step there is, and the lines of those between.

    With `there`, what stands in a journal that git or a person changed, it is all steps of this database but those.
    """
    written = last_written(db)
    after = written if there is None else 0
    last = int(db.execute("SELECT coalesce(max(seq), 0) FROM step").fetchone()[0])
    steps = db.execute(
        "SELECT seq, at, who, how, task, target, kind FROM step WHERE seq>? AND seq<=? AND kind<>'elsewhere' AND changed>0 AND task<>?"
        " ORDER BY seq",
        (after, last, MARKS),
    ).fetchall()
    lines = []
    for seq, at, who, how, task, target, kind in steps:
        if there and (seq, utc(at)) in there:
            continue
        groups: dict[tuple[str | None, str | None], list[str]] = defaultdict(list)
        for frame, before, _, after_class, after_seq in changes_of(db, seq):
            # What was imported with an origin of its own stands in the journal it came from.
            if how != "imported" or after_seq == seq:
                groups[(before, after_class)].append(frame)
        if groups:
            extra = {"target": target} if target is not None else {"moved": True} if kind == "moved" else {}
            lines.append(_line(seq, at, who, how, task, extra, groups))
    return written, last, lines


def _line(
    seq: int,
    at: str,
    who: str,
    how: str,
    task: str,
    extra: Mapping[str, object],
    groups: dict[tuple[str | None, str | None], list[str]],
) -> str:
    changed = [
        {"after": after, "before": before, "frames": frames}
        for (before, after), frames in sorted(groups.items(), key=lambda item: item[1])
    ]
    # A step of a line without a time, which a new database took up, has none.
    time = datetime.fromisoformat(at).astimezone().isoformat(timespec="milliseconds") if at else ""
    entry = {"changes": changed, "how": how, "seq": seq, "task": task, "time": time, "who": who}
    return json.dumps({**entry, **extra}, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def origins(
    folder: Path,
    task: str,
    wanted: Mapping[str, str],
    skipped: Counter[str] | None = None,
    undone: Collection[tuple[str, str]] = (),
) -> dict[str, Origin]:
    """Return where labels came from: for each frame → class wanted, the latest journal line that gave it.

    A line that was taken back gave nothing: as the journals tell, or as `undone`, (time in UTC, who), does. Into
    `skipped` go the names of journals with lines that can't be read, and how many.
    """
    given: dict[str, list[tuple[tuple[bool, str], _Step, Origin]]] = defaultdict(list)
    turned: dict[tuple[str, _Step], list[tuple[str, str]]] = defaultdict(list)
    for path in sorted(folder.glob("*.jsonl")) if wanted and folder.is_dir() else ():
        for entry in entries(path, skipped):
            how, who = entry.get("how") or "", entry.get("who") or "unknown"
            if entry.get("task") != task or how == "outside":
                continue
            at, seq = utc(entry.get("time")), entry.get("seq") or 0
            if how in _ECHOES:
                for frame, _, _ in changes(entry):
                    if frame in wanted:
                        turned[frame, (path.stem, entry.get("target"), who)].append((at, how))
                continue
            for frame, before, after in changes(entry):
                if frame in wanted and wanted[frame] == after and (at, who) not in undone:
                    origin = Origin(who, how, at, before, path.stem, f"{safe(path.stem)}:{seq}")
                    given[frame].append(((how != "imported", at), (path.stem, seq, who), origin))
    found: dict[str, Origin] = {}
    for frame, lines in given.items():
        for _, step, origin in sorted(lines, key=lambda line: line[0], reverse=True):
            # Clones of one name number their steps alike: a turn belongs to what its own person gave before it.
            turns = [turn for turn in turned.get((frame, step), ()) if turn[0] >= origin.at]
            if not turns or max(turns)[1] == "redo":
                found[frame] = origin
                break
    return found


def enter_elsewhere(
    db: sqlite3.Connection, session: str, task: str, wanted: dict[str, str], origins: Mapping[str, Origin]
) -> dict[str, tuple[int, str | None]]:
    """Enter the steps that gave labels on other machines; return (step, class before) for each frame."""
    found: dict[str, tuple[int, str | None]] = {}
    entered: dict[tuple[str, ...], int] = {}
    for frame, origin in sorted(origins.items()):
        # Clones of one host name number their steps alike.
        place = (origin.line, origin.at, origin.who, wanted[frame])
        if place not in entered:
            text = f"given elsewhere ({origin.line})"
            step = begin(
                db, origin.who, origin.how, task, wanted[frame], "elsewhere", session, text, at=origin.at
            )
            entered[place] = step.seq
        found[frame] = (entered[place], origin.before)
    return found


def told(folder: Path, frame: str) -> list[HistoryEntry]:
    """Return what all journals tell of one frame, in order of their files and lines; `host` names the journal.

    What a file brought to this machine is left out: its own database tells that as the step it was given by.
    """
    found, own = [], host_file(folder)
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
        for entry in entries(path):
            who, how, task = (entry.get(name) or "unknown" for name in ("who", "how", "task"))
            if how == "outside" and path == own:
                continue
            seq, at = int(entry.get("seq") or 0), utc(entry.get("time"))
            found += [
                HistoryEntry(seq, at, who, how, task, before, after, False, path.stem)
                for named, before, after in changes(entry)
                if named == frame
            ]
    return found


def changes(entry: dict[str, Any]) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield (frame, class before, class after) of a step."""
    for change in entry.get("changes") or ():
        for frame in change["frames"]:
            yield frame, change.get("before"), change.get("after")


def entries(path: Path, skipped: Counter[str] | None = None) -> Iterable[dict[str, Any]]:
    """Yield the lines that are steps; one that a crash cut short, or that is none, tells nothing and hides nothing."""
    try:
        with open_regular(path) as file:
            yield from steps(file, path.name, skipped)
    except (OSError, Damaged):
        return


def steps(
    lines: Iterable[bytes], name: str = "", skipped: Counter[str] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the steps that lines of a journal tell, as `entries` does, wherever they were read."""
    for line in lines:
        entry = _step_of(line)
        if entry is not None:
            yield entry
        elif skipped is not None and line.strip():
            skipped[name] += 1


def spoilt_lines(folder: Path) -> dict[str, list[int]]:
    """Return journal → the numbers, from 1, of its lines that are no step; a journal without any is not named."""
    found: dict[str, list[int]] = {}
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
        try:
            with open_regular(path) as file:
                for number, line in enumerate(file, 1):
                    if line.strip() and _step_of(line) is None:
                        found.setdefault(path.name, []).append(number)
        except (OSError, Damaged):
            continue
    return found


def _step_of(line: bytes) -> dict[str, Any] | None:
    """Return the step that a line tells of, None where it tells of none."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if is_step(entry) else None


def is_step(entry: Any) -> bool:
    """True for an object whose every part has the kind that the database can hold."""
    if not isinstance(entry, dict):
        return False
    seq, changes = entry.get("seq", 0), entry.get("changes", [])
    return (
        isinstance(seq, int)
        and 0 <= seq < _SEQ_LIMIT
        and all(_is_text(entry.get(name)) for name in ("who", "how", "task"))
        and isinstance(changes, list)
        and all(_is_change(change) for change in changes)
    )


def _is_change(change: Any) -> bool:
    return (
        isinstance(change, dict)
        and _is_text(change.get("before"))
        and _is_text(change.get("after"))
        and isinstance(change.get("frames"), list)
        and all(isinstance(frame, str) for frame in change["frames"])
    )


def _is_text(value: Any) -> bool:
    """True for nothing, and for text without a lone half of a character, which no database takes."""
    try:
        return value is None or (isinstance(value, str) and value.encode() is not None)
    except UnicodeEncodeError:
        return False


def utc(time: object) -> str:
    """Return a moment as UTC to the millisecond, '' for what is none."""
    try:
        return datetime.fromisoformat(str(time)).astimezone(UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return ""
