"""What changed between two sets of labelled images, as data: drawn on screen, printed, written into a commit message.

What always holds: frames match by key, the rest by bytes (moved); every frame is in exactly one kind. Pure: it compares
snapshots (`snapshots` makes them) and reads nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import msgspec

from core.frames.names import captured_at

KINDS = ("added", "removed", "relabelled", "replaced", "moved", "unknown", "unchanged")


class Entry(Protocol):
    """A labelled frame of a snapshot, such as a version's Item; `oid` is None where its bytes are not known."""

    @property
    def source(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def oid(self) -> str | None: ...
    @property
    def size(self) -> int | None: ...
    @property
    def recording(self) -> str | None: ...


class Labelled(msgspec.Struct, frozen=True, gc=False):
    """An entry of what is no version: the draft, a label file. `source` is the frame's key, `size` in bytes."""

    source: str
    label: str
    oid: str | None = None
    size: int | None = None
    recording: str | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Labelled frames under a name: a version, the draft, a label file.

    `assumed` counts frames whose bytes nobody recorded, and which are taken to be the parent version's; `limits` are
    the sentences on what its split lacks.
    """

    name: str
    entries: Mapping[str, Entry]
    classes: tuple[str, ...]
    assumed: int = 0
    limits: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        counts = Counter(entry.label for entry in self.entries.values())
        return {**dict.fromkeys(self.classes, 0), **counts}


@dataclass(frozen=True, slots=True)
class Change:
    """One frame in both, one, or under two names: `before` and `after` are None where it is missing."""

    kind: str
    before: Entry | None
    after: Entry | None

    @property
    def entry(self) -> Entry:
        """The entry of the target, of a removed frame that of the base."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def words(self) -> str:
        """'added active', 'offline → active', 'replaced active'."""
        if self.before and self.after and self.before.label != self.after.label:
            arrow = f"{self.before.label} → {self.after.label}"
            return arrow if self.kind == "relabelled" else f"{self.kind} {arrow}"
        return f"{self.kind} {self.entry.label}"


@dataclass(frozen=True, slots=True)
class Hunk:
    """Changed frames of one recording that lie in a row and changed in one way.

    `id` is `<recording>/<HHMM>` of its first frame; `bytes` what the base does not hold.
    """

    id: str
    recording: str
    first: str
    last: str
    change: str
    bytes: int
    frames: tuple[str, ...]
    held: bool = False
    comment: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "recording": self.recording,
            "from": _moment(self.first),
            "to": _moment(self.last),
            "frames": len(self.frames),
            "change": self.change,
            "bytes": self.bytes,
            "held": self.held,
            "comment": self.comment,
        }


@dataclass(frozen=True)
class Diff:
    """The difference from `base` to `target`.

    `changes` holds every frame that is not unchanged once, in key order; `same` counts the unchanged ones by label.
    `held` are the changes of hunks that a review holds back: they are in no number here, their hunks are among `hunks`.
    """

    base: Snapshot
    target: Snapshot
    changes: tuple[Change, ...]
    same: Mapping[str, int]
    hunks: tuple[Hunk, ...]
    held: tuple[Change, ...] = ()

    def of(self, kind: str) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind == kind)

    @property
    def counts(self) -> dict[str, int]:
        """Frames per kind."""
        counts = dict.fromkeys(KINDS, 0)
        for change in self.changes:
            counts[change.kind] += 1
        counts["unchanged"] = sum(self.same.values())
        return counts

    @property
    def differs(self) -> bool:
        """True where anything but unchanged frames, and frames whose bytes are unknown, was found."""
        counts = self.counts
        return any(counts[kind] for kind in KINDS if kind not in ("unchanged", "unknown"))

    @property
    def confusion(self) -> dict[str, dict[str, int]]:
        """Frames in both: how many of each base label have each target label."""
        table: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for label, n in self.same.items():
            table[label][label] += n
        for change in self.changes:
            if change.before and change.after:
                table[change.before.label][change.after.label] += 1
        return {a: dict(sorted(row.items())) for a, row in sorted(table.items())}

    @cached_property
    def bytes(self) -> dict[str, int]:
        """Bytes of the target that the base does not hold, and those it does, each content once."""
        return dict(
            zip(
                ("new", "reused"),
                _bytes(self.base, _oids(self.base), self.target.entries.values()),
                strict=True,
            )
        )

    def summary(self) -> str:
        """Return one line: '+41 −6 ~9', '=' where nothing differs."""
        n = self.counts
        parts = [f"+{n['added']} −{n['removed']} ~{n['relabelled'] + n['replaced']}"]
        parts += [f"→{n['moved']}"] * bool(n["moved"]) + [f"?{n['unknown']}"] * bool(n["unknown"])
        return " ".join(parts) if self.differs or n["unknown"] else "="

    def as_json(self, *, frames: bool = False) -> dict[str, Any]:
        """Return the object of `diff --json`; with `frames` every changed frame by kind."""
        found: dict[str, Any] = {
            "base": self.base.name,
            "target": self.target.name,
            **self.counts,
            "classes": {"base": self.base.counts, "target": self.target.counts},
            "confusion": self.confusion,
            "bytes": self.bytes,
            "hunks": [hunk.as_json() for hunk in self.hunks],
        }
        if frames:
            found["frames"] = {kind: _listed(self.of(kind)) for kind in KINDS if kind != "unchanged"}
        return found


