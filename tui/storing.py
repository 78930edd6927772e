"""What the worker threads look up and do for the Storage and Release screens.

What always holds: each function returns one frozen message made from core's own objects; a release runs in the one
lane for long work and can be asked to stop. Called by the bridge.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from core.human import plural, size
from core.progress import CancelToken
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace
from tui.lanes import Lane, Post
from tui.messages import (
    Advanced,
    LedgerRow,
    LedgerSeen,
    Released,
    ReleasePlanned,
)

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.progress import Progress
    from core.release import ReleasePlan
    from core.storage.ledger import Ledger

Stores = Callable[[], "LabelStore"]
Indexes = Callable[[], "FrameIndex"]

#: What each step of a release does, and the git commands it runs.
STEPS: dict[str, tuple[str, str]] = {
    "export": ("write the version, read it back, one rename", "no git; {path}/"),
    "stage": ("put exactly its files into the index, through the LFS filter", "git add -- {path}/… data/…"),
    "prove": ("the index holds pointers with the hashes of the manifest", "git ls-files --stage; git cat-file --batch"),
    "commit": ("one commit of these paths, nothing else", "git commit -- {path}/ data/…"),
    "tag": ("an annotated tag", "git tag -a {tag}"),
    "push": ("objects, proof, then branch and tag together; can't be taken back",
             "git lfs push {remote}; git push --atomic {remote} {branch} {tag}"),
}  # fmt: skip


# --- storage ----------------------------------------------------------------------------------------------------


def ledger_seen(workspace: Workspace, store: Stores, index: Indexes) -> LedgerSeen:
    """Measure what Git LFS holds, and what the drafts of all tasks cost together."""
    from core.releasing.pricing import draft_images, plan_of
    from core.storage import plans
    from core.storage.git import Git
    from core.storage.ledger import Ledger, ledger
    from core.versions.selection import draft

    git = Git(workspace.root)
    repository = git.is_repository()
    found = ledger(workspace) if repository else Ledger()
    plan = plan_of(workspace, git) if repository else None
    images = []
    for task in workspace.tasks.values():
        if store().counts(task):
            images += draft_images(draft(workspace, store(), index(), task), index())
    price = plans.price(found, found.new_bytes(images), plan)
    share = f" · {found.bytes / plan.storage:.1%} of {plan.name}" if plan and plan.storage else ""
    stored = f"{plural(found.objects, 'object')} in Git LFS, {size(found.bytes)}{share}"
    lines = plans.describe(price, plan)
    return LedgerSeen(
        stored=stored
        if repository
        else "There is no git repository here, so nothing is stored yet: print-models init",
        draft=lines[0].removeprefix("draft").strip(),
        here=_here(found),
        plan=tuple(line.strip() for line in lines[1:]),
        rows=_ledger_rows(found),
        over=price.over,
    )


def _here(found: Ledger) -> str:
    if not found.objects:
        return "nothing is stored yet"
    if not found.local.missing:
        return "all of it is on this machine"
    return f"{size(found.local.bytes)} of it on this machine, {plural(found.local.missing, 'object')} not"


def _ledger_rows(found: Ledger) -> tuple[LedgerRow, ...]:
    rows = [
        LedgerRow(f"{safe(task, limit=40)} {safe(name)}", row.files, row.bytes, row.exclusive)
        for task, versions in found.versions.items()
        for name, row in versions.items()
    ]
    rest = (("models", found.models), ("other", found.other))
    return (*rows, *(LedgerRow(name, row.files, row.bytes, row.exclusive) for name, row in rest if row.files))


# --- releasing --------------------------------------------------------------------------------------------------


class ReleaseWork:
    """Plans and runs a release in the lane for long work; one at a time."""

    def __init__(self, lane: Lane, post: Post) -> None:
        self._lane = lane
        self._post = post
        self._cancel = CancelToken()
        self.running = False

    def plan(self, workspace: Workspace, task: Task, *, push: bool) -> None:
        """Work out a release of the draft."""
        self._cancel = CancelToken()
        self._lane.ask("release", partial(self._plan, workspace, task, push), slot="plan")

    def run(self, plan: ReleasePlan, *, over: bool) -> None:
        """Carry it out; `over` where a person said yes to going over the plan's limit."""
        self._cancel = CancelToken()
        self.running = True
        self._lane.ask("release", partial(self._run, plan, over))

    def stop(self) -> None:
        """Ask a running release to stop between two units of work."""
        self._cancel.cancel()

    def _report(self, progress: Progress) -> None:
        self._post(Advanced("release", progress))

    def _plan(self, workspace: Workspace, task: Task, push: bool) -> ReleasePlanned:
        from core.release import plan

        return ReleasePlanned(plan(workspace, task, push=push, report=self._report, cancel=self._cancel))

    def _run(self, plan: ReleasePlan, over: bool) -> Released:
        from core.release import run

        try:
            return Released(run(plan, report=self._report, cancel=self._cancel, confirm=lambda _: over))
        finally:
            self.running = False
