"""What is told of frames: of one by this machine's database and every machine's journal, of many by journals alone.

Reads every journal, so it is for what a person asked for. Called by the `history` command, the app, and the backup.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from core.labels import journal
from core.labels.model import HistoryEntry
from core.labels.store import LabelStore
from core.workspace import Workspace


def whole_history(workspace: Workspace, store: LabelStore, frame: str) -> list[HistoryEntry]:
    """Return every change of a frame that the database or any machine's journal tells, oldest first.

    The order of this machine's steps is their number; another machine's stand by their time among them.
    """
    own = store.history(frame)
    known = {(entry.at, entry.task, entry.after) for entry in own}
    others = [
        entry
        for entry in journal.told(workspace.history_dir, frame)
        if (entry.at, entry.task, entry.after) not in known
    ]
    placed, reached = [], ""
    for number, entry in enumerate(own):
        reached = max(reached, entry.at)
        placed.append(((reached, 1, number), entry))
    placed += [((entry.at, 0, number), entry) for number, entry in enumerate(others)]
    return [entry for _, entry in sorted(placed, key=lambda pair: pair[0])]


def last_told(journals: Iterable[bytes], task: str, frames: Collection[str]) -> dict[str, str | None]:
    """Return frame → its class (None: taken off) after the latest change that these journals tell of it, by their clocks."""
    found: dict[str, tuple[str, str | None]] = {}
    for data in journals:
        for entry in journal.steps(data.splitlines()):
            if entry.get("task") != task:
                continue
            at = journal.utc(entry.get("time"))
            for frame, _, after in journal.changes(entry):
                if frame in frames and (frame not in found or found[frame][0] <= at):
                    found[frame] = at, after
    return {frame: after for frame, (_, after) in found.items()}
