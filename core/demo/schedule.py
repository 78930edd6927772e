"""When the simulated camera takes a frame, and what the printer is doing at that moment.

A script says what happens; here it becomes one `Shot` per frame. A script that is longer than its days is repeated
on later ones with other parts. Pure arithmetic and one random generator: no pixels here. `simulate` is the caller;
the renderer gets the shots.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone, tzinfo

from core.demo.script import Script, Sitting
from core.errors import WrongUsage

LEAST_FRAMES = 60
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
#: Kinds of span in which something is printed, with the share of the print done at their begin and end.
_PRINTING = {
    "print": (0.0, 1.0),
    "spaghetti": (0.0, 1.0),
    "detach": (0.0, 1.0),
    "first half": (0.0, 0.5),
    "second half": (0.5, 1.0),
}
_WEIGHTS = {
    "spaghetti": 1.8,
    "detach": 1.8,
    "warm": 1.45,
    "print": 1.45,
    "first half": 0.4,
    "second half": 0.4,
}


@dataclass(frozen=True, slots=True)
class Job:
    """One print of the schedule: the part, how it lies on the bed, and how and when it begins to fail.

    `failure` is "spaghetti", "detached" or None; `fails_at` is a share of the printing time, None for a good print.
    Lengths in mm, angles in radians.
    """

    id: str
    number: int
    part: str
    colour: tuple[int, int, int]
    x: float
    y: float
    turn: float
    scale: float
    failure: str | None
    fails_at: float | None


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame to take: everything the renderer needs, and the name it is stored under.

    `state` is "empty", "finished" (a part waits on the bed), "warming" or "printing". `captured_at` is the moment
    with the offset of the camera's clock. `progress` is the share of the print that is done (1.0 on a finished
    part). `mess` is the share of the failed time that has passed, 0.0 on a good print. `sitting` numbers the
    recordings, `place` the positions of the camera. `glitch` is what went wrong when it was stored, or None.
    """

    index: int
    captured_at: datetime
    name: str
    sitting: int
    place: int
    state: str
    lamp: bool
    job: Job | None
    progress: float
    mess: float
    onset: bool
    glitch: str | None = None

    @property
    def active(self) -> bool:
        """True while the printer works, warming up included."""
        return self.state in ("warming", "printing")


