"""What an export would do, worked out without writing anything: the release and the app show it first.

A plan that can't be carried out says why in `blocks`; `export` raises the first of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Damaged, Lacking, PrintModelsError, Refused, WrongUsage
from core.frames.names import captured_at
from core.human import plural, size
from core.tasks import Task
from core.text import safe
from core.versions import splits
from core.versions.diff import Labelled, Snapshot, diff
from core.versions.images import Images
from core.versions.manifest import Excluded, Item, Version
from core.versions.naming import base_names
from core.versions.numbering import free_number, tagged_numbers
from core.versions.placing import Places, place
from core.versions.selection import Chosen, Draft, draft
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.model import LabelProblem
    from core.labels.store import LabelStore


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """A version before it is made. `split` is final unless two images turn out to have the same bytes.

    `excluded` holds everything left out by name, `missing` what is found nowhere; `bytes_needed` is the room the copy
    takes, `bytes_new` what no version of the task holds yet.
    """

    task: Task
    name: str
    path: Path
    draft: Draft
    file_names: Mapping[str, str]
    places: Places
    split: splits.Split
    excluded: tuple[Excluded, ...]
    missing: tuple[str, ...]
    bytes_needed: int
    description: str
    source_labels: str
    blocks: tuple[PrintModelsError, ...]

    @property
    def parent(self) -> Version | None:
        return self.draft.parent

    @property
    def chosen(self) -> tuple[Chosen, ...]:
        return self.draft.chosen

    @property
    def bytes_new(self) -> int:
        return self.draft.bytes_estimate


def plan(
    workspace: Workspace,
    store: LabelStore,
    index: FrameIndex,
    task: Task,
    *,
    number: int | None = None,
    description: str = "",
    everything: bool = False,
    labels: Path | None = None,
    allow_missing: bool = False,
    hold_back: Sequence[str] = (),
    who: str = "",
    again: bool = False,
) -> ExportPlan:
    """Work out the next version (or version `number`) of a task.

    `everything` takes every label; `labels` is a label file to take alone, as imported by `who`. `allow_missing`
    excludes frames that are found nowhere, by name. `hold_back` names hunks of the difference to the parent version
    that stay as they were. A draft that the newest version holds already is made a version once more only `again`, or
    for a number or a label file. Raises Refused for a number that is taken, Damaged for a label file that can't be
    read, WrongUsage for a hunk that isn't there.
    """
    again = again or number is not None or labels is not None
    number = free_number(workspace, task, number)
    given = read_labels(labels, task) if labels is not None else None
    found = draft(workspace, store, index, task, everything=everything, labels=given, who=who)
    places = place(workspace, store, index, task, [c.frame for c in found.chosen], given)
    if hold_back:
        found = _held_back(found, places, hold_back)
        places = place(workspace, store, index, task, [c.frame for c in found.chosen], given)
    images = Images(workspace)
    held = held_items(found)
    missing = tuple(c.frame for c in found.chosen if not _findable(images, c, held.get(c.frame)))
    blocks = _file_blocks(workspace, store, task) if given is None else []
    blocks += [] if again else _same_blocks(workspace, found)
    blocks += _missing_blocks(found, workspace, index, missing, allow_missing)
    if allow_missing and missing:
        gone = set(missing)
        kept = tuple(c for c in found.chosen if c.frame not in gone)
        named = (*found.excluded, *(Excluded(frame, "missing") for frame in missing))
        found = replace(found, chosen=kept, excluded=tuple(sorted(named, key=lambda e: e.frame)))
    blocks += _class_blocks(found)
    frames = [chosen.frame for chosen in found.chosen]
    try:
        names = base_names(frames, {frame: item.base_name for frame, item in held.items()})
    except Refused as error:
        names = {}
        blocks.append(error)
    return ExportPlan(
        task,
        f"v{number}",
        workspace.version_dir(task, f"v{number}"),
        found,
        {c.frame: f"{c.label}/{names[c.frame]}" for c in found.chosen if c.frame in names},
        places,
        split_of(workspace, task, found.chosen, places, {}),
        found.excluded,
        missing,
        _bytes_needed(found, held, index),
        description,
        _shown(workspace, labels) if labels is not None else task.labels_file,
        tuple(blocks),
    )


def read_labels(path: Path, task: Task) -> dict[str, str]:
    """Read a label file that is to be taken alone. Raises Lacking, Damaged, Refused: every entry has to be a label."""
    from core.labels.files import read

    found = read(path, task)
    if found.problems:
        raise _problem_block(path.name, found.problems)
    return dict(found.labels)


def _problem_block(name: str, problems: Sequence[LabelProblem]) -> PrintModelsError:
    """Say what the first entry is that is no label: a conflict waits for a decision, all else is damage."""
    first = problems[0]
    where = f"{safe(name)}, line {first.line}" if first.line else safe(name)
    more = f" ({len(problems) - 1} more like it)" if len(problems) > 1 else ""
    kind = Refused if first.what.startswith("conflict") else Damaged
    return kind(
        f"{where}: {safe(first.key, limit=120)}: {safe(first.what)}{more}.",
        "Label the frame, or correct the entry in the file; nothing was exported.",
    )


def _shown(workspace: Workspace, path: Path) -> str:
    path = path.resolve()
    return path.relative_to(workspace.root).as_posix() if path.is_relative_to(workspace.root) else path.name


def held_items(found: Draft) -> dict[str, Item]:
    """Return the parent version's items by frame."""
    return {item.source: item for item in found.parent.items} if found.parent else {}


