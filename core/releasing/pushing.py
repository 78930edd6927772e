"""To a remote: every object first, proven there, then the branch and every tag that waits in one push.

What always holds: no tag reaches a remote before every object of the branch and the version is proven there. What fails
here leaves commit and tag as they are on this machine, and nothing of the tag on the remote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.durable import sync_filesystem
from core.errors import Cancelled, Lacking, NotProven, PrintModelsError, Refused
from core.process import ProcessFailed
from core.progress import CancelToken, Progress, Report
from core.releasing import standing
from core.releasing.cargo import Cargo
from core.releasing.rejected import gone_on, merge_first, non_fast_forward, reason
from core.releasing.sending import Target as Target
from core.releasing.sending import send
from core.storage.depot import proof_for
from core.storage.git import Git, RepoState
from core.storage.lfs import POINTER_LIMIT, Pointer, parse_pointer, remote_folder, remote_store
from core.storage.remotes import lfs_address, why
from core.storage.walk import pointers_of
from core.tasks import Task
from core.text import address as shown
from core.text import safe
from core.workspace import Workspace

_VERSION = re.compile(r"/[^/]+/v[1-9][0-9]*(\^\{\})?$")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a remote lacks: `tags` of versions in HEAD's history, `commits` of the branch as 'hash subject', newest first.

    `tag` is how far the version asked about is there: 'absent', 'same' or 'other'. `behind` says that the branch has
    commits there that are not here, so that it takes no push before they are merged. `first`: it has no
    version yet.
    """

    tag: str
    tags: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    behind: bool = False
    first: bool = False


def remote_of(state: RepoState, remote: str | None) -> str:
    """Return the remote that is meant: `remote`, else the branch's own, else origin, else the only one. Raises Lacking."""
    names = list(state.remotes)
    name = (
        remote or state.upstream or ("origin" if "origin" in names else names[0] if len(names) == 1 else None)
    )
    if name is None or name not in names:
        known = f"There are: {safe(', '.join(names))}." if names else "Add one: git remote add origin ADDRESS"
        what = f"There is no remote “{safe(name, limit=60)}”." if name else "There is no remote to push to."
        raise Lacking(what, known)
    return name


def target(git: Git, state: RepoState, remote: str | None, task: Task, proof: str = "") -> Target:
    """Return where `--push` of a task goes: `remote`, else the branch's own, else origin, else the only one.

    `proof` is 'full' or 'presence', '' for what fits the address. Raises Lacking where there is no such remote.
    """
    name = remote_of(state, remote)
    url = git.line("remote", "get-url", "--push", name) or state.remotes[name]
    lfs_url = lfs_address(git, name) or url
    branch = state.branch or ""
    merge = git.line("config", f"branch.{branch}.merge") if state.upstream == name else None
    words = [("--remote", remote or ""), ("--proof", proof)]
    again = " ".join(
        [
            f"print-models release --task {task.name} --push",
            *(f"{word} {safe(given)}" for word, given in words if given),
        ]
    )
    how = proof_for(lfs_url, git.root, proof)
    return Target(name, url, lfs_url, branch, merge or f"refs/heads/{branch}", again, how)


def ask(
    workspace: Workspace, git: Git, target: Target, tag: str, cancel: CancelToken | None = None
) -> Waiting:
    """Ask the remote what it lacks, and keep its answer for `status`. Raises NotProven where it does not answer."""
    return _lacks(workspace, git, target, tag, _refs(git, target, cancel))


