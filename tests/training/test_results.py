"""Numbers that can be believed: intervals, recall per class, baselines beside them, and plain words."""

from datetime import datetime

import pytest

from core.errors import Refused
from core.training.result_tables import lines
from core.training.results import measure, summary, words
from core.training.sides import Row, sides
from core.versions import manifest
from core.workspace import Workspace
from tests.training.small import make_version

CLASSES = ("good", "failed")
CLOCK = {
    "nearest_in_time": {"balanced": 0.8, "accuracy": 0.8},
    "time_of_day": None,
    "majority": {"balanced": 0.5},
}


def _rows(*groups: tuple[str, int]) -> list[Row]:
    return [
        Row(f"{label}/{r}-{i}.jpg", label, f"rec{r}", f"cam/{r}-{i}.jpg", datetime(2025, 11, 7), None)
        for r, (label, count) in enumerate(groups)
        for i in range(count)
    ]


def _sure(rows: list[Row], wrong: int = 0) -> list[list[float]]:
    """Probabilities that are right on all rows but the last `wrong` ones."""
    right = [[0.9, 0.1] if row.label == "good" else [0.1, 0.9] for row in rows]
    return [p if i < len(rows) - wrong else p[::-1] for i, p in enumerate(right)]


def test_rare_failures_count_as_much_as_everything_else() -> None:
    rows = _rows(("good", 95), ("failed", 5))
    always_good = [[0.9, 0.1]] * 100
    found = measure(rows, always_good, CLASSES, {})
    assert found is not None
    assert found["accuracy"] == 0.95
    assert found["balanced"] == 0.5
    assert found["classes"]["failed"]["recall"] == 0
    assert found["classes"]["failed"]["precision"] is None
    assert found["confusion"]["failed"] == {"good": 5, "failed": 0}
    assert len(found["wrong"]) == 5


def test_few_recordings_never_give_a_narrow_interval() -> None:
    few = measure(
        _rows(("good", 50), ("failed", 50)), _sure(_rows(("good", 50), ("failed", 50))), CLASSES, {}
    )
    rows = _rows(*[("good", 5), ("failed", 5)] * 20)
    many = measure(rows, _sure(rows), CLASSES, {})
    assert few is not None
    assert many is not None
    assert few["balanced"] == many["balanced"] == 1
    assert few["balanced_low"] < 0.5
    assert many["balanced_low"] > 0.8


def test_one_recording_gives_no_interval_and_says_so() -> None:
    rows = _rows(("good", 4))
    found = measure(rows, _sure(rows), CLASSES, {})
    assert found is not None
    assert found["balanced_low"] is None
    assert any("One recording is too little" in line for line in words(found, weights=""))


@pytest.mark.parametrize(
    ("recordings", "wrong", "answer"),
    [
        (40, 0, "yes"),
        (40, 120, "no"),
        (40, 28, "can't be told from 40 recordings"),
        (2, 0, None),
        (2, 5, None),
    ],
)
def test_it_is_said_plainly_whether_the_clock_is_beaten(
    recordings: int, wrong: int, answer: str | None
) -> None:
    rows = _rows(*[("good", 5), ("failed", 5)] * (recordings // 2))
    answer = answer or f"can't be told from {recordings} recordings"
    found = measure(rows, _sure(rows, wrong), CLASSES, CLOCK)
    said = words(found, weights="It starts from random weights, not pretrained ones.")
    assert f"Better than the clock: {answer}." in said
    assert said[-1] == "It starts from random weights, not pretrained ones."
    assert found is not None
    assert any("nearest in time" in line for line in lines(found))
    assert summary(found).endswith("better than the clock") == (answer == "yes")
    if any("does not beat a rule" in line for line in said):
        assert "Better than the clock: yes." not in said


def test_a_model_that_always_says_the_same_is_never_called_better() -> None:
    """Half right by always saying good: the clock does worse, but the commonest class does as well."""
    rows = _rows(("good", 10), ("failed", 10))
    found = measure(
        rows, _sure(rows, 10), CLASSES, {"majority": {"balanced": 0.5}, "time_of_day": {"balanced": 0.3}}
    )
    assert summary(found).endswith("no better than majority")
    assert any(
        "does not beat a rule that sees no picture: majority" in line for line in words(found, weights="")
    )


def test_without_validation_nothing_is_claimed() -> None:
    assert measure([], [], CLASSES, {}) is None
    assert words(None, weights="x")[0].startswith("Nothing is known")
    assert summary(None) == "not measured"


def test_the_result_is_the_same_each_time() -> None:
    rows = _rows(*[("good", 3), ("failed", 2)] * 4)
    assert measure(rows, _sure(rows, 3), CLASSES, CLOCK) == measure(rows, _sure(rows, 3), CLASSES, CLOCK)


def test_the_split_of_the_version_is_used_and_embargo_by_neither_side(plain: Workspace) -> None:
    version = make_version(plain)
    import msgspec

    items = [
        msgspec.structs.replace(item, split="embargo") if i == 0 else item
        for i, item in enumerate(version.items)
    ]
    (version.path / manifest.METADATA).write_bytes(manifest.encode_metadata(items))
    again = manifest.read_version(plain, version.task, "v1")
    both = sides(again)
    used = {row.file_name for row in (*both.train, *both.validation)}
    assert both.embargo == 1
    assert version.items[0].file_name not in used
    assert not {row.recording for row in both.train} & {row.recording for row in both.validation}


def test_an_older_version_is_split_by_recording_and_that_is_said(plain: Workspace) -> None:
    version = make_version(plain)
    (version.path / manifest.METADATA).unlink()
    older = manifest.read_version(plain, version.task, "v1")
    assert older.legacy
    both = sides(older)
    assert both.train
    assert both.validation
    assert not {row.recording for row in both.train} & {row.recording for row in both.validation}
    assert any("names no splits" in note for note in both.notes)


def test_a_version_whose_class_has_no_training_image_is_refused(plain: Workspace) -> None:
    with pytest.raises(Refused, match="nothing to tell apart"):
        sides(make_version(plain, recordings=1))
