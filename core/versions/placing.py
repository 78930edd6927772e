"""Which recording every frame of a draft belongs to, and which side earlier versions gave it.

Recordings are computed from the file list, the labels of the idle task and what earlier versions fixed
(core.frames.recordings has the rule). Called by the plan of an export and by the difference to the draft.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from core.frames.names import captured_at, day_of, source_of, stem
from core.frames.recordings import UNLISTED_GAP_MINUTES, cut
from core.tasks import Task
from core.versions.manifest import Version, current_names, read_version
from core.versions.splits import inherited_sides
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore


@dataclass(frozen=True, slots=True)
class Places:
    """The recording of every frame, the inherited side of every released recording, frames no file list holds."""

    recordings: Mapping[str, str]
    inherited: Mapping[str, str]
    unlisted: frozenset[str]

    @property
    def unlisted_gap(self) -> int | None:
        return UNLISTED_GAP_MINUTES if self.unlisted else None


def released(versions: Iterable[Version]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what versions fixed, the later one winning: frame → recording, recording → side."""
    frames: dict[str, str] = {}
    sides: dict[str, str] = {}
    for version in versions:
        frames.update({i.source: i.recording for i in version.items if i.recording is not None})
        sides.update(inherited_sides(version.items))
    return frames, sides


def place(
    workspace: Workspace,
    store: LabelStore,
    index: FrameIndex,
    task: Task,
    frames: Iterable[str],
    labels: Mapping[str, str] | None = None,
) -> Places:
    """Return the recording of each frame. `labels` stand in for the store's, where a label file is taken alone."""
    fixed, sides = released(read_version(workspace, task, name) for name in current_names(workspace, task))
    idle_task = workspace.idle_task
    idle: dict[str, bool] = {}
    if idle_task is not None:
        known = labels if labels is not None and idle_task.name == task.name else store.classes(idle_task)
        idle = {frame: class_ == idle_task.idle for frame, class_ in known.items()}
    by_source: dict[str, list[str]] = defaultdict(list)
    undated: dict[str, list[str]] = defaultdict(list)
    for frame in sorted(frames):
        if captured_at(frame) is None:
            undated[frame.rsplit("/", 1)[0]].append(frame)
        else:
            by_source[source_of(frame)].append(frame)
    moments: dict[str, datetime] = {}
    unlisted: set[str] = set()
    for source, members in by_source.items():
        days = [day_of(frame) or "" for frame in members]
        first, last = min(days), max(days)
        listed = {
            f.key: f.captured_at for f in index.frames(source) if first <= (day_of(f.key) or "") <= last
        }
        moments.update(listed)
        for frame in members:
            at = captured_at(frame)
            if frame not in listed and at is not None:
                unlisted.add(frame)
                moments[frame] = at
    rule = workspace.settings.split
    found = cut(list(moments.items()), idle, gap_minutes=rule.gap_minutes, released=fixed, unlisted=unlisted)
    for folder, members in undated.items():
        # Without a time nothing tells what belongs together: all of a folder goes to one side.
        name = next((fixed[f] for f in members if f in fixed), f"{folder}/{stem(members[0])}")
        found.update(dict.fromkeys(members, name))
    return Places(found, sides, frozenset(unlisted))
