"""Small made-up scenes: recordings of frames whose embeddings lie around the middle of their state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from core.assist.scene import Looks, Scene, minutes_of

CLASSES = ("active", "offline")
DIMS = 24


def made(
    states: Sequence[Sequence[int]], *, seed: int = 0, noise: float = 0.3, classes: tuple[str, ...] = CLASSES
) -> tuple[Scene, Looks, np.ndarray]:
    """Return a scene without labels, how it is looked at, and the truth; a row of states is a recording, an hour apart."""
    dice = np.random.default_rng(seed)
    middles = dice.normal(size=(len(classes), DIMS))
    truth = np.array([state for row in states for state in row], np.int64)
    lights = np.repeat(dice.normal(scale=0.3, size=(len(states), DIMS)), [len(row) for row in states], axis=0)
    vectors = (middles[truth] + lights + dice.normal(scale=noise, size=(len(truth), DIMS))).astype(np.float32)
    moment, keys, moments, names = datetime(2025, 11, 7), [], [], []
    for row in states:
        first = f"cam/{moment:%Y%m%d}/{moment:%Y%m%dT%H%M%S}"
        for _ in row:
            keys.append(f"cam/{moment:%Y%m%d}/{moment:%Y%m%dT%H%M%S}.jpg")
            moments.append(moment)
            names.append(first)
            moment += timedelta(minutes=1)
        moment += timedelta(hours=1)
    count = len(truth)
    scene = Scene(
        classes, keys, np.ones(count, bool), names, minutes_of(moments), np.full(count, -1, np.int64),
        np.zeros(count, bool), np.zeros(count, bool),
    )  # fmt: skip
    return scene, Looks(lambda places: vectors[places], scene.known), truth


def labelled(scene: Scene, truth: np.ndarray, places: Sequence[int], **others: object) -> Scene:
    """Return the scene with the true labels at some places."""
    labels = np.full(len(truth), -1, np.int64)
    labels[list(places)] = truth[list(places)]
    return replace(scene, labels=labels, **others)  # type: ignore[arg-type]


def prints(count: int, *, length: int = 20) -> list[list[int]]:
    """Return recordings by turns: active, offline, a print that ends in the middle."""
    half = length // 2
    kinds = ([0] * length, [1] * length, [0] * half + [1] * half)
    return [kinds[number % 3] for number in range(count)]
