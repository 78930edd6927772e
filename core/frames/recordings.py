"""Which frames belong together: the recording, the unit that a split never cuts.

The rule, final and inherited by every later version:

1. Frames of one source lie in order of (time, key). Two neighbours are apart where more than the gap (15 minutes) lies
   between them. Where a frame is not known from a file list (a clone, a camera that has deleted it, a released
   version), the gap to its neighbours is 120 minutes, since frames may be missing between them.
2. What is not apart so is a stretch. A stretch is cut further at 00, 06, 12 and 18 h, only where the nearest labels
   before and after that mark, within the stretch, both say idle. A frame on the mark lies after it.
3. Frames of one released recording, and all between them, are never cut. The frame its id names counts as one.
4. What then hangs together is a recording; its id is `<source>/<stem of its first frame>`.
5. Where it holds frames of one released recording, all of it joins that recording and has its id. Where it holds
   frames of several, those never merge: each frame joins the released recording of the released frame nearest in
   time (the earlier one of two as near), so that each of them stays in one piece.

Names and labels alone decide: the same input gives the same answer on every machine, in any order. A print is never
cut at a mark, over midnight neither: there its labels are not idle. versions/ calls this, the app and a training.

A camera's whole list goes by a frame at a time: what is kept grows with what is labelled, released and cut, not with the
frames.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from core.frames.names import captured_at, recording_id, source_of

GAP_MINUTES = 15
UNLISTED_GAP_MINUTES = 120
_MARK_HOURS = 6


class Extra(NamedTuple):
    """A frame that no file list holds: one that is asked for (`given`), or one that only holds its place."""

    at: datetime
    key: str
    given: bool
    recording: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What decides beside the frames: labels of the idle task, what is released (frame → recording), and the gaps."""

    idle: Mapping[str, bool] = field(default_factory=dict)
    released: Mapping[str, str] = field(default_factory=dict)
    gap_minutes: float = GAP_MINUTES
    unlisted_gap_minutes: float = UNLISTED_GAP_MINUTES


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
    rule = Rule(idle, released or {}, gap_minutes, unlisted_gap_minutes)
    hidden = frozenset(unlisted)
    listed: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    others: dict[str, dict[str, datetime]] = defaultdict(dict)
    for key, at in dict(reversed(list(frames))).items():
        source = source_of(key)
        if key in hidden:
            others[source][key] = at
        else:
            listed[source].append((key, at))
    out: dict[str, str] = {}
    for source in listed.keys() | others.keys():
        listed[source].sort(key=lambda frame: (frame[1], frame[0]))
        out.update(along(source, listed[source], others[source], rule))
    return out


def along(
    source: str, listed: Iterable[tuple[str, datetime]], unlisted: Mapping[str, datetime], rule: Rule
) -> Iterator[tuple[str, str]]:
    """Yield key and recording id of every frame of a source, in order of (time, key).

    `listed` are (key, moment) in that order, gone over twice, and at the places of released frames that are not among
    them once more; `unlisted` are frames asked for that no file list holds.
    """
    extras = _extras(source, listed, unlisted, rule)
    lay = _laid(listed, extras, rule)
    begins = iter(lay.begins)
    following, name, anchors, right = next(begins), "", lay.anchors[:0], 0
    for place, (key, at, _, given) in enumerate(_merged(listed, extras)):
        if place == following:
            following = next(begins, -1)
            upto = len(lay.places) if following < 0 else bisect_left(lay.places, following)
            anchors = lay.anchors[bisect_left(lay.places, place) : upto]
            name, right = recording_id(source, key), 0
        if anchors:
            while right < len(anchors) and anchors[right][:2] < (at, key):
                right += 1
            name = _nearest(anchors, right, at, key)
        if given:
            yield key, name


def starts(source: str, listed: Iterable[tuple[str, datetime]], rule: Rule) -> Iterator[str]:
    """Yield the first frame of each recording of a file list, in order of time."""
    before = None
    for key, name in along(source, listed, {}, rule):
        if name != before:
            before = name
            yield key


_Anchor = tuple[datetime, str, str]


@dataclass(slots=True)
class _Lay:
    """Where pieces begin, by place, and the released frames: the places, and of each moment, key and recording."""

    begins: array[int] = field(default_factory=lambda: array("I", [0]))
    places: array[int] = field(default_factory=lambda: array("I"))
    anchors: list[_Anchor] = field(default_factory=list)


