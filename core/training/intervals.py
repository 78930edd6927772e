"""How sure a share can be: intervals by drawing whole recordings, since the frames of one are nearly one picture.

What always holds: the same images and answers give the same interval, in whatever order they come; an interval lies
within 0 and 1 and holds its own share; few recordings never give a narrow one. Pure Python on plain rows; called by
results and comparing.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.versions.baselines import wilson

DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Tally:
    """One class in one recording: its `images`, how often it was `called`, and how often both (`hits`)."""

    images: int
    called: int
    hits: int


@dataclass(frozen=True, slots=True)
class Tallies:
    """All answers, counted: `of[class]` has one tally per recording, in the order of `recordings`."""

    recordings: tuple[str, ...]
    of: dict[str, tuple[Tally, ...]]

    @property
    def balanced(self) -> float:
        """The mean of the recalls of the classes that have images; 0 without any."""
        recalls = [recall(tallies) for tallies in self.of.values() if any(one.images for one in tallies)]
        return sum(recalls) / len(recalls) if recalls else 0.0


@dataclass(frozen=True, slots=True)
class Intervals:
    """95 % intervals: of the balanced accuracy (None with fewer than two recordings), of each class's two shares."""

    balanced: tuple[float, float] | None
    recall: dict[str, tuple[float, float]]
    precision: dict[str, tuple[float, float]]


def count(
    recordings: Sequence[str], truths: Sequence[str], answers: Sequence[str], classes: Sequence[str]
) -> Tallies:
    """Count answers per class and recording; the three sequences have one entry per image."""
    images: dict[tuple[str, str], int] = defaultdict(int)
    called: dict[tuple[str, str], int] = defaultdict(int)
    hits: dict[tuple[str, str], int] = defaultdict(int)
    for recording, truth, answer in zip(recordings, truths, answers, strict=True):
        images[truth, recording] += 1
        called[answer, recording] += 1
        hits[truth, recording] += truth == answer
    names = tuple(sorted(set(recordings)))
    return Tallies(
        names,
        {
            label: tuple(Tally(images[label, name], called[label, name], hits[label, name]) for name in names)
            for label in classes
        },
    )


def recall(tallies: Iterable[Tally]) -> float:
    """Return the part of a class's images that was recognised; 0 without images."""
    known = list(tallies)
    images = sum(one.images for one in known)
    return sum(one.hits for one in known) / images if images else 0.0


def precision(tallies: Iterable[Tally]) -> float:
    """Return the part of what was called this class that is of it; 0 where nothing was."""
    known = list(tallies)
    called = sum(one.called for one in known)
    return sum(one.hits for one in known) / called if called else 0.0


def intervals(found: Tallies, *, seed: int = 0) -> Intervals:
    """Return the intervals of a result by drawing recordings with replacement (Efron 1979), a thousand times.

    Few recordings, all of them right, would give intervals of no width; so each is at least as wide as if every
    recording that counts for the share were one look (Wilson's interval over recordings).
    """
    recalls: dict[str, list[float]] = defaultdict(list)
    precisions: dict[str, list[float]] = defaultdict(list)
    means: list[float] = []
    columns = {
        label: ([t.images for t in rows], [t.called for t in rows], [t.hits for t in rows])
        for label, rows in found.of.items()
    }
    for places in draws(len(found.recordings), seed):
        drawn = []
        for label, (images, called, hits) in columns.items():
            right = sum(map(hits.__getitem__, places))
            if total := sum(map(images.__getitem__, places)):
                recalls[label].append(right / total)
                drawn.append(right / total)
            if total := sum(map(called.__getitem__, places)):
                precisions[label].append(right / total)
        if drawn:
            means.append(sum(drawn) / len(drawn))
    of_recall = {}
    of_precision = {}
    for label, rows in found.of.items():
        looks = sum(bool(one.images) for one in rows)
        of_recall[label] = widened(recalls[label], recall(rows), wilson(recall(rows) * looks, looks))
        looks = sum(bool(one.called) for one in rows)
        of_precision[label] = widened(
            precisions[label], precision(rows), wilson(precision(rows) * looks, looks)
        )
    present = [of_recall[label] for label, rows in found.of.items() if any(one.images for one in rows)]
    balanced = None
    if len(found.recordings) >= 2 and present:
        balanced = widened(means, found.balanced, least_balanced(found))
    return Intervals(balanced, of_recall, of_precision)


def least_balanced(found: Tallies) -> tuple[float, float]:
    """Return how wide the balanced accuracy's interval is at least: every recording of a class as one look at it.

    The classes' Wilson intervals are combined as those of a mean: half widths by the root of the sum of squares, where
    classes are correlated as far as they share recordings (shared / root of the product of both numbers).
    """
    known = []
    for rows in found.of.values():
        places = {at for at, one in enumerate(rows) if one.images}
        if places:
            share = recall(rows)
            low, high = wilson(share * len(places), len(places))
            known.append((share, share - low, high - share, places))
    below = above = 0.0
    for _, low, high, places in known:
        for _, other_low, other_high, others in known:
            alike = len(places & others) / math.sqrt(len(places) * len(others))
            below += alike * low * other_low
            above += alike * high * other_high
    mean = sum(one[0] for one in known) / len(known)
    return max(0.0, mean - math.sqrt(below) / len(known)), min(1.0, mean + math.sqrt(above) / len(known))


def draws(recordings: int, seed: int = 0) -> Iterable[list[int]]:
    """Yield the places of recordings drawn with replacement, as many as there are; none of fewer than two."""
    if recordings < 2:
        return
    chance = random.Random(seed)
    places = range(recordings)
    for _ in range(DRAWS):
        yield chance.choices(places, k=recordings)


def middle(values: Iterable[float]) -> tuple[float, float]:
    """Return the ends of the middle 95 % of drawn values. There has to be one."""
    ordered = sorted(values)
    low = ordered[int(len(ordered) * 0.025)]
    return low, ordered[max(int(len(ordered) * 0.975) - 1, 0)]


def widened(drawn: Sequence[float], share: float, least: tuple[float, float]) -> tuple[float, float]:
    """Return the interval of a share from drawn values, at least as wide as `least`, rounded to 4 places."""
    low, high = middle(drawn) if drawn else least
    return round(min(low, least[0], share), 4), round(max(high, least[1], share), 4)
