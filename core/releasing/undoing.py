"""Taking a version back that no remote has: an interrupted one (`abort`), or one that is tagged here (`undo`).

What always holds: no label is touched; a version that a remote may have is never taken back; what others committed,
staged or changed stays. Tag, commit, index and folder go in this order, each by one step of git or one rename, and each
is asked for before it is done: taking back again after a kill ends right. Called by `release`, the Release screen.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from core.durable import copy_hashing, explain, fsync_dir, lock
from core.errors import PrintModelsError
from core.releasing import journal
from core.releasing.back import Aborted, aborting, undoing, wanted
from core.releasing.cargo import companions
from core.releasing.committing import commit_only, make_durable
from core.storage.git import Git
from core.tasks import Task
from core.versions import kept, manifest
from core.versions.stage import sweep
from core.workspace import Workspace

__all__ = ["Aborted", "abort", "aborting", "undo", "undoing"]


def abort(workspace: Workspace, task: Task | None = None) -> Aborted:
    """Take an interrupted release back: a version that no tag names goes, with what is staged or committed of it.

    Without one that was interrupted it is the newest version of `task` that no tag names. Raises what `aborting` raises.
    """
    workspace.ensure_private()
    with lock(workspace.private / "release.lock", what="a release"):
        found = aborting(workspace, task)
        _take_back(workspace, found)
        return found


def undo(workspace: Workspace, task: Task, name: str) -> Aborted:
    """Take a version back that was tagged here and never pushed; its folder goes to `.print-models/undone/`.

    Raises what `undoing` raises.
    """
    workspace.ensure_private()
    with lock(workspace.private / "release.lock", what="a release"):
        found = undoing(workspace, task, name)
        _take_back(workspace, found)
        return found


def _take_back(workspace: Workspace, found: Aborted) -> None:
    git = Git(workspace.root, workspace.git_log)
    task, folder = workspace.task(found.task), f"datasets/{found.name}"
    ours = companions(workspace, git, [task])
    if found.tag is not None and (at := git.rev_parse(f"refs/tags/{found.tag}")) is not None:
        git.delete_tag(found.tag, at)
    if found.commit is not None:
        if found.moved:
            before = git.rev_parse(f"{found.commit}~1") or ""
            git.move_branch(
                git.branch() or "", before, found.commit, f"print-models: {found.kind} {found.name}"
            )
        else:
            files = list(git.ls_files(folder))
            git.restage(dict.fromkeys(files))
            commit_only(git, files, f"{found.task} {found.version}: taken back before it was pushed")
    others = ours if found.moved or found.staged else []
    git.restage(wanted(git, "HEAD", folder, [path for path in others if path in found.staged]))
    path = workspace.version_dir(task, found.version)
    if path.is_dir():
        _put_away(workspace, task, path, found.kept)
    sweep(workspace)  # what an export that was killed had begun
    make_durable(workspace, git)
    book = journal.read(workspace)
    if book is not None and book.tag == found.name:
        journal.end(workspace)


def _put_away(workspace: Workspace, task: Task, path: Path, kept_at: str | None) -> None:
    """Move a version's folder out of datasets/ in one rename; without a place for it it is removed after that."""
    target = workspace.root / (kept_at or f".print-models/undone/.removed-{os.getpid()}")
    try:
        _save_pictures(workspace, task, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if kept_at is None:
            shutil.rmtree(target, ignore_errors=True)
        os.rename(path, target)
        fsync_dir(path.parent)
        fsync_dir(target.parent)
        if kept_at is None:
            shutil.rmtree(target)
            target.parent.rmdir() if not any(target.parent.iterdir()) else None
    except OSError as error:
        raise explain(error, f"taking {path.name} away") from error


def _save_pictures(workspace: Workspace, task: Task, path: Path) -> None:
    """Keep the pictures that the camera has no more: their labels stay, and a label keeps its picture."""
    version = manifest.read_version(workspace, task, path.name)
    for item in version.items:
        try:
            source = workspace.frame_path(item.source)
            there = source.stat().st_size == item.size
        except (OSError, PrintModelsError):
            there = False
        if there or item.oid is None or (held := kept.path_of(workspace, item.oid)).exists():
            continue
        held.parent.mkdir(parents=True, exist_ok=True)
        part = held.with_name(f".copy.{os.getpid()}")
        part.unlink(missing_ok=True)
        if copy_hashing(path / item.file_name, part).oid == item.oid:
            os.replace(part, held)
        else:
            part.unlink()
