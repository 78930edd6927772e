"""What `reproduce` says where a model comes out with other bytes: each condition that is recorded, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from core.training.record import ModelRecord
from core.training.reproduce import differences
from core.training.spec import Dataset, Spec
from core.training.view import RunView
from core.version import __version__

MACHINE = {"torch": "2.11", "instructions": "AVX2", "processor": "a"}
FACTS: dict[str, Any] = {
    "dataset": {"task": "t", "version": "v1", "digest": "sha256:d"},
    "config": {"threads": 1},
    "machine": MACHINE,
    "weights": {"kind": "random", "sha256": ""},
    "tool": f"print-models {__version__}",
    "results": {"balanced": 0.9, "confusion": {"a": {"a": 3}}},
}


def told(
    record: dict[str, Any], now: dict[str, Any], *, threads: int = 1, digest: str = "sha256:d"
) -> list[str]:
    model = ModelRecord("m", "m.pth", "sha256:x", 1, "file", facts={**FACTS, **record})
    facts = {"machine": MACHINE, "weights": FACTS["weights"], **now}
    what = Spec(dataset=Dataset("t", "v1", digest), classes=("a", "b"), threads=threads)
    return differences(model, what, RunView(facts=facts, results=FACTS["results"]))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"machine": {**MACHINE, "torch": "2.12"}}, "the build of torch: 2.11 then, 2.12 now"),
        (
            {"machine": {**MACHINE, "instructions": "AVX512"}},
            "the processor's instructions: AVX2 then, AVX512 now",
        ),
        ({"weights": {"kind": "imagenet", "sha256": "sha256:w"}}, "the start weights have other bytes"),
    ],
)
def test_each_other_condition_is_named(now: dict[str, Any], said: str) -> None:
    assert told({}, now) == [said, "as many validation images of each class are taken for each class as then"]


def test_threads_digest_tool_and_a_training_that_moved_are_named_too() -> None:
    lines = told(
        {"tool": "print-models 0.1", "not_identical": "It goes on elsewhere."},
        {},
        threads=3,
        digest="sha256:e",
    )
    assert "threads: 1 then, 3 now" in lines
    assert "the dataset's digest: sha256:d then, sha256:e now" in lines
    assert f"made by print-models 0.1, again by print-models {__version__}" in lines
    assert "of the first training: It goes on elsewhere." in lines


def test_where_nothing_recorded_differs_that_is_said() -> None:
    assert told({}, {})[0].startswith("nothing that is recorded differs")
