"""Which frames each queue holds, in the order of work: one pure function per queue over the facts.

What always holds: the same facts give the same frames in the same order; only frames that count for the task are in it,
and none that a mark puts aside but in the queues of marks. Work is done a piece at a time and can be cancelled. The
table in labels/queues names them.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from core.frames.signatures import groups
from core.labels.facts import Facts

#: A stretch of at most so many frames inside another class is a flip.
FLIP = 3
#: A prediction less sure than this is uncertain.
SURE = 0.9
#: Random frames: so many of a day at most, so many in all.
_OF_A_DAY, _RANDOM = 30, 300
#: Frames around the cursor are at most so far away.
_AROUND = timedelta(minutes=60)


class Run(NamedTuple):
    """Places `first` to `last`, both included, of frames with one value."""

    first: int
    last: int
    value: str


def everything(facts: Facts) -> list[str]:
    """Every frame that counts, in order of time."""
    return _counting(facts, facts.keys)


def unlabelled(facts: Facts) -> list[str]:
    """Frames without a label, in order of time."""
    labelled = facts.labelled
    bare = [key for piece in facts.pieces(facts.keys) for key in piece if key not in labelled]
    return _work(facts, bare)


def of_class(facts: Facts, class_: str) -> list[str]:
    """Frames labelled as a class, in order of time."""
    labelled = facts.labelled
    return [key for place in facts.labelled_places if labelled[key := facts.keys[place]].class_ == class_]


def marked(facts: Facts, word: str) -> list[str]:
    """Frames with a mark, in order of time; skipped ones as long as no label was given since."""
    meant = {key for key, mark in facts.marks.items() if mark.mark == word}
    if word == "skipped":
        meant &= facts.aside
    return [facts.keys[place] for place in facts.placed(meant)]


def conflicts(facts: Facts) -> list[str]:
    """Frames whose entry in the label file waits for a decision, in order of time."""
    return [facts.keys[place] for place in facts.placed(facts.waiting)]


def contradictions(facts: Facts) -> list[str]:
    """Frames whose labels in two tasks can't both be right, in order of time."""
    labelled, pairs = facts.labelled, facts.contradicting
    found = []
    for place in facts.labelled_places if pairs else ():
        key = facts.keys[place]
        mine = labelled[key].class_
        for own, other, class_ in pairs:
            there = facts.labels.get(other, {}).get(key) if own == mine else None
            if there is not None and there.class_ == class_:
                found.append(key)
                break
    return _work(facts, found)


def disagreements(facts: Facts) -> list[str]:
    """Frames labelled otherwise than predicted; the surest predictions first."""
    labelled, guessed = facts.labelled, facts.guessed
    found = [
        (-(guess.confidence or 0.0), place)
        for place in (facts.labelled_places if guessed else ())
        if (guess := guessed.get(key := facts.keys[place])) is not None
        and guess.class_ != labelled[key].class_
    ]
    return _work(facts, [facts.keys[place] for _, place in sorted(found)])


# --- stretches --------------------------------------------------------------------------------------------------


def runs(facts: Facts, values: Mapping[str, str]) -> Iterator[Run]:
    """Yield the runs of neighbouring frames with one value, which end where a recording begins."""
    places = facts.placed(values)
    stops, keys = facts.stops, facts.keys
    first = last = -2
    value = ""
    for place in places:
        here = values[keys[place]]
        if place == last + 1 and here == value and place not in stops:
            last = place
            continue
        if first >= 0:
            yield Run(first, last, value)
        first, last, value = place, place, here
    if first >= 0:
        yield Run(first, last, value)


def flips(facts: Facts) -> list[str]:
    """The first frame of each short stretch inside another class: of labels, then of predictions not yet labelled."""
    found = [facts.keys[run.first] for run in _flips(facts, facts.classes)]
    predicted = [run for run in _flips(facts, facts.guessed_classes)]
    bare = [
        next((key for key in facts.keys[run.first : run.last + 1] if key not in facts.labelled), None)
        for run in predicted
    ]
    return _work(facts, dict.fromkeys([*found, *(key for key in bare if key is not None)]))


def _flips(facts: Facts, values: Mapping[str, str]) -> list[Run]:
    found = []
    before: Run | None = None
    here: Run | None = None
    for after in runs(facts, values):
        if (
            before is not None
            and here is not None
            and before.value == after.value != here.value
            and here.last - here.first < FLIP
            and before.last + 1 == here.first
            and here.last + 1 == after.first
            and not facts.stops.intersection((here.first, after.first))
        ):
            found.append(here)
        before, here = here, after
    return found


def lone(facts: Facts) -> list[str]:
    """Single labels inside another class's stretch: the labels before and after, near in time, agree against it."""
    gap = timedelta(minutes=facts.gap_minutes)
    frames, labelled = facts.frames, facts.labelled
    found = []
    places = facts.labelled_places
    for one, two, three in zip(places, places[1:], places[2:], strict=False):
        a, b, c = frames[one], frames[two], frames[three]
        if labelled[a.key].class_ == labelled[c.key].class_ != labelled[b.key].class_ and (
            a.source == b.source == c.source
            and b.captured_at - a.captured_at <= gap
            and c.captured_at - b.captured_at <= gap
        ):
            found.append(b.key)
    return _work(facts, found)


