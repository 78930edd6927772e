"""What is told of one frame: this machine's database and every machine's journal, put together.

Reads every journal, so it is for one frame at a time. Called by the `history` command and the app.
"""

from __future__ import annotations

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
