"""Whether the folder behind a source is still the camera whose frames were labelled.

A source is known by the bytes of its labelled frames: of those that are there under their names, up to twenty are
read, and one that has the bytes it was labelled with is enough. Where nobody has read a labelled frame yet its size and
time stand for its bytes. It is looked at only where the link leads elsewhere
than before, or where the file list finds nothing it knew. Where no frame is as it was there is one question, and until
it is answered no frame of that source is read, listed anew, or taken off a list: nothing is hidden, and no label is
applied to another picture.

What always holds: a source that leads where it led costs one stat. What is remembered lies in
.print-models/sources.json and may be thrown away: the next look makes it anew.
Called by the file list, by what reads pictures, and by the commands on sources.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.durable import atomic_write
from core.errors import Damaged, PrintModelsError
from core.frames.decode import Unreadable, read_file
from core.human import plural
from core.text import safe
from core.workspace import Source, Workspace

_MOST_READ = 20
_MOST_LOOKED_FOR = 2000
_MOST_LINES = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source leads: the link's text ('' for a plain folder), device and inode of the folder behind it."""

    target: str
    device: int
    inode: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a source: where it led when it was last in order, and where it led when that was asked."""

    place: Place | None = None
    asked: Place | None = None
    #: How the question was put; kept so that asking it again reads nothing.
    words: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """A labelled frame of which something is known: sha256, or only size and mtime in ns; None for what is not."""

    key: str
    oid: str | None
    size: int | None
    mtime_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at a folder found: labelled frames with known bytes, how many are there by name, one that fits."""

    known: int
    there: int
    fits: str | None

    @property
    def same(self) -> bool | None:
        """True where a frame fits, None where no bytes are known, so that nothing can be told."""
        return True if self.fits else None if not self.known else False


def recall(workspace: Workspace) -> None:
    """Put questions that are open already into `workspace.questions`; no camera's folder is touched, it may hang."""
    known = remembered(workspace)
    for name, source in workspace.active_sources.items():
        asked = known[name].asked if name in known else None
        if asked is not None and asked.target == _target(source.path):
            _ask(workspace, source, known[name].words)


def check(workspace: Workspace, source: Source, *, suspect: bool = False) -> PrintModelsError | None:
    """Return the open question about a source, None where it is in order, retired, away, or nothing can be told.

    `suspect` has its frames looked at even where the link leads where it did: the folder may have been emptied, or
    the card behind it exchanged.
    """
    workspace.questions.pop(source.name, None)
    here = place_of(source.path)
    if source.settings.retired or here is None:
        return None
    known = remembered(workspace).get(source.name, Known())
    if known.asked == here:
        return _ask(workspace, source, known.words)
    if known.place == here and not suspect:
        return None
    if not _holds_anything(source.path):
        return None
    found = compare(workspace, source.name, source.path)
    if found.same is not False:
        remember(workspace, source.name, Known(place=here))
        return None
    words = _words(source, found)
    remember(workspace, source.name, Known(known.place, here, words))
    return _ask(workspace, source, words)


def compare(workspace: Workspace, name: str, folder: Path) -> Verdict:
    """Look in a folder for labelled frames of the source `name` that have the bytes they were labelled with."""
    known = there = alike = 0
    last = None
    for witness in witnesses(workspace, name):
        known += 1
        if known > _MOST_LOOKED_FOR or there == _MOST_READ:
            break
        path = folder.joinpath(*witness.key.split("/")[1:])
        try:
            found = os.lstat(path)
        except (OSError, ValueError):
            continue
        there += 1
        if witness.size not in (None, found.st_size):
            continue
        if witness.oid is None:
            alike, last = alike + 1, witness.key
            if witness.mtime_ns == found.st_mtime_ns:
                return Verdict(known, there, witness.key)
            continue
        try:
            import hashlib

            data = read_file(path, root=folder).data
        except Unreadable:
            continue
        if f"sha256:{hashlib.sha256(data).hexdigest()}" == witness.oid:
            return Verdict(known, there, witness.key)
    # A card copied elsewhere may lose its times; two different pictures have one size once in thousands.
    return Verdict(min(known, _MOST_LOOKED_FOR), there, last if 1 < alike == there else None)


def witnesses(workspace: Workspace, name: str) -> Iterator[Witness]:
    """Yield labelled frames of a source by which it is known, the latest first: from the store, then from versions."""
    seen = set()
    for witness in _labelled(workspace.labels_db, name):
        seen.add(witness.key)
        yield witness
    for row in released_rows(workspace, name):
        if row["source"] not in seen and row.get("oid"):
            seen.add(row["source"])
            yield Witness(row["source"], str(row["oid"]), row.get("size"))


