"""What a shared file would bring: each frame is matched with one here, its labels are compared; nothing is changed.

A frame that is here already, by the bytes of its picture, goes by its key here. Looked at are: frames of that moment
on any camera, frames of that key, frames that labels or versions know by those bytes. Any other frame is new, and gets
a key below a source of the person it comes from. What always holds: a key is made of a moment and a cleaned name, never
of what stands in the file. Called by commands/arrivals and sharing/taking.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from core.durable import hash_file
from core.errors import PrintModelsError
from core.frames.index import FrameIndex
from core.frames.names import source_of
from core.labels.model import Mark
from core.labels.queries import encode_mark, same_mark
from core.labels.store import LabelStore
from core.sharing.manifest import Share, SharedFrame, SharedLabel, SharedMark
from core.text import safe
from core.versions.held import items
from core.workspace import DEFAULT_SOURCE, Workspace

FOLDER = "contributed"
_PREFIX = f"{FOLDER}-"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A label that is another one here; `here` is None where its entry here waits for a decision."""

    frame: str
    task: str
    here: str | None
    theirs: str


@dataclass(slots=True)
class Arrival:
    """What a file would bring. Frames are called by their keys here.

    `keys` maps the file's keys to those here, `fresh` are those of them whose picture is new, `absent` the file's
    frames that are not here and come without a picture. `labels` and `marks` are new; `problems` are labels, by the
    file's keys, that can't be taken, with the reason; `missing_tasks` are tasks it describes that are not here.
    """

    share: Share
    keys: dict[str, str] = field(default_factory=dict)
    fresh: dict[str, SharedFrame] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    labels: dict[str, dict[str, SharedLabel]] = field(default_factory=dict)
    same: int = 0
    contradicts: list[Contradiction] = field(default_factory=list)
    marks: dict[str, SharedMark] = field(default_factory=dict)
    same_marks: int = 0
    other_marks: dict[str, SharedMark] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    missing_tasks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    bindings: dict[str, tuple[int, None, str]] = field(default_factory=dict)

    @property
    def fresh_bytes(self) -> int:
        """What the new pictures take on the disk."""
        return sum(frame.size for frame in self.fresh.values())

    @property
    def sources(self) -> dict[str, str]:
        """The sources that new frames go to: name → folder in the workspace."""
        return {name: _folder(name) for name in sorted({key.split("/", 1)[0] for key in self.fresh})}


def source_name(who: str, source: str) -> str:
    """Return the source here for frames of somebody's camera; one that was contributed there keeps its name.

    'Ana' and the usual camera give 'contributed-Ana', any other camera 'contributed-Ana-bench'.
    """
    if source.startswith(_PREFIX) and _word(source) == source:
        return source
    name = _PREFIX + (_word(who) or "someone")
    return name if source == DEFAULT_SOURCE else f"{name}-{_word(source) or 'camera'}"[:60].rstrip(".-_")


def _word(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "-", plain)[:40].strip("-_")


def _folder(name: str) -> str:
    return f"{FOLDER}/{name.removeprefix(_PREFIX)}"


def compare(
    workspace: Workspace, store: LabelStore, index: FrameIndex, share: Share, task: str | None = None
) -> Arrival:
    """Return what a share would bring, of one task's labels or of all; the file list was scanned just before."""
    arrival = Arrival(share)
    _match(arrival, workspace, store, index)
    _compare_labels(arrival, workspace, store, task)
    if task is None:
        _compare_marks(arrival, store)
    return arrival


# --- frames -----------------------------------------------------------------------------------------------------


def _match(arrival: Arrival, workspace: Workspace, store: LabelStore, index: FrameIndex) -> None:
    share = arrival.share
    known = _Known(workspace, store, index, share.frames)
    taken: set[str] = set()
    fresh: list[SharedFrame] = []
    for frame in share.frames:
        key = known.match(frame, taken)
        if key is None:
            fresh.append(frame)
            continue
        arrival.keys[frame.frame] = key
        taken.add(key)
    for frame in fresh:
        if frame.picture is None:
            arrival.absent.append(frame.frame)
            continue
        key = _new_key(workspace, share.who, frame, taken)
        taken.add(key)
        arrival.keys[frame.frame] = key
        arrival.fresh[key] = frame
    for frame in share.frames:
        if (there := arrival.keys.get(frame.frame)) is not None:
            arrival.bindings[there] = (frame.size, None, frame.sha256)


