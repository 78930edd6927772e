"""When the simulated camera takes a frame, and what the printer is doing at that moment.

A script of sittings (one recording each, more than a quarter of an hour apart) covers three days
and holds every combination that matters: idle and printing, each by daylight, under the lamp and in
infrared, so that neither brightness nor the clock tells the class. Longer simulations repeat the
script on later days with other parts. Pure arithmetic and one random generator: no pixels here.
`simulate` is the caller; the renderer gets one `Shot` per frame.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core.errors import WrongUsage

LEAST_FRAMES = 30
_FRAMES_PER_ROUND = 720  # above this the script is repeated instead of stretched
_LEAST_PAUSE = timedelta(minutes=20)  # a recording ends after 15 minutes without a frame
_PARTS = ("vase", "box", "rook", "planter", "tower", "gear", "cup")
_COLOURS = (
    (226, 98, 28),
    (214, 214, 208),
    (40, 98, 190),
    (60, 150, 70),
    (190, 36, 42),
    (150, 154, 160),
    (232, 184, 40),
)


@dataclass(frozen=True, slots=True)
class _Sitting:
    """One recording of the script: when it starts, its light, and what happens in it, by share."""

    day: int
    start: time
    lamp: bool
    spans: tuple[tuple[str, float], ...]


_SCRIPT = (
    _Sitting(0, time(0, 40), False, (("empty", 1.0),)),
    _Sitting(0, time(2, 30), True, (("print", 0.8), ("finished", 0.2))),
    _Sitting(0, time(8, 50), False, (("finished", 1.0),)),
    _Sitting(0, time(13, 0), False, (("print", 1.0),)),
    _Sitting(0, time(19, 40), True, (("empty", 1.0),)),
    _Sitting(1, time(1, 10), False, (("empty", 0.2), ("print", 0.8))),
    _Sitting(1, time(8, 20), False, (("finished", 0.6), ("empty", 0.4))),
    _Sitting(1, time(11, 5), True, (("print", 1.0),)),
    _Sitting(1, time(15, 45), False, (("finished", 1.0),)),
    _Sitting(1, time(21, 15), True, (("failing", 1.0),)),
    _Sitting(2, time(2, 50), False, (("mess", 1.0),)),
    _Sitting(2, time(10, 0), False, (("empty", 0.25), ("print", 0.75))),
    _Sitting(2, time(14, 30), True, (("empty", 1.0),)),
    _Sitting(2, time(18, 30), False, (("print", 0.8), ("finished", 0.2))),
    _Sitting(2, time(22, 50), True, (("finished", 0.5), ("empty", 0.5))),
)
_DAYS_PER_ROUND = 3


@dataclass(frozen=True, slots=True)
class Job:
    """One print of the schedule: the part, how it lies on the bed, and when it begins to fail.

    `fails_at` is a share of the printing time, None for a good print. Lengths in mm, angles in radians.
    """

    id: str
    number: int
    part: str
    colour: tuple[int, int, int]
    x: float
    y: float
    turn: float
    scale: float
    fails_at: float | None


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame to take: everything the renderer needs, nothing else.

    `state` is "empty", "finished" (a part waits on the bed) or "printing". `progress` is the share of
    the print that is done (1.0 on a finished part), 0.0 while the printer heats up. `mess` is the share
    of the failed time that has passed, 0.0 on a good print. `sitting` numbers the recordings.
    """

    index: int
    captured_at: datetime
    sitting: int
    state: str
    lamp: bool
    job: Job | None
    progress: float
    mess: float
    onset: bool