def _labelled(database: Path, name: str) -> list[Witness]:
    """Ask labels.db itself, for reading only: the floor that keeps it is above this one."""
    if not database.exists():
        return []
    query = (
        "SELECT frame, max(sha256), max(size), max(mtime_ns) FROM label WHERE size IS NOT NULL AND frame > ?"
        f" AND frame < ? GROUP BY frame ORDER BY max(sha256) IS NULL, frame DESC LIMIT {_MOST_LOOKED_FOR}"
    )
    uri = f"file:{quote(os.fsencode(database))}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=2)) as db:
            rows = db.execute(query, (f"{name}/", f"{name}0")).fetchall()
    except sqlite3.Error:
        return []
    return [Witness(*row) for row in rows]


def released_rows(workspace: Workspace, name: str) -> Iterator[dict[str, Any]]:
    """Yield what versions recorded of a source's frames, later ones first, also in a clone that has no labels.db."""
    prefix = f"{name}/"
    written = workspace.datasets.glob("*/v*/metadata.jsonl")
    # v10 is later than v9.
    for path in sorted(written, key=lambda path: (len(path.parent.name), path), reverse=True):
        found = []
        try:
            with open(path, encoding="utf-8", errors="replace") as lines:
                for number, line in enumerate(lines):
                    if number >= _MOST_LINES:
                        break
                    row = json.loads(line)
                    if str(row.get("source", "")).startswith(prefix):
                        found.append(row)
        except (OSError, ValueError, AttributeError, RecursionError):
            continue  # damaged: verify names it
        yield from sorted(found, key=lambda row: str(row["source"]), reverse=True)


# --- what is remembered -----------------------------------------------------------------------------------------


def place_of(folder: Path) -> Place | None:
    """Return where a folder or link leads, None where there is no folder."""
    try:
        target, found = _target(folder), os.stat(folder)
    except OSError:
        return None
    return Place(target, found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None


def _target(folder: Path) -> str:
    """Return a link's text, '' for a folder; what lies behind the link is not touched."""
    return os.readlink(folder) if folder.is_symlink() else ""


def remembered(workspace: Workspace) -> dict[str, Known]:
    """Return what is known of the sources; of a file that can't be read, nothing."""
    try:
        data = json.loads((workspace.private / "sources.json").read_text("utf-8"))
        return {str(name): _known(found) for name, found in data["sources"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _known(found: dict[str, Any]) -> Known:
    place, asked = (Place(**found[key]) if found.get(key) else None for key in ("place", "asked"))
    return Known(place, asked, str(found.get("words", "")))


def remember(workspace: Workspace, name: str, known: Known | None) -> None:
    """Keep what is known of a source; None forgets it. A disk that can't be written costs a look the next time."""
    if workspace.read_only is not None:
        return
    everything = remembered(workspace)
    if known is None:
        everything.pop(name, None)
    else:
        everything[name] = known
    data = {"format": 1, "sources": {key: asdict(value) for key, value in everything.items()}}
    try:
        workspace.ensure_private()
        text = json.dumps(data, indent=2, sort_keys=True) + "\n"
        atomic_write(workspace.private / "sources.json", text.encode("utf-8", "backslashreplace"))
    except (OSError, PrintModelsError):
        pass


def settle(workspace: Workspace, source: Source) -> None:
    """Take where a source leads now as in order, whatever it holds."""
    workspace.questions.pop(source.name, None)
    here = place_of(source.path)
    remember(workspace, source.name, Known(place=here) if here else None)


# --- the question -----------------------------------------------------------------------------------------------


def _holds_anything(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def _words(source: Source, found: Verdict) -> str:
    where = safe(os.readlink(source.path)) if source.path.is_symlink() else "a folder"
    if found.there:
        what = (
            f"{plural(found.there, 'labelled frame')} there by name, none with the bytes that were labelled"
        )
    else:
        what = f"none of {plural(found.known, 'labelled frame')} is there"
    return f"{safe(source.name)} leads to {where}: {what}."


def _ask(workspace: Workspace, source: Source, words: str) -> PrintModelsError:
    remedy = f"Nothing was hidden or applied. Say what it is: {answers(source.name)}"
    workspace.questions[source.name] = question = Damaged(words, remedy)
    return question


def answers(name: str) -> str:
    """Return the three answers as commands."""
    return (
        f"print-models source answer {safe(name)} --emptied (the same camera, its old frames gone) · --new NAME (a new "
        "camera or place; old labels stay with the old one) · --wrong (the wrong folder)."
    )
