"""Which trainings a person was told the end of, so that “finished while you were away” is said once.

What always holds: one small file in `.print-models/`; without it nothing is told but the newest end. Called by trainings.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from core.durable import atomic_write
from core.errors import PrintModelsError
from core.workspace import Workspace

_FILE = "told.json"


class Told:
    """Remembers which ends were told; in memory where the file can't be written."""

    def __init__(self) -> None:
        self._known: set[str] | None = None

    def fresh(self, workspace: Workspace, over: Sequence[str]) -> list[str]:
        """Return those of the ended trainings (newest first) whose end is news, and remember them as told."""
        first = self._known is None
        known = _read(workspace) if self._known is None else self._known
        news = list(over[:1]) if known is None else [run for run in over if run not in known]
        if news or known is None or first:
            self._known = {*(known or ()), *over}
        if news:
            _write(workspace, self._known or set())
        return news


def _read(workspace: Workspace) -> set[str] | None:
    try:
        found = json.loads((workspace.private / _FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return {run for run in found if isinstance(run, str)} if isinstance(found, list) else None


def _write(workspace: Workspace, known: set[str]) -> None:
    try:
        workspace.ensure_private()
        atomic_write(workspace.private / _FILE, json.dumps(sorted(known)).encode())
    except (PrintModelsError, OSError):
        pass  # it is told once more the next time, and nothing else
