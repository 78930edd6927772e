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
from core.frames.index import Frame
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
    frames = []
    for number in range(count):
        at = begin + timedelta(minutes=number)
        frames.append(
            Frame(f"printer-timelapses/{at:%Y%m%d}/{at:%Y%m%dT%H%M%S}.jpg", "printer-timelapses", at)
        )
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
        tuple(frames),
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


def samples(call: Callable[[], object], least: float = 0.4, most: int = 200) -> Sample:
    """Time a call again and again for a while; three times at least."""
    call()
    times: list[float] = []
    end = time.perf_counter() + least
    while len(times) < 3 or (time.perf_counter() < end and len(times) < most):
        times.append(timed(call))
    return Sample.of(times)


def per(sample: Sample, number: int) -> Sample:
    """Return the time of one of so many."""
    return Sample(sample.median / number, sample.low / number, sample.high / number)


def stepping(facts: Facts) -> Callable[[], object]:
    """Return what goes from the middle to the next frame of a queue and to the next change point, many times."""
    waiting, keys = find("unlabelled", TASK).places(facts), [frame.key for frame in facts.frames]
    classes = {key: label.class_ for key, label in facts.labelled.items()}
    begin = len(keys) // 2

    def steps() -> None:
        at = begin
        for _ in range(STEPS):
            after = bisect_right(waiting, at)
            at = waiting[after] if after < len(waiting) else begin
            next_point(keys, [classes], at, 1)

    return steps


def longest_silence(facts: Facts) -> float:
    """Return the longest time, in seconds, that another thread waits for its turn while all queues are counted."""
    import threading

    done = threading.Event()
    worker = threading.Thread(target=lambda: (offered(facts), done.set()))
    worst, before = 0.0, time.perf_counter()
    worker.start()
    while not done.is_set():
        time.sleep(0.001)
        now = time.perf_counter()
        worst, before = max(worst, now - before), now
    worker.join()
    return worst


def measure(folder: Path) -> Topic:
    """Measure each at three sizes; rows compare a million frames with a thousand, per frame or per step."""
    worlds = {size: made(size) for size in SIZES}
    gc.freeze()  # what a million frames hold is no garbage: the collector would be what is measured
    rows, notes = [], []
    few, many = SIZES[0], SIZES[-1]
    for line in LINES:
        read = parse(line, TASK, TODAY)
        found = {
            size: samples(lambda facts=worlds[size], read=read: read.keep(fresh(facts))) for size in SIZES
        }
        rows.append(
            Row(
                f"filter `{line}`, {spaced(many)} frames, per frame",
                per(found[many], many),
                f"{spaced(few)} frames, per frame",
                per(found[few], few),
                "≤ 1.5x",
            )
        )
        notes.append(f"`{line}`: {found[many]} in all, ~ frames^{exponent(SIZES, list(found.values())):.2f}.")
    found = {size: per(samples(stepping(worlds[size])), STEPS) for size in SIZES}
    rows.append(
        Row(
            f"next in the queue and next change point, {spaced(many)} frames",
            found[many],
            f"{spaced(few)} frames",
            found[few],
            "≤ 1.5x",
        )
    )
    for kind in kinds(TASK):
        found = {
            size: samples(lambda kind=kind, facts=worlds[size]: kind.places(fresh(facts)), 0.2, 40)
            for size in SIZES
        }
        rows.append(
            Row(
                f"queue {kind.id}, {spaced(many)} frames, per frame",
                per(found[many], many),
                f"{spaced(few)} frames, per frame",
                per(found[few], few),
                "≤ 1.5x",
            )
        )
    found = {size: samples(lambda size=size: offered(fresh(worlds[size])), 0.5, 10) for size in SIZES}
    notes.append(
        f"All queues counted at {spaced(many)} frames and {spaced(len(worlds[many].labelled))} labels: {found[many]}, "
        f"~ frames^{exponent(SIZES, list(found.values())):.2f}; meanwhile another thread waits "
        f"{longest_silence(fresh(worlds[many])) * 1000:.0f} ms for its turn at the longest."
    )
    gc.unfreeze()
    return Topic("Filters and queues", tuple(rows), tuple(notes))
