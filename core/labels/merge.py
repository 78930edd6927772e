"""Three sides of a label file, per frame: what was agreed last (base), what labels.db says (ours), what the file says.

Pure: no disk, no database. Called by labels/sync for label files and for marks.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Merge:
    """What to take from the file (None: the entry is gone there), and frames on which both sides differ.

    `conflicts` maps a frame to (ours, theirs).
    """

    take: dict[str, str | None]
    conflicts: dict[str, tuple[str | None, str | None]]
    added: int
    removed: int
    changed: int


def three_way(
    base: Mapping[str, str],
    ours: Mapping[str, str],
    theirs: Mapping[str, str],
    *,
    skip: Collection[str] = (),
    decided: Mapping[str, str | None] | None = None,
    same: Callable[[str | None, str | None], bool] = operator.eq,
) -> Merge:
    """Compare the three sides.

    Of two new values that say the `same` ours stays. `skip` are frames whose entry in the file waits for a decision: they are left as they are. `decided` are conflicts
    that a person has decided here: where the file still says that value, ours wins.
    """
    decided = decided or {}
    take: dict[str, str | None] = {}
    conflicts: dict[str, tuple[str | None, str | None]] = {}
    added = removed = changed = 0
    for frame in base.keys() | theirs.keys():
        if frame in skip:
            continue
        then, here, there = base.get(frame), ours.get(frame), theirs.get(frame)
        if there in (then, here) or (frame in decided and decided[frame] == there):
            continue
        if here != then:
            if same(here, there):
                continue
            conflicts[frame] = (here, there)
            continue
        take[frame] = there
        added += here is None
        removed += there is None
        changed += here is not None and there is not None
    return Merge(dict(sorted(take.items())), dict(sorted(conflicts.items())), added, removed, changed)
