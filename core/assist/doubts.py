"""Labels that are probably wrong: what recordings left out say against them, labels alone among others, contradictions.

Confident learning (Northcutt, Jiang and Chuang 2021): a label is doubted where another class is surer than it usually is
for frames that have that label. Here the answers are out of recording, so that no label speaks for itself, and labels
that lie in a row are one doubt. What always holds: pure; frames without a label and frames that a mark puts aside are
never doubted; each doubt has its evidence, labelled frames of both classes that look most alike. Called by the worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.assist.head import Bools, Floats, Ints, stretches
from core.assist.held_out import HeldOut
from core.assist.scene import Looks, Scene
from core.assist.suggesting import Answer

#: Doubts that are told, at most, and labelled frames of each class beside each.
MOST, _BESIDE = 200, 3
#: A doubt that is less likely than this is none.
_LEAST = 0.5
#: A stretch of so large a part of its recording's labels is no slip among them.
_SMALL = 0.2
#: Labels so far from the next labels, in minutes, are not alone among them.
_NEAR_MINUTES = 30.0
#: Labelled frames that a doubted one is compared with.
_COMPARED = 2000


@dataclass(frozen=True, slots=True)
class Doubt:
    """A labelled stretch that is probably wrong: its `place` to look at, its frames, classes, how sure, and why.

    `kind` is "unlike" (recordings left out say otherwise), "lone" (alone among labels of another class) or
    "contradiction" (with the label of another task). `evidence` are places of labelled frames, of both classes.
    """

    place: int
    frames: int
    label: int
    suggested: int
    confidence: float
    kind: str
    why: str
    evidence: tuple[int, ...]


def doubts(scene: Scene, looks: Looks, found: Answer | None, against: Sequence[int] = ()) -> list[Doubt]:
    """Return what is doubted, the surest first; `against` are places whose label another task's label contradicts."""
    rows = [
        *_contradictions(scene, found, against),
        *(_unlike(scene, found) if found else ()),
        *_lone(scene, found),
    ]
    first: dict[int, Doubt] = {}
    for doubt in rows:
        first.setdefault(doubt.place, doubt)
    chosen = sorted(first.values(), key=lambda one: (-one.confidence, one.place))[:MOST]
    return _with_evidence(scene, looks, chosen)


def _unlike(scene: Scene, found: Answer) -> list[Doubt]:
    """Return stretches whose label recordings left out speak against."""
    held = found.held
    if held is None:
        return []
    usual = _usual(held.shares, held.labels, len(scene.classes))
    told = held.shares.argmax(axis=1)
    surer = held.shares[np.arange(len(told)), told] >= usual[told]
    other = (told != held.labels) & surer
    said = np.full(len(scene.keys), -1)
    said[held.places[other]] = told[other]
    shares = np.zeros(len(scene.keys))
    shares[held.places[other]] = held.shares[np.flatnonzero(other), told[other]]
    recalls, precisions = _trusted(held, len(scene.classes))
    out = []
    for first, end in stretches(said, scene.pieces):
        best = first + int(shares[first:end].argmax())
        label, suggested = int(scene.labels[best]), int(said[best])
        # What is hardly ever recognised elsewhere, or said in error as often, is no reason to doubt a label here.
        trust = max(min(recalls[label], precisions[suggested]), _beside(scene, first, end, suggested))
        if trust * shares[best] < _LEAST:
            continue
        why = f"other recordings say {scene.classes[suggested]}, {_percent(shares[best])}"
        out.append(Doubt(best, end - first, label, suggested, float(shares[best] * trust), "unlike", why, ()))
    return out


def _trusted(held: HeldOut, classes: int) -> tuple[list[float], list[float]]:
    """Return of each class the part of its labels that is recognised, and the part of answers with it that is right."""
    told = held.shares.argmax(axis=1)
    recalls = [share or 0.0 for share in held.recalls(classes)]
    answers = [held.right[held.counted & (told == class_)] for class_ in range(classes)]
    return recalls, [float(right.mean()) if len(right) else 0.0 for right in answers]


def _beside(scene: Scene, first: int, end: int, class_: int) -> float:
    """Return the part of a recording's labels that are of a class; 0 for a stretch that is no small part of them."""
    mine = scene.learned[scene.pieces == scene.pieces[first]]
    count = max(int((mine >= 0).sum()), 1)
    return float((mine == class_).sum()) / count if end - first <= _SMALL * count else 0.0


