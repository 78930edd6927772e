"""Two models asked about the same frames: what one mends, what it breaks, and whether that is more than chance.

What always holds: both answered exactly the same frames, with the same truth; a difference is called one only where
recordings drawn anew agree with it and single frames are unlikely to be chance. Pure Python on plain rows; called by
the `compare` command and by who decides whether a model may follow another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.human import plural
from core.training import intervals
from core.training.intervals import Tallies
from core.training.predictions import Predicted

#: Below this a difference of single frames is taken for more than chance.
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Pair:
    """One frame and the answers of both models; `first` and `second` are classes."""

    row: Predicted
    first: str
    second: str

    @property
    def fixed(self) -> bool:
        return self.first != self.row.label == self.second

    @property
    def broken(self) -> bool:
        return self.first == self.row.label != self.second

    def as_json(self) -> dict[str, Any]:
        return {
            "frame": self.row.frame,
            "file_name": self.row.file_name,
            "recording": self.row.recording,
            "label": self.row.label,
            "answers": [self.first, self.second],
        }


def answer(row: Predicted, classes: Sequence[str]) -> str:
    """Return the class a model gives a frame: the likeliest, of equal ones the first."""
    return classes[max(range(len(classes)), key=row.probabilities.__getitem__)]


def pairs(first: Sequence[Predicted], second: Sequence[Predicted], classes: Sequence[str]) -> list[Pair]:
    """Return the frames that both answered, matched by file name, in its order. Raises ValueError where they differ."""
    other = {row.file_name: row for row in second}
    if len(first) != len(second) or any(
        other.get(row.file_name) is None or other[row.file_name].label != row.label for row in first
    ):
        raise ValueError("the two models did not answer the same frames")
    return [
        Pair(row, answer(row, classes), answer(other[row.file_name], classes))
        for row in sorted(first, key=lambda row: row.file_name)
    ]


def compare(asked: Sequence[Pair], classes: Sequence[str]) -> dict[str, Any]:
    """Return what the second model mends and breaks against the first, and how likely that is chance.

    `difference` is the second's balanced accuracy less the first's, with the 95 % interval of recordings drawn anew
    (None with fewer than two); `p` is McNemar's exact test. `verdict`: better, worse, alike (no answer differs), or
    untold, which stands for everything that can't be told apart. Shares 0 to 1.
    """
    recordings = [pair.row.recording for pair in asked]
    truths = [pair.row.label for pair in asked]
    tallies = [
        intervals.count(recordings, truths, [getattr(pair, which) for pair in asked], classes)
        for which in ("first", "second")
    ]
    fixed = [pair for pair in asked if pair.fixed]
    broken = [pair for pair in asked if pair.broken]
    low, high = _difference(tallies[0], tallies[1])
    p = mcnemar(len(fixed), len(broken))
    return {
        "images": len(asked),
        "recordings": len(tallies[0].recordings),
        "balanced": [round(one.balanced, 4) for one in tallies],
        "right": [sum(t == getattr(pair, w) for t, pair in zip(truths, asked, strict=True)) for w in ("first", "second")],
        "difference": round(tallies[1].balanced - tallies[0].balanced, 4),
        "difference_low": low,
        "difference_high": high,
        "p": p,
        "verdict": verdict(len(fixed), len(broken), low, high, p),
        "fixed": [pair.as_json() for pair in fixed],
        "broken": [pair.as_json() for pair in broken],
        "both_wrong": sum(pair.first != pair.row.label != pair.second for pair in asked),
    }  # fmt: skip


def mcnemar(fixed: int, broken: int) -> float:
    """Return how likely frames differ this unevenly by chance: McNemar's exact test, two-sided, 6 places.

    Of the frames on which exactly one model is right each is as likely as not to favour either, so their number is
    binomial with one half (McNemar 1947). Frames of one recording are not independent, so a small value alone proves
    little: the interval over recordings has to agree.
    """
    total, less = fixed + broken, min(fixed, broken)
    if not total:
        return 1.0
    tail = sum(math.comb(total, k) for k in range(less + 1))
    return round(min(1.0, 2 * tail / (1 << total)), 6)


def _difference(first: Tallies, second: Tallies) -> tuple[float | None, float | None]:
    """Return the interval of the difference of balanced accuracies: the same recordings are drawn for both."""
    values = []
    for places in intervals.draws(len(first.recordings)):
        drawn = [_balanced(one, places) for one in (first, second)]
        values.append(drawn[1] - drawn[0])
    if not values:
        return None, None
    low, high = intervals.middle(values)
    point = second.balanced - first.balanced
    return round(min(low, point), 4), round(max(high, point), 4)


def _balanced(found: Tallies, places: Sequence[int]) -> float:
    recalls = []
    for rows in found.of.values():
        if images := sum(rows[i].images for i in places):
            recalls.append(sum(rows[i].hits for i in places) / images)
    return sum(recalls) / len(recalls) if recalls else 0.0


def verdict(fixed: int, broken: int, low: float | None, high: float | None, p: float) -> str:
    """Return better, worse, alike or untold: both tests have to agree before a difference is called one."""
    if not fixed and not broken:
        return "alike"
    if low is None or high is None or p >= LEVEL:
        return "untold"
    return "better" if low > 0 else "worse" if high < 0 else "untold"


def sentences(found: Mapping[str, Any], first: str, second: str) -> list[str]:
    """Return a comparison in plain sentences, its verdict first."""
    where = f"{plural(found['images'], 'frame')} of {plural(found['recordings'], 'recording')}"
    fixed, broken = len(found["fixed"]), len(found["broken"])
    if found["verdict"] == "alike":
        differ = "gives every frame the class that"
        return [f"{second} {differ} {first} gives: {where}."]
    told = {
        "better": f"{second} is better than {first}",
        "worse": f"{second} is worse than {first}",
        "untold": f"{second} can't be told apart from {first}",
    }[found["verdict"]]
    points = 100 * found["difference"]
    said = [f"{told}, on {where}."]
    change = f"It mends {plural(fixed, 'frame')} and breaks {broken}; balanced accuracy {_share(found['balanced'][0])} → "
    change += f"{_share(found['balanced'][1])} ({points:+.1f} points".replace("-", "−")
    if found["difference_low"] is not None:
        span = f"{100 * found['difference_low']:+.1f} and {100 * found['difference_high']:+.1f}"
        change += f", between {span} with other recordings".replace("-", "−")
    said.append(change + ").")
    said.append(
        f"Such a difference of single frames comes about by chance {_chance(found['p'])}"
        + ("; with one recording alone nothing more can be said." if found["difference_low"] is None else ".")
    )
    return said


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"


def _chance(p: float) -> str:
    if p < 0.001:
        return "less than once in a thousand times"
    return f"{100 * p:.0f} times in a hundred" if p >= 0.02 else f"{1000 * p:.0f} times in a thousand"
