"""What is suggested: from labels and embeddings to runs of frames with a class, how sure that is, and why.

What always holds: pure; runs are of one class within one recording, share no frame and together hold every frame that
counts; where a label is given the run has its class. How sure a run is was measured on recordings left out, and where
nothing can be measured no run counts as sure. Called by the worker and the benchmark.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np

from core.assist.head import Bools, Floats, Head, Ints, fit, rows_of
from core.assist.held_out import CAUTIOUS, HeldOut, held_out
from core.assist.scene import Looks, Scene
from core.assist.smoothing import shares_of, smooth, stays
from core.frames.names import captured_at
from core.human import plural

#: With fewer labels nothing is suggested.
FEW = 20
#: A run may be taken unseen from such a share on, where so many answers out of recording at that share or above, of so
#: many recordings, were right so often. The labelled frames are mostly those that were hard to tell: of all others more is.
SURE, RIGHT = (0.95, 0.98, 0.99), 0.9
_LEAST_ANSWERS, _LEAST_UNITS = 12, 4
#: Labelled frames that a run is compared with.
_COMPARED = 1000


@dataclass(frozen=True, slots=True)
class Run:
    """Places `first` to `last` of one class; `sure`: may be taken unseen."""

    first: int
    last: int
    class_: int
    confidence: float
    sure: bool
    why: str

    @property
    def count(self) -> int:
        """How many frames it has."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a head learned from a scene says: `shares` of the classes of every frame, after smoothing.

    `held` is what it says of recordings left out, None where that can't be asked. `least` is the share from which on
    a run is sure, None for never.
    """

    scene: Scene
    looks: Looks
    rows: Ints
    head: Head
    shares: Floats
    held: HeldOut | None
    least: float | None

    @property
    def said(self) -> Ints:
        """The class that is suggested for each frame, which of a labelled one is its label."""
        found: Ints = np.where(self.scene.learned >= 0, self.scene.learned, self.shares.argmax(axis=1))
        return found

    @property
    def episodes(self) -> list[tuple[int, int]]:
        """The runs of one class within one recording, as (first, end) places."""
        said, pieces = self.said, self.scene.pieces
        if not len(said):
            return []
        cuts = np.flatnonzero((np.diff(said) != 0) | (np.diff(pieces) != 0)) + 1
        edges = [0, *cuts.tolist(), len(said)]
        return list(pairwise(edges))


def answer(scene: Scene, looks: Looks) -> Answer | None:
    """Learn from the labels and say something of every frame; None as long as fewer than two classes are labelled."""
    rows, weights = rows_of(scene.learned, scene.pieces, scene.known, scene.accepted)
    targets = scene.learned[rows]
    if len(np.unique(targets)) < 2:
        return None
    head = fit(looks.of(rows), targets, weights, len(scene.classes))
    held = held_out(scene, looks, rows, weights, head)
    every = np.arange(len(scene.keys))
    alone = shares_of(looks.logits(head, every), held.scale if held else CAUTIOUS)
    shares = smooth(alone, stays(scene.minutes, scene.pieces), scene.learned, head.present)
    return Answer(scene, looks, rows, head, shares, held, _least(scene, held))


def _least(scene: Scene, held: HeldOut | None) -> float | None:
    """Return the share from which on answers out of recording were right often enough to be taken unseen."""
    if held is None:
        return None
    top = held.shares.max(axis=1)
    for share in SURE:
        told = held.counted & (top >= share)
        units = np.unique(scene.units[held.places[told]])
        if told.sum() < _LEAST_ANSWERS or len(units) < _LEAST_UNITS:
            return None
        if held.right[told].mean() >= RIGHT:
            return share
    return None


def runs_of(found: Answer) -> list[Run]:
    """Return the runs in order of time."""
    episodes = found.episodes
    top = found.shares.max(axis=1)
    whys = _whys(found, episodes)
    runs = []
    for (first, end), why in zip(episodes, whys, strict=True):
        bare = found.scene.labels[first:end] < 0
        share = float(top[first:end][bare].mean()) if bare.any() else 1.0
        sure = found.least is not None and share >= found.least and bool(found.scene.known[first:end].any())
        runs.append(Run(first, end - 1, int(found.said[first]), share, sure, why))
    return runs


def _whys(found: Answer, episodes: list[tuple[int, int]]) -> list[str]:
    """Return for each run what speaks for it, in a few words."""
    scene = found.scene
    middles = np.array([_middle(scene.known, first, end) for first, end in episodes], np.int64)
    near = nearest(found, middles, found.said[middles], _thinned(found.rows))
    whys = []
    for (first, end), alike in zip(episodes, near, strict=True):
        own = int((scene.learned[first:end] >= 0).sum())
        if own:
            whys.append(f"{plural(own, 'label')} of yours in it")
        elif alike >= 0:
            whys.append(f"looks like {when(scene.keys[alike])}, which you labelled")
        else:
            whys.append("as the frames around it")
    return whys


def nearest(found: Answer, places: Ints, classes: Ints, rows: Ints) -> list[int]:
    """Return for each place the learned frame of that class that looks most alike, another one; -1 for none."""
    scene, looks = found.scene, found.looks
    seen = looks.of(rows)
    targets = scene.learned[rows]
    out = [-1] * len(places)
    asked = np.flatnonzero(scene.known[places])
    for at, look in zip(asked.tolist(), looks.of(places[asked]), strict=True):
        mine = np.flatnonzero((targets == classes[at]) & (rows != places[at]))
        if len(mine):
            out[at] = int(rows[mine[int(((seen[mine] - look) ** 2).sum(axis=1).argmin())]])
    return out


def _thinned(rows: Ints) -> Ints:
    if len(rows) <= _COMPARED:
        return rows
    return rows[np.linspace(0, len(rows) - 1, _COMPARED).astype(np.int64)]


def _middle(known: Bools, first: int, end: int) -> int:
    """Return the place in the middle of those with an embedding, of all where there are none."""
    some = np.flatnonzero(known[first:end])
    return first + int(some[len(some) // 2]) if len(some) else (first + end) // 2


def when(key: str) -> str:
    """Return a frame's moment as it is said: 'Sat 8 Nov 08:54', or its name where that tells none."""
    at: datetime | None = captured_at(key)
    return f"{at:%a} {at.day} {at:%b %H:%M}" if at else key.rpartition("/")[2][:30]


