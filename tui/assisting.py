"""The process that suggests labels while a person labels: started beside the app, ended with it.

What always holds: who asks for it waits for nothing; it has the lowest of priorities, a session of its own and no
terminal; it ends when the pipe to it closes, whatever ends the app; one that ended by itself is not started again at
once. It writes a file that the app reads like any other. Called by the app.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import core
from core import process
from core.workspace import Workspace
from tui import keymap
from tui.lanes import Lane, Post

if TYPE_CHECKING:
    from tui.state import State

#: From so many labels on it runs: it has looked at the frames by the time when there is something to learn.
ENOUGH = 5
#: One that ended is not asked for again before.
_REST_S = 60.0
#: How long one that was told to end is waited for.
_PATIENCE_S = 2.0


def wanted(state: State, place: str) -> str:
    """Return the task of which labels are to be suggested now; '' where of none is."""
    ready = place == keymap.LABEL and not state.scanning and state.workspace.read_only is None
    given = [state.class_counts()[class_] for class_ in state.task.classes] if ready else []
    return state.task.name if sum(given) >= ENOUGH else ""


def command(workspace: Workspace, task: str) -> tuple[list[str], dict[str, str]]:
    """Return the argument list of the process, and what its environment has besides ours."""
    # -P: a workspace may hold a folder called `core`; the process must not import that.
    argv = [sys.executable, "-P", "-m", "core", "-C", os.fspath(workspace.root), "suggest", "--watch"]
    here = os.fspath(Path(core.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH", ""))))
    return [*argv, "--task", task], {"PYTHONPATH": path}


class Assistant:
    """Keeps the process that is wanted, in a lane of its own; methods but `ended` return at once."""

    def __init__(self, workspace: Workspace, post: Post) -> None:
        self._workspace = workspace
        self.lane = Lane("assisting", post)
        self._asked = ""
        self._of = ""
        self._child: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0

    def want(self, task: str) -> None:
        """Have the process for a task, '' for none; to be asked again now and then."""
        if task or self._asked:
            self._asked = task
            self.lane.ask("suggesting", partial(self._keep, task), slot="assistant")

    def end(self) -> None:
        """End the process, and take no more; `ended` waits for it."""
        self.lane.ask("suggesting", partial(self._keep, ""), slot="assistant")
        self.lane.close(0)

    def ended(self) -> bool:
        """Wait until the process has ended; False where that takes too long."""
        return self.lane.close(_PATIENCE_S + 1)

    # --- in the worker thread -----------------------------------------------------------------------------------

    def _keep(self, task: str) -> None:
        child = self._child
        if child is not None and child.poll() is not None:
            self._not_before, self._child = monotonic() + _REST_S, None
            process.end_beside(child, 0)
        if self._child is not None and self._of != task:
            process.end_beside(self._child, _PATIENCE_S)
            self._child, self._not_before = None, 0.0
        if not task or self._child is not None or (self._of == task and monotonic() < self._not_before):
            return
        argv, env = command(self._workspace, task)
        self._of = task
        try:
            self._child = process.spawn_beside(argv, cwd=self._workspace.root, env=env)
        except OSError:  # no process is to be had now: labelling goes on without
            self._not_before = monotonic() + _REST_S
