"""Exactly these bytes: the images of one version, or one model, from a remote, hashed when they are here.

What always holds: nothing is downloaded before it was said how much; a file of the work tree is only replaced where it is
still a pointer, and where git's filters know it as one afterwards; nothing is called here whose hash was not computed. Called by `fetch` and, for single
pictures, by the Versions screen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Cancelled, Damaged, Lacking, NotProven, PrintModelsError, WrongUsage
from core.human import plural, size
from core.process import ProcessFailed
from core.progress import CancelToken, Progress, Report, silent
from core.releasing import checks, pushing
from core.releasing.rejected import reason
from core.releasing.sending import Moving, Target, pinned
from core.storage.depot import Behind, depot
from core.storage.git import Git
from core.storage.lfs import POINTER_LIMIT, Pointer, parse_pointer, store_of
from core.tasks import Task
from core.text import address, safe
from core.versions.manifest import number_of
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """What would be fetched: `files` are paths in the repository as `ref` has them, `lacking` the objects not here.

    `target` is where they come from, None where nothing is lacking. `some` is True of single pictures: their objects come,
    and files of the work tree stay the pointers they are.
    """

    name: str
    ref: str
    folders: tuple[str, ...]
    files: Mapping[str, Pointer]
    lacking: tuple[Pointer, ...]
    target: Target | None
    some: bool = False

    @property
    def bytes(self) -> int:
        """What has to be downloaded."""
        return sum(pointer.size for pointer in self.lacking)

    def line(self) -> str:
        """Return the price in one sentence."""
        whole = plural(len(self.files), "file")
        if self.target is None:
            return f"{self.name}: all of {whole} {'is' if len(self.files) == 1 else 'are'} here; nothing to download"
        at = f"{safe(self.target.remote)} ({address(self.target.lfs_url)})"
        return f"{self.name}: {size(self.bytes)} to download, {plural(len(self.lacking), 'object')} of {whole}, from {at}"

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "remote": self.target.remote if self.target else None,
            "files": len(self.files),
            "objects": len(self.lacking),
            "download_bytes": self.bytes,
        }


def plan(workspace: Workspace, task: Task, what: str, remote: str | None = None) -> FetchPlan:
    """Find out what a version (`v2`) or a model (its name, or a path below models/) lacks here; nothing is downloaded.

    Raises WrongUsage for what is neither, Lacking where there is no remote to get it from.
    """
    git = Git(workspace.root, workspace.git_log)
    state = checks.readable(workspace, git)
    name, ref, folders = _meant(workspace, git, task, what)
    files = _pointers(git, ref, folders)
    if not files:
        raise WrongUsage(
            f"{safe(name)} has no object of Git LFS in git.",
            "See what there is: print-models versions, models",
        )
    store = store_of(workspace.root)
    lacking = tuple(sorted(pointer for pointer in set(files.values()) if not store.has(pointer)))
    target = pushing.target(git, state, remote, task) if lacking else None
    return FetchPlan(name, ref, folders, files, lacking, target)


def pictures(workspace: Workspace, task: Task, version: str, oids: Collection[str]) -> FetchPlan:
    """Find out what of these pictures of a version, by their oids, lacks here; nothing is downloaded. Raises Lacking."""
    git = Git(workspace.root, workspace.git_log)
    state = checks.readable(workspace, git)
    name, ref, folders = _meant(workspace, git, task, version)
    files = {path: one for path, one in _pointers(git, ref, folders).items() if one.oid in oids}
    store = store_of(workspace.root)
    lacking = tuple(sorted(pointer for pointer in set(files.values()) if not store.has(pointer)))
    target = pushing.target(git, state, None, task) if lacking else None
    return FetchPlan(name, ref, folders, files, lacking, target, some=True)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: `objects` that were not here, and `pointers`, the files that stay pointers for want of git's filters."""

    objects: int
    pointers: int


def run(
    workspace: Workspace, found: FetchPlan, report: Report = silent, cancel: CancelToken | None = None
) -> Fetched:
    """Download what is lacking, hash all of it, and fill the pointers of the work tree.

    Without the filters of Git LFS the files stay pointers: git would take the pictures for changes of its own. Raises Lacking where the remote does not have it or does not answer, Damaged where bytes are not those of their name.
    """
    git = Git(workspace.root, workspace.git_log)
    if found.target is not None:
        _download(git, found, found.target, report, cancel)
    store, wanted = store_of(workspace.root), sorted(set(found.files.values()))
    for done, pointer in enumerate(wanted):
        if cancel is not None:
            cancel.check()
        report(Progress("hashing objects", done, len(wanted)))
        if what := store.fault(pointer):
            path = next(path for path, known in found.files.items() if known == pointer)
            raise Damaged(
                f"The object of {safe(path, limit=120)} {'is missing' if what == 'missing' else what} here.",
                f"Move {safe(store.path(pointer.oid))} away, then again: print-models fetch {safe(found.name)}",
            )
    report(Progress("hashing objects", len(wanted), len(wanted)))
    waiting = [] if found.some else _pointer_files(workspace, found)
    if waiting and git.state(counted=False).lfs:
        _fill(git, found, waiting)
        waiting = []
    return Fetched(len(found.lacking), len(waiting))


