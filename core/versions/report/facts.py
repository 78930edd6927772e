"""What the page says beside the difference itself: sides of the split before and after, and what the checks found.

What always holds: read-only, and nothing is said that was not looked at: of a target that is neither the draft nor a
version of the work tree there are no checks, and the page says so. Called by the command before pictures are decoded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.tasks import Task
from core.versions import gates, manifest
from core.versions.checks import CheckResult
from core.versions.diff import Diff, Snapshot
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore

SIDES = (manifest.TRAIN, manifest.VALIDATION, manifest.EMBARGO)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a split: images per class, and how many recordings they come from."""

    images: Mapping[str, int]
    recordings: int

    @property
    def total(self) -> int:
        return sum(self.images.values())


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the page draws but the pictures.

    `splits` are the sides of base and target by name, empty where there are none; `validation` says how many images of
    it stay as they were, are changed, go and come, None where one of both has none; `checks` is None where nothing was checked. `files` are the folders of base and target
    as versions, None where they are none; `stored` the new bytes that git holds even so, None where nobody looked.
    """

    workspace: str
    task: Task
    found: Diff
    splits: tuple[Mapping[str, Side], Mapping[str, Side]]
    validation: tuple[int, int, int, int] | None
    checks: tuple[CheckResult, ...] | None
    files: tuple[Path | None, Path | None]
    stored: int | None = None


def gather(
    workspace: Workspace,
    task: Task,
    found: Diff,
    words: tuple[str, str],
    *,
    store: LabelStore | None = None,
    index: FrameIndex | None = None,
    folder: Path | None = None,
    stored: int | None = None,
) -> Facts:
    """Look up what the page needs of a difference between what two `words` (v1, draft, a path, REV:v1) mean.

    `store` and `index` are needed where the draft is the target; `folder` is what paths are relative to.
    """
    base, target = (_split_of(side) for side in (found.base, found.target))
    checks: tuple[CheckResult, ...] | None = None
    if words[1] == "draft" and store is not None and index is not None:
        checks = tuple(gates.of_draft(workspace, store, index, task))
    elif manifest.number_of(words[1]):
        checks = tuple(gates.of_version(workspace, task, words[1]))
    before, after = (
        {f for f, side in split.items() if side == manifest.VALIDATION} for split in (base, target)
    )
    return Facts(
        workspace=workspace.root.name,
        task=task,
        found=found,
        splits=(_sides(found.base, base), _sides(found.target, target)),
        validation=_validation(found, before, after) if before and after else None,
        checks=checks,
        files=(_folder(workspace, task, words[0], folder), _folder(workspace, task, words[1], folder)),
        stored=stored,
    )


def _split_of(side: Snapshot) -> dict[str, str]:
    """Return frame → side of the split; nothing of what has none."""
    found = ((frame, getattr(entry, "split", None)) for frame, entry in side.entries.items())
    return {frame: name for frame, name in found if name}


def _sides(side: Snapshot, split: Mapping[str, str]) -> dict[str, Side]:
    images: dict[str, Counter[str]] = defaultdict(Counter)
    recordings: dict[str, set[str]] = defaultdict(set)
    for frame, name in split.items():
        entry = side.entries.get(frame)
        if entry is not None:
            images[name][entry.label] += 1
            recordings[name].add(entry.recording or "")
    return {name: Side(dict(images[name]), len(recordings[name])) for name in SIDES if name in images}


def _validation(found: Diff, before: set[str], after: set[str]) -> tuple[int, int, int, int]:
    """Return how many images of validation stay as they were, are changed, go and come."""
    both, changed = before & after, {change.entry.source for change in found.changes}
    return len(both - changed), len(both & changed), len(before - after), len(after - before)


def _folder(workspace: Workspace, task: Task, word: str, folder: Path | None) -> Path | None:
    """Return where the images of a version lie in the work tree; their bytes are compared before they are shown."""
    if word == "draft":
        return None
    name = word.rpartition(":")[2]
    if manifest.number_of(name):
        return workspace.version_dir(task, name)
    path = (folder.resolve() if folder else workspace.root) / word
    return path if path.is_dir() else None
