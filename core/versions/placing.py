"""Which recording every frame of a draft belongs to, and which side earlier versions gave it.

Recordings are computed from the file list, the labels of the idle task and what earlier versions fixed
(core.frames.recordings has the rule). Called by the plan of an export and by the difference to the draft.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.errors import Damaged
from core.frames.among import Moments, keys_of, place_among
from core.frames.names import captured_at, source_of, stem
from core.frames.recordings import UNLISTED_GAP_MINUTES, Rule, along, starts
from core.tasks import Task
from core.versions.manifest import Version, current_names, read_version
from core.versions.splits import inherited_sides
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex, FrameList
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
    by_source: dict[str, set[str]] = defaultdict(set)
    undated: dict[str, list[str]] = defaultdict(list)
    for frame in sorted(frames):
        if captured_at(frame) is None:
            undated[frame.rsplit("/", 1)[0]].append(frame)
        else:
            by_source[source_of(frame)].add(frame)
    unlisted: set[str] = set()
    found: dict[str, str] = {}
    rule = Rule(_idle(workspace, store, task, labels), fixed, workspace.settings.split.gap_minutes)
    for source, members in by_source.items():
        anchors = members.union(frame for frame in fixed if source_of(frame) == source)
        listed = _reaching(index.listed(source), anchors, timedelta(minutes=rule.gap_minutes))
        gone = members.difference(keys_of(listed))
        moments = {frame: at for frame in gone if (at := captured_at(frame)) is not None}
        every = along(source, Moments(listed), moments, rule)
        found.update((frame, recording) for frame, recording in every if frame in members)
        unlisted |= gone
    for folder, inside in undated.items():
        # Without a time nothing tells what belongs together: all of a folder goes to one side.
        name = next((fixed[f] for f in inside if f in fixed), f"{folder}/{stem(inside[0])}")
        found.update(dict.fromkeys(inside, name))
    return Places(found, sides, frozenset(unlisted))


def _read(workspace: Workspace, task: Task, tell: Callable[[str], object] | None) -> Iterator[Version]:
    for name in current_names(workspace, task):
        try:
            yield read_version(workspace, task, name)
        except Damaged as error:
            if tell is None:
                raise
            tell(str(error))


def _idle(
    workspace: Workspace, store: LabelStore, task: Task, labels: Mapping[str, str] | None
) -> dict[str, bool]:
    """Return of each frame labelled in the idle task whether it is idle."""
    idle_task = workspace.idle_task
    if idle_task is None:
        return {}
    known = labels if labels is not None and idle_task.name == task.name else store.classes(idle_task)
    return {frame: class_ == idle_task.idle for frame, class_ in known.items()}


def first_of_each(
    workspace: Workspace, store: LabelStore, index: FrameIndex, task: Task, source: str
) -> Iterator[str]:
    """Yield the first frame of every recording of a source's list, in order of time. Raises Damaged as `place` does."""
    fixed, _ = released(_read(workspace, task, None))
    rule = Rule(_idle(workspace, store, task, None), fixed, workspace.settings.split.gap_minutes)
    return starts(source, Moments(index.listed(source)), rule)


def _reaching(frames: FrameList, anchors: Set[str], gap: timedelta) -> FrameList:
    """Return the frames between the first and the last anchor, and on to the next gap on either side.

    What lies further off is in stretches without any anchor, so it neither names nor cuts a recording that counts; it
    may be years of frames.
    """
    order = sorted(((captured_at(key) or datetime.min, key) for key in anchors), reverse=True)
    first = next((at for _, key in reversed(order) if (at := place_among(frames, key)) is not None), None)
    last = next((at for _, key in order if (at := place_among(frames, key)) is not None), None)
    if first is None or last is None:
        return frames[:0]
    while first and frames[first].captured_at - frames[first - 1].captured_at <= gap:
        first -= 1
    while last + 1 < len(frames) and frames[last + 1].captured_at - frames[last].captured_at <= gap:
        last += 1
    return frames[first : last + 1]
