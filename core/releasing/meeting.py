"""Two branches that meet: labels and marks per frame, history line by line, and all else only where git needs no help.

What always holds: what can't be merged frame by frame leaves everything as it was; no file of labels is ever left with
conflict marks in it. Called by sync.
"""

from __future__ import annotations

from dataclasses import dataclass

from core import merge_driver
from core.durable import lock
from core.errors import Damaged, PrintModelsError, Refused
from core.labels import files
from core.labels.sync import flush, open_store
from core.process import ProcessFailed
from core.releasing import trouble
from core.releasing.cargo import companions
from core.releasing.committing import commit_only, make_durable, stage
from core.releasing.rejected import reason
from core.storage.git import Git
from core.text import safe
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Link:
    """A branch here, and the one it meets: `ref` on the remote, `seen` where this clone keeps what it saw of it."""

    remote: str
    url: str
    branch: str
    ref: str

    @property
    def there(self) -> str:
        """The branch's short name on the remote."""
        return self.ref.removeprefix("refs/heads/")

    @property
    def seen(self) -> str:
        return f"refs/remotes/{self.remote}/{self.there}"


class Again(Exception):
    """Somebody pushed or labelled in between: what was looked at is not so any more."""


def check_readable(git: Git, workspace: Workspace, head: str, link: Link) -> None:
    """Raise Damaged where a file of labels or marks is broken on a side: git would put lines together that are no JSON."""
    names = _merged_by_frame(workspace)
    for where, revision in (("here", "HEAD"), (f"on {link.remote}", head)):
        for name, data in zip(names, git.contents([f"{revision}:{name}" for name in names]), strict=True):
            try:
                if data is not None:
                    files.pairs_of(data, name)
            except Damaged as error:
                raise Damaged(
                    f"The last commit {safe(where)}: {error.what} Nothing was merged.",
                    "Mend the file in a commit there first, then sync again.",
                ) from error


def _merged_by_frame(workspace: Workspace) -> list[str]:
    return [
        *(task.labels_file for task in workspace.tasks.values()),
        workspace.marks_file.relative_to(workspace.root).as_posix(),
    ]


def merge(
    workspace: Workspace, git: Git, link: Link, head: str, *, accept: bool, told: list[str]
) -> PrintModelsError | None:
    """Merge the remote's branch, and take its labels in; return why labels could not be taken, None where all is well.

    What opening the labels finds goes into `told`. Raises Again where someone labelled just now. What git can't merge frame by frame leaves everything as it was: raises Refused.
    """
    tasks = list(workspace.tasks.values())
    forward = git.ask("merge-base", "--is-ancestor", "HEAD", head, check=False).code == 0
    with lock(workspace.private / "files.lock", what="the label files", timeout=10):
        if git.ask("status", "--porcelain", "--", *companions(workspace, git, tasks)).text:
            raise Again
        with merge_driver.used(workspace.root, _merged_by_frame(workspace)) as config:
            try:
                git.merge(head, forward=forward, config=config)
            except ProcessFailed as error:
                _settle(workspace, git, link, error)
            except BaseException:
                git.abort_merge()
                raise
    with open_store(workspace, accept_outside=accept) as store:
        problem = None
        for task in tasks:
            problem = flush(workspace, store, task, accept_outside=accept).problem or problem
        told += [safe(notice) for notice in store.notices if safe(notice) not in told]
    paths = companions(workspace, git, tasks)
    stage(git, paths)
    if not forward:
        git.commit_merge(f"Merge labels of {link.remote}/{link.there}")
    elif sorted(set(paths) & set(git.differs_from_head())):
        commit_only(git, paths, f"Take labels of {link.remote}/{link.there}")
    make_durable(workspace, git)
    return problem


def _settle(workspace: Workspace, git: Git, link: Link, error: ProcessFailed) -> None:
    """Take what git left to decide where it is of label files alone; else leave all as it was and raise Refused."""
    left = sorted(path for path, entry in git.ls_files(".").items() if entry.stage)
    ours = set(_merged_by_frame(workspace))
    by_hand = f"git pull --rebase=false {safe(link.remote)} {safe(link.there)}"
    if left and set(left) <= ours and all(_is_whole(workspace, path) for path in left):
        stage(git, left)
        return
    git.abort_merge()
    if foreign := [path for path in left if path not in ours]:
        raise Refused(
            f"{safe(foreign[0], limit=120)} was changed here and on {safe(link.remote)}"
            f"{f', and {len(foreign) - 1} more files' if len(foreign) > 1 else ''}; sync merges labels only, and "
            "nothing was changed.",
            f"Merge by hand: {by_hand}; then print-models sync",
        ) from error
    if gone := trouble.without_lfs(git, "nothing was merged"):
        raise gone from error
    hit = [line.strip() for line in error.completed.err.split("\n") if line.startswith("\t")]
    if "would be overwritten" in error.detail:
        raise Refused(
            f"{safe(hit[0], limit=120) if hit else 'A file'} was changed here and is in no commit, and {safe(link.remote)} "
            "changed it too; nothing was merged.",
            'Commit it (git commit -m "…" -- that file) or put it aside, then: print-models sync',
        ) from error
    raise Refused(
        f"{safe(link.remote)} could not be merged: {reason(error)}.",
        f"Look by hand: {by_hand}",
        detail=error.detail,
    ) from error


def _is_whole(workspace: Workspace, path: str) -> bool:
    try:
        files.pairs_of(files.read_bytes(workspace.root / path), path)
    except (OSError, PrintModelsError):
        return False
    return True


def new_versions(git: Git, start: str) -> list[str]:
    """Say which versions came: their images are pointers here until they are asked for."""
    came = {
        "/".join(path.split("/")[1:3])
        for path in git.changed_between(start, "HEAD")
        if path.startswith("datasets/") and path.count("/") > 3
    }
    names = ", ".join(safe(name) for name in sorted(came))
    how = "print-models fetch gets those of one, git lfs pull all"
    return [f"Came too: {names}, with pointers in the place of images ({how})."] if came else []
