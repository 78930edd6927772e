"""Filters, the next frame and the queues at a million frames, against the same at a thousand; and how they grow."""

from __future__ import annotations

import gc
import random
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from benchmarks.measure import Row, Sample, Topic, exponent, spaced, timed
from core.frames.framelist import folder_list
from core.frames.packed import Names
from core.labels.facts import Facts
from core.labels.filters import parse
from core.labels.model import Label, Mark
from core.labels.predictions import Guess
from core.labels.queues import find, kinds, offered
from core.labels.stretches import next_point
from core.settings import Settings, tasks_of

TASKS = tasks_of(Settings())
TASK = TASKS["offline-detection"]
SIZES = (1_000, 30_000, 1_000_000)
TODAY = date(2027, 1, 1)
#: Lines a person writes, from what names days to what asks every frame.
LINES = (
    "day:20251107..20251108 !label",
    "label:active",
    "pred:offline conf<.9",
    "!label 08:54-09:25",
    "label:active pred:offline conf<.9 08:00-20:00 !mark",
)
STEPS = 200


def made(count: int) -> Facts:
    """Return facts of that many frames, a minute apart: a tenth labelled in stretches, as many predicted."""
    begin = datetime(2025, 11, 7)
    days: dict[str, list[str]] = {}
    for number in range(count):
        at = begin + timedelta(minutes=number)
        days.setdefault(f"printer-timelapses/{at:%Y%m%d}/", []).append(f"{at:%Y%m%dT%H%M%S}.jpg")
    frames = folder_list("printer-timelapses", ((head, Names.of(names)) for head, names in days.items()))
    dice = random.Random(0)
    labels, guesses = {}, {}
    moment = "2027-01-01T10:00:00.000+00:00"
    for first in range(0, count, 500):
        class_ = dice.choice(TASK.classes)
        for frame in frames[first : first + 50]:
            labels[frame.key] = Label(frame.key, TASK.name, class_, "ana", "stretch", moment, 1)
        for frame in frames[first + 25 : first + 75]:
            sure = dice.random() if dice.random() < 0.05 else 0.99
            guesses[frame.key] = Guess(class_ if dice.random() < 0.98 else dice.choice(TASK.classes), sure)
    marks = {frame.key: Mark(frame.key, "unsure") for frame in frames[7::10_007]}
    return Facts(
        TASK,
        frames,
        {TASK.name: labels},
        {TASK.name: guesses},
        marks,
        starts=frozenset(frame.key for frame in frames[::360]),
        tasks=TASKS,
        at=frames[count // 2].key,
    )


def fresh(facts: Facts) -> Facts:
    """Return the same facts with nothing derived yet: what the app hands to its worker."""
    return replace(facts)


def compared(
    calls: dict[int, Callable[[], object]], rounds: int = 5, least: float = 0.04
) -> dict[int, Sample]:
    """Time calls in turns, each as often in a row as fills the same while: a busy machine takes its share of both."""
    often = {}
    for size, call in calls.items():
        call()
        often[size] = max(1, round(least / max(timed(call), 1e-9)))
    times: dict[int, list[float]] = {size: [] for size in calls}
    for _ in range(rounds):
        for size, call in calls.items():
            took = timed(lambda call=call, count=often[size]: [call() for _ in range(count)])
            times[size].append(took / often[size])
    return {size: Sample.of(found) for size, found in times.items()}


def per(sample: Sample, number: int) -> Sample:
    """Return the time of one of so many."""
    return Sample(sample.median / number, sample.low / number, sample.high / number)


def stepping(facts: Facts) -> dict[str, Callable[[], object]]:
    """Return what goes, from the middle on, to the next frame of a queue and to the next change point, many times."""
    waiting, keys = find("unlabelled", TASK).places(facts), [frame.key for frame in facts.frames]
    classes = {key: label.class_ for key, label in facts.labelled.items()}
    begin = len(keys) // 2

    def through(following: Callable[[int], int | None]) -> Callable[[], object]:
        def steps() -> None:
            at = begin
            for _ in range(STEPS):
                found = following(at)
                at = begin if found is None else found

        return steps

    def in_queue(at: int) -> int | None:
        after = bisect_right(waiting, at)
        return waiting[after] if after < len(waiting) else None

    return {
        "next frame of the queue": through(in_queue),
        "next change point": through(lambda at: next_point(keys, [classes], at, 1)),
    }


def longest_silence(facts: Facts) -> float:
    """Return the longest time, in seconds, that another thread waits for its turn while all queues are counted."""
    import threading

    done = threading.Event()
    worker = threading.Thread(target=lambda: (offered(facts), done.set()))
    worst, before = 0.0, time.perf_counter()
    worker.start()
    while not done.wait(0.001):
        now = time.perf_counter()
        worst, before = max(worst, now - before), now
    worker.join()
    return worst


def row(what: str, found: dict[int, Sample], bar: str = "") -> Row:
    """Compare a million with a thousand, per frame."""
    few, many = SIZES[0], SIZES[-1]
    ours, other = per(found[many], many), per(found[few], few)
    return Row(
        f"{what}, {spaced(many)} frames, per frame", ours, f"{spaced(few)} frames, per frame", other, bar
    )


def measure(folder: Path) -> Topic:
    """Measure each at three sizes; rows compare a million frames with a thousand, per frame or per step."""
    worlds = {size: made(size) for size in SIZES}
    gc.freeze()  # what a million frames hold is no garbage: the collector would be what is measured
    few, many = SIZES[0], SIZES[-1]
    rows, notes = [], []
    for line in LINES:
        read = parse(line, TASK, TODAY)
        found = compared(
            {size: lambda facts=facts, read=read: read.keep(fresh(facts)) for size, facts in worlds.items()}
        )
        rows.append(row(f"filter `{line}`", found, "≤ 1.5x"))
        notes.append(f"`{line}`: {found[many]} in all, ~ frames^{exponent(SIZES, list(found.values())):.2f}.")
    steps = {size: stepping(facts) for size, facts in worlds.items()}
    for what, bar in (("next frame of the queue", "≤ 1.5x"), ("next change point", "")):
        found = {
            size: per(took, STEPS) for size, took in compared({n: steps[n][what] for n in SIZES}).items()
        }
        rows.append(
            Row(f"{what}, {spaced(many)} frames", found[many], f"{spaced(few)} frames", found[few], bar)
        )
    for kind in kinds(TASK):
        found = compared(
            {size: lambda facts=facts, kind=kind: kind.places(fresh(facts)) for size, facts in worlds.items()}
        )
        rows.append(row(f"queue {kind.id}", found))
    found = compared({size: lambda facts=facts: offered(fresh(facts)) for size, facts in worlds.items()})
    notes.append(
        f"All queues counted at {spaced(many)} frames and {spaced(len(worlds[many].labelled))} labels: {found[many]}, "
        f"~ frames^{exponent(SIZES, list(found.values())):.2f}; meanwhile another thread waits "
        f"{longest_silence(fresh(worlds[many])) * 1000:.0f} ms for its turn at the longest."
    )
    gc.unfreeze()
    return Topic("Filters and queues", tuple(rows), tuple(notes))
