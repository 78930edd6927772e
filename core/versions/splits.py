"""Which side of the split every image is on: train, validation, or the embargo between them. Rule 1, final.

1. The unit is the recording; it is never cut. Recordings that hold byte-identical images are linked and go together.
2. A recording that an earlier version had on a side stays on it. What is linked to an inherited one joins its side;
   linked to both sides, it joins train.
3. New ones are assigned so that, for as many classes as possible, both sides have images of a class that comes from
   two or more units, and then so that each class's validation share comes nearest to the target (least sum of
   distances). With up to twelve new units every assignment is tried; with more, units go largest first to the better
   side, then single moves and exchanges follow while they help. Equal choices are decided by sha256 of seed and id.
4. A train image within five minutes of a validation image of the same source is embargo: in the version, used by
   neither. So is a train image whose bytes are those of a validation image (possible only where a later image links
   two recordings that were fixed before). Validation is never changed by it.

The same input gives the same answer on every machine, in any order. Later rules apply to new recordings only.
Called by export, the plan of a draft, and training for its folds.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import TYPE_CHECKING

import msgspec

from core.frames.names import source_of
from core.versions.manifest import EMBARGO, TRAIN, VALIDATION, Item

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.tasks import Task
    from core.versions.split_view import SplitView
    from core.workspace import Workspace

RULE = 1
_EXHAUSTIVE = 12
_CLOSE_ENOUGH = 1e-9


class Row(msgspec.Struct, frozen=True, gc=False):
    """What the split needs to know of an image; `oid` None where its bytes are not known yet."""

    frame: str
    label: str
    recording: str
    captured_at: datetime | None
    oid: str | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """`of` gives each frame its split; `sides` each recording its side; `limits` says plainly what is lacking.

    `least_distance` is the shortest time, in minutes, between a train and a validation image of one source.
    """

    of: Mapping[str, str]
    sides: Mapping[str, str]
    least_distance: float | None
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """Linked recordings that no earlier version knows, with their images per class."""

    id: str
    recordings: tuple[str, ...]
    counts: Mapping[str, int]


def split(
    rows: Sequence[Row],
    *,
    inherited: Mapping[str, str],
    classes: Sequence[str],
    target: float = 0.2,
    seed: int = 0,
    embargo_minutes: float = 5,
) -> Split:
    """Assign every row to a side. `inherited` maps recordings of earlier versions to train or validation."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row.recording][row.label] += 1
    linked = _linked(rows)
    sides = {recording: inherited[recording] for recording in counts if recording in inherited}
    new = []
    for members in linked:
        known = {sides[r] for r in members if r in sides}
        fresh = [r for r in members if r not in sides]
        if known:
            sides.update(dict.fromkeys(fresh, TRAIN if TRAIN in known else VALIDATION))
        elif fresh:
            total: Counter[str] = Counter()
            for recording in fresh:
                total.update(counts[recording])
            new.append(_Unit(min(fresh), tuple(fresh), total))
    fixed = [
        _Unit(min(members), tuple(members), sum((counts[r] for r in members), Counter()))
        for members in linked
        if all(r in sides for r in members)
    ]
    for unit, validates in _assign(new, fixed, sides, counts, classes, target, seed):
        sides.update(dict.fromkeys(unit.recordings, VALIDATION if validates else TRAIN))
    of = _with_embargo(rows, sides, embargo_minutes)
    return Split(of, sides, least_distance(rows, of), tuple(_limits(rows, sides, of, classes)))


def view(
    workspace: Workspace,
    task: Task,
    name: str = "draft",
    *,
    store: LabelStore | None = None,
    index: FrameIndex | None = None,
) -> SplitView:
    """Return the split of a version, or of the draft, which needs store and index. Raises Lacking, Damaged."""
    from core.versions.split_view import view

    return view(workspace, task, name, store=store, index=index)


def inherited_sides(items: Iterable[Item]) -> dict[str, str]:
    """Return the side of every recording of a version; an embargoed image lies on the train side."""
    sides: dict[str, str] = {}
    for item in items:
        if item.recording is not None and item.split is not None:
            if item.split == VALIDATION:
                sides[item.recording] = VALIDATION
            else:
                sides.setdefault(item.recording, TRAIN)
    return sides


