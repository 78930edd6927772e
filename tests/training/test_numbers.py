"""The numbers behind a result, against values worked out by hand and for any answers at all."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.training import intervals
from core.training.calibration import calibrate, sentence
from core.training.comparing import compare, mcnemar, pairs, sentences
from core.training.results import measure, words
from core.versions.baselines import wilson
from tests.training.believing import CLASSES, asked, predicted

#: What frames are and what was said of them, per recording: at most eight recordings of at most six frames.
PRINTS = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.lists(st.tuples(st.sampled_from("gf"), st.sampled_from("gf")), min_size=1, max_size=6).map(
        lambda rows: ("".join(t for t, _ in rows), "".join(a for _, a in rows))
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=20, deadline=None)
@given(PRINTS, st.randoms(use_true_random=False))
def test_any_answers_give_shares_within_their_intervals_in_whatever_order_they_come(
    prints: dict[str, tuple[str, str]], chance: random.Random
) -> None:
    rows = predicted(prints)
    found = measure(*asked(rows), CLASSES, {})
    assert found is not None
    for one in (
        *found["classes"].values(),
        {
            "recall": found["balanced"],
            "recall_low": found["balanced_low"],
            "recall_high": found["balanced_high"],
        },
    ):
        for share in ("recall", "precision"):
            if one.get(share) is not None and one[f"{share}_low"] is not None:
                assert 0 <= one[f"{share}_low"] <= one[share] <= one[f"{share}_high"] <= 1
    assert sum(sum(row.values()) for row in found["confusion"].values()) == len(rows) == found["images"]
    assert (
        sum(one["right"] for one in found["by_recording"])
        == found["right"]
        == len(rows) - len(found["wrong"])
    )
    measured = found["calibration"]
    assert sum(one["images"] for one in measured["bins"]) == len(rows)
    assert 0 <= measured["error"] <= 1
    mixed = rows[:]
    chance.shuffle(mixed)
    again = measure(*asked(mixed), CLASSES, {})
    assert again is not None
    assert sorted(again.pop("wrong"), key=str) == sorted(found.pop("wrong"), key=str)
    assert again == found


def test_recall_and_precision_have_intervals_over_recordings_not_over_frames() -> None:
    """Forty frames of two recordings are two looks: Wilson's interval of two in two begins at 34 %."""
    found = measure(*asked(predicted({"a": ("f" * 20, "f" * 20), "b": ("f" * 20, "f" * 20)})), CLASSES, {})
    assert found is not None
    failed = found["classes"]["failed"]
    assert (failed["recall"], failed["recall_low"], failed["recall_high"]) == (1, 0.3424, 1)
    assert (failed["precision_low"], failed["precision_high"]) == (0.3424, 1)
    assert found["classes"]["good"]["recall"] is None


def test_a_class_in_every_second_recording_is_as_unsure_as_its_own_recordings() -> None:
    prints = {f"g{i}": ("gggg", "gggg") for i in range(12)} | {"f0": ("ffff", "ffff"), "f1": ("ffff", "gggg")}
    found = measure(*asked(predicted(prints)), CLASSES, {})
    assert found is not None
    good, failed = found["classes"]["good"], found["classes"]["failed"]
    assert good["recall_low"] > 0.7
    assert failed["recall"] == 0.5
    assert (failed["recall_low"], failed["recall_high"]) == (0, 1)


def test_calibration_is_the_mean_distance_of_confidence_and_truth() -> None:
    """Two bins: four answers of 0.9 with three right, one of 0.6 that is right: (4 x 0.15 + 1 x 0.4) / 5."""
    found = calibrate([0.9, 0.9, 0.9, 0.9, 0.6], [True, True, True, False, True])
    assert found is not None
    assert found["error"] == pytest.approx(0.2)
    assert [(one["from"], one["images"], one["right"]) for one in found["bins"]] == [
        (0.6, 1, 1.0),
        (0.9, 4, 0.75),
    ]
    assert found["accuracy"] == 0.8
    assert calibrate([], []) is None
    sure = calibrate([1.0], [True])
    assert sure is not None
    assert sure["bins"][0]["to"] == 1.0


