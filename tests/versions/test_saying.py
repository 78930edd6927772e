"""The one sentence of a difference: what a releaser reads before anything is permanent."""

from __future__ import annotations

from dataclasses import dataclass

from core.versions.diff import Snapshot, diff
from core.versions.saying import sentence


@dataclass(frozen=True)
class Frame:
    source: str
    label: str
    oid: str | None
    size: int | None = 100
    recording: str | None = "cam/20251111T080000"
    split: str | None = "train"


def snapshot(name: str, *frames: Frame) -> Snapshot:
    return Snapshot(name, {frame.source: frame for frame in frames}, ("offline", "active"))


def key(minute: int) -> str:
    return f"cam/20251111/20251111T08{minute:02}00.jpg"


OLD = [Frame(key(0), "offline", "a", split="validation"), Frame(key(1), "offline", "b")]


def test_it_says_what_is_added_and_relabelled_per_class_in_validation_and_in_bytes() -> None:
    new = [OLD[0], Frame(key(1), "active", "b"), Frame(key(5), "active", "c", 5_400_000)]
    found = diff(snapshot("v2", *OLD), snapshot("draft", *new))
    assert sentence(found, ["all active frames come from 3 nights."]) == (
        "v2 → draft: 1 added, 1 relabelled, in 2 hunks; offline 2 → 1; active 0 → 2; validation unchanged; "
        "+5.4 MB; warns: all active frames come from 3 nights."
    )


def test_the_same_says_that_nothing_differs() -> None:
    told = sentence(diff(snapshot("v1", *OLD), snapshot("v2", *OLD)))
    assert told == "v1 → v2: nothing differs; validation unchanged; ±0."


def test_a_validation_of_as_many_but_other_frames_is_not_called_unchanged() -> None:
    new = [Frame(key(0), "active", "a", split="validation"), OLD[1]]
    assert "validation changed in 1 frame" in sentence(diff(snapshot("v1", *OLD), snapshot("v2", *new)))
    gone = sentence(diff(snapshot("v1", *OLD), snapshot("v2", OLD[1])))
    assert "validation 1 → 0" in gone


def test_without_splits_nothing_is_said_of_validation() -> None:
    plain = Frame(key(0), "offline", None, None, None, None)
    told = sentence(diff(snapshot("a", plain), snapshot("b", plain)))
    assert "validation" not in told
    assert "1 frame can't be compared" in told
