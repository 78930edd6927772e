"""What taking a version back would do: an interrupted release (`aborting`), or one that is tagged here (`undoing`).

What always holds: nothing is written here but what a remote showed of itself; a version that a remote may have, that a
later one inherits from, or that a model was trained on, is never taken back. Called by core/releasing/undoing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import Lacking, PrintModelsError, Refused
from core.human import plural
from core.releasing import checks, journal, standing
from core.releasing.cargo import companions
from core.releasing.journal import Journal
from core.storage.git import Entry, Git
from core.tasks import Task
from core.text import safe
from core.versions import manifest
from core.workspace import Workspace

ABORT, UNDO = "abort", "undo"


@dataclass(frozen=True, slots=True)
class Aborted:
    """What taking a version back does, or did: `did` in a sentence each, in the order in which it is done.

    `commit` is the one taken back, None for none; `moved` says that the branch goes back before it, else a commit on top
    takes the version out. `kept` is where the folder goes, None where it is removed.
    """

    kind: str
    task: str
    version: str
    tag: str | None = None
    commit: str | None = None
    moved: bool = False
    staged: tuple[str, ...] = ()
    folder: bool = False
    kept: str | None = None
    did: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.task}/{self.version}"

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "path": f"datasets/{self.name}",
            "digest": None,
            "images": 0,
            "bytes": 0,
            "commit": self.commit,
            "tag": self.tag,
            "pushed": None,
            "taken_back": self.kind,
            "kept": self.kept,
            "did": list(self.did),
        }


def aborting(workspace: Workspace, task: Task | None = None) -> Aborted:
    """Return what `abort` would do; nothing is written. Raises Refused where there is nothing, or it has a tag."""
    git = Git(workspace.root, workspace.git_log)
    checks.repository(workspace, git, lfs=False)
    book = journal.read(workspace)
    if book is not None and book.task in workspace.tasks and task in (None, workspace.tasks[book.task]):
        meant, name = workspace.tasks[book.task], book.version
    else:
        meant = task or workspace.task(None)
        names = manifest.list_versions(workspace, meant)
        if not names:
            raise Refused(
                f"There is no interrupted release, and {meant.name} has no version.",
                "Nothing is to be taken back.",
            )
        name, book = names[-1], None
    if git.rev_parse(f"refs/tags/{meant.name}/{name}") is not None:
        raise _tagged(workspace, git, meant, name, book)
    return _taking_back(workspace, git, ABORT, meant, name, companions_too=book is not None)


def _tagged(workspace: Workspace, git: Git, task: Task, name: str, book: Journal | None) -> Refused:
    """Return why a version with a tag is not aborted, and what can be done instead, as far as is known here."""
    known = standing.standings(workspace, git, [task]).get((task.name, name), standing.Standing())
    back = f"print-models release --undo {name} --task {task.name}"
    if book is not None:
        push = "Finish the push: print-models release --resume" if book.push else ""
        undo = f"take it back, while no remote has it: {back}" if not known.remotes else ""
        return Refused(
            f"{task.name} {name} has its tag already, so there is nothing to abort.",
            f"{push}   (or {undo})" if push and undo else push or undo[:1].upper() + undo[1:],
        )
    return Refused(
        f"There is no interrupted release, and {task.name} {name} is whole: {known.text}.",
        f"Nothing is to be aborted. What no remote has can be taken back: {back}"
        if not known.remotes
        else f"Nothing is to be aborted. What was wrong with it can be said: print-models withdraw {name} --task {task.name}",
    )


def undoing(workspace: Workspace, task: Task, name: str) -> Aborted:
    """Return what `undo` would do; nothing is written. Raises Refused for a version that a remote has, or others need."""
    git = Git(workspace.root, workspace.git_log)
    checks.repository(workspace, git, lfs=False)
    workspace.version_dir(task, name)
    tag = f"{task.name}/{name}"
    at = git.rev_parse(f"refs/tags/{tag}")
    known = standing.standings(workspace, git, [task]).get((task.name, name), standing.Standing())
    if at is None and not known.committed:
        if name not in manifest.list_versions(workspace, task):
            raise Lacking(f"{task.name} has no version {safe(name)}.", "See: print-models versions")
        raise Refused(
            f"{task.name} {name} was never released.",
            f"Remove it: print-models release --abort --task {task.name}",
        )
    _check_not_out(workspace, git, task, name, at)
    _check_not_needed(workspace, git, task, name)
    return _taking_back(workspace, git, UNDO, task, name, companions_too=True)


def _check_not_out(workspace: Workspace, git: Git, task: Task, name: str, at: str | None) -> None:
    """Refuse where a remote has the version: its tag, or a branch with its commit."""
    tag = f"{task.name}/{name}"
    commit = git.rev_parse(f"refs/tags/{tag}^{{commit}}") or _commit_with(git, tag) or ""
    for remote in git.ask("remote").text.split():
        away = ""
        try:
            refs = git.ls_remote(remote)
        except PrintModelsError as error:
            refs, away = {}, error.what
        if refs:
            shown = {n.removeprefix("refs/tags/"): o for n, o in refs.items() if n.startswith("refs/tags/")}
            standing.remember(workspace, remote, {n: o for n, o in shown.items() if "^" not in n})
        heads = [
            o for n, o in refs.items() if n.startswith("refs/heads/") and git.rev_parse(f"{o}^{{commit}}")
        ]
        heads += git.ask("for-each-ref", "--format=%(objectname)", f"refs/remotes/{remote}/").text.split()
        out = (at is not None and refs.get(f"refs/tags/{tag}") == at) or any(
            commit and git.ask("merge-base", "--is-ancestor", commit, head, check=False).code == 0
            for head in heads
        )
        if away and not out:
            found = standing.standings(workspace, git, [task]).get((task.name, name))
            out = found is not None and remote in found.remotes
            if not out and _was_pushing(workspace, tag, remote):
                raise Refused(
                    f"{tag} was being pushed to {safe(remote)} when that was interrupted, and {safe(remote)} does not "
                    "answer: it may have it.",
                    "Connect it, then again; or finish: print-models release --resume",
                )
        if out:
            raise Refused(
                f"{safe(remote)} has {tag} already; what others can have is never taken back.",
                f"Withdraw it, so that nothing takes it by itself: print-models withdraw {name} --task {task.name} "
                "--reason TEXT",
            )


def _was_pushing(workspace: Workspace, tag: str, remote: str) -> bool:
    book = journal.read(workspace)
    return book is not None and book.tag == tag and book.remote == remote and book.doing == "push"


def _check_not_needed(workspace: Workspace, git: Git, task: Task, name: str) -> None:
    """Refuse where a later version inherits from it, or a model was trained on it."""
    for other in manifest.list_versions(workspace, task):
        if other != name and manifest.read_version(workspace, task, other).info.parent == name:
            released = git.rev_parse(f"refs/tags/{task.name}/{other}") is not None
            how = f"release --undo {other}" if released else "release --abort"
            raise Refused(
                f"{task.name} {other} inherits from {name}.",
                f"Take that one back first: print-models {how} --task {task.name}",
            )
    from core.training import registry

    models = [
        model.name for model in registry.models(workspace) if (model.task, model.dataset) == (task.name, name)
    ]
    if models:
        raise Refused(
            f"The model {safe(models[0])} was trained on {task.name} {name}.",
            f"Withdraw the version instead: print-models withdraw {name} --task {task.name} --reason TEXT",
        )


def _taking_back(
    workspace: Workspace, git: Git, kind: str, task: Task, name: str, *, companions_too: bool
) -> Aborted:
    tag, path = f"{task.name}/{name}", workspace.version_dir(task, name)
    folder = f"datasets/{tag}"
    at = git.rev_parse(f"refs/tags/{tag}")
    commit = (git.rev_parse(f"refs/tags/{tag}^{{commit}}") if at else None) or _commit_with(git, tag)
    if commit is not None and git.ask("merge-base", "--is-ancestor", commit, "HEAD", check=False).code:
        raise Refused(
            f"The commit of {tag}, {commit[:12]}, is not on this branch.",
            f"Go to its branch first: git branch --contains {commit[:12]}",
        )
    if commit is not None and not git.ls_tree("HEAD", folder):
        commit = None  # taken out by a later commit already
    moved = commit is not None and _is_ours_at_the_tip(
        git, commit, folder, companions(workspace, git, [task])
    )
    back = f"{commit}~1" if moved else "HEAD"
    ours = [path_ for path_ in companions(workspace, git, [task]) if companions_too or commit]
    staged = _differing(git, git.rev_parse(back) or "HEAD", folder, ours)
    there = path.is_dir()
    stored = None if kind == ABORT else _undone_name(workspace, task, name)
    did = [f"the tag {tag} is taken away"] if at else []
    if commit is not None:
        how = (
            f"{git.branch()} goes back to before it"
            if moved
            else "others came after it, so a commit takes its files out"
        )
        did.append(f"the commit {commit[:12]} is taken back: {how}")
    if staged:
        did.append(
            f"{plural(len(staged), 'staged file')} of it {'is' if len(staged) == 1 else 'are'} no longer staged"
        )
    if there:
        did.append(f"{folder} is removed" if stored is None else f"{folder} goes to {stored}")
    did.append(f"the labels stay as they are; the number {name[1:]} is free again")
    return Aborted(
        kind, task.name, name, tag if at else None, commit, moved, staged, there, stored, tuple(did)
    )


def _commit_with(git: Git, tag: str) -> str | None:
    """Return the commit of HEAD's history that brought a version, where HEAD holds it and no tag names it."""
    folder = f"datasets/{tag}"
    if not git.ls_tree("HEAD", folder):
        return None
    return (
        git.line("log", "--diff-filter=A", "--format=%H", "-1", "HEAD", "--", f"{folder}/{manifest.METADATA}")
        or None
    )


