"""Small worlds for the tests of filters and queues: frames of one or two cameras with labels, guesses, marks, pictures."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from core.frames.index import Frame
from core.frames.signatures import Change
from core.labels.facts import Facts
from core.labels.model import Label, Mark
from core.labels.predictions import Guess
from core.settings import Settings, tasks_of
from core.tasks import Task

TASKS = tasks_of(Settings())
IDLE, FAILED = TASKS["offline-detection"], TASKS["failed-print-detection"]
START = datetime(2025, 11, 10, 23, 40)
AT = "2025-11-20T10:00:00.000+00:00"


def frame(number: int, source: str = "cam", *, minutes: float = 1) -> Frame:
    """The n-th frame of a camera, a minute apart; the first are before midnight."""
    at = START + timedelta(minutes=number * minutes)
    return Frame(f"{source}/{at:%Y%m%d}/{at:%Y%m%dT%H%M%S}.jpg", source, at)


def label(
    key: str, class_: str, task: Task = IDLE, *, who: str = "Ana", how: str = "hand", at: str = AT
) -> Label:
    return Label(key, task.name, class_, who, how, at, 1)


def mark(key: str, word: str | None = None, *, note: str = "", at: str = AT) -> Mark:
    return Mark(key, word, "why" if word == "excluded" else "", note, None, "Ana", at)


def world(frames: list[Frame], **known: Any) -> Facts:
    """Facts of these frames; labels and guesses may be written as one letter a frame: 'oo.a' (a dot: none)."""
    task: Task = known.pop("task", IDLE)
    letters = {class_[0]: (one, class_) for one in TASKS.values() for class_ in one.classes}
    labels: dict[str, dict[str, Label]] = {name: {} for name in TASKS}
    guesses: dict[str, dict[str, Guess]] = {name: {} for name in TASKS}
    for row in known.pop("labels", ()):
        for one, letter in zip(frames, row, strict=False):
            if letter in letters:
                of, class_ = letters[letter]
                labels[of.name][one.key] = label(one.key, class_, of)
    for row, sure in known.pop("guesses", ()):
        for one, letter, share in zip(frames, row, sure, strict=False):
            if letter in letters:
                of, class_ = letters[letter]
                guesses[of.name][one.key] = Guess(class_, share)
    return Facts(task, frames, labels, guesses, tasks=TASKS, **known)


@st.composite
def worlds(draw: st.DrawFn, task: Task = IDLE) -> Facts:
    """Any small world: up to 24 frames of two cameras, everything about them drawn."""
    counts = draw(st.tuples(st.integers(0, 14), st.integers(0, 10)))
    step = draw(st.sampled_from([1, 7, 20]))
    frames = [
        frame(n, source, minutes=step)
        for source, count in zip(("bed", "cam"), counts, strict=True)
        for n in range(count)
    ]
    row = st.lists(st.sampled_from("oa.gf"), min_size=len(frames), max_size=len(frames))
    sure = st.lists(st.sampled_from([None, 0.5, 0.7, 0.9, 0.99]), min_size=len(frames), max_size=len(frames))
    facts = world(
        frames,
        task=task,
        labels=[draw(row), draw(row)],
        guesses=[(draw(row), draw(sure)), (draw(row), draw(sure))],
    )
    some = st.sets(st.sampled_from([one.key for one in frames])) if frames else st.just(set())
    words = st.sampled_from(["unsure", "excluded", "skipped", None])
    times = st.sampled_from(["2025-11-20T09:00:00+00:00", "2025-11-20T11:00:00+00:00"])
    picture = st.builds(
        Change,
        st.sampled_from([0.0, 5.0]),
        st.sampled_from([10.0, 200.0]),
        st.sampled_from([0, 1, 2**64 - 1]),
    )
    return Facts(
        task,
        frames,
        facts.labels,
        facts.guesses,
        marks={key: mark(key, draw(words), note="n", at=draw(times)) for key in sorted(draw(some))},
        waiting=frozenset(draw(some)),
        changes={key: draw(picture) for key in sorted(draw(some))},
        thresholds={"cam": 3.0, "bed": 3.0},
        starts=frozenset(draw(some)),
        tasks=TASKS,
        at=draw(st.sampled_from(["", *(one.key for one in frames)])),
        seed=draw(st.integers(0, 3)),
    )