def plan(frames: int, seed: int, start: date) -> tuple[Shot, ...]:
    """Plan `frames` shots from `start` on, the same for the same numbers; WrongUsage below 30 frames."""
    if frames < LEAST_FRAMES:
        raise WrongUsage(
            f"{frames} frames are too few for a simulated printer with every kind of recording.",
            f"Ask for at least {LEAST_FRAMES} frames.",
        )
    chance = random.Random(f"schedule {seed}")
    rounds = -(-frames // _FRAMES_PER_ROUND)
    sittings = [(turn, sitting) for turn in range(rounds) for sitting in _SCRIPT]
    lengths = _share_out(frames, [_weight(sitting) * chance.uniform(0.85, 1.15) for _, sitting in sittings])
    shots: list[Shot] = []
    job: Job | None = None
    jobs = 0
    for number, ((turn, sitting), length) in enumerate(zip(sittings, lengths, strict=True)):
        times = _times(_begin(start, turn, sitting, shots, chance), length, chance)
        shares = [share for _, share in sitting.spans]
        counts = _share_out(length, shares) if length >= len(shares) else [length]
        for (kind, _), count in zip(sitting.spans, counts, strict=False):
            if kind in ("print", "failing"):
                jobs += 1
                job = _job(jobs, kind == "failing", chance)
            for step in range(count):
                shots.append(_shot(len(shots), next(times), number, sitting, kind, job, step, count))
    return tuple(shots)


def _weight(sitting: _Sitting) -> float:
    """How long a sitting is among the others: prints take longer than the looks at an idle printer."""
    kinds = {kind for kind, _ in sitting.spans}
    return 1.8 if "failing" in kinds else 1.45 if "print" in kinds else 1.0


def _share_out(total: int, weights: list[float]) -> list[int]:
    """Divide `total` by weight into whole numbers, at least one each, the remainder to the largest fractions."""
    spare = total - len(weights)
    exact = [spare * weight / sum(weights) for weight in weights]
    counts = [int(value) for value in exact]
    by_fraction = sorted(range(len(exact)), key=lambda i: (counts[i] - exact[i], i))
    for i in by_fraction[: spare - sum(counts)]:
        counts[i] += 1
    return [count + 1 for count in counts]


def _begin(start: date, turn: int, sitting: _Sitting, shots: list[Shot], chance: random.Random) -> datetime:
    """When a sitting starts: near its hour, and never so early that it would join the one before."""
    day = start + timedelta(days=turn * _DAYS_PER_ROUND + sitting.day)
    wished = datetime.combine(day, sitting.start) + timedelta(seconds=chance.randrange(-900, 900))
    return max(wished, shots[-1].captured_at + _LEAST_PAUSE) if shots else wished


def _times(first: datetime, count: int, chance: random.Random) -> Iterator[datetime]:
    """About one frame a minute, never exactly."""
    moment = first
    for _ in range(count):
        yield moment
        moment += timedelta(seconds=chance.choice((58, 59, 60, 60, 60, 61, 62, 64)))


def _job(number: int, fails: bool, chance: random.Random) -> Job:
    """Choose a part; neighbours in time differ in shape and colour."""
    return Job(
        id=f"print-{number:02d}",
        number=number,
        part=_PARTS[(number - 1) % len(_PARTS)],
        colour=_COLOURS[(number * 3 + number // len(_COLOURS)) % len(_COLOURS)],
        x=chance.uniform(110, 190),
        y=chance.uniform(105, 175),
        turn=chance.uniform(-0.6, 0.6),
        scale=chance.uniform(1.1, 1.45),
        fails_at=chance.uniform(0.4, 0.55) if fails else None,
    )


def _shot(
    index: int,
    moment: datetime,
    number: int,
    sitting: _Sitting,
    kind: str,
    job: Job | None,
    step: int,
    count: int,
) -> Shot:
    """Work out one shot from its place (step of count) in a span of the script."""
    warm_up = 0 if count < 12 else 2
    done = 1.0
    mess, onset = 0.0, False
    if kind in ("print", "failing"):
        done = max(0.0, (step + 1 - warm_up) / (count - warm_up))
    if kind == "failing" and job is not None and job.fails_at is not None:
        first_bad = max(1, round(count * job.fails_at))
        onset = step == first_bad
        mess = max(0.0, (step + 1 - first_bad) / (count - first_bad))
    state = {"print": "printing", "failing": "printing", "mess": "finished"}.get(kind, kind)
    return Shot(
        index=index,
        captured_at=moment,
        sitting=number,
        state=state,
        lamp=sitting.lamp,
        job=None if state == "empty" else job,
        progress=0.0 if state == "empty" else done,
        mess=1.0 if kind == "mess" else mess,
        onset=onset,
    )