def _listed(changes: Iterable[Change]) -> list[dict[str, str | None]]:
    rows = []
    for change in changes:
        before = change.before.label if change.before else None
        row = {
            "frame": change.entry.source,
            "from": before,
            "to": change.after.label if change.after else None,
        }
        if change.kind == "moved" and change.before:
            row["moved_from"] = change.before.source
        rows.append(row)
    return rows


def _moment(frame: str) -> str | None:
    at = captured_at(frame)
    return at.isoformat() if at else None


def _oids(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(entry.oid for entry in snapshot.entries.values() if entry.oid is not None)


def _bytes(base: Snapshot, held: frozenset[str], entries: Iterable[Entry]) -> tuple[int, int]:
    """Return the bytes among entries that the base, whose oids are `held`, lacks and holds.

    Unknown bytes under a known key count as held.
    """
    seen: set[str] = set()
    new = reused = 0
    for entry in entries:
        if entry.oid is not None and entry.oid in seen:
            continue
        known = entry.oid in held if entry.oid is not None else entry.source in base.entries
        if entry.oid is not None:
            seen.add(entry.oid)
        if known:
            reused += entry.size or 0
        else:
            new += entry.size or 0
    return new, reused


def diff(
    base: Snapshot,
    target: Snapshot,
    *,
    held: frozenset[str] = frozenset(),
    comments: Mapping[str, str] | None = None,
) -> Diff:
    """Compare two snapshots. `held` are ids of hunks held back, `comments` what was written on hunks."""
    changes = sorted(_changes(base, target), key=lambda change: change.entry.source)
    touched = {_place(change) for change in changes}
    same = Counter[str]()
    between: list[Change] = []
    for frame, after in target.entries.items():
        before = base.entries.get(frame)
        if before is not None and _kind(before, after) == "unchanged":
            same[after.label] += 1
            change = Change("unchanged", before, after)
            if _place(change) in touched:
                between.append(change)
    rows = sorted([*changes, *between], key=lambda change: change.entry.source)
    hunks = tuple(_hunks(rows, base, held, comments or {}))
    return Diff(base, target, tuple(changes), same, hunks)


def _place(change: Change) -> str:
    """Return the recording of a change, else the folder of its frame."""
    before = change.before.recording if change.before else None
    return change.entry.recording or before or change.entry.source.rsplit("/", 1)[0]


def _changes(base: Snapshot, target: Snapshot) -> Iterable[Change]:
    """Yield every frame of both that is not unchanged."""
    gone: dict[str, list[Entry]] = defaultdict(list)
    for frame in sorted(base.entries.keys() - target.entries.keys()):
        before = base.entries[frame]
        if before.oid is not None:
            gone[before.oid].append(before)
        else:
            yield Change("removed", before, None)
    for frame, after in target.entries.items():
        known = base.entries.get(frame)
        if known is not None and (kind := _kind(known, after)) != "unchanged":
            yield Change(kind, known, after)
    for frame in sorted(target.entries.keys() - base.entries.keys()):
        after = target.entries[frame]
        same = gone.get(after.oid) if after.oid is not None else None
        yield Change("moved", same.pop(0), after) if same else Change("added", None, after)
    for entries in gone.values():
        for before in entries:
            yield Change("removed", before, None)


def _kind(before: Entry, after: Entry) -> str:
    if before.label != after.label:
        return "relabelled"
    if before.oid == after.oid and before.oid is not None:
        return "unchanged"
    return "unknown" if before.oid is None or after.oid is None else "replaced"


def _hunks(
    changes: Iterable[Change], base: Snapshot, held: frozenset[str], comments: Mapping[str, str]
) -> Iterable[Hunk]:
    """Yield runs of changes in one recording; an unchanged frame or another change ends a run."""
    by_recording: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        by_recording[_place(change)].append(change)
    known: set[str] = set()
    oids = _oids(base)  # once: a difference may have hundreds of hunks, and the base all the images
    for recording, members in sorted(by_recording.items()):
        for run in _runs(members):
            hunk = _hunk(recording, run, base, oids, known)
            known.add(hunk.id)
            yield replace(hunk, held=hunk.id in held, comment=comments.get(hunk.id, ""))


def _runs(members: Iterable[Change]) -> Iterable[list[Change]]:
    run: list[Change] = []
    for change in members:
        if run and change.words != run[0].words:
            yield run
            run = []
        if change.kind not in ("unchanged", "unknown"):
            run.append(change)
    if run:
        yield run


def _hunk(recording: str, run: list[Change], base: Snapshot, oids: frozenset[str], known: set[str]) -> Hunk:
    frames = tuple(change.entry.source for change in run)
    at = captured_at(frames[0])
    name = f"{recording}/{at:%H%M}" if at else f"{recording}/{frames[0].rsplit('/', 1)[-1]}"
    number = 2
    unique = name
    while unique in known:
        unique, number = f"{name}.{number}", number + 1
    new, _ = _bytes(base, oids, [change.after for change in run if change.after])
    return Hunk(unique, recording, frames[0], frames[-1], run[0].words, new, frames)
