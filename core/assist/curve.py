"""Whether more labels would help: how right a head is with so many labelled recordings, and what is missing.

A learning curve by recording: heads learn from some of the labelled recordings, drawn again and again, and are asked
about the others. What always holds: pure, the same labels give the same curve; with fewer than `LEAST` recordings that
can be judged apart there is none; `enough` is said only where the last doubling brought next to nothing. Called by the
worker when nobody waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.assist.head import Floats, Ints, fit, folds_of, rows_of
from core.assist.scene import Looks, Scene
from core.assist.suggesting import Answer
from core.progress import CancelToken

#: Recordings below which nothing is drawn, and draws of each size.
LEAST, DRAWS = 4, 8
#: A doubling of the recordings that brings less is nothing; open frames that may be wrong and hardly matter.
_FLAT, _LITTLE = 0.01, 0.005
_QUARTERS = ("at night", "in the morning", "in the afternoon", "in the evening")
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Point:
    """With so many recordings: the balanced accuracy on the others, and a 95 % interval over the draws."""

    recordings: int
    balanced: float
    low: float
    high: float


def curve(scene: Scene, looks: Looks, cancel: CancelToken | None = None) -> list[Point]:
    """Return the learning curve: 2, 3, 4, 6, 8, 12 … recordings, and last three quarters of them.

    Raises Cancelled.
    """
    rows, weights = rows_of(scene.learned, scene.pieces, scene.known, scene.accepted)
    units, targets, classes = scene.units[rows], scene.learned[rows], len(scene.classes)
    names = np.unique(units)
    if len(names) < LEAST or folds_of(targets, units) is None:
        return []
    features, counted = looks.of(rows), ~scene.accepted[rows]
    dice = np.random.default_rng(0)
    points = []
    for size in _sizes(len(names)):
        tallies = []
        for _ in range(DRAWS):
            if cancel is not None:
                cancel.check()
            learn = np.isin(units, dice.choice(names, size, replace=False))
            asked = ~learn & counted
            if len(np.unique(targets[learn])) < 2 or not asked.any():
                continue
            head = fit(features[learn], targets[learn], weights[learn], classes)
            told = head.logits(features[asked]).argmax(axis=1)
            tallies.append(_tally(told, targets[asked], weights[asked], classes))
        if len(tallies) >= DRAWS // 3:
            points.append(_point(size, np.array(tallies), dice))
    return points


def _sizes(count: int) -> list[int]:
    """Return how many of so many recordings are learned from: at least a quarter is left to be asked."""
    most = count * 3 // 4
    known = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]
    return [*(size for size in known if size <= 0.8 * most), most]


def _tally(told: Ints, truth: Ints, weights: Floats, classes: int) -> Floats:
    """Return of each class the weight that was recognised and all of it (2 x classes)."""
    hits = np.bincount(truth, weights * (told == truth), classes)
    return np.stack([hits, np.bincount(truth, weights, classes)])


def _point(size: int, tallies: Floats, dice: np.random.Generator) -> Point:
    """Sum up the draws of a size; the interval is of sums of as many of them, drawn with replacement (Efron 1979)."""
    drawn = dice.integers(0, len(tallies), (200, len(tallies)))
    sums = [_balanced(tallies[some].sum(axis=0)) for some in drawn]
    low, high = np.quantile(sums, [0.025, 0.975])
    middle = _balanced(tallies.sum(axis=0))
    return Point(size, middle, min(float(low), middle), max(float(high), middle))


def _balanced(tally: Floats) -> float:
    asked = tally[1] > 0
    return float((tally[0, asked] / tally[1, asked]).mean())


def flat(points: Sequence[Point]) -> bool:
    """True where twice the recordings brought next to nothing."""
    if len(points) < 3:
        return False
    last = points[-1]
    half = [point for point in points if point.recordings <= last.recordings / 2]
    return bool(half) and last.balanced - half[-1].balanced < _FLAT


def enough(found: Answer | None, points: Sequence[Point]) -> bool:
    """True where more labels of these recordings would hardly change a suggestion.

    That is where what can be measured is no better with twice the recordings, and hardly a frame is left in doubt.
    """
    if found is None or found.held is None or not flat(points):
        return False
    return left(found) <= _LITTLE


def left(found: Answer) -> float:
    """Return the part of the frames that are probably suggested wrong, as far as the head knows itself."""
    mine = found.scene.open
    count = int((found.scene.known & ~found.scene.aside).sum())
    return float((1 - found.shares.max(axis=1))[mine].sum()) / count if count else 0.0


def hint(found: Answer, points: Sequence[Point]) -> str:
    """Return in plain words whether to go on, and what is missing."""
    lack = lacking(found)
    if enough(found, points):
        said = "More labels of these recordings would hardly change anything: look through the runs that are not sure."
        return f"{said} {lack}" if lack else said
    if flat(points):
        return " ".join(
            part
            for part in ("Twice the recordings made it hardly better: another kind of print would.", lack)
            if part
        )
    return lack


def lacking(found: Answer) -> str:
    """Return which class at which time of day, '' for none, has no or few labelled recordings, or is answered badly."""
    scene = found.scene
    quarter = (scene.minutes % _DAY // (_DAY / 4)).astype(np.int64)
    labelled: Counter[tuple[int, int]] = Counter()
    there: Counter[tuple[int, int]] = Counter()
    said = found.said
    for counts, chosen in ((labelled, scene.learned >= 0), (there, scene.known & ~scene.aside)):
        cells = np.unique(np.stack([said[chosen], quarter[chosen], scene.units[chosen]]), axis=1)
        counts.update((int(class_), int(hour)) for class_, hour, _ in cells.T)
    bare = [cell for cell in there if not labelled[cell] and there[cell] >= 2]
    if bare:
        class_, hour = max(bare, key=lambda cell: (there[cell], -cell[0], -cell[1]))
        many = there[class_, hour]
        return (
            f"No label of {scene.classes[class_]} {_QUARTERS[hour]} yet, and {many} recordings look like it."
        )
    return _weakest(found)


def _weakest(found: Answer) -> str:
    """Return which class is recognised least, where that is seldom."""
    scene, held = found.scene, found.held
    if held is None:
        return ""
    recalls = {
        code: share for code, share in enumerate(held.recalls(len(scene.classes))) if share is not None
    }
    if not recalls:
        return ""
    code = min(recalls, key=lambda one: (recalls[one], one))
    units = len(np.unique(scene.units[scene.learned == code]))
    if recalls[code] >= 0.9:
        return ""
    return (
        f"{scene.classes[code]} is recognised in {100 * recalls[code]:.0f} % of its labels: "
        f"label more recordings with it ({units} so far)."
    )