def _is_ours_at_the_tip(git: Git, commit: str, folder: str, ours: Iterable[str]) -> bool:
    """True where a commit is HEAD, has one parent, and changed nothing but files that a release commits."""
    if git.head() != commit or len((git.line("rev-list", "--parents", "-1", commit) or "").split()) != 2:
        return False
    mine = set(ours)
    return all(
        path.startswith(f"{folder}/") or path in mine for path in git.changed_between(f"{commit}~1", commit)
    )


def _differing(git: Git, revision: str, folder: str, others: Iterable[str]) -> tuple[str, ...]:
    """Return the files of a version, and of those beside it, that the index has otherwise than a commit."""
    return tuple(sorted(wanted(git, revision, folder, others)))


def wanted(git: Git, revision: str, folder: str, others: Iterable[str]) -> Mapping[str, Entry | None]:
    """Return path → entry that a commit has, of those whose entry in the index is another one."""
    now, then = git.ls_files(folder), git.ls_tree(revision, folder)
    known = git.ls_tree(revision, "data")
    for path in others:
        now |= git.ls_files(path)
        then |= {path: known[path]} if path in known else {}
    return {path: then.get(path) for path in now.keys() | then.keys() if now.get(path) != then.get(path)}


def _undone_name(workspace: Workspace, task: Task, name: str) -> str:
    """Return a free place for a folder that is taken back, below the workspace."""
    stem = f".print-models/undone/{task.name}-{name}-{datetime.now():%Y%m%dT%H%M%S}"
    names = [stem, *(f"{stem}-{n}" for n in range(2, 100))]
    return next(at for at in names if not (workspace.root / at).exists())
