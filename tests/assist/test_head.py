"""The head and the chain: what a person may rely on, whatever the numbers are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.assist.head import fit, folds_of, rows_of, space_of
from core.assist.smoothing import shares_of, smooth, stays

SEEDS = st.integers(0, 2**16)


def some(seed: int, classes: int = 3, count: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    targets = np.arange(count) % classes
    features = dice.normal(size=(classes, 6))[targets] + dice.normal(size=(count, 6))
    return features, targets, dice.uniform(0.2, 2, count)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_order_of_labels_does_not_matter(seed: int) -> None:
    features, targets, weights = some(seed)
    order = np.random.default_rng(seed + 1).permutation(len(targets))
    one = fit(features, targets, weights, 3).logits(features)
    other = fit(features[order], targets[order], weights[order], 3).logits(features)
    assert np.allclose(one, other, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_names_of_classes_do_not_matter(seed: int) -> None:
    features, targets, weights = some(seed)
    one = fit(features, targets, weights, 3).logits(features)
    other = fit(features, 2 - targets, weights, 3).logits(features)
    assert np.allclose(one, other[:, ::-1], atol=1e-4)


def test_a_class_without_a_label_is_never_answered() -> None:
    features, targets, weights = some(1)
    head = fit(features[targets < 2], targets[targets < 2], weights[targets < 2], 3)
    assert shares_of(head.logits(features))[:, 2].max() < 1e-12


def test_a_rare_class_is_found_among_many_of_another() -> None:
    dice = np.random.default_rng(0)
    targets = np.array([0] * 300 + [1] * 4)
    features = dice.normal(size=(304, 5))
    features[targets == 1] += 2.5
    head = fit(features, targets, np.ones(304), 2)
    fresh = dice.normal(size=(200, 5)) + 2.5
    assert (head.logits(fresh).argmax(axis=1) == 1).mean() > 0.9


def test_a_long_stretch_weighs_little_more_than_a_short_one() -> None:
    labels = np.array([0] * 400 + [1] * 4)
    places, weights = rows_of(labels, np.zeros(404, np.int64), np.ones(404, bool))
    assert len(places) == 16
    assert weights[labels[places] == 0].sum() == pytest.approx(20)
    assert weights[labels[places] == 1].sum() == pytest.approx(2)


def test_labels_taken_from_suggestions_count_half_and_those_not_looked_at_not() -> None:
    labels = np.array([0, 0, 1, 1])
    known, accepted = np.array([True, False, True, True]), np.array([False, False, True, True])
    places, weights = rows_of(labels, np.zeros(4, np.int64), known, accepted)
    assert places.tolist() == [0, 2, 3]
    assert weights.tolist() == pytest.approx([1, 2**0.5 / 4, 2**0.5 / 4])


def test_a_space_of_one_picture_or_none_is_no_error() -> None:
    alike = np.full((5, 7), 0.5, np.float32)
    assert np.isfinite(space_of(alike).of(alike)).all()
    assert space_of(alike[:0]).of(alike).shape[0] == 5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=80))
def test_folds_keep_recordings_whole_and_leave_every_class_to_learn_from(rows: list[tuple[int, int]]) -> None:
    targets, units = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    folds = folds_of(targets, units)
    in_two = all(len(np.unique(units[targets == one])) > 1 for one in np.unique(targets))
    assert (folds is not None) == (in_two and len(np.unique(targets)) > 1)
    if folds is not None:
        assert all(len(np.unique(folds[units == unit])) == 1 for unit in np.unique(units))
        assert len(np.unique(folds)) == folds.max() + 1


# --- over time --------------------------------------------------------------------------------------------------

CHAINS = st.integers(1, 70).flatmap(
    lambda count: st.tuples(
        SEEDS,
        st.lists(st.integers(-6, 2), min_size=count, max_size=count),
        st.integers(1, 9),
        st.integers(2, 4),
    )
)


def chain(seed: int, given_: list[int], length: int, classes: int) -> tuple[np.ndarray, ...]:
    dice = np.random.default_rng(seed)
    count = len(given_)
    shares = shares_of(dice.normal(scale=3, size=(count, classes)))
    pieces = np.arange(count) // length
    minutes = np.cumsum(dice.uniform(0.1, 30, count))
    return shares, stays(minutes, pieces), np.minimum(np.maximum(np.array(given_), -1), classes - 1), pieces


@settings(max_examples=80, deadline=None)
@given(CHAINS)
def test_shares_sum_to_one_and_a_label_stays(made: tuple[int, list[int], int, int]) -> None:
    shares, stay, labels, _ = chain(*made)
    found = smooth(shares, stay, labels, np.ones(shares.shape[1], bool))
    assert np.allclose(found.sum(axis=1), 1)
    assert found.min() >= 0
    held = labels >= 0
    assert (found.argmax(axis=1)[held] == labels[held]).all()


@settings(max_examples=80, deadline=None)
@given(CHAINS)
def test_nothing_crosses_from_one_recording_into_another(made: tuple[int, list[int], int, int]) -> None:
    shares, stay, labels, pieces = chain(*made)
    present = np.ones(shares.shape[1], bool)
    whole = smooth(shares, stay, labels, present)
    for piece in np.unique(pieces):
        mine = pieces == piece
        assert np.allclose(whole[mine], smooth(shares[mine], stay[mine], labels[mine], present), atol=1e-9)


@settings(max_examples=80, deadline=None)
@given(CHAINS)
def test_products_in_pairs_are_those_one_after_the_other(made: tuple[int, list[int], int, int]) -> None:
    shares, stay, labels, _ = chain(*made)
    count, classes = shares.shape
    seen = shares.copy()
    seen[labels >= 0] = 1e-9
    seen[labels >= 0, labels[labels >= 0]] = 1
    ahead, back = np.zeros_like(seen), np.ones_like(seen)
    for at in range(count):
        ahead[at] = np.full(classes, 1 / classes)
        if at:
            ahead[at] = ahead[at - 1] * stay[at] + (1 - stay[at]) / classes * ahead[at - 1].sum()
        ahead[at] *= seen[at]
        ahead[at] /= ahead[at].sum()
    for at in range(count - 2, -1, -1):
        told = seen[at + 1] * back[at + 1]
        back[at] = told * stay[at + 1] + (1 - stay[at + 1]) * told.mean()
        back[at] /= back[at].sum()
    slow = ahead * back
    slow /= slow.sum(axis=1, keepdims=True)
    assert np.allclose(smooth(shares, stay, labels, np.ones(classes, bool)), slow, atol=1e-6)


def test_one_odd_frame_among_many_is_overruled_and_a_day_of_frames_is_finite() -> None:
    count = 20_000
    shares = np.tile([0.9, 0.1], (count, 1))
    shares[500] = [0.2, 0.8]
    found = smooth(
        shares,
        stays(np.arange(count) / 6, np.zeros(count, np.int64)),
        np.full(count, -1),
        np.array([True, True]),
    )
    assert np.isfinite(found).all()
    assert found[500, 0] > 0.95