def missing(scene: Scene, found: Answer | None) -> str:
    """Return what has to be labelled before something can be suggested, or trusted; '' where nothing is missing."""
    labelled = int((scene.learned >= 0).sum())
    given = [name for code, name in enumerate(scene.classes) if (scene.learned == code).any()]
    lacking = [name for name in scene.classes if name not in given]
    if len(given) < 2:
        of = " and ".join(lacking) if given else "each class"
        return f"Nothing is suggested yet: label some frames of {of}."
    if labelled < FEW:
        return (
            f"Nothing is suggested yet: {plural(FEW - labelled, 'more label')}, of several prints if you can."
        )
    if found is None:
        return ""
    return _unproven(scene, given) if found.held is None else _worse_than_guessing(scene, found.held)


def _unproven(scene: Scene, given: list[str]) -> str:
    """Say why nothing tells how right the suggestions are."""
    units = {name: len(np.unique(scene.units[scene.learned == scene.classes.index(name)])) for name in given}
    if len(np.unique(scene.units[scene.learned >= 0])) < 2:
        return (
            "All labels are of one recording: nothing tells how right this is. Label some frames of another."
        )
    lone = [name for name in given if units[name] < 2]
    return (
        f"Only one recording has {' and '.join(lone)}: nothing tells how right this is. "
        "Label it in a second recording."
    )


def _worse_than_guessing(scene: Scene, held: HeldOut) -> str:
    """Say where what was learned is of no use for other recordings; '' where it is of some."""
    recalls = [share for share in held.recalls(len(scene.classes)) if share is not None]
    if len(recalls) < 2 or sum(recalls) / len(recalls) > 1 / len(recalls):
        return ""
    return "For other recordings this is no better than guessing: label another recording of each class."


def as_json(found: Answer, runs: list[Run]) -> dict[str, Any]:
    """Return the part of the file that says what is suggested."""
    scene, held = found.scene, found.held
    sure = [run for run in runs if run.sure and _open(scene, run)]
    recalls = held.recalls(len(scene.classes)) if held else []
    return {
        "share_right": _rounded(held.share_right if held else None),
        "recall": {
            name: _rounded(share)
            for name, share in zip(scene.classes, recalls, strict=False)
            if share is not None
        },
        "runs": [
            {
                "first": scene.keys[run.first],
                "last": scene.keys[run.last],
                "frames": run.count,
                "label": scene.classes[run.class_],
                "confidence": round(run.confidence, 4),
                "sure": run.sure,
                "why": run.why,
            }
            for run in runs
        ],
        "sure": {**_measured(found), "runs": len(sure), "frames": sum(_open(scene, run) for run in sure)},
    }


def _measured(found: Answer) -> dict[str, Any]:
    """Return from which share on a run is sure, and how many answers out of recording at that share were right."""
    held, least = found.held, found.least
    if held is None or least is None:
        return {"least": None, "answers": 0, "right": 0}
    told = held.counted & (held.shares.max(axis=1) >= least)
    return {"least": least, "answers": int(told.sum()), "right": int(held.right[told].sum())}


def _open(scene: Scene, run: Run) -> int:
    """Return how many frames of a run could still be labelled."""
    return int(scene.open[run.first : run.last + 1].sum())


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
