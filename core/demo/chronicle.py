"""From a plan of shots to the truth: what each frame shows, which prints there were, and what happened when.

Everything is read off the plan that the frames were rendered from, so it can't differ from them. `simulate` calls it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby, pairwise

from core.demo.glitches import UNUSABLE
from core.demo.schedule import Job, Shot
from core.demo.truth import Event, FrameTruth, PrintTruth, Truth

_LONG = timedelta(minutes=5)  # without a frame, within a sitting
_FAILURES = {
    "spaghetti": "The print turns into spaghetti.",
    "detached": "The part comes off the bed; the head prints on in the air.",
}
_GLITCHES = {
    "cut": "The file ends in the middle of the picture.",
    "zeros": "The file ends in zeros: the camera lost power while writing.",
    "same second": "Two pictures of one second.",
    "same bytes": "One picture, stored twice.",
}


def tell(shots: Sequence[Shot], keys: Sequence[str], seed: int, size: tuple[int, int]) -> Truth:
    """Give the truth about shots that are stored under `keys`, one each."""
    frames = tuple(_frame(shot, key, seed) for shot, key in zip(shots, keys, strict=True))
    jobs = {shot.job.id: shot.job for shot in shots if shot.job is not None}
    prints = tuple(_print(job, frames) for job in jobs.values())
    happened = sorted(_events(shots, frames), key=lambda event: keys.index(event.frames[0]))
    return Truth(seed, size, frames, prints, tuple(happened))


def _frame(shot: Shot, key: str, seed: int) -> FrameTruth:
    from core.demo.light import expose
    from core.demo.shots import clouds

    failed = shot.active and shot.mess > 0
    return FrameTruth(
        frame=key,
        captured_at=shot.captured_at,
        state=shot.state,
        offline="active" if shot.active else "offline",
        failed_print=None if not shot.active else "failed" if failed else "good",
        failure=shot.job.failure if shot.job is not None and shot.mess > 0 else None,
        print_id=shot.job.id if shot.job is not None else None,
        onset=shot.onset,
        light=expose(shot.captured_at, shot.lamp, clouds(seed, shot.sitting)).name,
        progress=round(shot.progress, 4) if shot.state == "printing" else None,
        camera=shot.place + 1,
        glitch=shot.glitch,
        usable=shot.glitch not in UNUSABLE,
    )


def _print(job: Job, frames: Sequence[FrameTruth]) -> PrintTruth:
    active = [frame for frame in frames if frame.print_id == job.id and frame.offline == "active"]
    return PrintTruth(
        id=job.id,
        part=job.part,
        outcome="good" if job.fails_at is None else "failed",
        first=active[0].frame,
        last=active[-1].frame,
        onset=next((frame.frame for frame in active if frame.onset), None),
        failure=job.failure,
    )


def _events(shots: Sequence[Shot], frames: Sequence[FrameTruth]) -> Iterator[Event]:
    """Yield what happened, in no order."""
    for (state, _), run in groupby(frames, key=lambda frame: (frame.state, frame.print_id)):
        if state == "warming":
            keys = tuple(frame.frame for frame in run)
            yield Event("warm-up", keys, "The bed heats and the head is still: active, and looks idle.")
    for frame in frames:
        if frame.onset and frame.failure is not None:
            yield Event(frame.failure, (frame.frame,), _FAILURES[frame.failure])
    for before, frame in pairwise(frames):
        both = (before.frame, frame.frame)
        if frame.glitch is not None:
            yield Event(frame.glitch, (frame.frame,) if not frame.usable else both, _GLITCHES[frame.glitch])
        if frame.camera != before.camera:
            yield Event("camera moved", both, "The camera was pushed: what follows is seen from elsewhere.")
        if frame.captured_at.utcoffset() != before.captured_at.utcoffset():
            yield Event("clock back", both, "The clock was set back by an hour, which is now there twice.")
    for one, other in pairwise(zip(shots, frames, strict=True)):
        pause = other[0].captured_at - one[0].captured_at
        if one[0].sitting == other[0].sitting and pause > _LONG:
            minutes = round(pause / timedelta(minutes=1))
            yield Event("gap", (one[1].frame, other[1].frame), f"No frame for {minutes} minutes.")
