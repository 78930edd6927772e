"""Which epoch is the best: the rare class counts as much as the common one."""

from __future__ import annotations

from core.training.quick import Seen
from core.training.sides import Row

CLASSES = ("good", "failed")
ROWS = [Row(f"{i}", "failed" if i < 2 else "good", f"r{i}", f"cam/{i}.jpg", None, None) for i in range(20)]


def seen(answers: list[float]) -> Seen:
    """What a network says that gives each image this probability of having failed."""
    found = Seen.of(ROWS, CLASSES, [[1 - one, one] for one in answers], "failed")
    assert found is not None
    return found


def test_one_that_finds_the_rare_failures_is_better_than_a_more_accurate_one() -> None:
    never = seen([0.1] * 20)
    finds = seen([0.9] * 2 + [0.9] * 4 + [0.1] * 14)
    assert never.accuracy > finds.accuracy
    assert finds.key > never.key
    assert finds.recall == {"good": 14 / 18, "failed": 1.0}


def test_of_equal_ones_the_one_that_misses_fewer_failures_then_the_surer_one() -> None:
    one = seen([0.9, 0.1] + [0.1] * 18)
    other = seen([0.9, 0.9] + [0.9] * 9 + [0.1] * 9)
    assert one.balanced == other.balanced
    assert other.key > one.key
    assert seen([0.99] * 2 + [0.1] * 18).key > seen([0.6] * 2 + [0.4] * 18).key


def test_the_loss_weighs_each_class_the_same_and_nothing_seen_is_none() -> None:
    assert abs(seen([0.5] * 20).loss - 0.6931) < 1e-3
    assert seen([0.01] * 2 + [0.01] * 18).loss > 2
    assert Seen.of([], CLASSES, [], "failed") is None