def split_of(
    workspace: Workspace, task: Task, chosen: Sequence[Chosen], places: Places, oids: Mapping[str, str]
) -> splits.Split:
    """Return the split of these frames; `oids` are the bytes known so far, by frame."""
    rule = workspace.settings.split
    rows = [
        splits.Row(
            c.frame, c.label, places.recordings[c.frame], captured_at(c.frame), oids.get(c.frame, c.oid)
        )
        for c in chosen
    ]
    return splits.split(
        rows,
        inherited=places.inherited,
        classes=task.classes,
        target=rule.validation,
        seed=rule.seed,
        embargo_minutes=rule.embargo_minutes,
    )


def draft_snapshot(found: Draft, places: Places) -> Snapshot:
    """Return the draft as a snapshot; bytes that nothing has read yet are those of the parent where size agrees."""
    held = held_items(found)
    entries = {}
    for c in found.chosen:
        item, oid = held.get(c.frame), c.oid
        if oid is None and item is not None and c.size in (None, item.size):
            oid = item.oid
        size_ = c.size if c.size is not None else item.size if item is not None else None
        entries[c.frame] = Labelled(c.frame, c.label, oid, size_, places.recordings[c.frame])
    return Snapshot("draft", entries, found.task.classes)


def version_snapshot(version: Version, name: str | None = None) -> Snapshot:
    """Return a version as a snapshot."""
    return Snapshot(name or version.name, {i.source: i for i in version.items}, version.task.classes)


def _held_back(found: Draft, places: Places, ids: Sequence[str]) -> Draft:
    """Return the draft with the named hunks as the parent version has them, each frame listed as held."""
    base = version_snapshot(found.parent) if found.parent else Snapshot("nothing", {}, found.task.classes)
    hunks = {hunk.id: hunk for hunk in diff(base, draft_snapshot(found, places)).hunks}
    for name in ids:
        if name not in hunks:
            known = f"For example {safe(next(iter(hunks)))}." if hunks else "There is none now."
            raise WrongUsage(
                f"There is no hunk “{safe(name, limit=120)}” between {base.name} and the draft.", known
            )
    frames = {frame for name in ids for frame in hunks[name].frames}
    held = held_items(found)
    kept = [c for c in found.chosen if c.frame not in frames]
    kept += [_as_before(held[frame]) for frame in frames if frame in held]
    named = (*found.excluded, *(Excluded(frame, "held") for frame in frames))
    return replace(
        found,
        chosen=tuple(sorted(kept, key=lambda c: c.frame)),
        excluded=tuple(sorted(named, key=lambda e: e.frame)),
    )


def _as_before(item: Item) -> Chosen:
    return Chosen(
        item.source,
        item.label,
        "held",
        item.labelled_by or "",
        item.labelled_how or "imported",
        item.labelled_at or "",
        item.oid,
        item.size,
    )