def _meant(workspace: Workspace, git: Git, task: Task, what: str) -> tuple[str, str, tuple[str, ...]]:
    """Return the name for a person, the commit, and the folder or files that are meant.

    A model by its name is its weights and the ONNX files made of them; by a path it is that file alone.
    """
    if number_of(what) is not None:
        tag, folder = f"refs/tags/{task.name}/{what}", f"datasets/{task.name}/{what}"
        return f"{task.name} {what}", tag if git.rev_parse(tag) else "HEAD", (folder,)
    if what in git.ls_tree("HEAD", "models"):
        return what, "HEAD", (what,)
    from core.training import onnx_files, registry

    record = registry.get(workspace, what)
    made = (f"models/versions/{onnx_files.name_of(record.name, one)}" for one in onnx_files.PRECISIONS)
    return record.name, "HEAD", (record.file, *made)


def _pointers(git: Git, ref: str, folders: tuple[str, ...]) -> dict[str, Pointer]:
    if git.rev_parse(ref) is None:
        return {}
    parent = folders[0] if folders[0].startswith("datasets/") else "models"
    inside = tuple(f"{folder}/" for folder in folders)
    entries = {
        path: entry.blob
        for path, entry in git.ls_tree(ref, parent).items()
        if path in folders or path.startswith(inside)
    }
    if not entries:
        return {}
    blobs = dict.fromkeys(entries.values())
    asked = "\n".join(blobs).encode() + b"\n"
    told = git.ask("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked).text.splitlines()
    small = [name for name, _, length in (row.partition(" ") for row in told) if int(length) <= POINTER_LIMIT]
    known = {blob: parse_pointer(data) for blob, data in zip(small, git.cat_file(small), strict=True)}
    return {path: pointer for path, blob in entries.items() if (pointer := known.get(blob)) is not None}


def _download(git: Git, found: FetchPlan, target: Target, report: Report, cancel: CancelToken | None) -> None:
    report(Progress(f"asking {target.remote}", 0, None))
    try:
        there = depot(git, target.lfs_url, target.ref, cancel)
        absent = there.absent(found.lacking)
    except NotProven as error:
        raise Lacking(error.what, "Connect the disk or correct its address.", detail=error.detail) from error
    if absent:
        raise Lacking(
            f"{plural(len(absent), 'object')} of {safe(found.name)} {'is' if len(absent) == 1 else 'are'} not on "
            f"{safe(target.remote)}: {absent[0].pointer.oid.removeprefix('sha256:')[:12]} {absent[0].what}.",
            "Another remote or clone may have them: --remote NAME",
        )
    try:
        with Moving(target.remote, f"fetching from {target.remote}", report, cancel) as moving:
            env = moving.env if isinstance(there, Behind) else {}
            ref = found.ref.removeprefix("refs/tags/")
            at = git.rev_parse(f"{found.ref}^{{commit}}") or ref
            git.lfs_fetch(
                target.remote,
                at,
                sorted(found.files)
                if found.some
                else [pattern for folder in found.folders for pattern in (folder, f"{folder}/**")],
                env={**pinned(target.lfs_url), **env},
                look=moving.look,
            )
    except ProcessFailed as error:
        raise Lacking(
            f"{safe(found.name)} could not be fetched from {safe(target.remote)}: {reason(error)}.",
            f"What came is kept; again: print-models fetch {safe(found.name.rpartition(' ')[2])}",
            detail=error.detail,
        ) from error


def _pointer_files(workspace: Workspace, found: FetchPlan) -> list[str]:
    """Return those files of the work tree that are still pointers to what was fetched."""
    waiting = []
    for path, pointer in found.files.items():
        file = workspace.root / path
        try:
            small = file.stat().st_size <= POINTER_LIMIT
            if small and parse_pointer(file.read_bytes()) == pointer:
                waiting.append(path)
        except OSError:
            continue
    return waiting


def _fill(git: Git, found: FetchPlan, waiting: list[str]) -> None:
    """Put the bytes into those files of the work tree."""
    try:
        git.lfs_checkout([one for one in found.folders if one in found.files or one.startswith("datasets/")])
    except Cancelled:
        raise
    except PrintModelsError as error:
        raise Lacking(
            f"The bytes of {safe(found.name)} are here, but {plural(len(waiting), 'file')} could not be filled: "
            f"{error.what}",
            "Fill them with: git lfs checkout",
            detail=error.detail,
        ) from error
