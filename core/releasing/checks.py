"""What can go wrong with a release, looked for before anything is written; each with its remedy.

What always holds: these only look. Nothing is exported, staged or committed while one of them objects.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from core.durable import atomic_write
from core.errors import Lacking, PrintModelsError, Refused
from core.human import plural
from core.process import ProcessFailed
from core.releasing import locks
from core.setup import IDENTITY_REMEDY, LFS_REMEDY
from core.storage.aside import index_with_only
from core.storage.git import Git, RepoState
from core.tasks import Task
from core.text import safe
from core.versions.manifest import list_versions, number_of
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.labels.store import LabelStore

_FINISH = {
    "merge": "Finish it (git add data, then git commit), or leave it with git merge --abort; then again.",
    "rebase": "Finish it (git add data, then git rebase --continue), or leave it with git rebase --abort; then again.",
    "cherry-pick": "Finish it with git cherry-pick --continue or --abort; then again.",
    "revert": "Finish it with git revert --continue or --abort; then again.",
    "bisect": "End it with git bisect reset; then again.",
}


def repository(workspace: Workspace, git: Git, *, lfs: bool = True) -> RepoState:
    """Return the state of a repository that can take a commit of ours; without `lfs` one of text only.

    Raises Lacking (git, git-lfs, its filters, an identity, a repository), Refused (a state that a release can't
    handle), Busy (another git holds the index).
    """
    state = _state(workspace, git)
    if lfs and not _has_lfs(workspace, git):
        raise Lacking("git-lfs is not installed, so images would go into git itself.", LFS_REMEDY)
    if lfs and not state.lfs:
        raise Lacking(
            "The Git LFS filters are not set up here, so images would be committed raw.",
            "Set them up: git lfs install --local",
        )
    if not state.identity:
        raise Lacking("git does not know who you are.", IDENTITY_REMEDY)
    if state.head is None:
        raise Refused("The repository has no commit yet.", "Make the first one: print-models init")
    if state.operation:
        raise Refused(f"A {state.operation} is not finished in this repository.", _FINISH[state.operation])
    if state.detached:
        raise Refused(
            "The head is detached: a commit here would belong to no branch.",
            "Go to a branch first: git switch BRANCH (git branch lists them), or make one here: git switch -c NAME",
        )
    if state.lock is not None:
        locks.settle(workspace, state.lock)
    return state


def readable(workspace: Workspace, git: Git) -> RepoState:
    """Return the state of a repository that objects of Git LFS can come into; nothing is committed, so more is not asked.

    Raises Lacking (git, git-lfs, a repository), Refused where the workspace is a folder inside another one.
    """
    state = _state(workspace, git)
    if not _has_lfs(workspace, git):
        raise Lacking("git-lfs is not installed, so no object can be fetched.", LFS_REMEDY)
    return state


def _has_lfs(workspace: Workspace, git: Git) -> bool:
    """True where git-lfs runs; one that answered is asked again only where its file is another than it was."""
    path, told = shutil.which("git-lfs"), workspace.cache / "git-lfs-answers.json"
    seen = None
    if path is not None:
        at = os.stat(path)
        seen = json.dumps([path, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns]).encode()
        with suppress(OSError):
            if told.read_bytes() == seen:
                return True
    if git.ask("lfs", "version", check=False).code:
        return False
    if seen is not None and workspace.private.is_dir() and workspace.read_only is None:
        with suppress(OSError, PrintModelsError):  # what can't be kept is asked once more
            told.parent.mkdir(exist_ok=True)
            atomic_write(told, seen)
    return True


def _state(workspace: Workspace, git: Git) -> RepoState:
    try:
        state = git.state(counted=False)
    except ProcessFailed as error:
        if "dubious ownership" in error.detail:
            raise Lacking(
                f"git does not trust {safe(workspace.root)}: it belongs to somebody else.",
                f"If you trust it: git config --global --add safe.directory {safe(workspace.root)}",
                detail=error.detail,
            ) from error
        raise Lacking(
            f"{safe(workspace.root)} is in no git repository.",
            "Make it one: print-models init",
            detail=error.detail,
        ) from error
    if state.toplevel.resolve() != workspace.root.resolve():
        raise Refused(
            f"The workspace is a folder inside the git repository {safe(state.toplevel)}.",
            "A workspace is the root of its own repository: make one with print-models init DIR.",
        )
    return state


def branch(workspace: Workspace, git: Git, task: Task) -> None:
    """Refuse on a branch that lacks the newest version of a task: what is made here would not build on it."""
    tags = {number_of(name.rpartition("/")[2]) or 0: name for name in git.tags(f"{task.name}/v*")}
    newest = max(tags, default=0)
    if not newest or f"v{newest}" in list_versions(workspace, task):
        return
    here = {number_of(name.rpartition("/")[2]) or 0 for name in git.tags(f"{task.name}/v*", merged=True)}
    if newest > max(here, default=0):
        raise Refused(
            f"{tags[newest]} is not on this branch ({safe(git.branch() or 'none')}): a version made here would not "
            "build on it.",
            f"Go to the branch that has it (git branch -a --contains {tags[newest]}), or merge it: "
            f"git merge {tags[newest]}",
        )


def no_repository_within(workspace: Workspace, git: Git, task: Task) -> None:
    """Refuse where a folder that a release writes to belongs to another repository, such as a submodule."""
    ours = {"data", "data/history", "datasets", f"datasets/{task.name}"}
    links = {path for path, entry in git.ls_files("datasets", "data").items() if entry.mode == "160000"}
    inner = sorted(
        (ours & links) | {path for path in ours if os.path.lexists(workspace.root / path / ".git")}
    )
    if inner:
        raise Refused(
            f"{inner[0]} is a repository of its own (a submodule), so no commit here can hold its files.",
            f"Make it a plain folder of this repository first: git submodule deinit {inner[0]}, or move it away.",
        )


def hidden(git: Git, paths: Iterable[str]) -> None:
    """Refuse where an ignore rule hides one of exactly these paths, since git would leave it out without a word."""
    found = git.check_ignore(paths)
    if found:
        path, rule = next(iter(found.items()))
        raise Refused(
            f"The ignore rule {safe(rule)} hides {plural(len(found), 'file')} of the release, "
            f"for example {safe(path, limit=120)}.",
            "Remove that rule, or let print-models init lift it.",
        )


def attributes(
    git: Git, images: Sequence[str], *, names: Iterable[str] = ("filter",)
) -> dict[str, dict[str, str]]:
    """Refuse where one of these images would not go through Git LFS, here or in a clone of the last commit.

    Return what git says of the attributes `names`, attribute → path → value.
    """
    told = git.check_attrs({"filter", *names}, images)
    here = told["filter"]
    for where, found in (
        (".gitattributes does not send", here),
        ("The committed .gitattributes does not send", _committed_filters(git, images, here)),
    ):
        bare = [path for path, value in found.items() if value != "lfs"]
        if bare:
            raise Refused(
                f"{where} {safe(bare[0], limit=120)} through Git LFS"
                + (f", nor {plural(len(bare) - 1, 'other image')}." if len(bare) > 1 else "."),
                "Let print-models init add the rules, and commit .gitattributes.",
            )
    return told


def _committed_filters(git: Git, images: Sequence[str], here: Mapping[str, str]) -> Mapping[str, str]:
    """Return the filter of each path as the last commit has it; `here` are those of the work tree.

    Where the rules are the same bytes in both, so is the answer; else git is asked by an index that is made for it.
    """
    if _same_rules(git, images):
        return here
    with index_with_only(git, ()) as env:
        return git.check_attr("filter", images, env=env, cached=True)


def _same_rules(git: Git, paths: Sequence[str]) -> bool:
    """True where work tree, index and last commit hold the same `.gitattributes` in every folder above these paths."""
    folders = {path.rpartition("/")[0] for path in paths}
    above = {
        "/".join(words[:n]) for words in (one.split("/") for one in folders) for n in range(len(words) + 1)
    }
    files = [f"{folder}/.gitattributes".lstrip("/") for folder in sorted(above)]
    if any("\n" in name for name in files):
        return False
    told = git.contents([f"{where}{name}" for name in files for where in ("HEAD:", ":")])
    for name, committed, staged in zip(files, told[::2], told[1::2], strict=True):
        path, here = git.root / name, None
        if os.path.lexists(path):
            if path.is_symlink() or not path.is_file():
                return False
            here = path.read_bytes()
        if not here == committed == staged:
            return False
    return True


def nothing_left(where: str, held: int, *, pushing: bool) -> Refused:
    """Return the refusal of a release without anything to release; `held` counts changes that are all held back."""
    if held:
        return Refused(
            f"{where}; all that differs from it, {plural(held, 'change')}, is held back: there is nothing to release.",
            "Let one of them into the next version: print-models review, then review --let ID",
        )
    return Refused(
        f"{where}, and equals the draft: there is nothing to release.",
        "Label or correct some frames first." if pushing else "Label some frames, or send it: --push.",
    )


def free_tag(git: Git, tag: str) -> None:
    """Refuse where the tag exists; a tag is never moved."""
    at = git.rev_parse(f"refs/tags/{tag}^{{commit}}")
    if at is not None:
        raise Refused(
            f"The tag {safe(tag)} exists already, on commit {at[:12]}.",
            "A tag is never moved: export under the next number.",
        )


def rebuilt(store: LabelStore) -> None:
    """Refuse to release labels in the same call that built labels.db anew from data/: a person looks first."""
    if store.kept_aside:
        raise Refused(
            f"labels.db was damaged, is kept as .print-models/{safe(store.kept_aside)}, and was built anew from data/ "
            "just now: labels given since data/ was last written are only in the damaged file.",
            "Nothing was released. See what the labels are now (print-models status), then run it again: it goes on.",
        )