class _Known:
    """The frames here that could be those of a share, and their bytes, read where nothing else tells them."""

    def __init__(
        self, workspace: Workspace, store: LabelStore, index: FrameIndex, frames: Iterable[SharedFrame]
    ) -> None:
        self._workspace: Workspace = workspace
        moments = {frame.moment for frame in frames}
        self._at: dict[datetime, list[str]] = defaultdict(list)
        for source in workspace.sources:
            if index.unreachable(source) is None:
                for key, moment in index.listed(source).moments():
                    second = moment.replace(microsecond=0) if moment.microsecond else moment
                    if second in moments:
                        self._at[second].append(key)
        self._by_oid: dict[str, list[str]] = defaultdict(list)
        for key, oid in self._told(store):
            self._by_oid[oid].append(key)
        self._hashed: dict[str, str] = {}

    def _told(self, store: LabelStore) -> Iterator[tuple[str, str]]:
        """Yield frames of which labels or versions tell the bytes."""
        for task in self._workspace.tasks.values():
            for key, label in store.labels(task).items():
                if label.sha256 is not None:
                    yield key, label.sha256
        for key, item in items(self._workspace).items():
            if item.oid is not None:
                yield key, item.oid

    def match(self, frame: SharedFrame, taken: set[str]) -> str | None:
        """Return the frame here that has these bytes; one of the same moment or key first."""
        told = self._by_oid.get(frame.sha256, [])
        near: list[str] = [key for key in (frame.frame, *self._at.get(frame.moment, ())) if key not in taken]
        for key in near:
            if key in told or self._oid(key, frame.size) == frame.sha256:
                return key
        return next((key for key in told if key not in taken), None)

    def _oid(self, key: str, size: int) -> str | None:
        """Return the hash of a frame's file, where it has that size."""
        try:
            path = self._workspace.frame_path(key)
            if not path.is_file() or path.stat().st_size != size:
                return None
            if key not in self._hashed:
                self._hashed[key] = hash_file(path).oid
            return self._hashed[key]
        except (OSError, PrintModelsError):
            return None


def _new_key(workspace: Workspace, who: str, frame: SharedFrame, taken: set[str]) -> str:
    """Return a key for a frame that is not here: its moment, numbered where that is taken by another picture."""
    source = source_name(who, source_of(frame.frame).split("/", 1)[0])
    known = workspace.sources.get(source)
    folder = known.path if known else workspace.root / _folder(source)
    ending = frame.picture.rpartition(".")[2] if frame.picture else "jpg"
    at, number = frame.moment, 0
    while True:
        name = f"{at:%Y%m%d}/{at:%Y%m%dT%H%M%S}{f'_{number}' if number else ''}.{ending}"
        key = f"{source}/{name}"
        if key not in taken and not _exists(folder / name):
            return key
        number += 1


def _exists(path: Path) -> bool:
    return path.is_symlink() or path.exists()


# --- labels and marks -------------------------------------------------------------------------------------------


def _compare_labels(arrival: Arrival, workspace: Workspace, store: LabelStore, only: str | None) -> None:
    here = {name: store.classes(task) for name, task in workspace.tasks.items()}
    waiting = {
        name: {entry.key.removeprefix("./") for entry in store.problems(task)}
        for name, task in workspace.tasks.items()
    }
    for frame in arrival.share.frames:
        key = arrival.keys.get(frame.frame)
        for task, label in frame.labels.items():
            if only not in (None, task):
                continue
            if key is None:
                arrival.problems[frame.frame] = "its picture is neither here nor in the file"
            elif task not in workspace.tasks:
                arrival.problems[frame.frame] = f"there is no task {safe(task, limit=60)} here"
                arrival.missing_tasks[task] = arrival.share.tasks[task].classes
            elif label.class_ not in workspace.tasks[task].classes:
                arrival.problems[frame.frame] = f"{task} has no class {safe(label.class_, limit=60)} here"
            elif key in waiting[task]:
                arrival.contradicts.append(Contradiction(key, task, None, label.class_))
            elif (now := here[task].get(key)) is None:
                arrival.labels.setdefault(task, {})[key] = label
            elif now == label.class_:
                arrival.same += 1
            else:
                arrival.contradicts.append(Contradiction(key, task, now, label.class_))


def _compare_marks(arrival: Arrival, store: LabelStore) -> None:
    here = store.all_marks()
    for frame in arrival.share.frames:
        key = arrival.keys.get(frame.frame)
        if frame.mark is None or key is None:
            continue
        if key not in here:
            arrival.marks[key] = frame.mark
        elif same_mark(encode_mark(here[key]), encode_mark(mark_of(key, frame.mark))):
            arrival.same_marks += 1
        else:
            arrival.other_marks[key] = frame.mark


def mark_of(key: str, mark: SharedMark) -> Mark:
    """Return a shared mark as one of a frame here."""
    return Mark(key, mark.mark, mark.reason, mark.note, mark.example, mark.by, mark.at, mark.task)


def with_theirs(arrival: Arrival) -> None:
    """Let the file's labels and marks take the place of those here that they contradict."""
    told = {arrival.keys[frame.frame]: frame for frame in arrival.share.frames if frame.frame in arrival.keys}
    for one in arrival.contradicts:
        arrival.labels.setdefault(one.task, {})[one.frame] = told[one.frame].labels[one.task]
    arrival.marks |= arrival.other_marks
