"""What a head says of recordings whose labels it has not seen: the only answers that tell how good it is.

What always holds: every labelled recording is asked once, of a head that learned from none of its frames nor from a
recording within the embargo of it; smoothing there knows no label of it either. Labels that were accepted from a
suggestion are asked too, but don't count for what is right: they would praise themselves. Called by suggesting and
doubts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.assist.head import Bools, Floats, Head, Ints, fit, folds_of
from core.assist.scene import Looks, Scene
from core.assist.smoothing import shares_of, smooth, stays

#: How much of what a head says is believed where nothing can tell.
CAUTIOUS = 0.1
#: What is tried, and what is thought of before looking: the worth of a few labels.
_SCALES = (1.5, 1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05, 0.03)
_USUAL, _WORTH = 0.2, 3.0
#: An answer is wrong for no reason so often, whatever the head says.
_SLIP = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Answers out of recording: labelled `places`, the `shares` of classes there after smoothing, and the `scale`.

    `counted` are places whose label a person gave without a suggestion.
    """

    places: Ints
    shares: Floats
    scale: float
    counted: Bools
    labels: Ints

    @property
    def right(self) -> Bools:
        """Which answers are as labelled."""
        found: Bools = self.shares.argmax(axis=1) == self.labels
        return found

    @property
    def share_right(self) -> float | None:
        """The part of the counted labels that is answered right, None without any."""
        return float(self.right[self.counted].mean()) if self.counted.any() else None

    def recalls(self, classes: int) -> list[float | None]:
        """Return of each class the part of its counted labels that is recognised."""
        found: list[float | None] = []
        for class_ in range(classes):
            mine = self.counted & (self.labels == class_)
            found.append(float(self.right[mine].mean()) if mine.any() else None)
        return found


def held_out(scene: Scene, looks: Looks, rows: Ints, weights: Floats, head: Head) -> HeldOut | None:
    """Ask every labelled recording of heads that don't know it; None where a class lies in fewer than two.

    `rows` and `weights` are what `head` was learned from; the scale (a temperature's inverse, after Guo et al. 2017) is
    what makes the smoothed answers likeliest, with a leaning towards a usual one as long as labels are few.
    """
    targets, units = scene.learned[rows], scene.units
    folds = folds_of(targets, units[rows])
    if folds is None:
        return None
    named, first = np.unique(units[rows], return_index=True)
    asked = np.flatnonzero(np.isin(units, named))
    fold_of = folds[first][np.searchsorted(named, units[asked])]
    features, classes = looks.of(rows), len(scene.classes)
    logits = np.zeros((len(asked), classes))
    for fold in range(int(folds.max()) + 1):
        learn = folds != fold
        other = fit(features[learn], targets[learn], weights[learn], classes, start=head)
        mine = np.flatnonzero(fold_of == fold)
        logits[mine] = looks.logits(other, asked[mine])
    given, nobody = scene.learned[asked], np.full(len(asked), -1)
    labelled = np.flatnonzero(given >= 0)
    weigh = np.zeros(len(scene.keys))
    weigh[rows] = weights * _even(targets, weights)
    stay = stays(scene.minutes[asked], scene.pieces[asked])
    best: tuple[float, float, Floats] | None = None
    for scale in _SCALES:
        shares = smooth(shares_of(logits, scale), stay, nobody, head.present)[labelled]
        told = shares[np.arange(len(labelled)), given[labelled]]
        loss = -float((weigh[asked[labelled]] * np.log(told * (1 - _SLIP) + _SLIP / 2)).sum())
        loss += _WORTH * float(np.log(scale / _USUAL)) ** 2
        if best is None or loss < best[0]:
            best = (loss, scale, shares)
    assert best is not None
    places = asked[labelled]
    return HeldOut(places, best[2], best[1], ~scene.accepted[places], given[labelled])


def _even(targets: Ints, weights: Floats) -> Floats:
    """Return by what weights are multiplied so that classes weigh the same, and all as much as before."""
    total = np.bincount(targets, weights)
    found: Floats = weights.sum() / np.count_nonzero(total) / total[targets]
    return found
