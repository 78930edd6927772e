"""Which frames each queue holds, in the order of work: one pure function per queue, from the facts to places of frames.

What always holds: the same facts give the same places in the same order; only frames that count for the task are among
them, and none that a mark puts aside but in the queues of marks. The time goes with what is known (labels, predictions,
pictures), hardly with the frames; work can be cancelled. The table in labels/queues names them.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import compress, groupby, pairwise
from typing import NamedTuple

from core.frames.signatures import Change, groups
from core.labels.alone import alone, unbroken
from core.labels.facts import Column, Facts, moment_of

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


def everything(facts: Facts) -> Sequence[int]:
    """Every frame that counts, in order of time."""
    return range(len(facts.frames)) if facts.counting is None else facts.chosen(facts.counting)


def unlabelled(facts: Facts) -> Sequence[int]:
    """Frames without a label, in order of time."""
    return facts.chosen(facts.unlabelled)


def of_class(facts: Facts, class_: str) -> Sequence[int]:
    """Frames labelled as a class, in order of time."""
    return [place for place, given in zip(*facts.classes, strict=True) if given == class_]


def marked(facts: Facts, word: str) -> Sequence[int]:
    """Frames with a mark, in order of time; skipped ones as long as no label was given since."""
    meant = {key for key, mark in facts.marks.items() if mark.mark == word}
    return facts.placed(meant & facts.aside if word == "skipped" else meant)


def conflicts(facts: Facts) -> Sequence[int]:
    """Frames whose entry in the label file waits for a decision, in order of time."""
    return facts.placed(facts.waiting)


def undecided(facts: Facts) -> Sequence[int]:
    """Frames whose entry in marks.json waits for a decision, in order of time."""
    return facts.placed(facts.undecided)


def contradictions(facts: Facts) -> Sequence[int]:
    """Frames whose labels in two tasks can't both be right, in order of time."""
    found: set[int] = set()
    for own, other, class_ in facts.contradicting:
        theirs = {
            place
            for place, label in zip(*facts.column(facts.labels.get(other, {})), strict=True)
            if label.class_ == class_
        }
        found.update(
            place for place, given in zip(*facts.classes, strict=True) if given == own and place in theirs
        )
    return _work(facts, sorted(found))


# --- stretches --------------------------------------------------------------------------------------------------


def runs(facts: Facts, values: Column[str]) -> Iterator[Run]:
    """Yield the runs of neighbouring frames with one value, which end where a recording begins."""
    stops = facts.stops
    first, last, value = -1, -2, ""
    for place, here in zip(*values, strict=True):
        if place == last + 1 and here == value and place not in stops:
            last = place
            continue
        if first >= 0:
            yield Run(first, last, value)
        first, last, value = place, place, here
    if first >= 0:
        yield Run(first, last, value)


def flips(facts: Facts) -> Sequence[int]:
    """The first frame of each short stretch inside another class: of labels, then of predictions not yet labelled."""
    found = dict.fromkeys(run.first for run in _flips(facts, facts.classes))
    labelled = set(facts.classes.places)
    for run in _flips(facts, facts.guessed_classes):
        bare = next((place for place in range(run.first, run.last + 1) if place not in labelled), None)
        if bare is not None:
            found[bare] = None
    return _work(facts, found)


def _flips(facts: Facts, values: Column[str]) -> Iterator[Run]:
    before: Run | None = None
    here: Run | None = None
    for after in runs(facts, values):
        if (
            before is not None
            and here is not None
            and here.last - here.first < FLIP
            and before.value == after.value != here.value
            and before.last + 1 == here.first
            and here.last + 1 == after.first
            and facts.stops.isdisjoint((here.first, after.first))
        ):
            yield here
        before, here = here, after