def _lacks(workspace: Workspace, git: Git, target: Target, tag: str, refs: Mapping[str, str]) -> Waiting:
    there = {
        name.removeprefix("refs/tags/"): at for name, at in refs.items() if name.startswith("refs/tags/")
    }
    standing.remember(workspace, target.remote, {name: at for name, at in there.items() if "^" not in name})
    ours = standing.tags_of_history(workspace, git)
    head = refs.get(target.ref)
    known = head if head and git.rev_parse(f"{head}^{{commit}}") else f"--remotes={target.remote}"
    commits = git.ask("log", "--format=%h %s", "HEAD", "--not", known, check=False).text.splitlines()
    return Waiting(
        _standing(git, refs, target, tag),
        tuple(name for name in ours if name not in there and name != tag),
        tuple(safe(commit, limit=100) for commit in commits) if head else (),
        gone_on(git, target.ref, refs),
        not any(name.startswith("refs/tags/") and _VERSION.search(name) for name in refs),
    )


def _standing(git: Git, refs: Mapping[str, str], target: Target, tag: str) -> str:
    found = refs.get(f"refs/tags/{tag}")
    if found is None:
        return "absent"
    return "same" if found == git.rev_parse(f"refs/tags/{tag}") and target.ref in refs else "other"


def _refs(git: Git, target: Target, cancel: CancelToken | None = None) -> dict[str, str]:
    """Return the remote's branches and tags. Raises NotProven where it does not answer."""
    try:
        return git.ls_remote(target.remote, target.ref, "refs/heads/*", "refs/tags/*", cancel=cancel)
    except Cancelled:
        raise
    except PrintModelsError as error:
        reason, remedy = why(error)
        raise NotProven(
            f"The remote {safe(target.remote)} ({shown(target.url)}) can't be asked: {reason}.",
            f"{remedy} Then again: {target.again}",
            detail=error.detail,
        ) from error


def free_there(
    workspace: Workspace, git: Git, target: Target, tag: str, cancel: CancelToken | None = None
) -> Waiting | None:
    """Return what else the remote lacks; Refused where it has the tag already.

    None for a remote that does not answer now: that is met when it is pushed to.
    """
    try:
        found = ask(workspace, git, target, tag, cancel)
    except NotProven:
        return None
    if found.tag != "absent":
        raise Refused(
            f"{safe(target.remote)} has a tag {tag} already; a tag is never moved.",
            "Take it over with its labels, and yours is the next number: print-models sync; then look: print-models diff"
            if found.behind
            else f"Fetch it, so that the next number is taken: git fetch --tags {safe(target.remote)}",
        )
    return found


def waiting(git: Git, target: Target, cancel: CancelToken | None = None) -> int:
    """Return the bytes of objects in commits here that the remote lacks; one that is away, as it was seen last."""
    try:
        refs = _refs(git, target, cancel)
    except NotProven:
        return sum(p.size for p in pointers_of(git, ["HEAD", "--not", f"--remotes={target.remote}"]))
    return sum(pointer.size for pointer in _unpushed(git, target, refs, ()))


