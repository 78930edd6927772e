"""What passes from train to validation is found from times, bytes, recordings and signatures, whatever made the split."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.frames.signatures import ALIKE, Change
from core.versions import leaks, quality
from core.versions.baselines import Sample
from core.versions.splits import Row, split
from tests.versions.test_splits import CLASSES, row, worlds

BEGIN = datetime(2025, 11, 7)


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_the_rules_own_split_has_no_leak(rows: list[Row]) -> None:
    made = split(rows, inherited={}, classes=CLASSES)
    assert leaks.leak(rows, made.of, 5, made.least_distance).level == "pass"


@settings(max_examples=60, deadline=None)
@given(worlds(), st.data())
def test_a_train_image_beside_a_validation_image_is_always_found(
    rows: list[Row], data: st.DataObject
) -> None:
    """One image is moved beside a validation image, into another recording: it is among the frames that are named."""
    made = split(rows, inherited={}, classes=CLASSES)
    held = [r for r in rows if made.of[r.frame] == "validation"]
    if not held:
        return
    beside = data.draw(st.sampled_from(held)).captured_at
    assert beside is not None
    at = beside + timedelta(seconds=data.draw(st.integers(-300, 300)))
    spy = Row("cam/spy.jpg", "active", "cam/spy", at)
    found = leaks.leak([*rows, spy], {**made.of, spy.frame: "train"}, 5)
    assert found.level == "block"
    assert spy.frame in found.frames


def test_a_recording_on_both_sides_and_equal_bytes_are_named() -> None:
    rows = [row(0, "offline", "a", "sha256:x"), row(900, "active", "a"), row(5000, "active", "b", "sha256:x")]
    of = dict(zip((r.frame for r in rows), ("train", "validation", "validation"), strict=True))
    found = leaks.leak(rows, of, 5)
    assert found.level == "block"
    assert "2 images of recordings that lie on both sides" in found.text
    assert "2 images on both sides byte for byte" in found.text
    assert set(found.frames) == set(of)


def test_a_version_that_claims_another_distance_blocks() -> None:
    rows = [row(0, "offline", "a"), row(30, "active", "b")]
    of = {rows[0].frame: "train", rows[1].frame: "validation"}
    assert leaks.leak(rows, of, 5, 30.0).level == "pass"
    found = leaks.leak(rows, of, 5, 90.0)
    assert (found.level, "30 minutes apart, and dataset_info.json says 90" in found.text) == ("block", True)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=12),
    st.integers(0, 11),
    st.sets(st.integers(0, 63), max_size=8),
)
def test_signatures_near_each_other_are_found_and_no_others(
    known: list[int], place: int, bits: set[int]
) -> None:
    asked = known[place % len(known)]
    for bit in bits:
        asked ^= 1 << bit
    near = any((asked ^ other).bit_count() <= ALIKE for other in known)
    found = leaks.alike({"cam/x.jpg": asked}, {f"cam/{i}.jpg": value for i, value in enumerate(known)})
    assert bool(found) == near
    if near:
        assert (asked ^ known[int(found["cam/x.jpg"][4:-4])]).bit_count() <= ALIKE


def test_validation_that_looks_like_train_is_reported_and_moved_nowhere() -> None:
    rows = [row(i * 60, CLASSES[i % 2], f"r{i}") for i in range(8)]
    of = {r.frame: "validation" if i < 4 else "train" for i, r in enumerate(rows)}
    signatures = [7, 1 << 40, 7, 0xABCDEF0123 << 10, 7 ^ 3, 0xFFFF << 20, 3 << 60, 5 << 33]
    measured = {r.frame: Change(0.0, 90.0, s) for r, s in zip(rows, signatures, strict=True)}
    before = dict(of)
    found = leaks.near_duplicates(rows, of, measured)
    assert found.level == "warn"
    assert "active 1 of 2, offline 2 of 2" in found.text
    assert found.frames == (rows[0].frame, rows[1].frame, rows[2].frame)
    assert of == before
    nothing = leaks.near_duplicates(rows, of, {})
    assert (nothing.level, "no image of validation was measured" in nothing.text) == ("pass", True)


def _samples(hours: tuple[range, range], days: int = 4) -> list[Sample]:
    """A day has each class in its own hours, each a recording of its own."""
    found = []
    for day in range(days):
        for label, some in zip(CLASSES, hours, strict=True):
            for hour in some:
                at = BEGIN + timedelta(days=day, hours=hour)
                frame = f"cam/{at:%Y%m%dT%H%M%S}.jpg"
                found.append(Sample(frame, label, f"{day}{label}", "", at, float(hour * 8)))
    return found


@pytest.mark.parametrize(("rule", "id_"), [("time_of_day", "hour"), ("brightness", "brightness")])
def test_a_class_that_one_number_tells_is_said_with_how_far_it_gets(rule: str, id_: str) -> None:
    found = quality.confounded(_samples((range(12), range(12, 24))), CLASSES, rule)
    assert (found.id, found.level) == (id_, "warn")
    assert "gets 100% (mean recall, each of 8 recordings judged by the others; chance is 50%)" in found.text
    mixed = quality.confounded(_samples((range(0, 24, 2), range(0, 24, 2))), CLASSES, rule)
    assert mixed.level == "pass"
    few = quality.confounded(_samples((range(12), range(12, 24)), days=1), CLASSES, rule)
    assert (few.level, few.text.startswith("Not known: 1 recording of offline")) == ("pass", True)
