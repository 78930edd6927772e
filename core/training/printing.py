"""Whether a print is running, as far as this workspace can know it: what its cameras wrote last, and what that shows.

What always holds: a printer nobody looks at is not taken for a printing one; frames that are being written count as a
print unless a label or a prediction says that the newest of them shows an idle printer; which of these it was is said.
Torch is not needed here. Called before a training starts and, now and then, while it runs.
"""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime, timedelta

from core.errors import PrintModelsError
from core.frames.index import Frame, FrameIndex
from core.labels.predictions import read_predictions
from core.labels.store import LabelStore
from core.tasks import Task
from core.text import safe
from core.workspace import Source, Workspace


def why_printing(workspace: Workspace, now: datetime | None = None) -> str:
    """Return in a sentence why a print is taken to run, '' where none is known to."""
    now = now or datetime.now()
    gap = timedelta(minutes=workspace.settings.split.gap_minutes)
    try:
        with FrameIndex(workspace) as index:
            index.scan()
            for source in workspace.active_sources.values():
                lately = _lately(workspace, index, source, now, gap)
                if lately and (why := _why(workspace, source, lately)):
                    return why
    except (PrintModelsError, OSError, sqlite3.Error):
        return ""  # a camera or labels that can't be read show no print
    return ""


def _lately(
    workspace: Workspace, index: FrameIndex, source: Source, now: datetime, gap: timedelta
) -> list[Frame]:
    """Return a source's last frames, the newest first; none where it has written nothing for `gap`."""
    days = [day.day for day in index.days() if day.source == source.name]
    if not days:
        return []
    frames = sorted(index.frames(source.name, max(days)), key=lambda frame: frame.captured_at, reverse=True)
    if not frames:
        return []
    # After a clock was set back, frames of before lie in the future: what is written now comes behind them.
    past = next((frame for frame in frames if frame.captured_at <= now + gap), frames[0])
    newest = next((frame for frame in (frames[0], past) if _written_near(workspace, frame, now, gap)), None)
    if newest is None:
        return []
    at = newest.captured_at
    return [frame for frame in frames if at - gap <= frame.captured_at <= at]


def _written_near(workspace: Workspace, frame: Frame, now: datetime, gap: timedelta) -> bool:
    """True for a frame of this moment; a camera whose clock is off tells by the date of its file that it writes."""
    written = datetime.fromtimestamp(os.stat(workspace.frame_path(frame.key)).st_mtime)
    return any(abs(now - at) <= gap for at in (frame.captured_at, written))


def _why(workspace: Workspace, source: Source, frames: list[Frame]) -> str:
    """Return why frames show a print: the newest that is labelled or was judged by a model decides."""
    task = workspace.idle_task
    name = safe(source.settings.printer or source.name, limit=60)
    if task is None:
        return f"{name} is being watched: its camera writes frames."
    known = _known(workspace, task, frames)
    if known is None:
        return f"{name} is being watched, and nothing says that it is idle: its camera writes frames."
    answer, how = known
    return "" if answer == task.idle else f"{name} is printing: its newest frames are {how} {answer}."


def _known(workspace: Workspace, task: Task, frames: list[Frame]) -> tuple[str, str] | None:
    guesses, _ = read_predictions(workspace.root / task.predictions, task)
    with LabelStore(workspace) as store:
        for frame in frames:
            if (label := store.get(task, frame.key)) is not None:
                return label.class_, "labelled"
            if (guess := guesses.get(frame.key)) is not None:
                return guess.class_, "predicted to be"
    return None
