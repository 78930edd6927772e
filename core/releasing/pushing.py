"""To a remote: every object first, proven there, then the branch and every tag that waits in one push.

What always holds: no tag reaches a remote before every object of the branch and the version is proven there. Remotes
are folders so far (`file://` or a path); another kind is refused beforehand. What fails here leaves commit and tag as
they are on this machine, and nothing of the tag on the remote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.durable import sync_filesystem
from core.errors import Lacking, NotProven, PrintModelsError, Refused
from core.human import plural, size
from core.process import ProcessFailed
from core.progress import CancelToken, Progress, Report
from core.releasing import standing, trouble
from core.releasing.cargo import Cargo
from core.releasing.rejected import gone_on, merge_first, non_fast_forward, reason
from core.storage.git import Git, RepoState
from core.storage.lfs import (
    POINTER_LIMIT,
    Fault,
    ObjectStore,
    Pointer,
    faults_in,
    parse_pointer,
    remote_folder,
    remote_store,
)
from core.storage.remotes import lfs_address
from core.storage.walk import pointers_of
from core.tasks import Task
from core.text import address as shown
from core.text import safe
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Target:
    """Where a release goes: the remote, its address for git and for LFS objects, the branch here and there.

    `again` is the command that tries the push once more.
    """

    remote: str
    url: str
    lfs_url: str
    branch: str
    ref: str
    again: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a remote lacks: `tags` of versions in HEAD's history, `commits` of the branch as 'hash subject', newest first.

    `tag` is how far the version asked about is there: 'absent', 'same' or 'other'. `behind` says that the branch has
    commits there that are not here, so that it takes no push before they are merged.
    """

    tag: str
    tags: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    behind: bool = False


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


def target(git: Git, state: RepoState, remote: str | None, task: Task) -> Target:
    """Return where `--push` of a task goes: `remote`, else the branch's own, else origin, else the only one.

    Raises Lacking where there is none, Refused for one that is no folder.
    """
    name = remote_of(state, remote)
    url = git.line("remote", "get-url", "--push", name) or state.remotes[name]
    lfs_url = lfs_address(git, name) or url
    for address in (url, lfs_url):
        if remote_folder(address, git.root) is None:
            raise Refused(
                f"The remote {safe(name)} is a server ({shown(address)}); what is pushed can be proven on "
                "folders only, a path or file:// address.",
                "Release without --push, or push to a remote that is a folder.",
            )
    branch = state.branch or ""
    merge = git.line("config", f"branch.{branch}.merge") if state.upstream == name else None
    again = f"print-models release --task {task.name} --push" + (
        f" --remote {safe(remote)}" if remote else ""
    )
    return Target(name, url, lfs_url, branch, merge or f"refs/heads/{branch}", again)


def ask(workspace: Workspace, git: Git, target: Target, tag: str) -> Waiting:
    """Ask the remote what it lacks, and keep its answer for `status`. Raises NotProven where it does not answer."""
    return _lacks(workspace, git, target, tag, _refs(git, target))


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
    )


def _standing(git: Git, refs: Mapping[str, str], target: Target, tag: str) -> str:
    found = refs.get(f"refs/tags/{tag}")
    if found is None:
        return "absent"
    return "same" if found == git.rev_parse(f"refs/tags/{tag}") and target.ref in refs else "other"


def _refs(git: Git, target: Target) -> dict[str, str]:
    """Return the remote's branches and tags."""
    try:
        return git.ls_remote(target.remote, target.ref, "refs/heads/*", "refs/tags/*")
    except PrintModelsError as error:
        raise NotProven(
            f"The remote {safe(target.remote)} does not answer: {safe(error.what)}",
            "Connect it or correct its address (git remote -v).",
            detail=error.detail,
        ) from error


def free_there(workspace: Workspace, git: Git, target: Target, tag: str) -> Waiting | None:
    """Return what else the remote lacks; Refused where it has the tag already.

    None for a remote that does not answer now: that is met when it is pushed to.
    """
    try:
        found = ask(workspace, git, target, tag)
    except NotProven:
        return None
    if found.tag != "absent":
        raise Refused(
            f"{safe(target.remote)} has a tag {tag} already; a tag is never moved.",
            f"Fetch it, so that the next number is taken: git fetch --tags {safe(target.remote)}",
        )
    return found


