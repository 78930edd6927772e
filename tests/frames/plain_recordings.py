"""The rule of core.frames.recordings once more, with every frame of a camera at hand at once: what tests compare with."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter

from core.frames.names import captured_at, recording_id, source_of

GAP_MINUTES = 15
UNLISTED_GAP_MINUTES = 120
_MARK_HOURS = 6


@dataclass(frozen=True, slots=True, order=True)
class _Moment:
    at: datetime
    key: str
    listed: bool
    released: str | None


def cut(
    frames: Iterable[tuple[str, datetime]],
    idle: Mapping[str, bool],
    *,
    gap_minutes: float = GAP_MINUTES,
    released: Mapping[str, str] | None = None,
    unlisted: Collection[str] = (),
    unlisted_gap_minutes: float = UNLISTED_GAP_MINUTES,
) -> dict[str, str]:
    """Return the recording id of every frame given, by key.

    `frames` are (key, moment) of any sources in any order: the file list and what is labelled. `idle` says of frames
    labelled in the idle task whether they are idle. `released` maps frames of released versions to their recordings;
    they count also where `frames` lacks them. `unlisted` are keys among `frames` that no file list holds.
    """
    released = released or {}
    by_source: dict[str, list[_Moment]] = defaultdict(list)
    given = set()
    hidden = frozenset(unlisted)
    for key, at in frames:
        if key not in given:
            given.add(key)
            by_source[source_of(key)].append(_Moment(at, key, key not in hidden, released.get(key)))
    for key, recording in released.items():
        at_name = captured_at(key)
        if key not in given and at_name is not None:
            by_source[source_of(key)].append(_Moment(at_name, key, False, recording))
    out: dict[str, str] = {}
    for recording in set(released.values()):
        at_name = captured_at(recording)
        if at_name is not None:  # its first frame may be in no version any more; the id still holds its place
            by_source[source_of(recording)].append(_Moment(at_name, recording, False, recording))
    for source, moments in by_source.items():
        moments.sort(key=attrgetter("key"))
        moments.sort(key=attrgetter("at"))
        gaps = (timedelta(minutes=gap_minutes), timedelta(minutes=max(gap_minutes, unlisted_gap_minutes)))
        apart = _apart(moments, idle, gaps)
        for piece in _pieces(moments, apart):
            for moment, recording in zip(piece, _named(source, piece), strict=True):
                if moment.key in given:
                    out[moment.key] = recording
    return out


def _apart(moments: list[_Moment], idle: Mapping[str, bool], gaps: tuple[timedelta, timedelta]) -> set[int]:
    """Return the places i at which moments[i] begins a new piece."""
    apart = {0}
    begin = 0
    for i in range(1, len(moments) + 1):
        if i < len(moments):
            before, after = moments[i - 1], moments[i]
            if after.at - before.at <= gaps[not (before.listed and after.listed)]:
                continue
            apart.add(i)
        apart.update(_idle_cuts(moments, begin, i, idle))
        begin = i
    return apart - _inside_released(moments)


def _idle_cuts(moments: list[_Moment], begin: int, end: int, idle: Mapping[str, bool]) -> Iterable[int]:
    """Yield the places within the stretch moments[begin:end] where a mark lies between two idle labels."""
    labelled = [i for i in range(begin, end) if moments[i].key in idle]
    for i in range(begin + 1, end):
        if _block(moments[i - 1].at) == _block(moments[i].at):
            continue
        at = bisect_left(labelled, i)
        if 0 < at < len(labelled) and idle[moments[labelled[at - 1]].key] and idle[moments[labelled[at]].key]:
            yield i


def _block(at: datetime) -> tuple[int, int]:
    return at.toordinal(), at.hour // _MARK_HOURS


def _inside_released(moments: list[_Moment]) -> set[int]:
    """Return the places that lie between two frames of one released recording."""
    spans: dict[str, tuple[int, int]] = {}
    for i, moment in enumerate(moments):
        if moment.released is not None:
            spans[moment.released] = (spans.get(moment.released, (i, i))[0], i)
    return {i for first, last in spans.values() for i in range(first + 1, last + 1)}


def _pieces(moments: list[_Moment], apart: set[int]) -> Iterable[list[_Moment]]:
    places = [*sorted(apart), len(moments)]
    for begin, end in pairwise(places):
        yield moments[begin:end]


def _named(source: str, piece: list[_Moment]) -> list[str]:
    """Return the recording id of each frame of one piece."""
    anchors = [m for m in piece if m.released is not None]
    if not anchors:
        return [recording_id(source, piece[0].key)] * len(piece)
    names: list[str] = []
    right = 0
    for moment in piece:
        if moment.released is not None:
            names.append(moment.released)
            continue
        while right < len(anchors) and (anchors[right].at, anchors[right].key) < (moment.at, moment.key):
            right += 1
        left, following = anchors[max(right - 1, 0)], anchors[min(right, len(anchors) - 1)]
        nearer = following if abs(following.at - moment.at) < abs(moment.at - left.at) else left
        names.append(str(nearer.released))
    return names
