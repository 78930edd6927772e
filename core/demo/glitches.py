"""What goes wrong between the camera and its card: frames cut short, tails of zeros, two frames of one second.

A plan of shots goes in, one with the same number of shots, their names, and its glitches comes out; `damage` then
does to the bytes of a frame what its glitch says. `simulate` and the renderer are the callers.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from core.demo.schedule import Shot

#: The glitches after which a frame can't be used.
UNUSABLE = ("cut", "zeros")
_FRAMES_PER_GLITCH = 240
_KEPT = {"cut": 0.55, "zeros": 0.7}  # how much of a damaged frame's bytes is really there


def place_glitches(shots: tuple[Shot, ...], seed: int) -> tuple[Shot, ...]:
    """Let a few shots go wrong: some cut, some with a tail of zeros, one pair in a second, one stored twice.

    What is told of a print stays: no first or last frame of a state, no onset is touched.
    """
    chance = random.Random(f"glitches {seed}")
    changed = list(shots)
    free = [i for i in range(2, len(shots) - 1) if _inside(shots, i)]
    times = max(1, len(shots) // _FRAMES_PER_GLITCH)
    for glitch in ("cut", "zeros") * times + ("same second", "same bytes"):
        if not free:
            break
        i = chance.choice(free)
        free = [other for other in free if abs(other - i) > 1]
        before = changed[i - 1]
        if glitch == "same second":
            changed[i] = replace(changed[i], captured_at=before.captured_at, glitch=glitch)
        elif glitch == "same bytes":  # the same picture, a second later
            changed[i] = replace(before, captured_at=before.captured_at + timedelta(seconds=1), glitch=glitch)
        else:
            changed[i] = replace(changed[i], glitch=glitch)
    return tuple(changed)


def name_shots(shots: tuple[Shot, ...]) -> tuple[Shot, ...]:
    """Name every shot as the camera does, YYYYMMDDTHHMMSS, a second one of that name `_1`."""
    taken: set[str] = set()
    named = []
    for shot in shots:
        stem = f"{shot.captured_at:%Y%m%dT%H%M%S}"
        name, number = stem, 0
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name)
        named.append(replace(shot, name=name))
    return tuple(named)


def damage(data: bytes, glitch: str | None) -> bytes:
    """Return what was really stored of a frame's bytes."""
    if glitch not in UNUSABLE:
        return data
    kept = data[: int(len(data) * _KEPT[glitch])]
    return kept if glitch == "cut" else kept + bytes(len(data) - len(kept))


def _inside(shots: tuple[Shot, ...], i: int) -> bool:
    """Whether a shot lies within a span like its neighbours, so that another in its place changes no fact."""
    before, shot, after = shots[i - 1 : i + 2]
    alike = (shot.sitting, shot.state, shot.job and shot.job.id, shot.mess > 0)
    return all(
        (s.sitting, s.state, s.job and s.job.id, s.mess > 0) == alike for s in (before, after)
    ) and not (before.onset or shot.onset or after.onset)