def test_overconfidence_is_said_and_good_calibration_too() -> None:
    sure = calibrate([0.99] * 10, [True] * 7 + [False] * 3)
    shy = calibrate([0.6] * 10, [True] * 10)
    fine = calibrate([0.9] * 10, [True] * 9 + [False])
    assert sure is not None
    assert shy is not None
    assert fine is not None
    assert sentence(sure).startswith("It is surer than it is right")
    assert sentence(shy).startswith("It is less sure than it is right")
    assert "at its word" in sentence(fine)


@pytest.mark.parametrize(
    ("fixed", "broken", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 0, 0.0625),
        (6, 0, 0.03125),
        (10, 2, 0.038574),
        (8, 8, 1.0),
        (0, 6, 0.03125),
    ],
)
def test_the_exact_test_gives_the_values_of_the_binomial(fixed: int, broken: int, p: float) -> None:
    assert mcnemar(fixed, broken) == p


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_exact_test_is_a_probability_and_does_not_care_who_is_first(fixed: int, broken: int) -> None:
    assert 0 <= mcnemar(fixed, broken) == mcnemar(broken, fixed) <= 1


def _compared(first: dict[str, tuple[str, str]], second: dict[str, tuple[str, str]]) -> dict[str, Any]:
    return compare(pairs(predicted(first), predicted(second), CLASSES), CLASSES)


def test_a_model_that_is_right_in_more_recordings_is_better_and_the_frames_are_named() -> None:
    worse = {f"p{i}": ("ggff", "ggfg" if i % 4 else "ggff") for i in range(16)}
    best = {name: (truth, truth) for name, (truth, _) in worse.items()}
    found = _compared(worse, best)
    assert (found["verdict"], len(found["fixed"]), found["broken"]) == ("better", 12, [])
    assert found["p"] == mcnemar(12, 0)
    assert found["fixed"][0]["answers"] == ["good", "failed"]
    back = _compared(best, worse)
    assert (back["verdict"], back["difference"]) == ("worse", -found["difference"])
    said = sentences(found, "v1", "v2")
    assert said[0] == "v2 is better than v1, on 64 frames of 16 recordings."
    assert "mends 12 frames and breaks 0" in said[1]


def test_many_frames_of_one_recording_prove_nothing() -> None:
    """Twenty frames mended, all in one print: one lucky print is no better model."""
    first = {"a": ("f" * 20, "g" * 20), **{f"g{i}": ("gggg", "gggg") for i in range(6)}}
    second = {**first, "a": ("f" * 20, "f" * 20)}
    found = _compared(first, second)
    assert found["p"] < 0.001
    assert found["verdict"] == "untold"


def test_one_recording_gives_no_interval_and_no_verdict() -> None:
    found = _compared({"a": ("ggggffffff", "gggggggggg")}, {"a": ("ggggffffff", "ggggffffff")})
    assert (found["difference_low"], found["verdict"]) == (None, "untold")


def test_models_that_answer_alike_are_said_to() -> None:
    prints = {"a": ("ggff", "gggf"), "b": ("gg", "gg")}
    found = _compared(prints, prints)
    assert (found["verdict"], found["p"], found["both_wrong"]) == ("alike", 1.0, 1)
    assert sentences(found, "v1", "v2") == [
        "v2 gives every frame the class that v1 gives: 6 frames of 2 recordings."
    ]


def test_other_frames_are_never_compared() -> None:
    rows = predicted({"a": ("ggff", "ggff")})
    with pytest.raises(ValueError, match="same frames"):
        pairs(rows, rows[1:], CLASSES)
    with pytest.raises(ValueError, match="same frames"):
        pairs(rows, predicted({"b": ("ggff", "ggff")}), CLASSES)


@settings(max_examples=15, deadline=None)
@given(PRINTS)
def test_any_two_models_compare_the_same_way_from_both_sides(prints: dict[str, tuple[str, str]]) -> None:
    other = {name: (truth, answers[::-1]) for name, (truth, answers) in prints.items()}
    there, back = _compared(prints, other), _compared(other, prints)
    assert there["difference"] == -back["difference"]
    assert there["fixed"] == [{**one, "answers": one["answers"][::-1]} for one in back["broken"]]
    swapped = {"better": "worse", "worse": "better"}
    assert swapped.get(str(there["verdict"]), there["verdict"]) == back["verdict"]


