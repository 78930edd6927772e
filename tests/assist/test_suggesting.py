"""Suggestions on made-up scenes: runs, what is said of them, and that nothing is claimed that nothing can tell."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.assist.asking import questions
from core.assist.scene import Looks
from core.assist.suggesting import answer, as_json, missing, runs_of
from tests.assist.scenes import labelled, made, prints

FEW_OF_EACH = list(range(5, 24 * 20, 17))


def test_a_few_labels_suggest_the_rest() -> None:
    scene, looks, truth = made(prints(24))
    found = answer(labelled(scene, truth, FEW_OF_EACH), looks)
    assert found is not None
    assert (found.said == truth).mean() > 0.97
    assert found.held is not None
    assert (found.held.share_right or 0) > 0.9


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 239), min_size=2, max_size=60), st.integers(0, 50))
def test_runs_hold_every_frame_once_and_agree_with_the_labels(places: set[int], seed: int) -> None:
    scene, looks, truth = made(prints(12), seed=seed, noise=0.8)
    scene = labelled(scene, truth, sorted(places))
    found = answer(scene, looks)
    if found is None:
        assert len(set(truth[sorted(places)].tolist())) < 2
        return
    runs = runs_of(found)
    assert [at for run in runs for at in range(run.first, run.last + 1)] == list(range(len(truth)))
    for run in runs:
        assert len(set(scene.recordings[run.first : run.last + 1])) == 1
        assert 0 <= run.confidence <= 1
        inside = scene.labels[run.first : run.last + 1]
        assert set(inside[inside >= 0].tolist()) <= {run.class_}
    assert not any(one.class_ == two.class_ and scene.recordings[one.last] == scene.recordings[two.first]
                   for one, two in pairwise(runs))  # fmt: skip


def test_labels_of_one_recording_tell_nothing_of_others_and_it_says_so() -> None:
    scene, looks, truth = made([[0] * 20 + [1] * 20, *prints(6)])
    scene = labelled(scene, truth, range(40))
    found = answer(scene, looks)
    assert found is not None
    assert found.held is None
    assert as_json(found, runs_of(found))["share_right"] is None
    assert not any(run.sure for run in runs_of(found))
    assert "one recording" in missing(scene, found)


def test_a_class_of_one_recording_only_is_named() -> None:
    scene, looks, truth = made([[0] * 30, [0] * 30, [1] * 30])
    scene = labelled(scene, truth, [*range(0, 15), *range(30, 45), *range(60, 75)])
    assert missing(scene, answer(scene, looks)) == (
        "Only one recording has offline: nothing tells how right this is. Label it in a second recording."
    )


def test_too_few_labels_suggest_nothing_and_say_how_many_more() -> None:
    scene, looks, truth = made(prints(6))
    assert missing(scene, None) == "Nothing is suggested yet: label some frames of each class."
    one = labelled(scene, truth, [0, 1, 2])
    assert answer(one, looks) is None
    assert missing(one, None) == "Nothing is suggested yet: label some frames of offline."
    some = labelled(scene, truth, [0, 1, 25, 26])
    assert "16 more labels" in missing(some, answer(some, looks))


def test_noise_is_not_sold_as_knowledge() -> None:
    scene, looks, _ = made(prints(24), noise=0.3)
    dice = np.random.default_rng(3)
    anything = np.repeat(dice.integers(0, 2, 24), 20)
    scene = labelled(scene, anything, range(0, 480, 5))
    found = answer(scene, looks)
    assert found is not None
    assert found.held is not None
    assert (found.held.share_right or 0) < 0.75
    assert not any(run.sure for run in runs_of(found))


def test_accepted_suggestions_do_not_praise_themselves() -> None:
    scene, looks, truth = made(prints(24))
    hand = labelled(scene, truth, FEW_OF_EACH)
    every = np.ones(len(truth), bool)
    every[FEW_OF_EACH] = False
    found = answer(labelled(scene, truth, range(480), accepted=every), looks)
    assert found is not None
    assert found.held is not None
    assert found.held.counted.sum() == len(FEW_OF_EACH)
    only = answer(labelled(hand, truth, FEW_OF_EACH, accepted=np.ones(480, bool)), looks)
    assert only is not None
    assert only.held is not None
    assert only.held.share_right is None


def test_frames_put_aside_are_neither_learned_nor_asked() -> None:
    scene, looks, truth = made(prints(24))
    aside = np.zeros(480, bool)
    aside[100:200] = True
    wrong = np.where(aside, 1 - truth, truth)
    scene = labelled(scene, wrong, [*FEW_OF_EACH, *range(100, 150)], aside=aside)
    found = answer(scene, looks)
    assert found is not None
    assert (found.said == truth).mean() > 0.97
    assert not any(aside[one.place] for one in questions(scene, looks, found))


# --- what next --------------------------------------------------------------------------------------------------


def test_questions_are_of_different_recordings_and_never_labelled() -> None:
    scene, looks, truth = made(prints(24), noise=0.9)
    for places in ([], FEW_OF_EACH[:3], FEW_OF_EACH):
        mine = labelled(scene, truth, places)
        asked = questions(mine, looks, answer(mine, looks))
        assert asked
        assert len({scene.recordings[one.place] for one in asked}) == len(asked)
        assert not {one.place for one in asked} & set(places)
        assert all(len(one.why) <= 60 for one in asked)


def test_what_a_model_says_otherwise_is_asked() -> None:
    scene, looks, truth = made(prints(24), noise=0.1)
    scene = labelled(scene, truth, FEW_OF_EACH)
    guesses = truth.copy()
    guesses[60:80] = 1 - guesses[60:80]
    asked = questions(scene, looks, answer(scene, looks), guesses)
    assert any(60 <= one.place < 80 and one.why.startswith("the model says") for one in asked)


def test_asking_beats_labelling_at_random() -> None:
    rare = [[0] * 20 for _ in range(20)] + [[0] * 8 + [1] * 12, [1] * 20, [1] * 20]
    scene, looks, truth = made(rare, seed=4, noise=0.5)
    given: list[int] = []
    for _ in range(20):
        mine = labelled(scene, truth, given)
        given.append(questions(mine, looks, answer(mine, looks))[0].place)
    found = answer(labelled(scene, truth, given), looks)
    assert found is not None
    assert (found.said == truth).mean() > 0.98


def test_a_recording_like_no_other_has_its_turn_though_nothing_is_in_doubt() -> None:
    scene, looks, truth = made(prints(24), noise=0.1)
    vectors = looks.of(np.arange(480)).astype(np.float32)
    vectors[300:320] += 4
    looks = Looks(lambda places: vectors[places], scene.known)
    places = [at for at in FEW_OF_EACH if not 300 <= at < 320][:25]
    scene = labelled(scene, truth, places)
    asked = questions(scene, looks, answer(scene, looks))
    assert 300 <= asked[0].place < 320
    assert asked[0].why == "unlike all that is labelled"