def change_points(facts: Facts) -> list[str]:
    """The first frames at which label, prediction or picture is another one than before, in order of time."""
    found = set(facts.changed)
    begins = {span.first for span in facts.sources}
    for values in (facts.classes, facts.guessed_classes):
        edges = [edge for run in runs(facts, values) for edge in (run.first, run.last + 1)]
        for edge in edges:
            if edge < len(facts.keys) and edge not in begins:
                before, after = facts.keys[edge - 1], facts.keys[edge]
                if values.get(before) != values.get(after):
                    found.add(edge)
    return _work(facts, [facts.keys[place] for place in sorted(found)])


def uncertain(facts: Facts) -> list[str]:
    """Of each stretch of one prediction its least sure frame, where that is unlabelled; the least sure first."""
    guessed, counts = facts.guessed, facts.counting()
    values = facts.guessed_classes
    if counts is not None:
        values = {key: class_ for key, class_ in values.items() if counts(key)}
    found = []
    for run in runs(facts, values):
        sure, place = min((_sure(facts, at), at) for at in range(run.first, run.last + 1))
        if sure < SURE and facts.keys[place] not in facts.labelled:
            found.append((sure, place))
    assert guessed or not found
    return _work(facts, [facts.keys[place] for _, place in sorted(found)])


def _sure(facts: Facts, place: int) -> float:
    sure = facts.guessed[facts.keys[place]].confidence
    return 1.0 if sure is None else sure


def prints(facts: Facts) -> list[str]:
    """The first frame that counts of each recording in which nobody labelled a frame or marked one unsure."""
    if not facts.starts:
        return []
    begins = [*sorted(facts.stops), len(facts.keys)]
    said = facts.placed({key for key, mark in facts.marks.items() if mark.mark == "unsure"})
    known = sorted({*facts.labelled_places, *said})
    found = []
    for first, end in pairwise(begins):
        if bisect_left(known, first) == bisect_left(known, end):
            found += _work(facts, facts.keys[first:end])[:1]
    return found


def duplicates(facts: Facts) -> list[str]:
    """One frame of each run of pictures that are nearly the same and not labelled alike.

    First those with two labels (their rarest class's first frame), then the longest; of these the first unlabelled frame.
    """
    if not facts.changes:
        return []
    begins = [*sorted(facts.stops), len(facts.keys)]
    found = []
    for begin, end in pairwise(begins):
        if facts.cancel is not None:
            facts.cancel.check()
        seen = [facts.changes.get(key) for key in facts.keys[begin:end]]
        for first, last in groups(seen, facts.threshold(facts.frames[begin].source)):
            if (row := _of_group(facts, begin + first, begin + last)) is not None:
                found.append(row)
    return _work(facts, [key for *_, key in sorted(found)])


def _of_group(facts: Facts, first: int, last: int) -> tuple[bool, int, int, str] | None:
    """Return (labelled alike so far, minus its length, place, the frame to look at); None where nothing is to do."""
    keys = facts.keys[first : last + 1]
    given = Counter(facts.labelled[key].class_ for key in keys if key in facts.labelled)
    bare = _work(facts, [key for key in keys if key not in facts.labelled])
    if len(given) > 1:
        rarest = min(given, key=lambda class_: (given[class_], class_))
        shown = next(key for key in keys if key in facts.labelled and facts.labelled[key].class_ == rarest)
        return False, first - last, first, shown
    return (True, first - last, first, bare[0]) if bare else None


# --- samples ----------------------------------------------------------------------------------------------------


def at_random(facts: Facts) -> list[str]:
    """Unlabelled frames of a sample that the seed decides: of every day some, days in turns.

    The sample of a day stays the same as long as no frame of it counts anew, so that what is left of it shrinks.
    """
    drawn: list[tuple[int, float, str]] = []
    for span in facts.days:
        dice = random.Random(f"{facts.seed}:{span.source}:{span.day}")
        turn = dice.random()
        keys = _counting(facts, facts.keys[span.first : span.end])
        for round_, place in enumerate(dice.sample(range(len(keys)), min(_OF_A_DAY, len(keys)))):
            drawn.append((round_, turn, keys[place]))
    sample = [key for *_, key in sorted(drawn)[:_RANDOM]]
    return _work(facts, [key for key in sample if key not in facts.labelled])


def around(facts: Facts) -> list[str]:
    """Unlabelled frames of the hour before and the hour after the cursor, the nearest first."""
    here = facts.place(facts.at) if facts.at else None
    if here is None:
        return []
    frames, now = facts.frames, facts.frames[here].captured_at
    span = next(span for span in facts.sources if span.first <= here < span.end)
    # Never before the first moment there is: what has no moment is around nothing.
    first = bisect_left(
        frames, now - min(_AROUND, now - now.min), span.first, here, key=lambda f: f.captured_at
    )
    end = bisect_right(frames, now + min(_AROUND, now.max - now), here, span.end, key=lambda f: f.captured_at)
    bare = _work(facts, [key for key in facts.keys[first:end] if key not in facts.labelled])
    distance = {frame.key: (abs(frame.captured_at - now), frame.key) for frame in frames[first:end]}
    return sorted(bare, key=lambda key: distance[key])


# --- what counts ------------------------------------------------------------------------------------------------


def _counting(facts: Facts, keys: Sequence[str]) -> list[str]:
    counts = facts.counting()
    if counts is None:
        return list(keys)
    return [key for piece in facts.pieces(keys) for key in piece if counts(key)]


def _work(facts: Facts, keys: Iterable[str]) -> list[str]:
    """Return those frames that count and that no mark puts aside."""
    aside: Collection[str] = facts.aside
    found = _counting(facts, list(keys))
    return [key for key in found if key not in aside] if aside else found
