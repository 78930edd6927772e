"""Recordings of a draft are those of the camera's whole list, also where only a few late frames are labelled."""

from __future__ import annotations

from collections.abc import Callable

from tests.versions.conftest import House


def recordings(made: House) -> dict[str, str | None]:
    return {item.source: item.recording for item in made.export().items}


def test_a_recording_is_named_by_its_first_frame_though_that_lies_on_the_day_before(
    house: Callable[..., House],
) -> None:
    """Two hours over midnight without a gap; only frames after midnight are labelled."""
    made = house(120, start="20251107T230000")
    made.label(made.keys[90:95], "active")
    made.label(made.keys[100:105], "offline")
    assert set(recordings(made).values()) == {"printer-timelapses/20251107T230000"}


def test_idle_labels_of_the_other_task_cut_at_midnight_though_they_lie_outside_the_draft(
    house: Callable[..., House],
) -> None:
    """Idle before and after midnight cuts there; frames after it then form a recording of their own."""
    made = house(120, start="20251107T230000")
    made.label(made.keys[50:55], "offline")
    made.label(made.keys[65:70], "offline")
    made.label(made.keys[100:105], "active")
    found = recordings(made)
    assert found[made.keys[52]] == "printer-timelapses/20251107T230000"
    assert found[made.keys[66]] == found[made.keys[102]] == "printer-timelapses/20251108T000000"