def _usual(shares: Floats, labels: Ints, classes: int) -> Floats:
    """Return how sure answers usually are of each class where it is the label; more than 1 where none is."""
    found = np.full(classes, 2.0)
    for class_ in range(classes):
        mine = labels == class_
        if mine.any():
            found[class_] = shares[mine, class_].mean()
    return found


def _lone(scene: Scene, found: Answer | None) -> list[Doubt]:
    """Return single labels whose neighbours in the recording, before and after and near in time, agree against them.

    Where recordings left out are sure that it is right all the same, it is not doubted.
    """
    places = np.flatnonzero(scene.learned >= 0)
    if len(places) < 3:
        return []
    labels, pieces, minutes = scene.learned[places], scene.pieces[places], scene.minutes[places]
    before, here, after = labels[:-2], labels[1:-1], labels[2:]
    near = np.diff(minutes) <= _NEAR_MINUTES
    alone: Bools = (
        (before == after)
        & (here != before)
        & (pieces[:-2] == pieces[1:-1])
        & (pieces[2:] == pieces[1:-1])
        & near[:-1]
        & near[1:]
    )
    out = []
    held = found.held if found else None
    for at in (np.flatnonzero(alone) + 1).tolist():
        place, other = int(places[at]), int(labels[at - 1])
        share = 0.5
        if held is not None:
            mine = np.flatnonzero(held.places == place)
            share = float(held.shares[mine[0], other]) if len(mine) else 0.5
            if share < 1 - _usual(held.shares, held.labels, len(scene.classes))[labels[at]]:
                continue
        why = f"alone among labels that say {scene.classes[other]}"
        out.append(Doubt(place, 1, int(labels[at]), other, max(share, 0.5), "lone", why, ()))
    return out


def _contradictions(scene: Scene, found: Answer | None, against: Sequence[int]) -> list[Doubt]:
    out = []
    for place in against:
        label = int(scene.labels[place])
        if label < 0 or scene.aside[place] or len(scene.classes) < 2:
            continue
        shares = np.array(found.shares[place]) if found else np.zeros(len(scene.classes))
        shares[label] = -1
        other = int(shares.argmax())
        out.append(
            Doubt(
                place, 1, label, other, 0.5, "contradiction", "its label in another task says otherwise", ()
            )
        )
    return out


def _with_evidence(scene: Scene, looks: Looks, chosen: list[Doubt]) -> list[Doubt]:
    """Return doubts with the labelled frames of both classes that look most alike, of other stretches than their own."""
    rows = np.flatnonzero(scene.learned >= 0)
    if len(rows) > _COMPARED:
        rows = rows[np.linspace(0, len(rows) - 1, _COMPARED).astype(np.int64)]
    seen, targets = looks.of(rows), scene.learned[rows]
    stretch = np.full(len(scene.keys), -1)
    for number, (first, end) in enumerate(stretches(scene.learned, scene.pieces)):
        stretch[first:end] = number
    out = []
    for doubt in chosen:
        if not scene.known[doubt.place]:
            out.append(doubt)
            continue
        apart = ((seen - looks.of(np.array([doubt.place]))) ** 2).sum(axis=1)
        others = (stretch[rows] != stretch[doubt.place]) | (stretch[rows] < 0)
        beside: list[int] = []
        for class_ in (doubt.label, doubt.suggested):
            beside += _nearest(rows, np.where(others & (targets == class_), apart, np.inf), stretch)
        out.append(_replaced(doubt, tuple(beside)))
    return out


def _nearest(rows: Ints, apart: Floats, stretch: Ints) -> list[int]:
    """Return the nearest few rows, one of a stretch: its frames are one picture."""
    chosen: list[int] = []
    seen: set[int] = set()
    for at in np.argsort(apart, kind="stable").tolist():
        if not np.isfinite(apart[at]) or len(chosen) == _BESIDE:
            break
        place = int(rows[at])
        if int(stretch[place]) not in seen:
            seen.add(int(stretch[place]))
            chosen.append(place)
    return chosen


def _replaced(doubt: Doubt, evidence: tuple[int, ...]) -> Doubt:
    return Doubt(
        doubt.place,
        doubt.frames,
        doubt.label,
        doubt.suggested,
        doubt.confidence,
        doubt.kind,
        doubt.why,
        evidence,
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
