"""Doubts, the learning curve and what is said of them, on made-up scenes where the truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.assist.curve import curve, enough, hint
from core.assist.doubts import doubts
from core.assist.scene import Looks, Scene
from core.assist.suggesting import answer
from core.progress import CancelToken
from tests.assist.scenes import labelled, made, prints

SOME = list(range(2, 24 * 20, 6))


def world(wrong: list[int], places: list[int] = SOME) -> tuple[Scene, Looks, np.ndarray]:
    scene, looks, truth = made(prints(24))
    scene = labelled(scene, truth, places)
    labels = scene.labels.copy()
    labels[wrong] = 1 - labels[wrong]
    return replace(scene, labels=labels), looks, truth


def test_wrong_labels_are_found_and_right_ones_left_alone() -> None:
    wrong = [SOME[3], SOME[21], SOME[40]]
    scene, looks, truth = world(wrong)
    found = doubts(scene, looks, answer(scene, looks))
    assert {one.place for one in found} == set(wrong)
    for one in found:
        assert (one.label, one.suggested) == (1 - truth[one.place], truth[one.place])
        assert 0.5 <= one.confidence <= 1
        assert len(one.why) <= 60


def test_a_wrong_stretch_is_one_doubt() -> None:
    scene, looks, _ = world(list(range(100, 112)), list(range(480)))
    found = [one for one in doubts(scene, looks, answer(scene, looks)) if one.frames > 1]
    assert len(found) == 1
    assert 100 <= found[0].place < 112
    assert 8 <= found[0].frames <= 14


def test_the_evidence_is_of_both_classes_and_of_other_stretches() -> None:
    scene, looks, _ = world([SOME[21]])
    (one,) = doubts(scene, looks, answer(scene, looks))
    labels = [int(scene.labels[place]) for place in one.evidence]
    assert labels == sorted(labels, key=lambda label: label != one.label)
    assert set(labels) == {0, 1}
    assert one.place not in one.evidence


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(0, 479), min_size=4, max_size=80), st.integers(0, 99))
def test_only_labelled_frames_are_doubted(places: set[int], seed: int) -> None:
    scene, looks, truth = made(prints(24), seed=seed, noise=1.5)
    scene = labelled(scene, truth, sorted(places))
    aside = np.zeros(480, bool)
    aside[sorted(places)[::3]] = True
    scene = replace(scene, aside=aside)
    for one in doubts(scene, looks, answer(scene, looks)):
        assert one.place in places
        assert not aside[one.place]


def test_a_lone_label_is_doubted_where_nothing_else_can_tell() -> None:
    scene, looks, truth = made([[0] * 30, [1] * 30])
    scene = labelled(scene, truth, [*range(0, 30, 3), 40])
    labels = scene.labels.copy()
    labels[12] = 1
    scene = replace(scene, labels=labels)
    (one,) = doubts(scene, looks, answer(scene, looks))
    assert (one.place, one.kind, one.suggested) == (12, "lone", 0)


def test_a_label_that_another_task_contradicts_is_doubted_even_without_a_head() -> None:
    scene, looks, truth = made(prints(2))
    scene = labelled(scene, truth, [3])
    (one,) = doubts(scene, looks, None, [3])
    assert (one.place, one.kind, one.label, one.suggested) == (3, "contradiction", 0, 1)


def test_what_cannot_be_recognised_is_not_held_against_its_labels() -> None:
    """A class that looks different in every recording is answered wrong there: that tells of the head, not of labels."""
    dice = np.random.default_rng(0)
    scene, _, truth = made([[0] * 20] * 12 + [[1] * 20] * 6)
    lights = dice.normal(scale=3, size=(18, 24))
    vectors = np.repeat(lights, 20, axis=0).astype(np.float32)
    vectors += dice.normal(scale=0.1, size=vectors.shape).astype(np.float32)
    vectors[:240] -= np.repeat(lights[:12], 20, axis=0).astype(np.float32)
    looks = Looks(lambda places: vectors[places], scene.known)
    scene = labelled(scene, truth, range(0, 360, 4))
    assert len(doubts(scene, looks, answer(scene, looks))) <= 3


# --- the curve --------------------------------------------------------------------------------------------------


def test_the_curve_rises_and_ends_and_is_the_same_again() -> None:
    scene, looks, _ = world([])
    points = curve(scene, looks)
    assert [point.recordings for point in points] == [2, 3, 4, 6, 8, 12, 18]
    assert points[-1].balanced > 0.95
    assert all(point.low <= point.balanced <= point.high for point in points)
    assert curve(scene, looks) == points
    found = answer(scene, looks)
    assert found is not None
    assert enough(found, points)
    assert hint(found, points).startswith("More labels of these recordings would hardly change anything")


def test_too_few_recordings_have_no_curve_and_are_never_enough() -> None:
    scene, looks, _ = world([], list(range(0, 50, 2)))
    assert curve(scene, looks) == []
    assert not enough(answer(scene, looks), [])


def test_the_hint_names_the_class_and_the_hours_without_a_label() -> None:
    scene, looks, truth = made([[0] * 40, [1] * 40] * 16)
    day = scene.minutes % (24 * 60)
    places = [at for at in range(0, len(truth), 5) if not (truth[at] == 1 and day[at] < 6 * 60)]
    scene = labelled(scene, truth, places)
    found = answer(scene, looks)
    assert found is not None
    assert hint(found, []).startswith("No label of offline at night yet, and ")


def test_the_curve_can_be_stopped() -> None:
    from core.errors import Cancelled

    scene, looks, _ = world([])
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        curve(scene, looks, token)
