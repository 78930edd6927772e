"""How far each version is: only exported, in a commit, tagged, on a remote; and what no remote has yet.

What always holds: no remote is asked. What one showed when it was last asked, and which tags were made here, is kept in
`.print-models/`; a tag that neither tells of came from elsewhere, and counts as being where its commit is. Called by
`versions`, `status` and the release.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.durable import atomic_write
from core.storage.git import Git
from core.tasks import Task
from core.versions.manifest import list_versions, number_of
from core.workspace import Workspace

#: Beside the remotes, whose names are never empty: the tags that were made here.
_OWN = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a version is: `committed` in HEAD, its `tag` here, and the `remotes` known to have that tag."""

    committed: bool = False
    tagged: bool = False
    remotes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """'released on origin', 'tagged here', 'in a commit, no tag', 'exported only'."""
        if self.remotes:
            return f"released on {', '.join(self.remotes)}"
        return "tagged here" if self.tagged else "in a commit, no tag" if self.committed else "exported only"


def standings(workspace: Workspace, git: Git, tasks: Sequence[Task]) -> Mapping[tuple[str, str], Standing]:
    """Return how far the versions of these tasks are, by (task, version); none outside a repository."""
    if not git.is_repository():
        return {}
    committed = _committed(git)
    tags = _tags(git)
    there = {remote: _on(workspace, git, remote, tags) for remote in _remotes(git)}
    names = {tag for tag in {*committed, *tags} if tag.partition("/")[0] in {task.name for task in tasks}}
    return {
        (task, version): Standing(
            tag in committed, tag in tags, tuple(remote for remote, held in there.items() if tag in held)
        )
        for tag in sorted(names)
        for task, _, version in [tag.partition("/")]
    }


def tags_of_history(workspace: Workspace, git: Git) -> dict[str, str]:
    """Return tag → object id of the versions' tags that HEAD's history holds; one of another branch goes with that."""
    if git.head() is None:
        return {}
    names = _tags(git, "--merged=HEAD").items()
    return {tag: at for tag, at in names if _of_a_version(workspace, tag)}


def _of_a_version(workspace: Workspace, tag: str) -> bool:
    task, _, name = tag.partition("/")
    return task in workspace.tasks and number_of(name) is not None


def waiting_tags(workspace: Workspace, git: Git) -> list[str]:
    """Return the tags of versions that no remote is known to have; none where there is no remote."""
    remotes = _remotes(git)
    tags = tags_of_history(workspace, git) if remotes else {}
    held = {tag for remote in remotes for tag in _on(workspace, git, remote, tags)}
    return sorted(set(tags) - held)


def unreleased(workspace: Workspace, git: Git) -> list[str]:
    """Return `task/version` of each task's newest version that is in no commit and has no tag."""
    newest = [
        f"{task.name}/{names[-1]}"
        for task in workspace.tasks.values()
        if (names := list_versions(workspace, task))
    ]
    if not newest:
        return []
    known = _committed(git) | set(_tags(git))
    return [name for name in newest if name not in known]


def remember(workspace: Workspace, remote: str, tags: Mapping[str, str]) -> None:
    """Keep which tags (name → object id) a remote showed just now."""
    _keep(workspace, remote, tags)


def made_here(workspace: Workspace, tag: str, at: str) -> None:
    """Keep that a tag was made here: it is on no remote before one shows it, wherever its commit is."""
    _keep(workspace, _OWN, {**_seen(workspace).get(_OWN, {}), tag: at})


def _keep(workspace: Workspace, remote: str, tags: Mapping[str, str]) -> None:
    workspace.ensure_private()
    known = _seen(workspace)
    if known.get(remote) != dict(tags):
        atomic_write(_file(workspace), json.dumps({**known, remote: dict(tags)}, sort_keys=True).encode())


def _file(workspace: Workspace) -> Path:
    return workspace.private / "remotes.json"


def _seen(workspace: Workspace) -> dict[str, Any]:
    """Return what remotes showed; nothing where the file is not ours or damaged, since it can be asked again."""
    try:
        found = json.loads(_file(workspace).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, dict)} if isinstance(found, dict) else {}


def _remotes(git: Git) -> list[str]:
    return (git.line("remote") or "").split()


def _tags(git: Git, *words: str) -> dict[str, str]:
    """Return tag → object id."""
    form = "--format=%(refname:strip=2)%00%(objectname)"
    rows = git.ask("for-each-ref", form, *words, "refs/tags").text.splitlines()
    return {name: at for name, _, at in (row.partition("\0") for row in rows)}


def _committed(git: Git) -> set[str]:
    """Return `task/version` of every version that HEAD holds with a class folder: its texts alone are no version."""
    done = git.ask(
        "ls-tree", "-r", "-d", "-z", "--name-only", "--full-tree", "HEAD", "--", "datasets/", check=False
    )
    rows = done.text.split("\0") if done.code == 0 else []
    return {row.removeprefix("datasets/").rpartition("/")[0] for row in rows if row.count("/") == 3}


def _on(workspace: Workspace, git: Git, remote: str, tags: Mapping[str, str]) -> set[str]:
    """Return those of the tags that a remote has, as far as this clone knows."""
    seen = _seen(workspace)
    told, own = seen.get(remote, {}), seen.get(_OWN, {})
    held = {tag for tag, at in tags.items() if told.get(tag) == at}
    foreign = {tag for tag, at in tags.items() if tag not in told and own.get(tag) != at}
    if not foreign:
        return held
    heads = git.ask("for-each-ref", "--format=%(refname)", f"refs/remotes/{remote}/").text.split()
    came = set(_tags(git, *(f"--merged={head}" for head in heads))) & foreign if heads else set()
    return held | came