def _extras(
    source: str, listed: Iterable[tuple[str, datetime]], unlisted: Mapping[str, datetime], rule: Rule
) -> list[Extra]:
    """Return what lies between the listed frames: what is asked for, and released frames that are not listed."""
    released = rule.released
    found = [Extra(at, key, True, released.get(key)) for key, at in unlisted.items()]
    mine = {key for key in released if source_of(key) == source and key not in unlisted}
    if mine:
        mine.difference_update(key for key, _ in listed)
    # Of a recording's first frame, which may be in no version any more, the id still holds its place.
    ids = {(recording, recording) for recording in released.values() if source_of(recording) == source}
    for key, recording in chain(((key, released[key]) for key in mine), ids):
        at = captured_at(key)
        if at is not None:
            found.append(Extra(at, key, False, recording))
    return sorted(found, key=lambda extra: extra[:2])


def _merged(
    listed: Iterable[tuple[str, datetime]], extras: Iterable[Extra]
) -> Iterator[tuple[str, datetime, bool, bool]]:
    """Yield key, moment, whether it is listed and whether it is asked for of all frames, in order of (time, key)."""
    waiting = iter(extras)
    extra = next(waiting, None)
    for key, at in listed:
        while extra is not None and extra.at <= at and extra[:2] < (at, key):
            yield extra.key, extra.at, False, extra.given
            extra = next(waiting, None)
        yield key, at, True, True
    while extra is not None:
        yield extra.key, extra.at, False, extra.given
        extra = next(waiting, None)


def _laid(listed: Iterable[tuple[str, datetime]], extras: list[Extra], rule: Rule) -> _Lay:
    """Return where pieces begin, and the released frames."""
    lay, idle = _Lay(), rule.idle
    gap = timedelta(minutes=rule.gap_minutes)
    wide = timedelta(minutes=max(rule.gap_minutes, rule.unlisted_gap_minutes))
    ids = {extra.key: extra.recording for extra in extras}
    marks: list[int] = []  # behind an idle label: they cut where the next label of the stretch is idle too
    was_idle, before, was_listed, block = False, datetime.max, True, 0
    for place, (key, at, is_listed, _) in enumerate(_merged(listed, extras)):
        if place and at - before > (gap if is_listed and was_listed else wide):
            lay.begins.append(place)
            was_idle = False
            marks.clear()
            block = _block(at)
        elif (here := _block(at)) != block:
            block = here
            if was_idle:
                marks.append(place)
        if key in idle:
            was_idle = idle[key]
            if was_idle:
                lay.begins.extend(marks)
            marks.clear()
        recording = rule.released.get(key) if is_listed else ids[key]
        if recording is not None:
            lay.places.append(place)
            lay.anchors.append((at, key, recording))
        before, was_listed = at, is_listed
    lay.begins = _outside(lay)
    return lay


def _block(at: datetime) -> int:
    """Return which quarter of which day a moment lies in."""
    return at.toordinal() * 24 + at.hour // _MARK_HOURS


def _outside(lay: _Lay) -> array[int]:
    """Return where pieces begin, but for the places that lie between two frames of one released recording."""
    spans: dict[str, tuple[int, int]] = {}
    for place, (*_, recording) in zip(lay.places, lay.anchors, strict=True):
        spans[recording] = (spans.get(recording, (place, place))[0], place)
    firsts, lasts = array("I"), array("I")  # in order, joined where they overlap
    for first, last in sorted(spans.values()):
        if lasts and first <= lasts[-1]:
            lasts[-1] = max(lasts[-1], last)
        else:
            firsts.append(first)
            lasts.append(last)

    def inside(place: int) -> bool:
        at = bisect_left(firsts, place) - 1
        return at >= 0 and place <= lasts[at]

    return array("I", (place for place in lay.begins if not inside(place)))


def _nearest(anchors: list[_Anchor], right: int, at: datetime, key: str) -> str:
    """Return the recording of a frame of a piece: its own, or that of the released frame nearest in time.

    `right` is the number of the first released frame of the piece that is not before it.
    """
    if right < len(anchors) and anchors[right][1] == key:
        return anchors[right][2]
    left, following = anchors[max(right - 1, 0)], anchors[min(right, len(anchors) - 1)]
    return (following if abs(following[0] - at) < abs(at - left[0]) else left)[2]
