"""The rules that look at no picture: what they answer, and that the split takes their leak away."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.frames.names import captured_at
from core.frames.recordings import cut
from core.labels.files import parse
from core.settings import Settings, tasks_of
from core.versions.baselines import Sample, nearest, on_split, out_of_fold, score, wilson
from core.versions.splits import Row, split

CLASSES = ("offline", "active")
BEGIN = datetime(2025, 11, 7)


def sample(
    minute: int, label: str, recording: str, side: str = "train", light: float | None = None
) -> Sample:
    at = BEGIN + timedelta(minutes=minute)
    return Sample(f"cam/{at:%Y%m%d}/{at:%Y%m%dT%H%M%S}.jpg", label, recording, side, at, light)


def test_wilson_gives_the_figures_of_the_example() -> None:
    low, high = wilson(90, 169)
    assert (round(low, 2), round(high, 2)) == (0.46, 0.61)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(5, 5)[1] == 1.0


def test_a_score_counts_every_class_alike_and_silence_as_wrong() -> None:
    found = score([("a", "a"), ("a", "a"), ("a", "a"), ("b", None)])
    assert found is not None
    assert (found.balanced, found.accuracy) == (0.5, 0.75)
    assert score([]) is None


def test_majority_of_the_example_is_the_share_of_the_commonest_class() -> None:
    samples = [sample(i * 60, CLASSES[i < 79], f"r{i // 3}") for i in range(169)]
    found = out_of_fold(samples, CLASSES)["majority"]
    assert found is not None
    assert (found["balanced"], round(found["accuracy"], 2)) == (0.5, 0.53)
    assert (round(found["low"], 2), round(found["high"], 2)) == (0.46, 0.61)


def test_what_light_and_hour_give_away_is_found() -> None:
    samples = [
        sample(
            day * 1440 + hour * 60,
            "active" if hour >= 12 else "offline",
            f"d{day}h{hour // 4}",
            light=hour * 5.0,
        )
        for day in range(4)
        for hour in range(24)
    ]
    found = out_of_fold(samples, CLASSES)
    for rule in ("time_of_day", "brightness"):
        scores = found[rule]
        assert scores is not None
        assert scores["balanced"] > 0.95


def test_nothing_known_is_none() -> None:
    dark = [Sample("cam/x.jpg", "active", "r", "train", None, None)]
    assert out_of_fold(dark, CLASSES)["brightness"] is None
    assert out_of_fold(dark, CLASSES)["nearest_in_time"] is None
    assert set(on_split(dark, CLASSES).values()) == {None}


def test_only_measured_images_are_asked_about_brightness() -> None:
    samples = [
        sample(i * 30, CLASSES[i % 2], f"r{i}", light=float(i % 2) if i < 20 else None) for i in range(40)
    ]
    found = out_of_fold(samples, CLASSES)["brightness"]
    assert found is not None
    assert (found["accuracy"], found["images"]) == (1.0, 20)


def _real(legacy: Path, name: str, task: str) -> tuple[list[Sample], tuple[str, ...]]:
    kind = tasks_of(Settings())[task]
    labels = parse((legacy / "data" / name).read_bytes(), kind, name).labels
    assert len(labels) == len(json.loads((legacy / "data" / name).read_text()))
    moments = [(key, at) for key in labels if (at := captured_at(key)) is not None]
    idle = {key: label == kind.idle for key, label in labels.items()} if kind.idle else {}
    recordings = cut(moments, idle, unlisted=list(labels))
    return [Sample(k, labels[k], recordings[k], "", at, None) for k, at in moments], kind.classes


def _left_out(samples: list[Sample]) -> int:
    """How many images the nearest-in-time rule gets right where each is asked of all others; ties go to the earlier."""
    answers = [nearest([other for other in samples if other is not one], [one])[0] for one in samples]
    return sum(answer == one.label for answer, one in zip(answers, samples, strict=True))


def _at_random(samples: list[Sample], seeds: int) -> list[float]:
    """The share it gets right on a fifth that is drawn frame by frame, once a seed, made from the other four."""
    shares = []
    for seed in range(seeds):
        order = list(samples)
        random.Random(seed).shuffle(order)
        held, train = order[: len(order) // 5], order[len(order) // 5 :]
        found = score(zip([one.label for one in held], nearest(train, held), strict=True))
        assert found is not None
        shares.append(found.accuracy)
    return shares


@pytest.mark.parametrize(
    ("name", "task", "right", "images", "mean", "failed"),
    [
        ("labels.json", "offline-detection", 166, 169, 0.978, ""),
        (
            "failed_print_labels.json", "failed-print-detection", 182, 196, 0.929,
            "All failed comes from 2 recordings, 1 of them in validation",
        ),
    ],
)  # fmt: skip
def test_the_real_labels_leak_through_a_random_split_and_not_through_this_one(
    legacy: Path, name: str, task: str, right: int, images: int, mean: float, failed: str
) -> None:
    """Left out one by one: 98.2 % and 92.9 % by copying the nearest label, without a look at any picture.

    That is what a random split comes to the smaller its validation is; with a fifth, over 200 seeds, it is 97.8 % and
    92.9 % in the mean, and a single seed is anything around it. All labels of the files count, contradictions too.
    """
    samples, classes = _real(legacy, name, task)
    assert (_left_out(samples), len(samples)) == (right, images)
    shares = _at_random(samples, 200)
    assert round(sum(shares) / len(shares), 3) == mean
    assert min(shares) < mean - 0.05, "a single split says little"
    honest = out_of_fold(samples, classes)["nearest_in_time"]
    assert honest is not None
    assert honest["accuracy"] < mean - 0.02
    assert honest["balanced"] < 0.7, honest
    rows = [Row(one.frame, one.label, one.recording, one.captured_at) for one in samples]
    sides = split(rows, inherited={}, classes=classes)
    assert sides.least_distance is None or sides.least_distance > 5
    assert any(failed in limit for limit in sides.limits)


def test_on_simulated_days_a_random_split_leaks_and_ours_does_not() -> None:
    """Prints of random length, a frame a minute: the nearest label answers a random split, and not one by recordings."""
    chance = random.Random(5)
    samples, minute = [], 0
    for number in range(60):
        label = chance.choice(CLASSES)
        for _ in range(chance.randint(10, 40)):
            minute += 1
            samples.append(sample(minute, label, f"r{number}"))
        minute += chance.randint(60, 400)
    order = list(samples)
    chance.shuffle(order)
    held, train = order[: len(order) // 5], order[len(order) // 5 :]
    leaking = score(zip([s.label for s in held], nearest(train, held), strict=True))
    assert leaking is not None
    assert leaking.balanced > 0.97
    made = split(
        [Row(s.frame, s.label, s.recording, s.captured_at) for s in samples], inherited={}, classes=CLASSES
    )
    ours = on_split([replace(s, split=made.of[s.frame]) for s in samples], CLASSES)["nearest_in_time"]
    assert ours is not None
    assert ours["balanced"] < 0.75
