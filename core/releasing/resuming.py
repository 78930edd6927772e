"""What is left to do of an interrupted release, with the words that it was given.

What always holds: nothing is written here; how far it came is asked of git. Called by the release.
"""

from __future__ import annotations

from dataclasses import replace

from core.errors import Refused
from core.progress import CancelToken, Report, silent
from core.releasing import checks, pushing
from core.releasing.journal import Journal
from core.releasing.planning import ReleasePlan, going_on, plan
from core.storage.git import Git
from core.versions import manifest
from core.workspace import Workspace


def resumed(
    workspace: Workspace, book: Journal, *, report: Report = silent, cancel: CancelToken | None = None
) -> ReleasePlan:
    """Plan what is left to do of an interrupted release, with the words it was given; nothing may be left.

    Raises what `plan` raises, and Refused where nothing of it was made and the labels changed since.
    """
    task = workspace.task(book.task)
    git = Git(workspace.root, workspace.git_log)
    if book.version in manifest.list_versions(workspace, task):
        state = checks.repository(workspace, git)
        target = pushing.target(git, state, book.remote, task, book.proof) if book.push else None
        version = manifest.read_version(workspace, task, book.version)
        left = going_on(git, workspace, task, version, book.message, target, (), finish=True)
        return replace(left, agreed=book.agreed, train=book.train)
    found = plan(
        workspace,
        task,
        message=book.message,
        push=book.push,
        remote=book.remote,
        proof=book.proof,
        report=report,
        cancel=cancel,
    )
    if book.labels and found.labels != book.labels:
        raise Refused(
            f"Nothing of {book.tag} was made when its release was interrupted, and the labels changed since.",
            f"See what a release is now (print-models diff --task {task.name}), then make it anew: "
            f"print-models release --task {task.name}",
        )
    return replace(found, agreed=book.agreed, train=book.train)
