"""What a change of labels fixes and breaks on validation, with embeddings whose truth is known."""

from __future__ import annotations

import numpy as np

from core.assist.impact import Impact, impact, weigh
from core.versions.diff import Labelled, Snapshot
from tests.assist.rooms import Room
from tests.assist.scenes import CLASSES, made, prints


def rows(seed: int = 0) -> tuple[list[str], np.ndarray, list[str], dict[str, str]]:
    scene, looks, truth = made(prints(24), seed=seed)
    return list(scene.keys), looks.of(np.arange(480)).astype(np.float32), list(scene.recordings), {
        key: CLASSES[code] for key, code in zip(scene.keys, truth, strict=True)
    }  # fmt: skip


def weighed(base: dict[str, str], draft: dict[str, str], known: np.ndarray | None = None) -> Impact:
    keys, vectors, recordings, truth = rows()
    judged = {key: truth[key] for key in keys[360:]}
    return weigh(
        CLASSES,
        keys,
        vectors,
        np.ones(480, bool) if known is None else known,
        recordings,
        [base, draft],
        judged,
    )


def test_labels_put_right_fix_frames() -> None:
    keys, _, _, truth = rows()
    right = {key: truth[key] for key in keys[:360]}
    swap = dict(zip(CLASSES, reversed(CLASSES), strict=True))
    wrong = {key: swap[name] if at % 3 else name for at, (key, name) in enumerate(right.items())}
    found = weighed(wrong, right)
    assert found.asked == 120
    assert len(found.fixed) > 20
    assert (found.broken, found.after) == ((), 120)
    assert found.text.endswith("120 of 120 validation frames of 6 recordings right.")
    back = weighed(right, wrong)
    assert (back.fixed, back.broken) == (found.broken, found.fixed)


def test_the_same_labels_change_nothing() -> None:
    keys, _, _, truth = rows()
    same = {key: truth[key] for key in keys[:360:4]}
    found = weighed(same, dict(same))
    assert (found.fixed, found.broken) == ((), ())
    assert found.before == found.after


def test_a_few_frames_may_be_chance_and_frames_nobody_can_see_are_counted() -> None:
    assert "That may be chance." in Impact(50, 3, 40, 41, ("a", "b"), ("c",)).text
    assert "chance" not in Impact(50, 3, 30, 40, tuple("abcdefghij"), ()).text
    keys, _, _, truth = rows()
    known = np.ones(480, bool)
    known[470:] = False
    same = {key: truth[key] for key in keys[:360]}
    assert weighed(same, same, known).unseen == 10


def entries(keys: list[str], first: int, sides: str) -> Snapshot:
    """Every second frame is active; recordings of ten frames, whose sides the letters say."""
    found = {}
    for at, key in enumerate(keys):
        side = "validation" if sides[at // 10] == "v" else "train"
        name = CLASSES[(at + first) % 2]
        found[key] = Labelled(key, name, recording=f"cam/{at // 10}", split=side)
    return Snapshot("v1", found, CLASSES)


def test_pictures_are_looked_at_and_only_what_is_validation_in_both_is_judged(room: Room) -> None:
    keys = room.fill(40)
    task = room.ws.task(None)
    found = impact(room.ws, task, entries(keys, 1, "ttvv"), entries(keys, 0, "tvtv"))
    assert (found.asked, found.recordings) == (10, 1)
    assert len(found.fixed) == 10
    none = impact(room.ws, task, entries(keys, 0, "vvtt"), entries(keys, 0, "ttvv"))
    assert none.why_not.startswith("No recording is validation in both")
    assert none.text == none.why_not


def test_one_class_to_learn_from_is_said(room: Room) -> None:
    keys = room.fill(20)
    task = room.ws.task(None)
    plain = entries(keys, 0, "tv")
    alike = {
        key: Labelled(key, CLASSES[0], recording=entry.recording, split=str(getattr(entry, "split", "")))
        for key, entry in plain.entries.items()
    }
    assert "one class only" in impact(room.ws, task, Snapshot("v1", alike, CLASSES), plain).text
