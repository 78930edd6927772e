"""From a word to a snapshot: `v1`, `draft`, a path, `REV:v1`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Lacking, WrongUsage
from core.tasks import Task
from core.text import safe
from core.versions import manifest
from core.versions.diff import Labelled, Snapshot
from core.versions.plan import draft_snapshot, read_labels, split_of, version_snapshot
from core.versions.trees import FolderTree, GitTree, read_tree
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore


def snapshot_of(
    workspace: Workspace,
    spec: str,
    task: Task,
    *,
    store: LabelStore | None = None,
    index: FrameIndex | None = None,
    folder: Path | None = None,
    tell: Callable[[str], object] | None = None,
) -> Snapshot:
    """Return what a word means: a version of the work tree, the draft, a version's folder or a label file, or a
    version as a commit has it (`main~3:v1`, `:v1` is HEAD's). Paths are relative to `folder`, else the workspace.
    A version that the draft only inherits from and that can't be read is told to `tell`, where that is given.

    Raises WrongUsage, Lacking, Damaged.
    """
    if spec == "draft":
        return _draft(workspace, task, store, index, tell)
    if manifest.number_of(spec):
        return _of_version(manifest.read_version(workspace, task, spec), spec)
    revision, colon, name = spec.rpartition(":")
    if colon and manifest.number_of(name):
        if revision.startswith("-"):
            raise WrongUsage(f"“{safe(spec, limit=80)}” is no commit.", "Write it like main~3:v1.")
        tree = GitTree(workspace.root, revision or "HEAD", f"datasets/{task.name}/{name}")
        return _of_version(read_tree(tree, task, name, workspace.version_dir(task, name)), spec)
    path = (folder.resolve() if folder else workspace.root) / spec
    if path.is_dir():
        return _of_version(read_tree(FolderTree(path), task, path.name, path), spec)
    if path.is_file():
        return _of_labels(read_labels(path, task), spec, task)
    raise Lacking(
        f"“{safe(spec, limit=80)}” is no version of {task.name}, no commit's version and no file.",
        "Use v1, draft, a path, or COMMIT:v1.",
    )


def _of_version(version: manifest.Version, name: str) -> Snapshot:
    return replace(version_snapshot(version, name), limits=tuple(version.info.limits))


def _of_labels(labels: dict[str, str], name: str, task: Task) -> Snapshot:
    return Snapshot(name, {f: Labelled(f, label) for f, label in labels.items()}, task.classes)


def _draft(
    workspace: Workspace,
    task: Task,
    store: LabelStore | None,
    index: FrameIndex | None,
    tell: Callable[[str], object] | None,
) -> Snapshot:
    from contextlib import ExitStack

    from core.frames.index import FrameIndex
    from core.labels.sync import open_store
    from core.versions.placing import place
    from core.versions.selection import draft

    with ExitStack() as stack:
        if store is None:
            store = stack.enter_context(open_store(workspace))
        if index is None:
            index = stack.enter_context(FrameIndex(workspace))
            index.scan()
        found = draft(workspace, store, index, task)
        places = place(workspace, store, index, task, [c.frame for c in found.chosen], tell=tell)
        split = split_of(workspace, task, found.chosen, places, {})
    return replace(draft_snapshot(found, places, split.of, index), limits=tuple(split.limits))
