"""Who is predicted by whom: recordings whole, every class on both sides, nothing near in time on the learning side."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.training import folds
from core.training.sides import Row

CLASSES = ("good", "failed")
BEGIN = datetime(2025, 11, 7, 8, 0)


def row(recording: int, image: int, label: str, *, minute: int | None = None, oid: str | None = None) -> Row:
    at = BEGIN + timedelta(minutes=minute if minute is not None else 600 * recording + image)
    name = f"{label}/{recording}-{image}.jpg"
    return Row(
        name,
        label,
        f"cam/r{recording}",
        f"cam/20251107/{recording}-{image}.jpg",
        at,
        oid or f"sha256:{recording}-{image}",
    )


@st.composite
def versions(draw: st.DrawFn) -> list[Row]:
    """Rows of 2 to 12 recordings, each of one class or of both; some share a picture."""
    rows = []
    for recording in range(draw(st.integers(2, 12))):
        kinds = draw(st.sampled_from([("good",), ("failed",), CLASSES]))
        for image in range(draw(st.integers(1, 4))):
            same = draw(st.integers(0, 9)) == 0
            rows.append(row(recording, image, kinds[image % len(kinds)], oid="sha256:same" if same else None))
    return draw(st.permutations(rows))


@given(versions(), st.integers(2, 7))
def test_every_recording_is_predicted_once_by_a_network_that_never_saw_it(
    rows: list[Row], wanted: int
) -> None:
    found = folds.assign(rows, CLASSES, wanted)
    if not found.count:
        assert found.note
        return
    assert 2 <= found.count <= wanted
    assert set(found.of) <= set(range(found.count))
    place = {}
    for one, fold in zip(rows, found.of, strict=True):
        assert place.setdefault(one.recording, fold) == fold
        assert place.setdefault(one.oid, fold) == fold
    asked_once = []
    for fold in range(found.count):
        learn, asked = folds.learners(rows, found, fold)
        asked_once += asked
        assert not {rows[p].recording for p in learn} & {rows[p].recording for p in asked}
        assert not {rows[p].oid for p in learn} & {rows[p].oid for p in asked}
    assert sorted(asked_once) == list(range(len(rows)))


@given(versions(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(rows: list[Row], chance: object) -> None:
    found = dict(zip([r.file_name for r in rows], folds.assign(rows, CLASSES, 5).of, strict=False))
    other = sorted(rows, key=lambda r: r.file_name)
    assert dict(zip([r.file_name for r in other], folds.assign(other, CLASSES, 5).of, strict=False)) == found


def test_a_class_is_spread_over_the_folds_and_limits_their_number() -> None:
    rows = [row(r, i, "failed" if r < 3 else "good") for r in range(12) for i in range(3)]
    found = folds.assign(rows, CLASSES, 5)
    assert found.count == 3
    for fold in range(3):
        learn, asked = folds.learners(rows, found, fold)
        assert {rows[p].label for p in asked} == {rows[p].label for p in learn} == set(CLASSES)
        assert folds.lacking(rows, learn, CLASSES) == ""


def test_one_recording_of_a_class_is_too_few_and_that_is_said() -> None:
    rows = [row(r, 0, "failed" if r == 0 else "good") for r in range(6)]
    found = folds.assign(rows, CLASSES, 5)
    assert (found.count, found.of) == (0, ())
    assert found.note == "It needs two recordings with failed that share no picture; there is 1."


def test_what_was_taken_within_the_embargo_of_an_asked_image_is_not_learned_from() -> None:
    rows = [row(r, i, CLASSES[r % 2], minute=20 * r + 2 * i) for r in range(6) for i in range(9)]
    found = folds.assign(rows, CLASSES, 3)
    for fold in range(found.count):
        learn, asked = folds.learners(rows, found, fold)
        nearest = min(abs(rows[a].captured_at - rows[b].captured_at) for a in learn for b in asked)
        assert nearest > timedelta(minutes=5)
    assert any(sum(map(len, folds.learners(rows, found, fold))) < len(rows) for fold in range(found.count))
