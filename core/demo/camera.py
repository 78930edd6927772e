"""The simulated camera: a folder of frames as a printer's camera leaves it, and the truth about each.

Two calls with the same numbers write the same bytes, whatever the number of processes. Nothing that exists
is overwritten. The demo command, tests and benchmarks call `simulate`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from core import human
from core.demo.chronicle import tell
from core.demo.glitches import name_shots, place_glitches
from core.demo.schedule import Shot, plan
from core.demo.script import DEMO, Script
from core.demo.truth import Truth
from core.errors import Lacking, Refused, WrongUsage
from core.progress import CancelToken, Progress, Report, silent
from core.text import safe

_STEP = "simulating the camera"
_FRAMES = 480
_FEW = 48  # below this a second process takes longer to start than it saves


def simulate(
    target: Path,
    *,
    frames: int | None = None,
    size: tuple[int, int] = (1920, 1080),
    seed: int = 0,
    script: Script = DEMO,
    start: date | None = None,
    source: str = "printer-timelapses",
    report: Report = silent,
    cancel: CancelToken | None = None,
    workers: int | None = None,
) -> Truth:
    """Write `frames` JPEGs to target/YYYYMMDD/YYYYMMDDTHHMMSS.jpg and give the truth about them.

    Without a number there are as many as the script has, or 480. `start` is its first day, by default its own. `size` is width and height in pixels; `source` is the first part of the frame keys in the truth; `workers`
    processes render (default: one per core). WrongUsage for impossible numbers, Refused where a day folder
    exists already, Lacking where the folder can't hold the frames; whatever stops it, no frame stays behind.
    """
    width, height = size
    if not (64 <= width <= 7680 and 36 <= height <= 4320):
        raise WrongUsage(
            f"A camera of {width}x{height} pixels can't be simulated.", "Choose between 64x36 and 7680x4320."
        )
    if seed < 0:
        raise WrongUsage(f"The seed {seed} is negative.", "Choose 0 or a positive whole number.")
    if frames is None:
        frames = script.frames if script.exact else _FRAMES
    shots = plan(frames, seed, script, start)
    shots = name_shots(shots if script.exact else place_glitches(shots, seed))
    paths = [target / _below(shot) for shot in shots]
    folders = sorted({path.parent for path in paths})
    taken = next((folder for folder in folders if folder.exists()), None)
    if taken is not None:
        raise Refused(
            f"{safe(taken)} exists already; the simulated camera overwrites nothing.",
            "Choose an empty folder.",
        )
    try:
        _write(shots, paths, size, seed, workers, report, cancel)
    except BaseException:
        for folder in folders:  # half a camera would look like a whole one
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return tell(shots, [f"{source}/{_below(shot)}" for shot in shots], seed, size)


def _write(
    shots: tuple[Shot, ...],
    paths: list[Path],
    size: tuple[int, int],
    seed: int,
    workers: int | None,
    report: Report,
    cancel: CancelToken | None,
) -> None:
    """Render every shot into its file and tell how far it is; an error of the system becomes a sentence."""
    total = 0
    report(Progress(_STEP, 0, len(shots)))
    try:
        for folder in {path.parent for path in paths}:
            folder.mkdir(parents=True)
        for done, written in enumerate(_render(shots, paths, size, seed, workers), start=1):
            total += written
            report(Progress(_STEP, done, len(shots), human.size(total)))
            if cancel is not None:
                cancel.check()
    except BrokenProcessPool as problem:
        raise Lacking(
            "A process that renders frames was ended from outside, most likely for lack of memory.",
            "Ask for smaller frames.",
            detail=repr(problem),
        ) from None
    except OSError as problem:
        where = safe(problem.filename or paths[0].parent.parent)
        raise Lacking(
            f"The frames can't be written to {where}: {problem.strerror or problem}.",
            "Make room there, or choose another folder.",
            detail=repr(problem),
        ) from None


def _below(shot: Shot) -> str:
    """Where a frame lies below the camera folder: YYYYMMDD/YYYYMMDDTHHMMSS.jpg."""
    return f"{shot.captured_at:%Y%m%d}/{shot.name}.jpg"


def _render(
    shots: tuple[Shot, ...], paths: list[Path], size: tuple[int, int], seed: int, workers: int | None
) -> Iterator[int]:
    """Write every shot, here or in processes of their own; gives the bytes written, one at a time."""
    from core.demo import shots as studio

    jobs: Iterable[str] = [str(path) for path in paths]
    small = len(shots) <= _FEW or size[0] * size[1] * len(shots) < 40_000_000
    count = workers or (1 if small else os.cpu_count() or 1)
    if count == 1:
        studio.open_studio(size, seed)
        yield from map(studio.write_shot, shots, jobs)
        return
    # Spawned, never forked: the caller may be an app with threads.
    pool = ProcessPoolExecutor(count, get_context("spawn"), studio.open_studio, (size, seed))
    try:
        yield from pool.map(studio.write_shot, shots, jobs, chunksize=4)
    finally:
        pool.shutdown(cancel_futures=True)
