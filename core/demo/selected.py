"""Which frames of the note's days carry a label: the note's own numbers, chosen from the truth.

60 of the frames that print, in three sequences, and 90 of the idle printer; 196 that are good or failed. The frames
that the note names are among them. Called by the stories of the demo and by the older repository.
"""

from __future__ import annotations

from core.demo.truth import FAILED_TASK, OFFLINE_TASK, FrameTruth, Truth

_NAMED = ("20251107T005601", "20251110T000537")
_CORRECTED = "20251111T134609"
_LAST_DAY = "20251110"
_PER_PRINT = 20


def note_labels(truth: Truth, task: str) -> dict[str, str]:
    """Return frame -> class of the note's first version of a task, in order of time."""
    known = truth.labels(task)
    first = [frame for frame in truth.frames if f"{frame.captured_at:%Y%m%d}" <= _LAST_DAY]
    printing = [frame for frame in first if frame.state == "printing"]
    if task == FAILED_TASK:
        return {frame.frame: known[frame.frame] for frame in printing}
    chosen = {frame.frame for frame in first if frame.offline == "offline"}
    for name in dict.fromkeys(frame.print_id for frame in printing):
        chosen |= _evenly([frame for frame in printing if frame.print_id == name])
    return {frame.frame: known[frame.frame] for frame in first if frame.frame in chosen}


def note_correction(truth: Truth) -> tuple[str, str]:
    """Return the frame of a later warm-up that the first version lacks, and what it shows."""
    found = next(frame for frame in truth.frames if _CORRECTED in frame.frame)
    return found.frame, truth.labels(OFFLINE_TASK)[found.frame]


def _evenly(frames: list[FrameTruth]) -> set[str]:
    """Return `_PER_PRINT` frames spread over a print; a frame that the note names takes the place of its neighbour."""
    step = len(frames) / _PER_PRINT
    chosen = []
    for number in range(_PER_PRINT):
        part = frames[int(number * step) : int((number + 1) * step)]
        named = [frame for frame in part if any(name in frame.frame for name in _NAMED)]
        chosen.append((named or part)[0].frame)
    return set(chosen)