def _linked(rows: Iterable[Row]) -> list[list[str]]:
    """Return the recordings in groups that hold byte-identical images, each group sorted, sorted by their first."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    first_with: dict[str, str] = {}
    for row in rows:
        here = root(row.recording)
        if row.oid is not None:
            parent[here] = root(first_with.setdefault(row.oid, row.recording))
    groups: dict[str, list[str]] = defaultdict(list)
    for recording in sorted(parent):
        groups[root(recording)].append(recording)
    return sorted(groups.values())


class _Balance:
    """How far a trial assignment is from what is wanted; changed unit by unit."""

    def __init__(self, totals: Mapping[str, int], want: Mapping[str, int], target: float) -> None:
        self.names = [name for name, n in totals.items() if n]
        self.totals = [totals[name] for name in self.names]
        self.want = [want.get(name, 0) > 1 for name in self.names]
        self.target = target
        self.inside = [0] * len(self.names)

    def vector(self, counts: Mapping[str, int]) -> list[int]:
        return [counts.get(name, 0) for name in self.names]

    def cost(self, delta: Sequence[int] | None = None) -> tuple[int, float]:
        """Return (classes that a side lacks although it could have them, sum of distances from the target)."""
        lacking, distance = 0, 0.0
        for i, total in enumerate(self.totals):
            inside = self.inside[i] + (delta[i] if delta else 0)
            lacking += self.want[i] and inside in (0, total)
            distance += abs(inside / total - self.target)
        return lacking, distance

    def apply(self, delta: Sequence[int]) -> None:
        self.inside = [a + b for a, b in zip(self.inside, delta, strict=True)]


def _assign(
    new: list[_Unit],
    fixed: Sequence[_Unit],
    sides: Mapping[str, str],
    counts: Mapping[str, Mapping[str, int]],
    classes: Sequence[str],
    target: float,
    seed: int,
) -> list[tuple[_Unit, bool]]:
    if not new:
        return []
    totals: dict[str, int] = dict.fromkeys(classes, 0)
    units_with: Counter[str] = Counter()
    for unit in (*fixed, *new):
        for name, n in unit.counts.items():
            totals[name] = totals.get(name, 0) + n
            units_with[name] += 1
    balance = _Balance(totals, units_with, target)
    for recording, side in sides.items():
        if side == VALIDATION:
            balance.apply(balance.vector(counts.get(recording, {})))
    new = sorted(new, key=lambda u: hashlib.sha256(f"{seed}\0{u.id}".encode()).digest())
    vectors = [balance.vector(unit.counts) for unit in new]
    chosen = _every(balance, vectors) if len(new) <= _EXHAUSTIVE else _greedy(balance, vectors)
    return list(zip(new, chosen, strict=True))


def _better(a: tuple[int, float], b: tuple[int, float]) -> bool:
    """True where cost `a` is less than `b` by more than rounding."""
    return a[0] < b[0] or (a[0] == b[0] and a[1] < b[1] - _CLOSE_ENOUGH)


def _every(balance: _Balance, vectors: list[list[int]]) -> list[bool]:
    """Try every assignment, fewest units in validation first; the first of the best wins."""
    best: tuple[int, ...] = ()
    best_cost = balance.cost()
    for k in range(1, len(vectors) + 1):
        for picked in combinations(range(len(vectors)), k):
            delta = [sum(column) for column in zip(*(vectors[i] for i in picked), strict=True)]
            cost = balance.cost(delta)
            if _better(cost, best_cost):
                best, best_cost = picked, cost
    return [i in best for i in range(len(vectors))]


def _greedy(balance: _Balance, vectors: list[list[int]]) -> list[bool]:
    """Largest first to the better side, then moves and exchanges while they help."""
    chosen = [False] * len(vectors)
    share = [max((n / t for n, t in zip(v, balance.totals, strict=True)), default=0.0) for v in vectors]
    order = sorted(range(len(vectors)), key=lambda i: -share[i])
    for i in order:
        if _better(balance.cost(vectors[i]), balance.cost()):
            balance.apply(vectors[i])
            chosen[i] = True
    for _ in range(20):
        if not (_move(balance, vectors, chosen, order) or _exchange(balance, vectors, chosen, order)):
            break
    return chosen


def _move(balance: _Balance, vectors: list[list[int]], chosen: list[bool], order: list[int]) -> bool:
    moved = False
    for i in order:
        delta = [-n for n in vectors[i]] if chosen[i] else vectors[i]
        if _better(balance.cost(delta), balance.cost()):
            balance.apply(delta)
            chosen[i] = not chosen[i]
            moved = True
    return moved


def _exchange(balance: _Balance, vectors: list[list[int]], chosen: list[bool], order: list[int]) -> bool:
    """Exchange one unit against one of at most 200 on the other side, where that helps."""
    outside = [i for i in order if not chosen[i]][-200:]
    for i in [i for i in order if chosen[i]][-200:]:
        for j in outside:
            delta = [b - a for a, b in zip(vectors[i], vectors[j], strict=True)]
            if _better(balance.cost(delta), balance.cost()):
                balance.apply(delta)
                chosen[i], chosen[j] = False, True
                return True
    return False


def moments_of(rows: Iterable[Row], keep: Iterable[bool]) -> dict[str, list[datetime]]:
    """Return per source, sorted, when the rows to keep were taken; `keep` says of each row whether it is one."""
    moments: dict[str, list[datetime]] = defaultdict(list)
    for row, wanted in zip(rows, keep, strict=True):
        if wanted and row.captured_at is not None:
            moments[source_of(row.frame)].append(row.captured_at)
    for found in moments.values():
        found.sort()
    return moments


def distance_to(moments: Sequence[datetime], at: datetime) -> timedelta | None:
    """Return the time from `at` to the nearest of sorted moments."""
    i = bisect_left(moments, at)
    near = [abs(moments[j] - at) for j in (i - 1, i) if 0 <= j < len(moments)]
    return min(near, default=None)


def _with_embargo(rows: Sequence[Row], sides: Mapping[str, str], minutes: float) -> dict[str, str]:
    validates = [sides[row.recording] == VALIDATION for row in rows]
    moments = moments_of(rows, validates)
    oids = {row.oid for row, v in zip(rows, validates, strict=True) if v and row.oid is not None}
    within = timedelta(minutes=minutes)
    of = {}
    for row, v in zip(rows, validates, strict=True):
        of[row.frame] = VALIDATION if v else TRAIN
        if not v:
            at = row.captured_at
            near = distance_to(moments.get(source_of(row.frame), ()), at) if at is not None else None
            if row.oid in oids or (near is not None and near <= within):
                of[row.frame] = EMBARGO
    return of


def least_distance(rows: Sequence[Row], of: Mapping[str, str]) -> float | None:
    """Return the shortest time, in minutes, between a train and a validation image of one source."""
    moments = moments_of(rows, [of[row.frame] == VALIDATION for row in rows])
    nearest = [
        distance
        for row in rows
        if of[row.frame] == TRAIN
        and row.captured_at is not None
        and (distance := distance_to(moments.get(source_of(row.frame), ()), row.captured_at)) is not None
    ]
    return round(min(nearest).total_seconds() / 60, 1) if nearest else None


def _limits(
    rows: Sequence[Row], sides: Mapping[str, str], of: Mapping[str, str], classes: Sequence[str]
) -> Iterable[str]:
    """Say in plain sentences where a class has too few recordings for both sides."""
    recordings: dict[str, set[str]] = defaultdict(set)
    used: dict[tuple[str, str], int] = Counter()
    for row in rows:
        recordings[row.label].add(row.recording)
        used[row.label, of[row.frame]] += 1
    for name in classes:
        held = recordings.get(name, set())
        if not held:
            yield f"{name} has no image."
            continue
        lacking = [side for side in (TRAIN, VALIDATION) if not used[name, side]]
        comes = f"All {name} comes from {len(held)} recording{'s' * (len(held) != 1)}"
        if VALIDATION in lacking:
            yield f"{comes}: none of it is in validation, so a result says nothing about {name}."
        elif TRAIN in lacking:
            yield f"{comes}: none of it is in train."
        elif len(held) < 5:
            sure = sum(1 for r in held if sides[r] == VALIDATION)
            yield f"{comes}, {sure} of them in validation: too few to be sure of a result."
