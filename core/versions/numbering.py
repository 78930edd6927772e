"""The number of the next version, and what the words of `export` mean together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import PrintModelsError, Refused, WrongUsage
from core.process import run
from core.tasks import Task
from core.text import safe
from core.versions.manifest import list_versions, number_of
from core.workspace import Workspace

_VERSION = re.compile(r"v?([1-9][0-9]{0,5})(\.0)?")


@dataclass(frozen=True, slots=True)
class Words:
    """What an export was asked for: the task, the number (None: the next), a label file to take alone."""

    task: Task
    number: int | None
    labels: Path | None
    own_labels: bool


def tagged_numbers(workspace: Workspace, task: Task) -> set[int]:
    """Return the numbers that a tag of this task holds, here or as last seen on a remote."""
    words = ["git", "for-each-ref", "--format=%(refname)", "refs/tags", "refs/remotes"]
    try:
        names = run(words, cwd=workspace.root, timeout=20).text.split("\n")
    except PrintModelsError:  # no repository, or no git: then there are no tags either
        return set()
    pattern = re.compile(rf"refs/(?:tags|remotes/.*)/{re.escape(task.name)}/v([1-9][0-9]{{0,5}})")
    return {int(found[1]) for name in names if (found := pattern.fullmatch(name))}


def next_number(workspace: Workspace, task: Task) -> int:
    """Return 1 + the greatest number of folders and tags."""
    folders = {number_of(name) or 0 for name in list_versions(workspace, task)}
    return 1 + max(folders | tagged_numbers(workspace, task), default=0)


def free_number(workspace: Workspace, task: Task, number: int | None) -> int:
    """Return `number`, or the next one. Raises Refused where a folder or a tag has it already."""
    if number is None:
        return next_number(workspace, task)
    if workspace.version_dir(task, f"v{number}").exists() or number in tagged_numbers(workspace, task):
        raise Refused(
            f"{task.name} v{number} exists already; a version is never changed.",
            f"Leave the number out to make v{next_number(workspace, task)}.",
        )
    return number


def words_of(
    workspace: Workspace,
    *,
    task: str | None = None,
    labels: Path | None = None,
    output: Path | None = None,
    version: str | None = None,
    folder: Path,
) -> Words:
    """Make one meaning of --task, --labels, --output and --version; paths are relative to `folder`.

    The task is the one named, else that of the output, else the one whose label file it is, else the default. Raises
    WrongUsage where two of them disagree.
    """
    from_output, number = _of_output(workspace, folder / output) if output is not None else (None, None)
    file = (folder / labels).resolve() if labels is not None else None
    owner = next((t for t in workspace.tasks.values() if workspace.labels_path(t).resolve() == file), None)
    named = workspace.task(task) if task is not None else None
    meant = named or from_output or owner or workspace.task(None)
    for other, word in ((from_output, "--output"), (owner, "--labels")):
        if other is not None and other.name != meant.name:
            raise WrongUsage(
                f"{word} belongs to {other.name}, but the task is {meant.name}.",
                "Name one task only.",
            )
    if version is not None:
        found = _VERSION.fullmatch(version.strip())
        if not found:
            raise WrongUsage(f"“{safe(version, limit=40)}” is no version.", "Write --version 2 or 2.0.")
        if number is not None and number != int(found[1]):
            raise WrongUsage(
                f"--output says v{number}, --version says {safe(version)}.", "Give one number only."
            )
        number = int(found[1])
    return Words(meant, number, file if owner is None else None, owner is not None)


def _of_output(workspace: Workspace, path: Path) -> tuple[Task, int]:
    path = path.parent.resolve() / path.name
    task = workspace.tasks.get(path.parent.name)
    number = number_of(path.name)
    if task is None or number is None or path.parent.parent != workspace.datasets.resolve():
        tasks = ", ".join(workspace.tasks)
        raise WrongUsage(
            f"--output {safe(path, limit=120)} is no place for a version.",
            f"Versions lie in datasets/TASK/vN; the tasks are {tasks}.",
        )
    return task, number
