"""What the worker threads do for the Release screen: plan, carry out, go on with what was interrupted, take that back.

What always holds: a release runs in the one lane for long work and can be asked to stop; the commands that are shown
beside a step are those in git's log here, never what was expected. Called by the bridge.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from core.progress import CancelToken
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace
from tui.lanes import Lane, Post
from tui.messages import Advanced, Released, ReleasePlanned
from tui.release_messages import Interrupted, StepsSeen, StepsTold, TakenBack, ToBeShown, Trains

if TYPE_CHECKING:
    from core.progress import Progress
    from core.release import Released as CoreReleased
    from core.release import ReleasePlan
    from core.releasing.journal import Journal

_MOST_LINES = 200


class ReleaseWork:
    """Plans and runs a release in the lane for long work; one at a time."""

    def __init__(self, lane: Lane, post: Post) -> None:
        self._lane = lane
        self._post = post
        self._cancel = CancelToken()
        self.running = False

    def look(self, workspace: Workspace) -> None:
        """Look whether a release was interrupted; answered by `Interrupted` where one was."""
        self._lane.ask("interrupted", partial(interrupted, workspace), slot="interrupted")

    def plan(self, workspace: Workspace, task: Task, *, push: bool) -> None:
        """Work out a release of the draft; where one was interrupted, what is left of that."""
        self._cancel = CancelToken()
        self._lane.ask("release", partial(self._plan, workspace, task, push), slot="plan")

    def run(self, plan: ReleasePlan, *, over: bool, again: bool = False, shown: bool = False) -> None:
        """Carry it out, `again` where it is what was interrupted; `over` where a person said yes to going over the limit.

        A first push whose pictures were not `shown` yet is answered by `ToBeShown`, and nothing is done.
        """
        self._cancel = CancelToken()
        self.running = True
        self._lane.ask("release", partial(self._run, plan, over, again, shown))

    def abort(self, workspace: Workspace) -> None:
        """Take back the release that was interrupted; answered by `TakenBack`."""
        self._lane.ask("release", partial(_taken_back, workspace))

    def stop(self) -> None:
        """Ask a running release to stop between two units of work."""
        self._cancel.cancel()

    def _plan(self, workspace: Workspace, task: Task, push: bool) -> ReleasePlanned | Interrupted:
        from core.release import plan, steps
        from core.releasing import journal
        from core.releasing.resuming import resumed

        if workspace.read_only is not None:
            raise workspace.read_only
        book = journal.read(workspace)
        if book is not None:
            found = _interrupted(workspace, book)
            self._post(found)
            if found.running or found.training:
                return found
            made = resumed(workspace, book, report=self._report, cancel=self._cancel)
        else:
            made = plan(workspace, task, push=push, report=self._report, cancel=self._cancel)
        self._post(StepsSeen(steps(made)))
        return ReleasePlanned(made.weighed())

    def _run(
        self, plan: ReleasePlan, over: bool, again: bool, shown: bool
    ) -> Released | ToBeShown | Trains | None:
        from core import release
        from core.releasing.with_model import StillTraining

        watched = _Watched(plan.workspace, self._post)
        work: Callable[..., CoreReleased] = partial(release.run, plan)
        if again:
            work = partial(release.resume, plan.workspace, wait=False)

        def publish(planned: ReleasePlan) -> bool:
            if not shown:
                raise _NotShown(planned)
            return True

        try:
            made = work(
                report=watched.report,
                cancel=self._cancel,
                confirm=lambda _: over,
                publish=publish,
                step=watched.step,
            )
            return Released(made)
        except StillTraining:
            found = interrupted(plan.workspace)
            return Trains(found) if found is not None else None
        except _NotShown as waits:
            from core.releasing.readable import batches

            return ToBeShown(waits.plan.weighed(), batches(waits.plan))
        finally:
            watched.tell()
            self.running = False

    def _report(self, progress: Progress) -> None:
        self._post(Advanced("release", progress))


class _NotShown(Exception):
    """Ends a release before its first step: what it makes readable was not shown yet."""

    def __init__(self, plan: ReleasePlan) -> None:
        super().__init__()
        self.plan = plan


class _Watched:
    """A release that runs: tells its steps, and beside each the commands that git's log has of it."""

    def __init__(self, workspace: Workspace, post: Post) -> None:
        self._log, self._post = workspace.git_log, post
        self._states: dict[str, str] = {}
        self._ran: dict[str, tuple[str, ...]] = {}
        self._at = ""
        self._read = self._log.stat().st_size if self._log.is_file() else 0

    def step(self, id: str, state: str) -> None:
        """Take that a step begins or is done."""
        self._take()
        self._states[id] = state
        self._at = id if state == "doing" else self._at
        self.tell()

    def report(self, progress: Progress) -> None:
        """Take how far the step is."""
        if self._take():
            self.tell()
        self._post(Advanced("release", progress))

    def tell(self) -> None:
        self._take()
        self._post(StepsTold(dict(self._states), dict(self._ran)))

    def _take(self) -> bool:
        """Read what git's log has grown by; True where it has."""
        try:
            if self._log.stat().st_size <= self._read:
                return False
            with self._log.open("rb") as log:
                log.seek(self._read)
                data = log.read()
        except OSError:
            return False
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        lines = [safe(line.decode("utf-8", "replace"), limit=2000) for line in whole.splitlines()]
        commands = tuple(line.partition(" ")[2] for line in lines[-_MOST_LINES:])
        self._ran[self._at] = (*self._ran.get(self._at, ()), *commands)
        return bool(commands)


def interrupted(workspace: Workspace) -> Interrupted | None:
    """Say that a release was interrupted here, and how far it came; None where none was."""
    from core.releasing import journal

    book = journal.read(workspace)
    return _interrupted(workspace, book) if book is not None else None


def _interrupted(workspace: Workspace, book: Journal) -> Interrupted:
    """Put a journal in words; one of this very process is of a release that failed, for nothing runs beside this lane."""
    from core.releasing.steps import HERE, LEARNING, PUSHING

    found = None
    if book.train:
        from core.releasing.with_model import training_of

        found = training_of(workspace, book)

    return Interrupted(
        safe(book.task, limit=60),
        safe(book.version, limit=20),
        next((step for step in reversed((*HERE, *LEARNING, *PUSHING)) if step in book.done), ""),
        frozenset(book.done),
        safe(book.remote or "", limit=60) if book.push else "",
        book.running and book.by is not None and book.by.pid != os.getpid(),
        found[0].id if found is not None and not found[1].over else "",
    )


def _taken_back(workspace: Workspace) -> TakenBack:
    from core.release import abort

    made = abort(workspace)
    return TakenBack(made.task, made.version, tuple(safe(line) for line in made.did))
