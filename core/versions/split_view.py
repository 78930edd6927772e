"""The split of a version or of the draft as a person wants to see it: what is where, why, and what is too few.

What always holds: it shows the split that the version holds, or that an export would make; nothing is assigned here.
Called by `splits` and the Versions screen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.errors import Damaged
from core.frames.names import captured_at
from core.tasks import Task
from core.versions import splits
from core.versions.manifest import EMBARGO, TRAIN, VALIDATION, Version, current_names, read_version
from core.versions.splits import Row
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore

SIDES = (TRAIN, VALIDATION, EMBARGO)
DRAFT = "draft"
INHERITED, ASSIGNED, LINKED = "inherited", "assigned", "linked"
_RULE = splits.RULE


@dataclass(frozen=True, slots=True)
class ClassSide:
    """One class: images and recordings on every side (train, validation, embargo), and its recordings in all."""

    name: str
    images: Mapping[str, int]
    recordings: Mapping[str, int]
    total: int


@dataclass(frozen=True, slots=True)
class Placed:
    """One recording: `side` is train or validation, `why` is inherited, assigned or linked.

    `since` is the version that fixed its side ('' where none did); `linked` are the recordings that hold a picture of
    it byte for byte; `images` counts per class, `embargo` those of them that neither side uses.
    """

    id: str
    side: str
    why: str
    since: str
    linked: tuple[str, ...]
    images: Mapping[str, int]
    embargo: int
    begin: datetime | None
    end: datetime | None

    @property
    def reason(self) -> str:
        """Why it is on its side, in words."""
        if self.why == INHERITED:
            return f"inherited from {self.since}"
        more = f" and {len(self.linked) - 1} more" if len(self.linked) > 1 else ""
        return f"linked by equal bytes with {self.linked[0]}{more}" if self.why == LINKED else "assigned"


@dataclass(frozen=True, slots=True)
class SplitView:
    """The split of `name` ('v2' or 'draft'); distances in minutes, `target` is validation's share.

    `least_distance` is None where no train and validation images are of one camera; `limits` are whole sentences.
    """

    task: Task
    name: str
    parent: str | None
    target: float
    embargo_minutes: float
    least_distance: float | None
    classes: tuple[ClassSide, ...]
    recordings: tuple[Placed, ...]
    limits: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "task": self.task.name,
            "name": self.name,
            "parent": self.parent,
            "rule": {"rule": _RULE, "validation": self.target, "embargo_minutes": self.embargo_minutes},
            "least_distance_minutes": self.least_distance,
            "classes": {
                one.name: {"images": dict(one.images), "recordings": dict(one.recordings), "total": one.total}
                for one in self.classes
            },
            "recordings": [
                {
                    "id": one.id,
                    "split": one.side,
                    "why": one.why,
                    "since": one.since or None,
                    "linked": list(one.linked),
                    "images": dict(one.images),
                    "embargo": one.embargo,
                    "from": one.begin.isoformat() if one.begin else None,
                    "to": one.end.isoformat() if one.end else None,
                }
                for one in self.recordings
            ],
            "limits": list(self.limits),
        }


def view(
    workspace: Workspace,
    task: Task,
    name: str = DRAFT,
    *,
    store: LabelStore | None = None,
    index: FrameIndex | None = None,
) -> SplitView:
    """Return the split of a version, or of the draft, which needs store and index.

    Raises Lacking where there is no such version, Damaged where one can't be read.
    """
    if name == DRAFT:
        if store is None or index is None:
            raise ValueError("the draft is made of labels and frames")
        return _of_draft(workspace, task, store, index)
    return _of_version(workspace, read_version(workspace, task, name))


def _of_draft(workspace: Workspace, task: Task, store: LabelStore, index: FrameIndex) -> SplitView:
    from core.versions.placing import place
    from core.versions.plan import split_of
    from core.versions.selection import draft

    found = draft(workspace, store, index, task)
    places = place(workspace, store, index, task, [c.frame for c in found.chosen])
    made = split_of(workspace, task, found.chosen, places, {})
    rows = [
        Row(c.frame, c.label, places.recordings[c.frame], captured_at(c.frame), c.oid) for c in found.chosen
    ]
    names = current_names(workspace, task)
    return SplitView(
        task,
        DRAFT,
        found.parent.name if found.parent else None,
        workspace.settings.split.validation,
        workspace.settings.split.embargo_minutes,
        made.least_distance,
        _classes(rows, made.of, task.classes),
        _recordings(rows, made.of, _fixed(workspace, task, names)),
        made.limits,
    )


def _of_version(workspace: Workspace, version: Version) -> SplitView:
    rule, info = version.info.split_rule, version.info
    rows = [
        Row(item.source, item.label, item.recording or "", _moment(item.captured_at), item.oid)
        for item in version.items
        if item.split is not None
    ]
    of = {item.source: item.split for item in version.items if item.split is not None}
    before = [name for name in current_names(workspace, version.task) if _number(name) < version.number]
    limits = tuple(info.limits)
    if not rows:
        limits = (
            f"{version.name} has no splits: an older tool made it, and no result of it can be compared.",
        )
    return SplitView(
        version.task,
        version.name,
        info.parent,
        float(rule.get("validation", workspace.settings.split.validation)),
        float(rule.get("embargo_minutes", workspace.settings.split.embargo_minutes)),
        splits.least_distance(rows, of) if rows else None,
        _classes(rows, of, version.task.classes),
        _recordings(rows, of, _fixed(workspace, version.task, before)),
        limits,
    )


def _number(name: str) -> int:
    return int(name[1:])


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _fixed(workspace: Workspace, task: Task, names: Iterable[str]) -> dict[str, str]:
    """Return of every recording that these versions hold the first of them; one that can't be read fixes nothing."""
    since: dict[str, str] = {}
    for name in names:
        try:
            version = read_version(workspace, task, name)
        except Damaged:
            continue
        for item in version.items:
            if item.recording is not None and item.split is not None:
                since.setdefault(item.recording, name)
    return since