def push(
    workspace: Workspace,
    git: Git,
    target: Target,
    cargo: Cargo,
    tag: str,
    report: Report,
    cancel: CancelToken | None,
    enter: Callable[[str], None],
    *,
    shown: bool = True,
) -> tuple[Waiting, list[str]]:
    """Upload and prove every object, then push the branch and all tags that wait; return what waited, and notices.

    `enter` is told which step begins: push-objects, prove, push. `shown` is False where nobody could be asked what a
    first push shows, since the remote did not answer then: such a push stops here.
    Raises NotProven for whatever keeps it from being proven there; commit and tag stay on this machine.
    """
    enter("push-objects")
    refs_there = _refs(git, target, cancel)
    waited = _lacks(workspace, git, target, tag, refs_there)
    if waited.tag == "other":
        task, _, name = tag.partition("/")
        raise NotProven(
            f"{safe(target.remote)} has another {tag} already; a tag is never moved.",
            f"Give ours the next number, after theirs: print-models release --renumber {name} --task {task}",
        )
    if waited.behind:
        raise NotProven(
            f"{safe(target.remote)} has commits that are not here; nothing was sent.",
            merge_first(target.remote, target.ref, target.again),
        )
    if waited.first and not shown:
        raise NotProven(
            f"This is the first push to {safe(target.remote)}, and what becomes readable there was not shown yet; "
            "nothing was sent.",
            "See it and answer: print-models release --resume",
        )
    tags = [*waited.tags, *([tag] if waited.tag == "absent" else [])]
    own = cargo.pointers if waited.tag == "absent" else []
    held = [pointer for name in waited.tags for pointer in _held(git, name)]
    fresh = {*_unpushed(git, target, refs_there, tags), *held}
    wanted = sorted({*own, *fresh})
    send(git, target, wanted, sorted(fresh), report, cancel, enter)
    folder = remote_folder(target.lfs_url, git.root)
    _sync(folder)
    enter("push")
    step = f"pushing {' and '.join([target.branch, *tags])}"
    report(Progress(step, 0, 1))
    refs = [f"refs/tags/{name}:refs/tags/{name}" for name in tags]
    try:
        git.push(target.remote, [f"refs/heads/{target.branch}:{target.ref}", *refs], cancel=cancel)
    except ProcessFailed as error:
        raise NotProven(
            f"{safe(target.remote)} did not take branch and tag: {reason(error)}.",
            merge_first(target.remote, target.ref, target.again)
            if non_fast_forward(error)
            else f"Commit and tag are here; mend that, then again: {target.again}",
            detail=error.detail,
        ) from error
    now = ask(workspace, git, target, tag, cancel)
    if now.tag != "same" or now.tags:
        raise NotProven(
            f"{safe(target.remote)} took the push but does not show {safe(', '.join(now.tags) or tag)}.",
            f"Look there, then again: {target.again}",
        )
    _sync(remote_folder(target.url, git.root))
    report(Progress(step, 1, 1))
    first = not any(name.startswith("refs/tags/") for name in refs_there)
    return waited, _not_a_backup(target, git.root, wanted) if first else []


def _unpushed(git: Git, target: Target, there: Mapping[str, str], tags: Iterable[str]) -> Iterable[Pointer]:
    """Return the objects of commits that the remote lacks: models, and versions not pushed before.

    `there` are its refs as it shows them now. What this clone saw of it before says nothing about another disk at the
    same address; it only stands in where the branch went on without us, and the push will be refused anyway.
    """
    head = there.get(target.ref)
    gone_on = head is not None and git.rev_parse(f"{head}^{{commit}}") is None
    known = [*sorted(set(there.values())), *([f"--remotes={target.remote}"] if gone_on else [])]
    wanted = ["HEAD", *(f"refs/tags/{tag}" for tag in tags)]
    return pointers_of(git, ["--ignore-missing", *wanted, *(["--not", *known] if known else [])])


def _held(git: Git, tag: str) -> Iterable[Pointer]:
    """Return the objects of a version as its tag has it: the branch can have gone there without them."""
    blobs = [entry.blob for entry in git.ls_tree(f"refs/tags/{tag}", f"datasets/{tag}").values()]
    sizes = git.ask(
        "cat-file", "--batch-check=%(objectname) %(objectsize)", stdin="\n".join(blobs).encode() + b"\n"
    )
    small = [
        name
        for name, _, size in (row.partition(" ") for row in sizes.text.splitlines())
        if int(size) <= POINTER_LIMIT
    ]
    return [pointer for data in git.cat_file(small) if (pointer := parse_pointer(data))]


def _sync(folder: Path | None) -> None:
    if folder is not None and folder.is_dir():
        sync_filesystem(folder)


def _not_a_backup(target: Target, root: Path, wanted: list[Pointer]) -> list[str]:
    if remote_folder(target.lfs_url, root) is None:
        return []
    store = remote_store(target.lfs_url, root)
    if any(store.path(pointer.oid).stat().st_nlink > 1 for pointer in wanted):
        return [
            f"{safe(target.remote)} is on this disk and shares the bytes of the objects: it is no backup."
        ]
    return []