def _findable(images: Images, chosen: Chosen, item: Item | None) -> bool:
    if images.on_camera(chosen.frame):
        return True
    if chosen.oid is not None:
        return images.has(chosen.oid, chosen.size or (item.size if item else None))
    return (
        item is not None
        and item.oid is not None
        and chosen.size in (None, item.size)
        and images.has(item.oid, item.size)
    )


def _file_blocks(workspace: Workspace, store: LabelStore, task: Task) -> list[PrintModelsError]:
    """Why the label file or the marks, as they lie on the disk, are not what the store holds."""
    others = set(workspace.tasks) - {task.name}
    blocks = [error for name, error in store.file_errors.items() if name not in others]
    waiting = store.problems(task)
    return [*blocks, _problem_block(task.labels_file, waiting)] if waiting else blocks


def _same_blocks(workspace: Workspace, found: Draft) -> list[PrintModelsError]:
    """A version that holds what the newest one holds is of use to nobody, but to replace an older tool's."""
    if found.parent is None or found.parent.legacy or not found.is_parent:
        return []
    task, newest = found.task.name, found.parent.name
    made = found.parent.number not in tagged_numbers(workspace, found.task)
    return [
        Refused(
            f"There is nothing to export: {task} {newest}{', not released yet,' if made else ''} equals the draft.",
            f"Release it: print-models release --task {task}"
            if made
            else "Label or correct some frames first; to make the same once more all the same, give its --version.",
        )
    ]


def _missing_blocks(
    found: Draft, workspace: Workspace, index: FrameIndex, missing: Sequence[str], allowed: bool
) -> list[PrintModelsError]:
    """A frame found nowhere stops, unless that is allowed; a camera that is away always stops."""
    for source in sorted({frame.split("/", 1)[0] for frame in missing}):
        why = index.unreachable(source) if source in workspace.sources else None
        if why is not None:
            return [why]
    if allowed or not missing:
        return []
    named = ", ".join(safe(frame, limit=80) for frame in missing[:5])
    return [
        Refused(
            f"{plural(len(missing), 'labelled frame')} of the draft {'is' if len(missing) == 1 else 'are'} nowhere: "
            f"{named}{' …' if len(missing) > 5 else ''}.",
            "Bring the files back, or leave them out by name with --allow-missing.",
        )
    ]


def _class_blocks(found: Draft) -> list[PrintModelsError]:
    if not found.labelled:
        return [Refused(f"{found.task.name} has no labels yet.", "Label some frames first.")]
    held = [name for name, n in found.classes.items() if n]
    if not held:
        return [
            Refused(
                f"Nothing of {found.task.name} is left: all {found.labelled} labels are excluded by name.",
                "Take an exclusion back, or label more frames.",
            )
        ]
    if len(held) == 1:
        lacking = " or ".join(name for name in found.task.classes if name not in held)
        return [
            Refused(
                f"The draft of {found.task.name} holds only {held[0]}; no model can learn from one class.",
                f"Label at least one frame as {lacking}.",
            )
        ]
    return []


def _bytes_needed(found: Draft, held: Mapping[str, Item], index: FrameIndex) -> int:
    known: list[int] = []
    unknown = []
    for c in found.chosen:
        item = held.get(c.frame)
        number = c.size if c.size is not None else item.size if item is not None else None
        if number is None:
            unknown.append(c.frame)
        else:
            known.append(number)
    asked = [frame for frame in (index.get(name) for name in unknown) if frame is not None]
    return sum(known) + sum(frame.size or 0 for frame in asked)


def check_room(path: Path, needed: int, files: int) -> None:
    """Raise Lacking where the file system of `path` has not enough bytes or inodes for an export."""
    found = os.statvfs(path)
    free = found.f_bavail * found.f_frsize
    wanted = needed + needed // 50 + files * 4096
    if wanted > free:
        raise Lacking(
            f"The version needs {size(wanted)} on the disk of datasets/, {size(free)} are free.",
            "Free some space, then try again; nothing was written.",
        )
    if found.f_files and found.f_favail < files + 20:
        raise Lacking(
            f"The version needs {files + 20} inodes on the disk of datasets/, {found.f_favail} are free (df -i).",
            "Delete files that are not needed, then try again; nothing was written.",
        )