def _classes(rows: Sequence[Row], of: Mapping[str, str], classes: Sequence[str]) -> tuple[ClassSide, ...]:
    images: dict[str, Counter[str]] = defaultdict(Counter)
    held: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        images[row.label][of[row.frame]] += 1
        held[row.label, of[row.frame]].add(row.recording)
    names = [*classes, *sorted(images.keys() - set(classes))]
    return tuple(
        ClassSide(
            name,
            {side: images[name][side] for side in SIDES},
            {side: len(held[name, side]) for side in SIDES},
            len(set().union(*(held[name, side] for side in SIDES))),
        )
        for name in names
    )


def _recordings(rows: Sequence[Row], of: Mapping[str, str], since: Mapping[str, str]) -> tuple[Placed, ...]:
    members: dict[str, list[Row]] = defaultdict(list)
    holders: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        members[row.recording].append(row)
        if row.oid is not None:
            holders[row.oid].add(row.recording)
    linked: dict[str, set[str]] = defaultdict(set)
    for names in holders.values():
        if len(names) > 1:
            for name in names:
                linked[name] |= names - {name}
    found = []
    for name, mine in members.items():
        moments = sorted(row.captured_at for row in mine if row.captured_at is not None)
        why = INHERITED if name in since else LINKED if linked[name] else ASSIGNED
        found.append(
            Placed(
                name,
                VALIDATION if any(of[row.frame] == VALIDATION for row in mine) else TRAIN,
                why,
                since.get(name, ""),
                tuple(sorted(linked[name])),
                Counter(row.label for row in mine),
                sum(of[row.frame] == EMBARGO for row in mine),
                moments[0] if moments else None,
                moments[-1] if moments else None,
            )
        )
    return tuple(sorted(found, key=lambda one: (one.begin or datetime.max, one.id)))
