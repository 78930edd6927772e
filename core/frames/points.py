"""Where pictures change: the few places between which a camera saw one and the same thing, or one and the same print.

What always holds: numbers in, places out, nothing of a frame's label is looked at; a frame that was not measured is
passed over. Two kinds of places are found: where stillness turns into motion that lasts, or back (a print begins or
ends), and where a still picture is another one from then on (a part is taken off, a lamp is switched on). One odd
frame among equal ones (black, torn, a hand) is neither.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from statistics import median

from core.frames.signatures import Change

#: Where too little is known of a camera: above the noise of a still one, below the least that a print moves.
FIRST_THRESHOLD = 0.25
#: No history moves the threshold out of these: noise alone is less than the first, a print is more than the second.
_LEAST, _MOST = 0.04, 1.0
_ENOUGH = 30
_BINS = 64
_TINY = 0.01
#: Motion that is known to last goes on down to this share of the threshold, and over so many frames of rest.
_HYSTERESIS, _REST = 0.5, 2
_LASTS = 3
#: A small part of a still picture changed where it differs this much (grey, 0 to 255), and this many times as much as usual.
_SPOT, _SPOT_TIMES = 10.0, 3.2
_APART = 3


def usual_threshold(motions: Sequence[float]) -> float:
    """Return the motion that parts a camera's still pictures from its moving ones, from motions it had.

    On a scale of logarithms a camera that watches prints has two heaps of them; the threshold is where Otsu's method
    (N. Otsu, A threshold selection method from gray-level histograms, 1979) parts them. Where there is only one heap it
    is the median and six robust standard deviations (1.4826 times the median absolute deviation).
    """
    if len(motions) < _ENOUGH:
        return FIRST_THRESHOLD
    logs = sorted(math.log10(motion + _TINY) for motion in motions)
    parted = _otsu(logs)
    if parted is None:
        middle = median(motions)
        spread = 1.4826 * median(abs(motion - middle) for motion in motions)
        # One heap of stillness, or one of motion: what is above the noise of a still picture counts in both.
        return min(max(middle + 6 * spread, _LEAST), FIRST_THRESHOLD)
    return min(max(10**parted - _TINY, _LEAST), _MOST)


def _otsu(logs: Sequence[float]) -> float | None:
    """Return where two heaps of sorted numbers part, None where they are one: means a factor of three apart, 2 % each."""
    low, high = logs[0], logs[-1]
    if high - low < 0.5:
        return None
    sums = [0.0]
    for value in logs:
        sums.append(sums[-1] + value)
    best, place = -1.0, 0.0
    apart = 0.0
    for step in range(1, _BINS):
        edge = low + (high - low) * step / _BINS
        left = bisect_left(logs, edge)
        right = len(logs) - left
        if left < 0.02 * len(logs) or right < 0.02 * len(logs):
            continue
        distance = (sums[-1] - sums[left]) / right - sums[left] / left
        between = left * right * distance * distance
        if between > best:
            best, place, apart = between, edge, distance
    return place if apart >= math.log10(3) else None


def points(keys: Sequence[str], changes: Mapping[str, Change], threshold: float) -> list[int]:
    """Return the places in `keys` (one source, in order of time) where the picture changed, in order.

    A place is that of the first frame that is otherwise than those before it: the first of a print, the first after
    it, the first without the part. `threshold` is the motion from which on a picture counts as another one.
    """
    places = [place for place, key in enumerate(keys) if key in changes]
    seen = [changes[keys[place]] for place in places]
    runs = _moving(seen, threshold)
    # What moves at the first frame began before, and what moves near the last may go on: neither is an edge. A source's
    # very first frame was compared with none: what moves in the next one moved in both.
    opening = 1 if seen and seen[0].spot == 0.0 else 0
    found = {begin for begin, _ in runs if begin > opening} | {
        end for _, end in runs if end + _REST < len(seen) - 1
    }
    covered = bytearray(len(seen))
    for begin, end in runs:
        covered[begin : end + 1] = b"\1" * (end + 1 - begin)
    edges = sorted(found)
    for place in _steps(seen, covered, threshold):
        at = bisect_left(edges, place)
        if all(abs(place - edge) >= _APART for edge in edges[max(0, at - 1) : at + 1]):
            found.add(place)
    return [places[place] for place in sorted(found)]


def sequences(
    keys: Sequence[str],
    changes: Mapping[str, Change],
    threshold: float,
    *,
    least: int = 10,
    stops: frozenset[str] = frozenset(),
) -> list[tuple[int, int]]:
    """Return the stretches of `keys` (one source, in order of time) in which the picture moves: inclusive places.

    Each has at least `least` frames that were measured. None goes on over a frame of `stops`, the first ones of
    recordings: what happened before them was not seen.
    """
    found = []
    piece: list[int] = []
    for place, key in [*enumerate(keys), (len(keys), "")]:
        if place == len(keys) or key in stops:
            seen = [changes[keys[one]] for one in piece]
            if seen:
                seen[0] = seen[0]._replace(motion=0.0)
            for begin, end in _moving(seen, threshold):
                # The first difference of a piece is between two frames that move, the last one is that to stillness.
                begin = 0 if begin == 1 else begin
                last = end - 1 if end + 1 < len(seen) else end
                if last - begin + 1 >= least:
                    found.append((piece[begin], piece[last]))
            piece = []
        if key in changes:
            piece.append(place)
    return found


def _moving(seen: Sequence[Change], threshold: float) -> list[tuple[int, int]]:
    """Return runs (first, last) of frames that differ from the one before, where that lasts: rests are part of it."""
    runs: list[tuple[int, int]] = []
    begin = end = going = -1
    for place, change in enumerate(seen):
        lasts = begin >= 0 and place - going <= 1 + _REST
        if change.motion > threshold:
            if begin >= 0 and not lasts:
                runs.append((begin, end))
            if not lasts:
                begin = place
            end = going = place
        elif lasts and end - begin + 1 >= _LASTS and change.motion > threshold * _HYSTERESIS:
            going = place
    if begin >= 0:
        runs.append((begin, end))
    return [(first, last) for first, last in runs if last - first + 1 >= _LASTS]


def _steps(seen: Sequence[Change], covered: Sequence[int], threshold: float) -> list[int]:
    """Return places in stillness from which on the picture is another one.

    The two frames before are compared with the two from there on: one odd frame on either side makes no step.
    """
    found = []
    begin = 0
    for place in range(len(seen) + 1):
        if place < len(seen) and not covered[place]:
            continue
        if place > begin:
            found += _steps_of(seen, begin, place, threshold)
        begin = place + 1
    return found


def _steps_of(seen: Sequence[Change], begin: int, end: int, threshold: float) -> list[int]:
    last = len(seen) - 1
    strengths = [
        min(seen[at].spot, seen[at].back, seen[at + 1].back if at < last else seen[at].spot)
        for at in range(begin, end)
    ]
    least = max(_SPOT, _SPOT_TIMES * median(strengths))
    found: list[int] = []
    for at, strength in enumerate(strengths, begin):
        lit = seen[at].motion > threshold and strength > _SPOT
        if at > 0 and (lit or strength > least) and (not found or at - found[-1] >= _APART):
            found.append(at)
    return found
