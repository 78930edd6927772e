"""Near copies, more like this, and what could be left out, on made-up scenes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.assist.scene import Looks, Scene
from core.assist.similar import WITHIN_MINUTES, copies, like, thinned
from tests.assist.scenes import labelled, made, prints


def dawn(count: int = 300) -> tuple[Scene, Looks]:
    """One recording in which nothing moves and it slowly dawns, and one in which everything moves."""
    scene, _, _ = made([[0] * count, [1] * count])
    dice = np.random.default_rng(1)
    vectors = dice.normal(scale=0.02, size=(2 * count, 24)).astype(np.float32)
    vectors[:count, 0] += np.linspace(0, 10, count)
    vectors[count:] += dice.normal(scale=5, size=(count, 24))
    return scene, Looks(lambda places: vectors[places], scene.known)


def test_a_night_in_which_it_dawns_is_no_single_picture() -> None:
    scene, looks = dawn()
    found = copies(scene, looks)
    still = [group for group in found if group.places[0] < 300]
    assert len(still) >= 300 / WITHIN_MINUTES
    assert all(group.places[-1] - group.places[0] <= WITHIN_MINUTES for group in still)
    assert sum(len(group.places) for group in still) > 250
    assert len(found) == len(still)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 200), st.floats(0.01, 1.5))
def test_groups_share_no_frame_and_cross_no_recording(seed: int, noise: float) -> None:
    scene, looks, _ = made(prints(6), seed=seed, noise=noise)
    groups = copies(scene, looks)
    every = [place for group in groups for place in group.places]
    assert every == sorted(set(every))
    for group in groups:
        assert len({scene.recordings[place] for place in group.places}) == 1
        assert len(group.places) > 1


def test_copies_with_one_label_could_be_left_out_and_those_with_two_are_named() -> None:
    scene, looks = dawn()
    truth = np.repeat([0, 1], 300)
    scene = labelled(scene, truth, range(600))
    found = thinned(scene, looks)
    assert found.kept + len(found.left_out) == 600
    assert len(found.left_out) > 200
    assert not any(place >= 300 for place in found.left_out)
    labels = scene.labels.copy()
    labels[5] = 1
    (group,) = thinned(replace(scene, labels=labels), looks).disagreeing
    assert 5 in group.places
    assert thinned(labelled(scene, truth, []), looks).left_out == ()


def test_more_like_this_comes_from_other_moments_and_the_likest_is_first() -> None:
    scene, looks, truth = made(prints(24), noise=0.1)
    found = like(scene, looks, 3, 10)
    assert len(found) == 10
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    assert {int(truth[one.place]) for one in found} == {int(truth[3])}
    copied = next(group.places for group in copies(scene, looks) if 3 in group.places)
    assert not {one.place for one in found} & set(copied)


def test_nothing_is_like_a_frame_that_cannot_be_looked_at() -> None:
    scene, looks, _ = made(prints(3))
    known = scene.known.copy()
    known[4] = False
    assert like(replace(scene, known=known), looks, 4, 5) == []
