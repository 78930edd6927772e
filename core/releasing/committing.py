"""Staging and committing exactly our own paths, proven before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.durable import sync_filesystem
from core.errors import Damaged
from core.human import count, plural
from core.progress import CancelToken, Progress, Report, silent
from core.releasing import checks, proof
from core.releasing.cargo import Cargo, companions
from core.releasing.planning import ReleasePlan
from core.storage import staging
from core.storage.git import Git
from core.storage.lfs import store_of
from core.tasks import Task
from core.text import safe
from core.versions.manifest import Version
from core.workspace import Workspace

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Saved:
    """What `save` committed: None and no paths where there was nothing to save; `notices` is what a person should know."""

    commit: str | None
    paths: tuple[str, ...]
    notices: tuple[str, ...] = ()


def commit_version(
    git: Git,
    plan: ReleasePlan,
    version: Version,
    cargo: Cargo,
    report: Report,
    cancel: CancelToken | None,
    enter: Callable[[str], None],
) -> str:
    """Stage, prove and commit the version with its labels; return the commit. `enter` is told when the commit begins."""
    workspace = plan.workspace
    paths = [*cargo.paths, *companions(workspace, git, [plan.task])]
    checks.hidden(git, paths)
    attributes = checks.attributes(git, list(cargo.images), names=staging.WANTED)
    by_git = staging.enter(workspace, git, cargo.images, attributes, report, cancel)
    stage(git, [path for path in paths if by_git or path not in cargo.images], report, cancel)
    report(Progress("proving what is staged", 0, None))
    proof.files(git, cargo, git.ls_files(cargo.folder), "the index", by_name=True)
    unproven = staging.unproven(workspace, cargo.pointers)
    left = {path: pointer for path, pointer in cargo.images.items() if pointer in unproven}
    proof.objects(store_of(workspace.root), replace(cargo, images=left), report, cancel)
    enter("commit")
    make_durable(workspace, git)
    report(Progress("committing", 0, 1))
    return commit_only(git, paths, message_of(plan, version))


def stage(git: Git, paths: Sequence[str], report: Report = silent, cancel: CancelToken | None = None) -> None:
    """Stage exactly these files, a few hundred at a time, through git's own filters."""
    for at in range(0, len(paths), _CHUNK):
        report(Progress("staging", at, len(paths)))
        git.add(paths[at : at + _CHUNK], cancel=cancel)
    report(Progress("staging", len(paths), len(paths)))


def commit_only(git: Git, paths: Sequence[str], message: str) -> str:
    """Commit exactly these paths and prove that the commit holds nothing else; return it."""
    before = git.head() or ""
    commit = git.commit(paths, message)
    foreign = sorted(set(git.changed_between(before, commit)) - set(paths))
    if foreign:
        raise Damaged(
            f"The commit {commit[:12]} also changed {safe(foreign[0])}: a hook added it, or another commit came between.",
            f"Look at it with git show {commit[:12]}, take it back with git reset --soft HEAD~1, then again.",
        )
    return commit


def message_of(plan: ReleasePlan, version: Version) -> str:
    """Return the message of commit and tag; what changed stands in it once, in the first line where nothing else was said."""
    first, _, rest = plan.message.strip().partition("\n")
    classes = ", ".join(f"{name} {count(number)}" for name, number in version.classes.items())
    changed = plan.summary + (f" against {version.info.parent}" if version.info.parent else "")
    lines = [f"{plan.task.name} {version.name}: {first or changed}", ""]
    if rest.strip():
        lines += [rest.strip(), ""]
    said = [f"- {safe(one.text, limit=2000)} ({safe(one.change)})" for one in version.info.comments]
    lines += [*said, ""] if said else []
    lines += [f"{plural(len(version.items), 'image')}: {classes}", *([changed] if first else [])]
    return "\n".join([*lines, f"digest {version.digest}"])


def make_durable(workspace: Workspace, git: Git) -> None:
    """Make files, objects and refs durable: git-lfs syncs nothing itself."""
    sync_filesystem(workspace.root)
    objects = git.git_path("objects")
    if objects.stat().st_dev != workspace.root.stat().st_dev:
        sync_filesystem(objects)


def flush_labels(
    workspace: Workspace, tasks: Sequence[Task], *, releasing: bool = True, accept_outside: bool = False
) -> tuple[str, ...]:
    """Write the label files of these tasks; return what opening the labels found and a person should know.

    Raises Refused where a file was changed outside in the meantime or, `releasing`, labels.db was built anew just now.
    """
    from core.labels.sync import flush, open_store

    with open_store(workspace, accept_outside=accept_outside) as store:
        if releasing:
            checks.rebuilt(store)
        for task in tasks:
            flushed = flush(workspace, store, task, accept_outside=accept_outside)
            if flushed.problem is not None:
                raise flushed.problem
        return tuple(safe(notice) for notice in store.notices)


def save_labels(workspace: Workspace, git: Git, message: str, *, accept_outside: bool = False) -> Saved:
    """Commit label files, marks and history of every task, and nothing else; the caller holds the release's lock."""
    tasks = list(workspace.tasks.values())
    told = flush_labels(workspace, tasks, releasing=False, accept_outside=accept_outside)
    paths = companions(workspace, git, tasks)
    checks.hidden(git, paths)
    stage(git, paths)
    changed = sorted(set(paths) & set(git.differs_from_head()))
    if not changed:
        return Saved(None, (), told)
    commit = commit_only(git, paths, message)
    make_durable(workspace, git)
    return Saved(commit, tuple(changed), told)
