"""Which recordings are predicted by which network in the grouped cross-validation; pure Python, no torch.

What always holds: a recording lies in one fold whole, and so do recordings that share a picture byte for byte; every
recording is predicted once, by a network that learned from none of its frames nor from a frame within the embargo of
one; every network learns from every class. The same rows give the same folds, in any order.
Called by the training process.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.frames.names import source_of
from core.human import plural
from core.training.sides import Row
from core.versions.splits import distance_to


@dataclass(frozen=True, slots=True)
class Folds:
    """`of` gives each row its fold, 0 to `count` - 1; without folds `count` is 0 and `note` says why."""

    of: tuple[int, ...]
    count: int
    note: str = ""


def assign(rows: Sequence[Row], classes: Sequence[str], wanted: int, *, seed: int = 0) -> Folds:
    """Sort recordings into at most `wanted` folds, each class spread as evenly as whole recordings allow."""
    if wanted < 2:
        return Folds((), 0, "Not asked for.")
    units = _units(rows)
    holding = {name: sum(1 for counts in units.values() if counts[name]) for name in classes}
    rarest = min(classes, key=lambda name: (holding[name], name))
    count = min(wanted, holding[rarest])
    if count < 2:
        return Folds(
            (),
            0,
            f"It needs two recordings with {rarest} that share no picture; there {_are(holding[rarest])}.",
        )

    def first(unit: str) -> tuple[int, int, bytes]:
        # Those with what few others have are placed first; equal ones in an order that no name decides.
        held = min(holding[name] for name in units[unit])
        return held, -units[unit].total(), hashlib.sha256(f"{seed}\0{unit}".encode()).digest()

    inside: list[Counter[str]] = [Counter() for _ in range(count)]
    chosen: dict[str, int] = {}
    for unit in sorted(units, key=first):
        rare = min(units[unit], key=lambda name: (holding[name], name))
        fold = min(range(count), key=lambda i: (inside[i][rare], inside[i].total(), i))
        inside[fold].update(units[unit])
        chosen[unit] = fold
    unit_of = _unit_of(rows)
    return Folds(tuple(chosen[unit_of[row.recording]] for row in rows), count)


def _are(number: int) -> str:
    return "is none" if not number else f"is {number}" if number == 1 else f"are {number}"


def learners(
    rows: Sequence[Row], folds: Folds, fold: int, *, embargo_minutes: float = 5
) -> tuple[list[int], list[int]]:
    """Return the places of the rows that a fold's network learns from, and of those it predicts."""
    asked = [place for place, of in enumerate(folds.of) if of == fold]
    moments: dict[str, list[datetime]] = defaultdict(list)
    for place in asked:
        if (at := rows[place].captured_at) is not None:
            moments[source_of(rows[place].source)].append(at)
    for known in moments.values():
        known.sort()
    within = timedelta(minutes=embargo_minutes)

    def apart(row: Row) -> bool:
        if row.captured_at is None:
            return True
        near = distance_to(moments.get(source_of(row.source), ()), row.captured_at)
        return near is None or near > within

    return [p for p, of in enumerate(folds.of) if of != fold and apart(rows[p])], asked


def lacking(rows: Sequence[Row], places: Sequence[int], classes: Sequence[str]) -> str:
    """Return in a sentence which class a fold's network would have nothing of, '' where it has of all."""
    held = {rows[place].label for place in places}
    missing = [name for name in classes if name not in held]
    return f"Without one fold's recordings nothing is left of {', '.join(missing)}." if missing else ""


def describe(folds: Folds, rows: Sequence[Row]) -> str:
    """Return in a sentence how it was done."""
    recordings = len({row.recording for row in rows})
    return (
        f"{plural(recordings, 'recording')} in {plural(folds.count, 'fold')}, each predicted by a network "
        "that learned from the other folds."
    )


def _unit_of(rows: Sequence[Row]) -> Mapping[str, str]:
    """Return for each recording the name of what it is linked with: recordings that share a picture go together."""
    parent = {row.recording: row.recording for row in rows}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    by_oid: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: row.recording):
        if row.oid is None:
            continue
        other = by_oid.setdefault(row.oid, row.recording)
        first, second = sorted((root(other), root(row.recording)))
        parent[second] = first
    return {name: root(name) for name in parent}


def _units(rows: Sequence[Row]) -> dict[str, Counter[str]]:
    """Return images per class of what is never cut, by name."""
    unit_of = _unit_of(rows)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[unit_of[row.recording]][row.label] += 1
    return dict(counts)