def disagreements(facts: Facts) -> Sequence[int]:
    """Frames labelled otherwise than predicted, a stretch at a time: first that with the surest prediction."""
    if not facts.guessed:
        return []
    given = dict(zip(*facts.classes, strict=True))
    other = [
        (place, guess)
        for place, guess in zip(*facts.column(facts.guessed), strict=True)
        if given.get(place, guess.class_) != guess.class_
    ]
    values = Column(
        [place for place, _ in other], [f"{given[place]} {guess.class_}" for place, guess in other]
    )
    found, begin = [], 0
    for run in runs(facts, values):
        end = begin + run.last - run.first + 1
        surest = max(guess.confidence or 0.0 for _, guess in other[begin:end])
        found.append((-surest, run.first, run.last))
        begin = end
    return _work(facts, [place for _, first, last in sorted(found) for place in range(first, last + 1)])


def asked(facts: Facts) -> Sequence[int]:
    """Unlabelled frames that a small model asks for, the most useful first."""
    if facts.suggested is None:
        return []
    placed = (facts.place(key) for key in facts.suggested.asked)
    return [place for place in placed if place is not None and facts.unlabelled[place]]


def doubts(facts: Facts) -> Sequence[int]:
    """Frames whose label is probably wrong, the surest first, as long as they have that label."""
    found = facts.suggested
    if found is None:
        return []
    given = facts.labelled
    kept = [
        doubt
        for doubt in found.doubts.values()
        if (label := given.get(doubt.frame)) is not None and label.class_ == doubt.class_
    ]
    placed = (facts.place(doubt.frame) for doubt in kept)
    return _work(facts, (place for place in placed if place is not None))


def lone(facts: Facts) -> Sequence[int]:
    """Single labels that those near them in time contradict, inside a stretch or at an end of one."""
    gap = timedelta(minutes=facts.gap_minutes)
    places, classes = facts.classes
    frames = [facts.frames[place] for place in places]
    found = []
    for _, some in groupby(range(len(places)), key=lambda at: frames[at].source):
        mine = list(some)
        for first, end in unbroken([frames[at].captured_at for at in mine], gap):
            run = mine[first:end]
            found += [places[run[at]] for at, _, _ in alone([classes[at] for at in run])]
    return _work(facts, found)


def change_points(facts: Facts) -> Sequence[int]:
    """The first frames at which label, prediction or picture is another one than before, in order of time."""
    found = set(facts.changed)
    begins = {span.first for span in facts.sources}
    for values in (facts.classes, facts.guessed_classes):
        last, value = -2, ""
        edges = []
        for place, here in zip(*values, strict=True):
            if place != last + 1:
                edges += [last + 1, place]
            elif here != value:
                edges.append(place)
            last, value = place, here
        edges.append(last + 1)
        # A source's first frame is no change; behind the last frame is nothing, before the first known one neither.
        found.update(edge for edge in edges if 0 < edge < len(facts.frames) and edge not in begins)
    return _work(facts, sorted(found))


def uncertain(facts: Facts) -> Sequence[int]:
    """Of each stretch of one prediction its least sure frame, where that is unlabelled; the least sure first."""
    places, guesses = facts.column(facts.guessed)
    counting = facts.counting
    kept = [at for at, place in enumerate(places) if counting is None or counting[place]]
    values = Column([places[at] for at in kept], [guesses[at].class_ for at in kept])
    shares = [1.0 if guesses[at].confidence is None else guesses[at].confidence or 0.0 for at in kept]
    found, begin = [], 0
    for run in runs(facts, values):
        end = begin + run.last - run.first + 1
        least = min(shares[begin:end])
        if least < SURE:
            found.append((least, run.first + shares.index(least, begin, end) - begin))
        begin = end
    return [place for _, place in sorted(found) if facts.unlabelled[place]]


# --- recordings -------------------------------------------------------------------------------------------------


