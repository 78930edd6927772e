"""The one sentence of a difference: what a releaser reads before anything is permanent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.versions.diff import Snapshot, diff
from core.versions.saying import sentence
from core.versions.telling import warnings


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


def shown(label: str, recording: int, *moments: str) -> list[Frame]:
    """Frames of one recording, by their moments: '1107T0800' is 7 November, 8:00."""
    keys = [f"cam/2025{at[:4]}/2025{at}00.jpg" for at in moments]
    return [Frame(key, label, key, recording=f"cam/{recording}") for key in keys]


def test_a_class_that_few_nights_show_is_named_and_a_night_goes_over_midnight() -> None:
    nights = shown("active", 1, "1107T2210", "1108T0110") + shown("active", 2, "1109T0200", "1110T2000")
    days = [one for day in range(7, 12) for one in shown("offline", day, f"11{day:02}T0900")]
    assert warnings(snapshot("draft", *nights, *days))[0] == "All active frames come from 3 nights."
    more = shown("active", 9, "1112T1200", "1113T1200", "1114T1200")
    assert not any("come from" in one for one in warnings(snapshot("draft", *nights, *days, *more)))


def test_an_hour_that_tells_the_class_is_a_warning_where_recordings_can_judge_it() -> None:
    frames = []
    for day in range(1, 7):
        frames += shown("active", day, f"11{day:02}T2100", f"11{day:02}T2110")
        frames += shown("offline", 100 + day, f"11{day:02}T0900", f"11{day:02}T0910")
    told = warnings(snapshot("v3", *frames))
    assert told == ("The hour alone tells the class: a rule that sees no picture gets 100%.",)
    swapped = [
        replace(one, label="offline" if one.label == "active" else "active")
        for one in frames[: len(frames) // 2]
    ]
    assert warnings(snapshot("v3", *swapped, *frames[len(frames) // 2 :])) == ()