def test_a_failure_task_says_first_what_it_would_catch() -> None:
    prints = {f"f{i}": ("ggggffff", "ggggffff") for i in range(3)} | {
        f"g{i}": ("g" * 30, "g" * 30) for i in range(4)
    }
    clock = {"nearest_in_time": {"balanced": 0.4}, "majority": {"balanced": 0.5}}
    found = measure(*asked(predicted(prints)), CLASSES, clock)
    said = words(found, weights="")
    assert said[:3] == [
        "Would have caught 3 of 3 failed prints, 1 min after the onset; no false alarm in 2 print hours.",
        "Three prints are too few to be sure (between 1 and 3).",
        "Better than the clock: yes.",
    ]


def test_a_model_the_clock_beats_is_told_so() -> None:
    prints = {f"p{i}": ("ggff", "gfgf") for i in range(8)}
    found = measure(*asked(predicted(prints)), CLASSES, {"nearest_in_time": {"balanced": 0.98}})
    said = words(found, weights="")
    assert "Better than the clock: no." in said
    assert "It does not beat the clock: nearest in time reaches 98 %, the model 50 %." in said


def test_what_no_network_saw_is_told_before_what_the_epoch_was_chosen_on() -> None:
    chosen = measure(*asked(predicted({"a": ("ggff", "ggff"), "b": ("gg", "gg")})), CLASSES, {})
    folds = measure(
        *asked(predicted({"a": ("ggff", "gggg"), "b": ("gg", "gg"), "c": ("ff", "gg")})), CLASSES, {}
    )
    said = words(chosen, weights="random", folds=folds)
    assert said[0].startswith("Would have caught none of 2 failed prints")
    assert "Every recording was judged by a network that never saw it." in said
    assert any("its epoch was chosen on them" in line and "100 %" in line for line in said)
    assert said[-1] == "random"


def test_a_task_without_failures_is_told_by_what_it_recognised() -> None:
    rows = predicted({"a": ("gg", "gg"), "b": ("ff", "ff")})
    renamed = [row.row for row in rows]
    plain = [type(row)(row.file_name, "active" if row.label == "good" else "offline", row.recording, row.source, row.captured_at, row.oid) for row in renamed]  # fmt: skip
    found = measure(plain, [row.probabilities for row in rows], ("active", "offline"), {})
    assert found is not None
    assert found["alarms"] is None
    assert (
        words(found, weights="")[0]
        == "Recognised 2 of 2 active, 2 of 2 offline in 2 recordings it never learned from."
    )


def test_drawing_is_the_same_each_time_and_needs_two_recordings() -> None:
    assert list(intervals.draws(5)) == list(intervals.draws(5))
    assert list(intervals.draws(1)) == []


@pytest.mark.parametrize("shared", [False, True])
def test_the_interval_holds_the_truth_where_one_over_frames_does_not(shared: bool) -> None:
    """Forty made-up models of twelve prints, nearly all or none of a print right: 95 % should be held, or more."""
    chance, share = random.Random(7), 0.85
    held = over_frames = 0
    for _ in range(40):
        prints, truths, answers = [], [], []
        for number in range(12):
            sure = chance.betavariate(share / 2, (1 - share) / 2)
            for i in range(10):
                truth = "gf"[i % 2 if shared else int(number % 3 == 0)]
                prints.append(f"{number:02}")
                truths.append(truth)
                answers.append(truth if chance.random() < sure else "fg"["fg".index(truth) - 1])
        found = intervals.count(prints, truths, answers, ("g", "f"))
        low, high = intervals.intervals(found).balanced or (0, 0)
        held += low <= share <= high
        right = sum(t == a for t, a in zip(truths, answers, strict=True))
        low, high = wilson(right, len(truths))
        over_frames += low <= share <= high
    assert held >= 37
    assert over_frames < 30
