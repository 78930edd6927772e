"""Which frame to ask a person next: where one answer tells most, and not two of what is one question.

Three ways are mixed: where the head is least sure (of each recording the frame that is least sure, recordings with the
most doubt first), where frames look like nothing that is labelled (so that every hour, light and print has its turn),
and where the head and a promoted model say different things, or a frame and its neighbours. What always holds: pure; at
most one frame of a recording, none that is labelled or that a mark puts aside. Called by the worker and the benchmark.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.assist.head import Floats, Ints
from core.assist.scene import Looks, Scene
from core.assist.suggesting import FEW, Answer

#: Questions that are made at once, and how many of them ask for what is unlike all labels.
MOST, _TURN = 24, 5
#: Frames of recordings that are compared with labelled ones, at most.
_LOOKED_AT = 1500
#: Less doubt than this is none.
_LITTLE = 0.02


@dataclass(frozen=True, slots=True)
class Question:
    """A frame to label next, and why it."""

    place: int
    why: str


def questions(
    scene: Scene, looks: Looks, found: Answer | None, guesses: Ints | None = None
) -> list[Question]:
    """Return the frames to ask next, the most useful first; `guesses` are a model's classes, -1 where it said nothing."""
    unlike = _unlike(scene, looks)
    if found is None:
        return unlike[:MOST]
    unsure, other = _unsure(found), _other(found, guesses)
    # Every so many labels something that no label is like comes first: doubt alone never leaves what it knows.
    labelled = int((scene.learned >= 0).sum())
    lists = [unlike, unsure, other] if labelled % _TURN == 0 and unlike else [unsure, other, unlike]
    if labelled >= FEW and not unsure:
        lists = [other, unlike]
    return _mixed(scene, lists)


def _mixed(scene: Scene, lists: list[list[Question]]) -> list[Question]:
    """Take questions of each list in turns, one of a recording."""
    out: list[Question] = []
    seen: set[int] = set()
    for turn in range(max(map(len, lists), default=0)):
        for asked in lists:
            if turn < len(asked) and (piece := int(scene.pieces[asked[turn].place])) not in seen:
                seen.add(piece)
                out.append(asked[turn])
    return out[:MOST]


def _unsure(found: Answer) -> list[Question]:
    """Return of each recording the least sure frame, the recordings with most doubt first."""
    scene = found.scene
    doubt = np.where(scene.open, 1 - found.shares.max(axis=1), 0.0)
    total = np.bincount(scene.pieces, doubt)
    out = []
    begins = np.flatnonzero(np.diff(scene.pieces, prepend=-1))
    for piece in np.argsort(-total, kind="stable")[: 2 * MOST].tolist():
        if total[piece] < _LITTLE:
            break
        first = int(begins[piece])
        end = int(begins[piece + 1]) if piece + 1 < len(begins) else len(doubt)
        at = first + int(doubt[first:end].argmax())
        if doubt[at] <= 0:
            continue
        out.append(Question(at, "least sure here"))
    return out


def _other(found: Answer, guesses: Ints | None) -> list[Question]:
    """Return frames of which a model says otherwise, the longest such stretch first."""
    scene = found.scene
    if guesses is None:
        return []
    differs = scene.open & (guesses >= 0) & (guesses != found.said)
    edges = np.flatnonzero(
        (np.diff(differs.astype(np.int64), prepend=0) != 0) | (np.diff(scene.pieces, prepend=-1) != 0)
    )
    rows = []
    for first, end in zip(edges.tolist(), [*edges[1:].tolist(), len(differs)], strict=True):
        if differs[first]:
            at = (first + end) // 2
            rows.append((first - end, at))
    return [
        Question(at, f"the model says {scene.classes[guesses[at]]}, labels say otherwise")
        for _, at in sorted(rows)
    ]


def _unlike(scene: Scene, looks: Looks) -> list[Question]:
    """Return frames of recordings without a label: each tells of as many others as are unlike all before it.

    Greedy facility location (Nemhauser, Wolsey and Fisher 1978) over the middle frames of recordings: the next one is
    the one that brings all of them nearest to something labelled or asked.
    """
    candidates = _candidates(scene)
    if not len(candidates):
        return []
    seen = looks.of(candidates)
    apart = _squares(seen, seen)
    learned = np.flatnonzero(scene.learned >= 0)
    if len(learned) > _LOOKED_AT:
        learned = learned[np.linspace(0, len(learned) - 1, _LOOKED_AT).astype(np.int64)]
    near = (
        _squares(seen, looks.of(learned)).min(axis=1)
        if len(learned)
        else np.full(len(seen), apart.max() + 1.0)
    )
    late, out = len(learned) >= FEW, []
    for _ in range(min(MOST, len(candidates))):
        # Later on what is left are single odd recordings: the oddest first, which a sum over all would never choose.
        gain = near if late else np.maximum(near[None, :] - apart, 0).sum(axis=1)
        best = int(gain.argmax())
        if gain[best] <= 0:
            break
        near = np.minimum(near, apart[best])
        many = int((apart[best] <= near).sum())
        why = f"stands for {many} recordings without a label" if many > 1 else "unlike all that is labelled"
        out.append(Question(int(candidates[best]), why))
    return out


def _candidates(scene: Scene) -> Ints:
    """Return the middle open frame of each recording without a label."""
    count = int(scene.pieces[-1]) + 1 if len(scene.pieces) else 0
    touched = np.bincount(scene.pieces, scene.labels >= 0, count) > 0
    places = np.flatnonzero(scene.open & ~touched[scene.pieces])
    _, first, sizes = np.unique(scene.pieces[places], return_index=True, return_counts=True)
    found: Ints = places[first + sizes // 2]
    if len(found) > _LOOKED_AT:
        found = found[np.linspace(0, len(found) - 1, _LOOKED_AT).astype(np.int64)]
    return found


def _squares(one: Floats, other: Floats) -> Floats:
    """Return the squares of all distances (n x m)."""
    found = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None, :] - 2 * one @ other.T
    result: Floats = np.maximum(found, 0)
    return result
