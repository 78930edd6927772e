"""The images of a version as a training needs them: class, recording, and which side of the split they are on.

A version that names its splits is taken at its word; embargoed images are used by neither side. An older version has
no splits: they are computed by the same rule as for new versions, from its names and labels alone, and the training
says so. Before anything is started, what is missing from the folder is named. No torch here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.errors import Lacking, PrintModelsError, Refused
from core.human import count, plural
from core.text import safe
from core.versions.manifest import EMBARGO, TRAIN, VALIDATION, Item, Version

_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class Row:
    """One image: `file_name` within the version, its class, its recording, the frame it came from."""

    file_name: str
    label: str
    recording: str
    source: str
    captured_at: datetime | None
    oid: str | None


@dataclass(frozen=True, slots=True)
class Sides:
    """The rows a training learns from and those it is measured on; `notes` say what is odd about them."""

    train: tuple[Row, ...]
    validation: tuple[Row, ...]
    embargo: int
    notes: tuple[str, ...]

    @property
    def facts(self) -> dict[str, object]:
        """Images and recordings per side and class, for the first event of a training."""
        out: dict[str, object] = {"embargo": self.embargo}
        for name, rows in ((TRAIN, self.train), (VALIDATION, self.validation)):
            recordings = len({row.recording for row in rows})
            out[name] = {
                "images": len(rows),
                "recordings": recordings,
                "classes": dict(Counter(row.label for row in rows)),
            }
        return out


def sides(version: Version) -> Sides:
    """Return the two sides of a version. Raises Refused where a class has no image to learn from."""
    items, recordings, moments = cut(version)
    notes = list(version.problems)
    if any(item.split is None or item.recording is None for item in items):
        of = _computed(version, items, recordings, moments)
        notes.append(
            f"{version.name} names no splits; they were computed by recording, from names and labels."
        )
    else:
        of = {item.file_name: item.split or "" for item in items}
    rows: dict[str, list[Row]] = {TRAIN: [], VALIDATION: [], EMBARGO: []}
    for item in sorted(items, key=lambda item: item.file_name):
        name = item.file_name
        row = Row(name, item.label, recordings[name], item.source, moments[name], item.oid)
        rows[of[name]].append(row)
    _require_every_class(version, rows[TRAIN])
    lacking = [c for c in version.task.classes if c not in {row.label for row in rows[VALIDATION]}]
    if lacking:
        notes.append(f"Nothing can be said about {', '.join(lacking)}: validation has no image of it.")
    return Sides(tuple(rows[TRAIN]), tuple(rows[VALIDATION]), len(rows[EMBARGO]), tuple(notes))


def cut(version: Version) -> tuple[list[Item], dict[str, str], dict[str, datetime | None]]:
    """Return the images that count, the recording of each and when it was taken, by file name.

    Where the version names no sides or recordings they are computed as for a new version, from names and labels.
    """
    items = [item for item in version.items if item.label in version.task.classes]
    moments = {item.file_name: _moment(item) for item in items}
    if not any(item.split is None or item.recording is None for item in items):
        return items, {item.file_name: item.recording or "" for item in items}, moments
    from core.frames.recordings import cut as cut_recordings

    known = [(item.source, at) for item in items if (at := moments[item.file_name]) is not None]
    idle = {i.source: i.label == version.task.idle for i in items} if version.task.idle else {}
    by_frame = cut_recordings(known, idle, unlisted=[key for key, _ in known])
    # An image without a time in its name stands for itself: nobody knows what it belongs to.
    return items, {item.file_name: by_frame.get(item.source, item.source) for item in items}, moments


def evenly(rows: tuple[Row, ...], most: int) -> tuple[Row, ...]:
    """Return at most so many rows, evenly from first to last: rows are sorted by class, so each class has its share."""
    number = min(most, len(rows))
    return tuple(rows[place * len(rows) // number] for place in range(number))


def _moment(item: Item) -> datetime | None:
    try:
        return datetime.fromisoformat(item.captured_at) if item.captured_at else None
    except ValueError:
        return None


def _computed(
    version: Version, items: list[Item], recordings: dict[str, str], moments: dict[str, datetime | None]
) -> dict[str, str]:
    """Return the side of every image of a version that does not say: the rule of new versions."""
    from core.versions.splits import Row as SplitRow
    from core.versions.splits import split

    rows = [
        SplitRow(i.file_name, i.label, recordings[i.file_name], moments[i.file_name], i.oid) for i in items
    ]
    return dict(split(rows, inherited={}, classes=version.task.classes).of)


def _require_every_class(version: Version, train: list[Row]) -> None:
    counts = Counter(row.label for row in train)
    lacking = [name for name in version.task.classes if not counts[name]]
    if lacking:
        raise Refused(
            f"{version.task.name} {version.name} has no training image of {', '.join(lacking)}: "
            "there is nothing to tell apart.",
            "Label frames of every class, from at least two recordings each, and release a new version.",
        )


def missing(version: Version, rows: tuple[Row, ...]) -> PrintModelsError | None:
    """Return what to say where images are absent or only Git LFS pointers; looks at sizes, reads no picture."""
    pointers, absent = [], []
    for row in rows:
        path = version.path / row.file_name
        try:
            if path.stat().st_size < 1024 and _is_pointer(path):
                pointers.append(row.file_name)
        except OSError:
            absent.append(row.file_name)
    if not pointers and not absent:
        return None
    first = safe((absent or pointers)[0], limit=80)
    where = f"{version.task.name}/{version.name}"
    if absent:
        return Lacking(
            f"{plural(len(absent), 'image')} of {where} {'is' if len(absent) == 1 else 'are'} missing, first {first}.",
            f"Get them back: git checkout -- datasets/{where}",
        )
    return Lacking(
        f"{count(len(pointers))} of {plural(len(rows), 'image')} of {where} are Git LFS pointers, "
        f"not pictures; first {first}.",
        f"Get them: git lfs pull --include 'datasets/{where}/**'",
    )


def _is_pointer(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(_POINTER)) == _POINTER
