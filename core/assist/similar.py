"""Which frames look alike: near copies by time and content, more like this one, and what an export could do without.

What always holds: pure; a near copy is near the first frame of its group in looks and in time, never only near its
neighbour, so that a night in which it slowly dawns is no single picture; nothing crosses a recording. Called by the
command `similar`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.assist.head import Floats
from core.assist.scene import Looks, Scene

#: A copy lies at most so many minutes behind the first of its group.
WITHIN_MINUTES = 30.0
#: Pairs of frames that tell what a camera's noise is, and what is far apart.
_PAIRS = 4000
#: Looks differ by noise up to so many times what frames in a row differ by where least happens; and at most by this
#: share of what any two frames differ by.
_NOISE, _MOST = 2.0, 0.15


@dataclass(frozen=True, slots=True)
class Copies:
    """A group of near copies: places in order, the first is what the others are near to."""

    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Thinning:
    """Labelled frames that a kept one with the same label stands for, and groups whose labels differ."""

    left_out: tuple[int, ...]
    kept: int
    disagreeing: tuple[Copies, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """A frame that looks like the one asked about; `share` is 1 for the same picture, 0 for any two."""

    place: int
    share: float


def radius(scene: Scene, looks: Looks) -> tuple[float, float]:
    """Return how far looks of near copies lie apart at most, and how far those of any two frames in the middle."""
    places = np.flatnonzero(scene.known)
    if len(places) < 2:
        return 0.0, 1.0
    dice = np.random.default_rng(0)
    rows = np.flatnonzero(scene.pieces[places[1:]] == scene.pieces[places[:-1]])
    if len(rows) > _PAIRS:
        rows = np.sort(dice.choice(rows, _PAIRS, replace=False))
    one, two = dice.choice(places, (2, min(_PAIRS, 10 * len(places))))
    apart = _distances(looks.plain(one), looks.plain(two))
    far = float(np.median(apart)) or 1.0
    if not len(rows):
        return 0.0, far
    still = float(np.quantile(_distances(looks.plain(places[rows]), looks.plain(places[rows + 1])), 0.25))
    return min(_NOISE * still, _MOST * far), far


def copies(scene: Scene, looks: Looks) -> list[Copies]:
    """Return the groups of two near copies or more, in order of time."""
    most, _ = radius(scene, looks)
    places = np.flatnonzero(scene.known)
    if not len(places):
        return []
    found: list[list[int]] = []
    first, first_look = -1, np.empty(0)
    for some in np.array_split(places, -(-len(places) // 10_000)):
        for place, look in zip(some.tolist(), looks.plain(some), strict=True):
            near = (
                first >= 0
                and scene.pieces[place] == scene.pieces[first]
                and scene.minutes[place] - scene.minutes[first] <= WITHIN_MINUTES
                and float(np.sqrt(((look - first_look) ** 2).sum())) <= most
            )
            if near:
                found[-1].append(place)
            else:
                first, first_look = place, look
                found.append([place])
    return [Copies(tuple(group)) for group in found if len(group) > 1]


def thinned(scene: Scene, looks: Looks) -> Thinning:
    """Return which labelled frames are near copies of a labelled frame before them, as far as their labels agree."""
    left_out: list[int] = []
    disagreeing = []
    for group in copies(scene, looks):
        places = [place for place in group.places if scene.learned[place] >= 0]
        labels = {int(scene.learned[place]) for place in places}
        if len(labels) > 1:
            disagreeing.append(Copies(tuple(places)))
        elif len(places) > 1:
            left_out += places[1:]
    labelled = int((scene.learned >= 0).sum())
    return Thinning(tuple(left_out), labelled - len(left_out), tuple(disagreeing))


def like(scene: Scene, looks: Looks, place: int, count: int) -> list[Alike]:
    """Return frames that look most like one, the nearest first: of each group of near copies one, none of its own."""
    if not scene.known[place]:
        return []
    _, far = radius(scene, looks)
    group = np.arange(len(scene.keys))
    for one in copies(scene, looks):
        group[list(one.places)] = one.places[0]
    places = np.flatnonzero(scene.known & (group != group[place]))
    apart = np.concatenate(
        [
            _distances(looks.plain(some), looks.plain(np.array([place])))
            for some in np.array_split(places, 1 + len(places) // 10_000)
        ]
    )
    out: list[Alike] = []
    seen: set[int] = set()
    for at in np.argsort(apart, kind="stable").tolist():
        if len(out) == count:
            break
        if int(group[places[at]]) not in seen:
            seen.add(int(group[places[at]]))
            out.append(Alike(int(places[at]), max(0.0, 1 - float(apart[at]) / far)))
    return out


def _distances(one: Floats, other: Floats) -> Floats:
    found: Floats = np.sqrt(((one - other) ** 2).sum(axis=1))
    return found
