"""Which recording every frame of a draft belongs to, and which side earlier versions gave it.

Recordings are computed from the file list, the labels of the idle task and what earlier versions fixed
(core.frames.recordings has the rule). Called by the plan of an export and by the difference to the draft.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.errors import Damaged
from core.frames.names import captured_at, source_of, stem
from core.frames.recordings import UNLISTED_GAP_MINUTES, cut
from core.tasks import Task
from core.versions.manifest import Version, current_names, read_version
from core.versions.splits import inherited_sides
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import Frame, FrameIndex
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
    tell: Callable[[str], object] | None = None,
) -> Places:
    """Return the recording of each frame. `labels` stand in for the store's, where a label file is taken alone.

    What only looks gives `tell`: a version that can't be read is told to it and passed over. Else raises Damaged.
    """
    fixed, sides = released(_read(workspace, task, tell))
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
    rule = workspace.settings.split
    gap = timedelta(minutes=rule.gap_minutes)
    moments: dict[str, datetime] = {}
    unlisted: set[str] = set()
    for source, members in by_source.items():
        anchors = {*members, *(frame for frame in fixed if source_of(frame) == source)}
        listed = _reaching(index.frames(source), anchors, gap)
        moments.update(listed)
        for frame in members:
            at = captured_at(frame)
            if frame not in listed and at is not None:
                unlisted.add(frame)
                moments[frame] = at
    found = cut(moments.items(), idle, gap_minutes=rule.gap_minutes, released=fixed, unlisted=unlisted)
    for folder, members in undated.items():
        # Without a time nothing tells what belongs together: all of a folder goes to one side.
        name = next((fixed[f] for f in members if f in fixed), f"{folder}/{stem(members[0])}")
        found.update(dict.fromkeys(members, name))
    return Places(found, sides, frozenset(unlisted))


def _read(workspace: Workspace, task: Task, tell: Callable[[str], object] | None) -> Iterator[Version]:
    for name in current_names(workspace, task):
        try:
            yield read_version(workspace, task, name)
        except Damaged as error:
            if tell is None:
                raise
            tell(str(error))


def _reaching(frames: Sequence[Frame], anchors: Set[str], gap: timedelta) -> dict[str, datetime]:
    """Return the frames between the first and the last anchor, and on to the next gap on either side.

    What lies further off is in stretches without any anchor, so it neither names nor cuts a recording that counts; it
    may be years of frames.
    """
    listed = [(frame.key, frame.captured_at) for frame in frames]
    places = [place for place, (key, _) in enumerate(listed) if key in anchors]
    if not places:
        return {}
    first, last = places[0], places[-1]
    while first and listed[first][1] - listed[first - 1][1] <= gap:
        first -= 1
    while last + 1 < len(listed) and listed[last + 1][1] - listed[last][1] <= gap:
        last += 1
    return dict(listed[first : last + 1])
