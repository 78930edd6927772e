"""What a person did, counted from the history: how many frames in how many decisions, and how long that took.

A decision is a step that `undo` could take back, and did not: a label, a stretch, a verdict, an accepted suggestion, a
mark, a word on a change of the next version, which is of no frame. Time is what lies between two decisions, as long as that is no pause. The counting is pure; the app's last line
and `status` show it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import pairwise
from typing import NamedTuple

from core.human import count, plural
from core.labels.reviews import is_hunk
from core.labels.steps import frames_of
from core.labels.store import LabelStore

#: Seconds between two decisions from which on somebody was away.
PAUSE_S = 5 * 60


class Decision(NamedTuple):
    """One decision: when it was made, for which task, and the frames it changed."""

    at: datetime
    task: str
    frames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody did: so many frames, in so many decisions, in so many seconds."""

    frames: int = 0
    decisions: int = 0
    seconds: float = 0.0

    def said(self, when: str = "today") -> str:
        """Return it in a line, 'today: 1 312 frames in 14 decisions, 6 min'; '' for nothing."""
        if not self.decisions:
            return ""
        took = f", {count(round(self.seconds / 60))} min" if self.seconds >= 30 else ""
        return f"{when}: {plural(self.frames, 'frame')} in {plural(self.decisions, 'decision')}{took}"


def work_of(decisions: Iterable[Decision]) -> Work:
    """Count decisions given in the order they were made.

    A frame counts once, however often and for however many tasks. A clock that went back in between adds no time.
    """
    made = list(decisions)
    between = ((later.at - earlier.at).total_seconds() for earlier, later in pairwise(made))
    seconds = sum(gap for gap in between if 0 < gap <= PAUSE_S)
    return Work(len({frame for decision in made for frame in decision.frames}), len(made), seconds)


def work_today(store: LabelStore, who: str, now: datetime | None = None) -> Work:
    """Return what a person did since midnight, in all sessions of this machine."""
    local = (now or datetime.now()).astimezone()
    midnight = datetime.combine(local.date(), time()).astimezone()
    since = midnight.astimezone(UTC).isoformat(timespec="milliseconds")
    return work_of(store.database.ask(lambda db: _decisions(db, who, "at>=?", since)))


def work_in(store: LabelStore, who: str, session: str) -> Work:
    """Return what a person did in one session: since this opening of the store, for `store.session`."""
    return work_of(store.database.ask(lambda db: _decisions(db, who, "session=?", session)))


def _decisions(db: sqlite3.Connection, who: str, where: str, word: str) -> list[Decision]:
    rows = db.execute(
        "SELECT seq, at, task FROM step WHERE who=? AND kind='label' AND how<>'imported' AND NOT undone AND changed>0"
        f" AND {where} ORDER BY seq",
        (who, word),
    ).fetchall()
    return [
        Decision(
            datetime.fromisoformat(at), task, tuple(key for key in frames_of(db, seq) if not is_hunk(key))
        )
        for seq, at, task in rows
        if at
    ]