def waiting(git: Git, target: Target) -> int:
    """Return the bytes of objects in commits here that the remote lacks; one that is away, as it was seen last."""
    try:
        refs = _refs(git, target)
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
) -> tuple[Waiting, list[str]]:
    """Upload and prove every object, then push the branch and all tags that wait; return what waited, and notices.

    `enter` is told which step begins: push-objects, prove, push.
    Raises NotProven for whatever keeps it from being proven there; commit and tag stay on this machine.
    """
    enter("push-objects")
    refs_there = _refs(git, target)
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
    tags = [*waited.tags, *([tag] if waited.tag == "absent" else [])]
    own = cargo.pointers if waited.tag == "absent" else []
    held = (pointer for name in waited.tags for pointer in _held(git, name))
    wanted = sorted({*own, *_unpushed(git, target, refs_there, tags), *held})
    _upload(git, target, wanted, report, cancel, enter)
    folder = remote_folder(target.lfs_url, git.root)
    _sync(folder)
    enter("push")
    step = f"pushing {' and '.join([target.branch, *tags])}"
    report(Progress(step, 0, 1))
    refs = [f"refs/tags/{name}:refs/tags/{name}" for name in tags]
    try:
        git.push(target.remote, [f"refs/heads/{target.branch}:{target.ref}", *refs])
    except ProcessFailed as error:
        raise NotProven(
            f"{safe(target.remote)} did not take branch and tag: {reason(error)}.",
            merge_first(target.remote, target.ref, target.again)
            if non_fast_forward(error)
            else f"Commit and tag are here; mend that, then again: {target.again}",
            detail=error.detail,
        ) from error
    now = ask(workspace, git, target, tag)
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


def _upload(
    git: Git,
    target: Target,
    wanted: list[Pointer],
    report: Report,
    cancel: CancelToken | None,
    enter: Callable[[str], None],
) -> None:
    report(Progress("uploading objects", 0, len(wanted)))
    store = remote_store(target.lfs_url, git.root)
    _room(git, target, store, wanted)
    try:
        git.lfs_push(target.remote, ref=f"refs/heads/{target.branch}")
        lacking = [fault.pointer.oid for fault in faults_in(store, wanted, full=False)]
        # git-lfs takes a branch that the remote has as proof of its objects; what is lacking even so is sent by name.
        git.lfs_push(target.remote, oids=lacking)
    except ProcessFailed as error:
        if gone := trouble.without_lfs(git, "no object was sent"):
            raise gone from error
        full = trouble.no_room(error)
        raise NotProven(
            f"The objects could not be uploaded to {safe(target.remote)}: {reason(error)}.",
            f"{f'Free some room on the disk of {safe(target.remote)}' if full else 'Mend that'}, "
            f"then again: {target.again}",
            detail=error.detail,
        ) from error
    enter("prove")
    faults = []
    for done, pointer in enumerate(wanted):
        if cancel is not None:
            cancel.check()
        report(Progress(f"proving objects on {target.remote}", done, len(wanted)))
        what = store.fault(pointer)
        if what:
            faults.append(Fault(pointer, what))
    if faults:
        raise _unproven(target, faults, store)
    report(Progress(f"proving objects on {target.remote}", len(wanted), len(wanted)))


def _room(git: Git, target: Target, store: ObjectStore, wanted: list[Pointer]) -> None:
    """Raise NotProven where a folder on another disk has no room; on this disk git-lfs links what is here already."""
    if trouble.nearest(store.folder).stat().st_dev == git.root.stat().st_dev:
        return
    if (short := trouble.too_little(store, trouble.lacking(store, wanted))) is not None:
        raise NotProven(
            f"{safe(target.remote)} has {size(short[1])} free, the objects need {size(short[0])}; nothing was sent.",
            f"Free {size(short[0] - short[1])} there, then again: {target.again}",
        )


def _unproven(target: Target, faults: list[Fault], store: ObjectStore) -> NotProven:
    first = faults[0]
    name = first.pointer.oid.removeprefix("sha256:")
    missing = first.what == "missing"
    return NotProven(
        f"{plural(len(faults), 'object')} {'is' if len(faults) == 1 else 'are'} not right on {safe(target.remote)}: "
        f"{name[:12]} {'is missing' if missing else first.what}. Branch and tag were not pushed.",
        f"Get it here first (git lfs fetch --all), then again: {target.again}"
        if missing
        else f"Delete {safe(store.path(first.pointer.oid))} there, since it is never replaced; then again: {target.again}",
        detail="\n".join(f"{fault.pointer.oid} {fault.what}" for fault in faults),
    )


def _sync(folder: Path | None) -> None:
    if folder is not None and folder.is_dir():
        sync_filesystem(folder)


def _not_a_backup(target: Target, root: Path, wanted: list[Pointer]) -> list[str]:
    store = remote_store(target.lfs_url, root)
    if any(store.path(pointer.oid).stat().st_nlink > 1 for pointer in wanted):
        return [
            f"{safe(target.remote)} is on this disk and shares the bytes of the objects: it is no backup."
        ]
    return []
