"""A difference to the draft with what the review says of it: the numbers of what goes in, the hunks of all that changed.

What always holds: frames, classes, sides and bytes are those that a release makes; what is held back is marked among the
hunks and is in no number. Called by `diff` and `review`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.tasks import Task
from core.versions.diff import Diff, Snapshot, diff
from core.versions.plan import draft_snapshot, plan
from core.versions.review import Review
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore


def reviewed(
    workspace: Workspace,
    task: Task,
    base: Snapshot,
    whole: Snapshot,
    review: Review,
    store: LabelStore,
    index: FrameIndex,
) -> Diff:
    """Return the difference from `base`, what the draft follows, to the draft; `whole` is the draft with what is held."""
    found = diff(base, whole, held=review.held, comments=review.comments)
    frames = {frame for hunk in found.hunks if hunk.held for frame in hunk.frames}
    if not frames:
        return found
    planned = plan(workspace, store, index, task)
    left = draft_snapshot(planned.draft, planned.places, planned.split.of, index)
    effect = diff(base, replace(left, limits=tuple(planned.split.limits)))
    held = tuple(change for change in found.changes if change.entry.source in frames)
    return replace(effect, hunks=found.hunks, held=held)
