"""Why a version can't be made: each with what happened and what to do.

What always holds: nothing is written here. `plan` lists them all and `export` raises the first; `check_room` raises its own.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Damaged, Lacking, PrintModelsError, Refused
from core.human import plural, size
from core.tasks import Task
from core.text import safe
from core.versions.numbering import tagged_numbers
from core.versions.selection import Draft
from core.workspace import Workspace

#: A file takes whole blocks; and git's own index, trees and commit need room beside the objects.
_PER_FILE, _RESERVE = 4096, 128 << 10
MARKS_FILE = "data/marks.json"

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.model import LabelProblem
    from core.labels.store import LabelStore


def entry_block(name: str, problems: Sequence[LabelProblem]) -> PrintModelsError:
    """Say what the first entry is that can't be taken: what is no label first, then a class nobody knows, then a conflict.

    Only what can't be read as a label is damage; the others are labels that a rule forbids.
    """
    first = min(problems, key=lambda entry: (entry.in_conflict, entry.unknown))
    where = f"{safe(name)}, line {first.line}" if first.line else safe(name)
    more = f" ({len(problems) - 1} more like it)" if len(problems) > 1 else ""
    kind = Refused if first.in_conflict or first.unknown else Damaged
    decide = "Mark" if name == MARKS_FILE else "Label"
    return kind(
        f"{where}: {safe(first.key, limit=120)}: {safe(first.what)}{more}.",
        f"{decide} the frame, or correct the entry in the file; nothing was exported.",
    )


def file_blocks(workspace: Workspace, store: LabelStore, task: Task) -> list[PrintModelsError]:
    """Why the label file or the marks, as they lie on the disk, are not what the store holds."""
    others = set(workspace.tasks) - {task.name}
    blocks = [error for name, error in store.file_errors.items() if name not in others]
    waiting = ((task.labels_file, store.problems(task)), (MARKS_FILE, store.mark_problems()))
    return [*blocks, *(entry_block(name, entries) for name, entries in waiting if entries)]


def same_blocks(workspace: Workspace, found: Draft) -> list[PrintModelsError]:
    """A version that holds what the newest one holds is of use to nobody, but to replace an older tool's."""
    if found.parent is None or found.parent.legacy or not found.is_parent:
        return []
    task, newest = found.task.name, found.parent.name
    waits = found.parent.number not in tagged_numbers(workspace, found.task)
    return [
        Refused(
            f"There is nothing to export: {task} {newest}{', not released yet,' if waits else ''} equals the draft.",
            f"Release it: print-models release --task {task}"
            if waits
            else "Label or correct some frames first; to make the same once more all the same, give its --version.",
        )
    ]


def missing_blocks(
    found: Draft, workspace: Workspace, index: FrameIndex, missing: Sequence[str], allowed: bool
) -> list[PrintModelsError]:
    """A frame found nowhere stops, unless that is allowed; a camera that is away always stops."""
    for source in sorted({frame.split("/", 1)[0] for frame in missing}):
        why = index.unreachable(source) if source in workspace.sources else None
        if why is not None:
            return [why]
    if allowed or not missing:
        return []
    named = few([safe(frame, limit=80) for frame in missing])
    return [
        Refused(
            f"{plural(len(missing), 'labelled frame')} of the draft {'is' if len(missing) == 1 else 'are'} nowhere: "
            f"{named}.",
            "Bring the files back, or leave them out by name: print-models export --allow-missing",
        )
    ]


def few(names: Sequence[str]) -> str:
    """Name the first of many: 'a, b, c and 49 more'."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def class_blocks(found: Draft) -> list[PrintModelsError]:
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


def check_room(path: Path, needed: int, files: int, *, new: int = 0, objects: Path | None = None) -> None:
    """Raise Lacking where a disk has not enough bytes or inodes for an export and the release after it.

    `needed` bytes in `files` go below `path`; of those `new` are copied once more by Git LFS, below `objects` (which
    need not exist yet; None where there is no repository).
    """
    wanted = needed + needed // 50 + files * _PER_FILE
    disk = os.stat(path).st_dev
    copy = new + new // 50 + _RESERVE if objects is not None and new else 0
    if objects is not None and copy:
        objects = next(at for at in (objects, *objects.parents) if at.is_dir())
        if objects.stat().st_dev != disk:
            _check_bytes(objects, copy, "Git LFS needs {} for its copy of the images")
            copy = 0
    what = "The version and its copy in Git LFS need" if copy else "The version needs"
    _check_bytes(path, wanted + copy, f"{what} {{}} on the disk of datasets/")
    found, inodes = os.statvfs(path), files * (2 if copy else 1) + 20
    if found.f_files and found.f_favail < inodes:
        raise Lacking(
            f"{what} {inodes} inodes on the disk of datasets/, {found.f_favail} are free (df -i).",
            "Delete files that are not needed, then try again; nothing was written.",
        )


def _check_bytes(path: Path, wanted: int, what: str) -> None:
    found = os.statvfs(path)
    free = found.f_bavail * found.f_frsize
    if wanted > free:
        raise Lacking(
            f"{what.format(size(wanted))}, {size(free)} are free.",
            f"Free {size(wanted - free)}, then try again; nothing was written.",
        )