def plan(frames: int, seed: int, script: Script, start: date | None = None) -> tuple[Shot, ...]:
    """Plan `frames` shots from `start` on, the same for the same numbers.

    WrongUsage below 60 frames, and for another number than an exact script's own.
    """
    if frames < LEAST_FRAMES:
        raise WrongUsage(
            f"{frames} frames are too few for a simulated printer with everything that happens.",
            f"Ask for at least {LEAST_FRAMES} frames.",
        )
    if script.exact and frames != script.frames:
        raise WrongUsage(
            f"The {script.name}'s story has {script.frames} frames, not {frames}.", "Leave the number out."
        )
    chance = random.Random(f"schedule {seed}")
    rounds = 1 if script.exact else -(-frames // _FRAMES_PER_ROUND)
    sittings = [(turn, sitting) for turn in range(rounds) for sitting in script.sittings]
    lengths = _lengths(frames, script, [sitting for _, sitting in sittings], chance)
    shots: list[Shot] = []
    job: Job | None = None
    place, offset = 0, script.utc_offset
    for number, ((turn, sitting), length) in enumerate(zip(sittings, lengths, strict=True)):
        place |= sitting.moved
        offset -= sitting.clock_back and turn == 0
        zone = timezone(timedelta(hours=offset))
        begin = _begin(script, start or script.start, turn, sitting, zone, shots, chance)
        times = _times(begin, length, sitting.gap, script.exact, chance)
        for kind, count in _spans(sitting, length, script.exact):
            if kind == "warm" or (kind in _PRINTING and kind != "second half" and not _warmed(shots)):
                job = _job(1 if job is None else job.number + 1, sitting, script, chance)
            base = Shot(0, begin, "", number, place, "empty", sitting.lamp, job, 0.0, 0.0, onset=False)
            for step in range(count):
                moment = next(times)
                shots.append(_shot(replace(base, index=len(shots), captured_at=moment), kind, step, count))
    return tuple(shots)


def _lengths(frames: int, script: Script, sittings: list[Sitting], chance: random.Random) -> list[int]:
    """Return how many frames each sitting has; prints take longer than the looks at an idle printer."""
    if script.exact:
        return [sum(int(share) for _, share in sitting.spans) for sitting in sittings]
    weights = [max(_WEIGHTS.get(kind, 1.0) for kind, _ in sitting.spans) for sitting in sittings]
    return _share_out(frames, [weight * chance.uniform(0.85, 1.15) for weight in weights])


def _spans(sitting: Sitting, length: int, exact: bool) -> Iterator[tuple[str, int]]:
    """Yield (kind, frames) of a sitting; one too short for all its spans has the first only."""
    shares = [share for _, share in sitting.spans]
    if exact:
        counts = [int(share) for share in shares]
    else:
        counts = _share_out(length, shares) if length >= len(shares) else [length]
    yield from zip((kind for kind, _ in sitting.spans), counts, strict=False)


def _share_out(total: int, weights: list[float]) -> list[int]:
    """Divide `total` by weight into whole numbers, at least one each, the remainder to the largest fractions."""
    spare = total - len(weights)
    exact = [spare * weight / sum(weights) for weight in weights]
    counts = [int(value) for value in exact]
    by_fraction = sorted(range(len(exact)), key=lambda i: (counts[i] - exact[i], i))
    for i in by_fraction[: spare - sum(counts)]:
        counts[i] += 1
    return [count + 1 for count in counts]


def _begin(
    script: Script,
    start: date,
    turn: int,
    sitting: Sitting,
    zone: tzinfo,
    shots: list[Shot],
    chance: random.Random,
) -> datetime:
    """When a sitting starts: near its hour, and never so early that it would join the one before."""
    day = start + timedelta(days=turn * script.days + sitting.day)
    wished = datetime.combine(day, sitting.start, zone)
    if script.exact:
        return wished
    if not any(
        kind.endswith("half") for kind, _ in sitting.spans
    ):  # these two must meet in one hour of the clock
        wished += timedelta(seconds=chance.randrange(-900, 900))
    return max(wished, (shots[-1].captured_at + _LEAST_PAUSE).astimezone(zone)) if shots else wished


def _times(first: datetime, count: int, gap: int, exact: bool, chance: random.Random) -> Iterator[datetime]:
    """About one frame a minute, never exactly but in an exact script; a gap lies in the middle."""
    moment = first
    for step in range(count):
        yield moment
        pause = 60 if exact else chance.choice((58, 59, 60, 60, 60, 61, 62, 64))
        moment += timedelta(seconds=pause, minutes=gap if step + 1 == count // 2 else 0)


def _warmed(shots: list[Shot]) -> bool:
    return bool(shots) and shots[-1].state == "warming"


def _job(number: int, sitting: Sitting, script: Script, chance: random.Random) -> Job:
    """Choose a part; neighbours in time differ in shape and colour."""
    kinds = {kind for kind, _ in sitting.spans}
    failure = "spaghetti" if "spaghetti" in kinds else "detached" if "detach" in kinds else None
    return Job(
        id=f"print-{number:02d}",
        number=number,
        part=_PARTS[(number - 1) % len(_PARTS)],
        colour=_COLOURS[(number * 3 + number // len(_COLOURS)) % len(_COLOURS)],
        x=chance.uniform(110, 190),
        y=chance.uniform(105, 175),
        turn=chance.uniform(-0.6, 0.6),
        scale=chance.uniform(1.1, 1.45),
        failure=failure,
        fails_at=(script.fails_at or chance.uniform(0.4, 0.55)) if failure else None,
    )


def _shot(base: Shot, kind: str, step: int, count: int) -> Shot:
    """Work out one shot from its place (step of count) in a span of the script."""
    job = base.job
    if kind == "empty":
        return replace(base, job=None)
    if kind == "warm":
        return replace(base, state="warming")
    if kind not in _PRINTING:
        return replace(base, state="finished", progress=1.0, mess=float(kind == "mess"))
    begin, end = _PRINTING[kind]
    done = begin + (end - begin) * (step + 1) / count
    if job is None or job.fails_at is None:
        return replace(base, state="printing", progress=done)
    first_bad = max(1, round(count * job.fails_at))
    mess = max(0.0, (step + 1 - first_bad) / (count - first_bad))
    return replace(base, state="printing", progress=done, mess=mess, onset=step == first_bad)
