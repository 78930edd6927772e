"""A version that others may have and that was wrong: it stays, with a reason beside it. And a card written anew.

What always holds: each is one commit of text alone, of exactly its own files; images, labels, manifest and tag stay as
they are. Called by `withdraw`, `versions --rebuild-card`, the Versions screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.durable import atomic_write, lock
from core.errors import Refused, WrongUsage
from core.releasing import checks, journal, standing
from core.releasing.committing import commit_only, make_durable, stage
from core.storage.git import Git
from core.tasks import Task
from core.text import safe
from core.training import registry
from core.versions import card, manifest
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A version that nothing takes by itself any more; `models` were trained on it, `notices` is what to know."""

    task: str
    version: str
    reason: str
    who: str
    when: str
    commit: str
    models: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        names = ("task", "version", "reason", "who", "when", "commit")
        return {**{name: getattr(self, name) for name in names}, "models": list(self.models)}


def withdraw(workspace: Workspace, task: Task, name: str, reason: str, who: str) -> Withdrawn:
    """Withdraw a committed version: never the latest or a default again; it stays, its reason in `withdrawn.json`.

    Raises WrongUsage without a reason, Lacking for an unknown version, Refused for one that is withdrawn or uncommitted.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise WrongUsage("A version is withdrawn for a reason.", "Say it: --reason TEXT")
    git = _ready(workspace)
    with lock(workspace.private / "release.lock", what="a release"):
        gone = dict(manifest.withdrawn(workspace, task))
        if name in gone:
            why = gone[name].get("reason", "") if isinstance(gone[name], dict) else gone[name]
            raise Refused(
                f"{task.name} {name} is withdrawn already: {safe(str(why))}", "Nothing is left to do."
            )
        version = _committed(workspace, git, task, name)
        when = journal.now()
        gone[name] = {"reason": reason, "who": who, "when": when}
        path = workspace.dataset_root(task) / manifest.WITHDRAWN
        atomic_write(path, manifest.encode_json(gone))
        paths = [path.relative_to(workspace.root).as_posix(), *_card(workspace, version)]
        commit = _commit(workspace, git, paths, f"{task.name} {name}: withdrawn\n\n{reason}")
        models = tuple(m.name for m in registry.models(workspace) if (m.task, m.dataset) == (task.name, name))
        far = standing.standings(workspace, git, [task]).get((task.name, name), standing.Standing())
        notices = () if far.remotes else (_never_pushed(task, name),)
        return Withdrawn(task.name, name, reason, who, when, commit or "", models, notices)


def _never_pushed(task: Task, name: str) -> str:
    return (
        f"No remote is known to have {task.name} {name}: it could be taken back whole with print-models release "
        f"--undo {name} --task {task.name}"
    )


def rebuild_card(workspace: Workspace, task: Task, name: str) -> str | None:
    """Write the card of a committed version anew, its Notes kept, in a commit of its own; None where it was right.

    Raises Refused for an older tool's version, whose card is not ours, and for one that is in no commit.
    """
    git = _ready(workspace)
    with lock(workspace.private / "release.lock", what="a release"):
        version = _committed(workspace, git, task, name)
        if version.legacy:
            raise Refused(
                f"The card of {task.name} {name} was written by an older tool.", "Change it by hand."
            )
        return _commit(
            workspace, git, _card(workspace, version), f"{task.name} {name}: its card written anew"
        )


def _ready(workspace: Workspace) -> Git:
    workspace.ensure_private()
    git = Git(workspace.root, workspace.git_log)
    checks.repository(workspace, git, lfs=False)
    return git


def _committed(workspace: Workspace, git: Git, task: Task, name: str) -> manifest.Version:
    version = manifest.read_version(workspace, task, name)
    if not git.ls_tree("HEAD", f"datasets/{task.name}/{name}"):
        raise Refused(
            f"{task.name} {name} is in no commit of this branch.",
            f"One that is only exported is removed: print-models release --abort --task {task.name}",
        )
    return version


def _card(workspace: Workspace, version: manifest.Version) -> list[str]:
    """Write a version's card; return its path, nothing where an older tool wrote it."""
    if version.legacy:
        return []
    card.rebuild(workspace, version, registry.for_card(workspace, version.task, version.name))
    return [(version.path / manifest.CARD).relative_to(workspace.root).as_posix()]


def _commit(workspace: Workspace, git: Git, paths: Sequence[str], message: str) -> str | None:
    checks.hidden(git, paths)
    stage(git, paths)
    changed = sorted(set(paths) & set(git.differs_from_head()))
    if not changed:
        return None
    commit = commit_only(git, changed, message)
    make_durable(workspace, git)
    return commit
