"""What was shown with a plan, and what lies half done: a release begins on neither other labels nor another's remains.

What always holds: nothing is written here. Called by the planning of a release, and by the release before it exports.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from core.errors import Refused
from core.releasing import journal
from core.storage.git import Git
from core.tasks import Task
from core.versions import manifest
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.labels.store import LabelStore
    from core.releasing.planning import ReleasePlan


def labels_shown(store: LabelStore, task: Task) -> str:
    """Return what names the labels and marks that a draft of a task is made from: another one, where any changed."""
    marks = sorted((frame, mark.mark, mark.reason) for frame, mark in store.all_marks().items())
    digest = hashlib.sha256(repr(sorted(store.classes(task).items())).encode("utf-8", "surrogateescape"))
    digest.update(repr(marks).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def check_labels(plan: ReleasePlan) -> None:
    """Refuse where labels or marks changed since the plan was made: what was shown is not what would be released."""
    from core.labels.sync import open_store

    with open_store(plan.workspace) as store:
        now = labels_shown(store, plan.task)
    if plan.labels and now != plan.labels:
        raise Refused(
            f"Labels or marks of {plan.task.name} changed since this release was planned; nothing was written.",
            f"Look at it again, then release: print-models diff --task {plan.task.name}",
        )


def check_no_other(workspace: Workspace, git: Git, task: Task) -> None:
    """Refuse while a release of another task lies half done: exported or committed, without its tag."""
    book = journal.read(workspace)
    if book is None or book.task == task.name or book.task not in workspace.tasks:
        return
    other = workspace.task(book.task)
    if book.version in manifest.list_versions(workspace, other) and not git.rev_parse(
        f"refs/tags/{book.tag}"
    ):
        raise Refused(
            f"The release of {book.tag} was interrupted and has no tag yet.",
            "Finish it first: print-models release --resume   (or take it back: print-models release --abort)",
        )
