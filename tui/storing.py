"""What the worker threads do for the Release screen.

What always holds: a release runs in the one lane for long work and can be asked to stop. Called by the bridge.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from core.progress import CancelToken
from core.tasks import Task
from core.workspace import Workspace
from tui.lanes import Lane, Post
from tui.messages import (
    Advanced,
    Released,
    ReleasePlanned,
)

if TYPE_CHECKING:
    from core.progress import Progress
    from core.release import ReleasePlan

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

        if workspace.read_only is not None:
            raise workspace.read_only
        return ReleasePlanned(plan(workspace, task, push=push, report=self._report, cancel=self._cancel))

    def _run(self, plan: ReleasePlan, over: bool) -> Released:
        from core.release import run

        try:
            return Released(run(plan, report=self._report, cancel=self._cancel, confirm=lambda _: over))
        finally:
            self.running = False