def prints(facts: Facts) -> Sequence[int]:
    """The first frame that counts of each recording in which nobody labelled a frame or marked one unsure."""
    if not facts.starts:
        return []
    unsure = facts.placed({key for key, mark in facts.marks.items() if mark.mark == "unsure"})
    known = sorted({*facts.classes.places, *unsure})
    found = []
    for first, end in pairwise([*sorted(facts.stops), len(facts.frames)]):
        if bisect_left(known, first) == bisect_left(known, end):
            at = first if facts.work is None else facts.work.find(1, first, end)
            found += [at] if at >= 0 else []
    return found


def duplicates(facts: Facts) -> Sequence[int]:
    """One frame of each run of pictures that are nearly the same and not labelled alike.

    First those with two labels (their rarest class's first frame), then the longest: of each the first unlabelled frame.
    """
    places, changes = facts.column(facts.changes)
    found = []
    for number, (begin, end) in enumerate(pairwise([*sorted(facts.stops), len(facts.frames)])):
        low, high = bisect_left(places, begin), bisect_left(places, end)
        if number % 64 == 0:
            facts.check()
        if high - low < 2:
            continue
        seen: list[Change | None] = [None] * (end - begin)
        for place, change in zip(places[low:high], changes[low:high], strict=True):
            seen[place - begin] = change
        for first, last in groups(seen, facts.threshold(facts.frames[begin].source)):
            if (row := _of_group(facts, begin + first, begin + last)) is not None:
                found.append(row)
    return _work(facts, [place for *_, place in sorted(found)])


def _of_group(facts: Facts, first: int, last: int) -> tuple[bool, int, int, int] | None:
    """Return (labelled alike so far, minus its length, first place, the place to look at); None where all is done."""
    places, classes = facts.classes
    low, high = bisect_left(places, first), bisect_right(places, last)
    given = Counter(classes[low:high])
    if len(given) > 1:
        rarest = min(given, key=lambda class_: (given[class_], class_))
        return False, first - last, first, places[classes.index(rarest, low, high)]
    bare = facts.unlabelled.find(1, first, last + 1)
    return (True, first - last, first, bare) if bare >= 0 else None


# --- samples ----------------------------------------------------------------------------------------------------


def at_random(facts: Facts) -> Sequence[int]:
    """Unlabelled frames of a sample that the seed decides: of every day some, days in turns.

    The sample of a day stays the same as long as no frame of it counts anew, so that what is left of it shrinks.
    """
    drawn: list[tuple[int, float, int]] = []
    for span in facts.days:
        dice = random.Random(f"{facts.seed}:{span.source}:{span.day}")
        turn = dice.random()
        places: Sequence[int] = range(span.first, span.end)
        if facts.counting is not None:
            places = list(compress(places, facts.counting[span.first : span.end]))
        sample = dice.sample(places, min(_OF_A_DAY, len(places)))
        drawn += [(round_, turn, place) for round_, place in enumerate(sample)]
    return [place for *_, place in sorted(drawn)[:_RANDOM] if facts.unlabelled[place]]


def around(facts: Facts) -> Sequence[int]:
    """Unlabelled frames of the hour before and the hour after the cursor, the nearest first."""
    here = facts.place(facts.at) if facts.at else None
    if here is None:
        return []
    frames, now = facts.frames, facts.frames[here].captured_at
    span = next(span for span in facts.sources if span.first <= here < span.end)
    # Before the first moment there is none: a frame that has no moment is around nothing but its like.
    low = bisect_left(frames, now - min(_AROUND, now - now.min), span.first, here, key=moment_of)
    high = bisect_right(frames, now + min(_AROUND, now.max - now), here, span.end, key=moment_of)
    bare = [place for place in range(low, high) if facts.unlabelled[place]]
    return sorted(bare, key=lambda place: (abs(frames[place].captured_at - now), frames[place].key))


def _work(facts: Facts, places: Iterable[int]) -> list[int]:
    """Return those places whose frames count and that no mark puts aside."""
    work = facts.work
    return list(places) if work is None else [place for place in places if work[place]]
