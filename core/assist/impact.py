"""What a change of labels would do: two heads, one learned from a version, one from the draft, asked about validation.

What always holds: only frames of recordings that are validation in both are judged, by the draft's label, and neither
head learned from any frame of them; both look at frames in the same directions, so that what differs comes from labels
alone. It is what a head says, not yet a trained network. Called by the app before a release, in a lane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import comb

import numpy as np

from core.assist.embeddings import Embeddings
from core.assist.engines import choose
from core.assist.head import Bools, Floats, Head, Ints, Space, Vectors, fit, rows_of, space_of
from core.frames.names import captured_at, source_of
from core.human import count, plural
from core.progress import CancelToken, Report, silent
from core.tasks import Task
from core.versions.diff import Entry, Snapshot
from core.versions.manifest import TRAIN, VALIDATION
from core.workspace import Workspace

#: From such a chance on, fixed and broken frames may as well be luck.
_LUCK = 0.05


@dataclass(frozen=True, slots=True)
class Impact:
    """Of `asked` validation frames in `recordings` recordings: right with the labels before, and after.

    `fixed` were answered wrong and are right now, `broken` the other way. `unseen` could not be looked at. Where nothing
    can be said, `why_not` says why and all else is empty.
    """

    asked: int = 0
    recordings: int = 0
    before: int = 0
    after: int = 0
    fixed: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    unseen: int = 0
    why_not: str = ""

    @property
    def text(self) -> str:
        """The whole of it in a sentence or two."""
        if self.why_not:
            return self.why_not
        frames = f"{plural(self.asked, 'validation frame')} of {plural(self.recordings, 'recording')}"
        said = (
            f"{count(len(self.fixed))} fixed, {count(len(self.broken))} broken: "
            f"{count(self.before)} → {count(self.after)} of {frames} right."
        )
        if self.unseen:
            said += f" {plural(self.unseen, 'frame')} could not be looked at."
        return said + (" That may be chance." if (self.fixed or self.broken) and self.chance > _LUCK else "")

    @property
    def chance(self) -> float:
        """How likely at least so uneven a pair of numbers is by luck (McNemar's exact test)."""
        total, least = len(self.fixed) + len(self.broken), min(len(self.fixed), len(self.broken))
        return min(1.0, 2 * sum(comb(total, few) for few in range(least + 1)) / 2**total) if total else 1.0


def impact(
    workspace: Workspace,
    task: Task,
    base: Snapshot,
    target: Snapshot,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Impact:
    """Return what the labels of `target` would fix and break against those of `base`.

    Computes the embeddings that are missing, which may take long the first time. Raises Cancelled, Lacking, Busy.
    """
    judged = _judged(base, target)
    sides = [_learned(base, judged), _learned(target, judged)]
    why_not = _why_not(judged, sides)
    if why_not:
        return Impact(why_not=why_not)
    frames = sorted(
        {*judged, *sides[0], *sides[1]},
        key=lambda key: (source_of(key), captured_at(key) or datetime.min, key),
    )
    engine = choose(workspace)
    try:
        with Embeddings(workspace, engine) as embeddings:
            bare = [key for key, row in zip(frames, embeddings.rows(frames).tolist(), strict=True) if row < 0]
            if bare:
                embeddings.fill(bare, report, cancel)
            vectors, known = embeddings.of(frames)
    finally:
        engine.close()
    recordings = [_recording(key, base, target) for key in frames]
    return weigh(task.classes, frames, vectors, known, recordings, sides, judged)


def weigh(
    classes: Sequence[str],
    frames: Sequence[str],
    vectors: Vectors,
    known: Bools,
    recordings: Sequence[str],
    sides: Sequence[Mapping[str, str]],
    judged: Mapping[str, str],
) -> Impact:
    """Compare the heads of two `sides` (frame → class) on `judged` frames; arrays have an entry per frame."""
    codes = {name: code for code, name in enumerate(classes)}
    numbers = {name: number for number, name in enumerate(dict.fromkeys(recordings))}
    pieces = np.array([numbers[name] for name in recordings], np.int64)
    space = space_of(vectors[known])
    asked = np.flatnonzero(np.array([key in judged for key in frames], np.bool_) & known)
    unseen = len(judged) - len(asked)
    heads = [_head(side, frames, vectors, known, pieces, codes, space) for side in sides]
    if not len(asked) or None in heads:
        return Impact(unseen=unseen, why_not="Too few of these frames can be looked at here to say anything.")
    truth = np.array([codes.get(judged[frames[at]], -1) for at in asked.tolist()], np.int64)
    seen: Floats = space.of(vectors[asked])
    before, after = (head.logits(seen).argmax(axis=1) == truth for head in heads if head is not None)
    return Impact(
        len(asked),
        len({recordings[at] for at in asked.tolist()}),
        int(before.sum()),
        int(after.sum()),
        tuple(frames[at] for at in asked[after & ~before].tolist()),
        tuple(frames[at] for at in asked[before & ~after].tolist()),
        unseen,
    )


def _head(
    side: Mapping[str, str],
    frames: Sequence[str],
    vectors: Vectors,
    known: Bools,
    pieces: Ints,
    codes: Mapping[str, int],
    space: Space,
) -> Head | None:
    """Learn a head from one side's labels; None where fewer than two classes can be looked at."""
    labels = np.array([codes.get(side.get(key, ""), -1) for key in frames], np.int64)
    rows, weights = rows_of(np.where(known, labels, -1), pieces, known)
    if len(np.unique(labels[rows])) < 2:
        return None
    return fit(space.of(vectors[rows]), labels[rows], weights, len(codes))


def _judged(base: Snapshot, target: Snapshot) -> dict[str, str]:
    """Return validation frames of the target, with their labels, whose recordings are validation in the base too."""
    frozen = {entry.recording for entry in base.entries.values() if _side(entry) == VALIDATION}
    return {
        frame: entry.label
        for frame, entry in target.entries.items()
        if _side(entry) == VALIDATION and entry.recording is not None and entry.recording in frozen
    }


def _learned(side: Snapshot, judged: Mapping[str, str]) -> dict[str, str]:
    return {
        frame: entry.label
        for frame, entry in side.entries.items()
        if _side(entry) == TRAIN and frame not in judged
    }


def _side(entry: Entry) -> str | None:
    found = getattr(entry, "split", None)
    return found if isinstance(found, str) else None


def _recording(frame: str, *sides: Snapshot) -> str:
    for side in sides:
        entry = side.entries.get(frame)
        if entry is not None and entry.recording is not None:
            return entry.recording
    return frame


def _why_not(judged: Mapping[str, str], sides: Sequence[Mapping[str, str]]) -> str:
    if not judged:
        return "No recording is validation in both: nothing tells what the change would fix or break."
    if any(len(set(side.values())) < 2 for side in sides):
        return "To learn from, one of the two has frames of one class only: nothing can be compared."
    return ""
