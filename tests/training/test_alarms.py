"""A model as a watchman: what is an onset, a false alarm, an hour; and the words for it, case by case."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import settings
from core.errors import WrongUsage
from core.training import alarm_words
from core.training.alarms import Rule, alarm_class, poisson, watch
from core.training.results import measure
from core.training.sides import Row
from tests.training.believing import CLASSES, asked, predicted


def _watched(prints: dict[str, tuple[str, str]], rule: str = "2/3", every_min: float = 1) -> dict[str, Any]:
    rows = predicted(prints, every_min=every_min)
    answers = [CLASSES[int(row.probabilities[1] > 0.5)] for row in rows]
    return watch(asked(rows)[0], answers, "failed", Rule.read(rule))


def test_a_failure_is_caught_when_the_rule_is_on_and_counted_from_its_onset() -> None:
    found = _watched({"a": ("ggggffff", "gggggfff")})
    (one,) = found["prints"]
    assert (one["caught"], one["onset_seen"], one["minutes"]) == (True, True, 2.0)
    assert (found["caught"], found["false_alarms"]) == (1, 0)
    # The hours watched end at the onset: four minutes.
    assert found["print_hours"] == pytest.approx(4 / 60, abs=0.01)


def test_single_odd_answers_are_smoothed_away_and_longer_ones_are_one_alarm() -> None:
    assert _watched({"a": ("gggggggg", "gfgggfgg")})["false_alarms"] == 0
    assert _watched({"a": ("gggggggg", "gfgggfgg")}, rule="1/1")["false_alarms"] == 2
    found = _watched({"a": ("gggggggg", "ggfffggg")})
    assert found["false_alarms"] == 1
    assert found["false"][0]["at"] == "2025-11-07T08:03:00"


def test_an_alarm_just_before_the_onset_is_a_false_one_and_the_failure_is_caught() -> None:
    found = _watched({"a": ("ggggfff", "ggfffff")})
    assert (found["false_alarms"], found["caught"], found["minutes"]) == (1, 1, 0.0)


def test_what_comes_after_the_onset_is_no_false_alarm_and_catches_nothing_late() -> None:
    found = _watched({"a": ("gffggggg", "gggggfff")})
    assert (found["caught"], found["false_alarms"]) == (0, 0)


def test_an_onset_that_is_on_no_frame_gives_no_minutes_after_it() -> None:
    found = _watched({"a": ("ffff", "gfff")})
    assert found["minutes"] is None
    assert found["minutes_from_first_frame"] == 2.0


def test_an_alarm_does_not_go_on_into_the_next_recording() -> None:
    found = _watched({"a": ("gggg", "gggf"), "b": ("gggg", "fggg")})
    assert found["false_alarms"] == 0


def test_frames_without_a_time_are_counted_and_left_out() -> None:
    row = Row("good/a.jpg", "good", "a", "a.jpg", None, None)
    assert watch([row], ["failed"], "failed", Rule())["untimed"] == 1


def test_frames_are_watched_in_the_order_of_their_time() -> None:
    rows = predicted({"a": ("ggggffff", "gggggfff"), "b": ("gggg", "gffg")})
    answers = {row.file_name: CLASSES[int(row.probabilities[1] > 0.5)] for row in rows}

    def run(some: list[Row]) -> dict[str, Any]:
        return watch(some, [answers[row.file_name] for row in some], "failed", Rule())

    assert run(asked(rows)[0]) == run(asked(rows[::-1])[0]) == run(asked(rows[3:] + rows[:3])[0])


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 6), st.integers(0, 5))
def test_a_rule_is_never_on_without_enough_frames_that_were_called_failed(
    called: list[bool], need: int, more: int
) -> None:
    rule = Rule(need, need + more)
    on = rule.on(called)
    assert len(on) == len(called)
    for place, alarm in enumerate(on):
        seen = called[max(0, place + 1 - rule.of) : place + 1]
        assert alarm == (sum(seen) >= need)


@pytest.mark.parametrize("words", ["3/2", "0/3", "two of three", "2", ""])
def test_a_rule_that_is_none_is_refused(words: str) -> None:
    with pytest.raises(WrongUsage):
        Rule.read(words)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0, 3.6889), (1, 0.0253, 5.5716), (10, 4.7954, 18.3904), (100, 81.364, 121.627)],
)
def test_the_interval_of_rare_events_is_the_exact_one(count: int, low: float, high: float) -> None:
    """Values of the published table (Garwood 1936)."""
    assert poisson(count) == pytest.approx((low, high), abs=2e-3)


def test_who_always_cries_is_told_that_chance_would_catch_as_many() -> None:
    """Six false alarms an hour on prints that fail for ten minutes: 63 of 100 are hit by chance."""
    noisy = "gffgggggggg" * 2
    prints = {f"g{i}": ("g" * 22, noisy) for i in range(3)} | {
        f"f{i}": ("f" * 11, "f" * 11) for i in range(4)
    }
    found = _watched(prints)
    assert found["caught_by_chance"] == pytest.approx(4 * (1 - 2.718281828 ** (-6 / (66 / 60) / 6)), abs=0.01)
    said = alarm_words.say(found)
    assert "That many false alarms would fall upon about 2 of the 4 by chance alone." in said
    calm = _watched({**prints, **{f"g{i}": ("g" * 22, "g" * 22) for i in range(3)}})
    assert calm["caught_by_chance"] == 0
    assert not any("chance" in line for line in alarm_words.say(calm))


def test_only_a_task_with_a_failure_is_watched(tmp_path: Path) -> None:
    assert alarm_class(("offline", "active")) is None
    assert alarm_class(("good", "failed")) == "failed"
    own = tmp_path / "print-models.toml"
    own.write_text('format = 1\n[tasks.strands]\nclasses = ["clean", "spaghetti"]\nalarm = "spaghetti"\n')
    tasks = settings.tasks_of(settings.read(own))
    assert [tasks[name].alarm for name in ("offline-detection", "failed-print-detection", "strands")] == [
        None,
        "failed",
        "spaghetti",
    ]
    own.write_text('format = 1\n[tasks.strands]\nclasses = ["clean", "spaghetti"]\nalarm = "strings"\n')
    with pytest.raises(WrongUsage, match="strings is no class of it"):
        settings.tasks_of(settings.read(own))
    row = Row("spaghetti/a.jpg", "spaghetti", "a", "a.jpg", datetime(2025, 11, 7), None)
    found = measure([row], [(0.1, 0.9)], ("clean", "spaghetti"), {}, alarm="spaghetti")
    assert found is not None
    assert found["alarms"]["class"] == "spaghetti"


def _facts(**changes: object) -> dict[str, Any]:
    facts: dict[str, object] = {
        "class": "failed", "rule": {"need": 2, "of": 3}, "failed_prints": 3, "caught": 3, "caught_low": 1,
        "caught_high": 3, "minutes": 4.0, "minutes_from_first_frame": None, "print_hours": 30.0, "false_alarms": 1,
        "step_minutes": 1.0,
    }  # fmt: skip
    return {**facts, **changes}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Would have caught 3 of 3 failed prints, 4 min after the onset; about 1 false alarm in 30 print hours."),
        ({"minutes": 0.0}, "Would have caught 3 of 3 failed prints, at the onset; about 1 false alarm in 30 print hours."),
        ({"caught": 0, "minutes": None}, "Would have caught none of 3 failed prints; about 1 false alarm in 30 print hours."),
        ({"failed_prints": 1, "caught": 1}, "Would have caught 1 of 1 failed print, 4 min after the onset; about 1 false alarm in 30 print hours."),
        ({"false_alarms": 0}, "Would have caught 3 of 3 failed prints, 4 min after the onset; no false alarm in 30 print hours."),
        ({"false_alarms": 90}, "Would have caught 3 of 3 failed prints, 4 min after the onset; about 3 false alarms per print hour."),
        ({"false_alarms": 2, "print_hours": 0.5}, "Would have caught 3 of 3 failed prints, 4 min after the onset; 2 false alarms in 30 print minutes."),
        ({"print_hours": 0.0, "false_alarms": 0}, "Would have caught 3 of 3 failed prints, 4 min after the onset; no hour without a failure was watched."),
        ({"minutes": None, "minutes_from_first_frame": 2.0}, "Would have caught 3 of 3 failed prints, 2 min after their first frame (the onset itself is on no frame); about 1 false alarm in 30 print hours."),
        ({"failed_prints": 0, "caught": 0}, "No failed print is among them: nobody knows what it would catch; about 1 false alarm in 30 print hours."),
    ],
)  # fmt: skip
def test_the_first_sentence_says_what_it_would_have_caught(changes: dict[str, object], said: str) -> None:
    assert alarm_words.say(_facts(**changes))[0] == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Three prints are too few to be sure (between 1 and 3)."),
        ({"failed_prints": 1, "caught_low": 0, "caught_high": 1}, "One print is too few to be sure (between 0 and 1)."),
        ({"failed_prints": 15, "caught_low": 9, "caught_high": 15}, "15 prints are too few to be sure (between 9 and 15)."),
        ({"failed_prints": 40, "caught_low": 33, "caught_high": 40}, "Of 40 such prints it would catch between 33 and 40."),
    ],
)  # fmt: skip
def test_few_prints_are_said_to_be_few(changes: dict[str, object], said: str) -> None:
    assert alarm_words.say(_facts(**changes))[1] == said


def test_frames_far_apart_are_said_to_be() -> None:
    assert "12 min apart" in alarm_words.say(_facts(step_minutes=12.0))[-1]
    assert all("apart" not in line for line in alarm_words.say(_facts()))


def test_moments_with_an_offset_are_taken_by_their_own_clock() -> None:
    at = datetime.fromisoformat("2025-11-07T08:00:00+01:00")
    row = Row("failed/a.jpg", "failed", "a", "a.jpg", at, None)
    later = Row("failed/b.jpg", "failed", "a", "b.jpg", datetime(2025, 11, 7, 8, 1), None)
    assert watch([row, later], ["failed", "failed"], "failed", Rule())["minutes_from_first_frame"] == 1.0
