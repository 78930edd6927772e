"""A linear head on embeddings: learned anew in a fraction of a second from a few labels, balanced and regularised.

What always holds: pure numpy; the order of rows changes nothing but the last bits; a class without a label is never
answered. Frames that lie together in one recording are nearly one picture, so a labelled stretch counts as the root of
its length. Rows are frames, columns of logits are classes in the task's order. Called by suggesting, doubts, curve and
impact.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: The numbers that are left of an embedding, and the frames that decide which.
AXES, SAMPLE = 128, 10_000
#: Frames of a labelled stretch that are learned from, and rows in all.
OF_A_STRETCH, ROWS = 12, 3000
#: The logit of a class that has no label.
NEVER = -60.0
_RIDGE = 1.0
_STEPS = 25


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The directions in which a workspace's frames differ most, those that differ less drawn out half.

    What is seen times `plain` (k) has distances like those of the embeddings themselves.
    """

    mean: Floats
    axes: Floats
    plain: Floats

    def of(self, vectors: Vectors) -> Floats:
        """Return embeddings (n x d) in these directions (n x k)."""
        found: Floats = (vectors - self.mean) @ self.axes
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Weights of k directions and the constant (k + 1 x classes); `present` says which classes were learned."""

    weights: Floats
    present: Bools

    def logits(self, features: Floats) -> Floats:
        """Return a number per frame and class (n x classes); the softmax of them are shares."""
        found: Floats = features @ self.weights[:-1] + self.weights[-1]
        found[:, ~self.present] = NEVER
        return found


def space_of(vectors: Vectors) -> Space:
    """Return the space of embeddings (n x d): principal axes, each divided by the fourth root of its variance."""
    some = (
        vectors if len(vectors) <= SAMPLE else vectors[np.linspace(0, len(vectors) - 1, SAMPLE).astype(int)]
    )
    wide = some.astype(np.float64)
    mean = wide.mean(axis=0) if len(wide) else np.zeros(vectors.shape[1])
    wide -= mean
    spread, axes = np.linalg.eigh(wide.T @ wide / max(len(wide), 1))
    spread, axes = spread[::-1][:AXES], axes[:, ::-1][:, :AXES]
    kept = spread > 1e-7 * max(float(spread[0]), 1e-12)
    if not kept.any():
        return Space(mean, np.zeros((vectors.shape[1], 1)), np.ones(1))
    spread, axes = spread[kept], axes[:, kept]
    drawn = (spread[0] / spread) ** 0.25
    return Space(mean, axes * drawn / np.sqrt(spread[0]), 1 / drawn)


def stretches(labels: Ints, recordings: Ints) -> list[tuple[int, int]]:
    """Return the runs of labelled neighbours of one class and recording, as (first, end) places; -1 is no label."""
    if not len(labels):
        return []
    cuts = np.flatnonzero((np.diff(labels) != 0) | (np.diff(recordings) != 0)) + 1
    edges = [0, *cuts.tolist(), len(labels)]
    return [(first, end) for first, end in pairwise(edges) if labels[first] >= 0]


def rows_of(labels: Ints, recordings: Ints, known: Bools, halved: Bools | None = None) -> tuple[Ints, Floats]:
    """Return the places to learn from and their weights: of each stretch a few frames, evenly, weighing its root.

    `known` are frames with an embedding; of those `halved` (what was accepted from a suggestion) a label counts half.
    """
    places: list[NDArray[np.int64]] = []
    weights: list[Floats] = []
    found = stretches(np.where(known, labels, -1), recordings)
    most = max(1, min(OF_A_STRETCH, ROWS // max(len(found), 1)))
    for first, end in found:
        count = min(end - first, most)
        at = np.unique(np.linspace(first, end - 1, count).round().astype(np.int64))
        weight = np.full(len(at), np.sqrt(end - first) / len(at))
        if halved is not None:
            weight = np.where(halved[at], weight / 2, weight)
        places.append(at)
        weights.append(weight)
    if not places:
        return np.empty(0, np.int64), np.empty(0)
    return np.concatenate(places), np.concatenate(weights)


def fit(features: Floats, targets: Ints, weights: Floats, classes: int, start: Head | None = None) -> Head:
    """Learn a head from rows (m x k), their classes and their weights; classes weigh the same, however rare.

    One logistic regression per class against the rest with a ridge, by Newton's method; of two classes one is learned,
    since the other is its opposite. `start` is a head of nearly the same rows, which saves steps.
    """
    present = np.bincount(targets, minlength=classes)[:classes] > 0
    rows = np.hstack([features, np.ones((len(features), 1))])
    found = np.zeros((rows.shape[1], classes))
    learned = np.flatnonzero(present)
    if len(learned) > 1:
        asked = learned[1:] if len(learned) == 2 else learned
        for class_ in asked:
            begin = None if start is None or not start.present[class_] else start.weights[:, class_]
            found[:, class_] = _against_the_rest(rows, targets == class_, weights, begin)
        if len(learned) == 2:
            found[:, learned[0]] = -found[:, learned[1]]
    return Head(found, present)


def _against_the_rest(rows: Floats, hit: Bools, weights: Floats, start: Floats | None) -> Floats:
    """Return the weights that tell rows that are `hit` from the others, both sides weighing half of all."""
    total = weights.sum()
    share = np.where(hit, total / 2 / weights[hit].sum(), total / 2 / weights[~hit].sum()) * weights
    ridge = np.full(rows.shape[1], _RIDGE)
    ridge[-1] = 1e-3
    found = np.zeros(rows.shape[1]) if start is None else start.copy()
    value = _loss(rows, hit, share, ridge, found)
    for _ in range(_STEPS):
        sure = 1 / (1 + np.exp(-np.clip(rows @ found, -40, 40)))
        slope = rows.T @ (share * (sure - hit)) + ridge * found
        bend = (rows * (share * np.maximum(sure * (1 - sure), 1e-9))[:, None]).T @ rows
        bend[np.diag_indices_from(bend)] += ridge
        step = np.linalg.solve(bend, slope)
        for _ in range(12):  # a whole step may lead too far where the classes lie far apart
            following = found - step
            after = _loss(rows, hit, share, ridge, following)
            if after <= value:
                break
            step = step / 2
        else:
            break
        found, done, value = following, value - after < 1e-7 * (1 + abs(value)), after
        if done:
            break
    return found


def _loss(rows: Floats, hit: Bools, share: Floats, ridge: Floats, found: Floats) -> float:
    told = rows @ found
    return float((share * np.logaddexp(0, np.where(hit, -told, told))).sum() + 0.5 * (ridge * found**2).sum())


def folds_of(targets: Ints, units: Ints, most: int = 8) -> Ints | None:
    """Return a fold for each labelled row, whole units (recordings) together, each class spread as evenly as they allow.

    None where a class lies in one unit only: nobody would have learned it when it is asked there.
    """
    names = np.unique(units)
    classes = np.unique(targets)
    table = np.array([[np.count_nonzero(targets[units == name] == one) for one in classes] for name in names])
    if len(classes) < 2:
        return None
    holding = (table > 0).sum(axis=0)
    count = int(min(most, holding.min()))
    if count < 2:
        return None
    rarest = [int(min(np.flatnonzero(row), key=lambda one: (holding[one], one))) for row in table]
    order = sorted(range(len(names)), key=lambda at: (holding[rarest[at]], -table[at].sum(), at))
    inside = np.zeros((count, len(classes)), np.int64)
    chosen = np.zeros(len(names), np.int64)
    for at in order:
        fold = min(range(count), key=lambda one: (inside[one, rarest[at]], inside[one].sum(), one))
        inside[fold] += table[at] > 0
        chosen[at] = fold
    return chosen[np.searchsorted(names, units)]
