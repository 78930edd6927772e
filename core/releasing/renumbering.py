"""A version made here under a number that somebody else's version has on the remote: it makes room, and is made anew.

What always holds: theirs stays as it is, ours was never pushed; no label is lost, and the folder of ours is kept. Nothing is
released here: what is new against theirs is shown first. Called by `release --renumber`.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import NotProven, PrintModelsError, Refused
from core.progress import Report, silent
from core.releasing import checks, pushing
from core.releasing.syncing import Synced, sync
from core.releasing.undoing import undo, undoing
from core.storage.git import Git
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Renumbered:
    """What was done: our version was taken back to `kept` (None where that was done before), theirs came with `synced`."""

    name: str
    remote: str
    kept: str | None
    synced: Synced


def renumbering(workspace: Workspace, task: Task, name: str, remote: str | None = None) -> tuple[str, ...]:
    """Return in sentences what `renumber` would do. Raises Refused where the remote has no other version of that number."""
    git = Git(workspace.root, workspace.git_log)
    where = _met(git, workspace, task, name, remote)
    tag = f"{task.name}/{name}"
    ours = undoing(workspace, task, name).did if git.rev_parse(f"refs/tags/{tag}") else ()
    return (
        *ours[:-1],
        f"labels and branch of {safe(where)} are fetched and merged, with its {tag}",
        "the labels stay; what is new against that version is shown, and released under the next number by a command",
    )


def renumber(
    workspace: Workspace, task: Task, name: str, remote: str | None = None, *, report: Report = silent
) -> Renumbered:
    """Take our unpushed version back, merge the remote's branch and take its tag; the draft is then against theirs.

    Done again after an interruption it goes on. Raises what `renumbering`, `undo` and a sync raise.
    """
    git = Git(workspace.root, workspace.git_log)
    where = _met(git, workspace, task, name, remote)
    tag = f"{task.name}/{name}"
    kept = undo(workspace, task, name).kept if git.rev_parse(f"refs/tags/{tag}") else None
    synced = sync(workspace, remote=where, report=report)
    try:
        git.fetch(where, f"refs/tags/{tag}:refs/tags/{tag}")
    except PrintModelsError as error:
        synced.problem = synced.problem or error
    if synced.problem is not None:
        problem = synced.problem
        raise type(problem)(
            f"Our {tag} is taken back; {safe(where)} is not merged yet: {problem.what}",
            problem.remedy or f"Run it again: print-models release --renumber {name} --task {task.name}",
            detail=problem.detail,
        )
    return Renumbered(tag, where, kept, synced)


def _met(git: Git, workspace: Workspace, task: Task, name: str, remote: str | None) -> str:
    """Return the remote that has another version of that number."""
    state = checks.repository(workspace, git)
    workspace.version_dir(task, name)
    where, tag = pushing.remote_of(state, remote), f"{task.name}/{name}"
    try:
        there = git.ls_remote(where, f"refs/tags/{tag}").get(f"refs/tags/{tag}")
    except PrintModelsError as error:
        raise NotProven(
            f"The remote {safe(where)} does not answer: {safe(error.what)}",
            "Connect it, then again.",
            detail=error.detail,
        ) from error
    if there is None:
        raise Refused(
            f"{safe(where)} has no {tag}: the number is free there.",
            f"Send ours: print-models release --task {task.name} --push",
        )
    if there == git.rev_parse(f"refs/tags/{tag}"):
        raise Refused(f"{safe(where)} has this very {tag}.", "Nothing is to be renumbered.")
    return where
