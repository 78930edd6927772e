"""The everyday path in a real terminal: a stretch, a bisection, undo; and the line on leaving."""

from __future__ import annotations

import pytest

from tests.terminals import HERE, Tmux


def given(tmux: Tmux, key: str, then: str) -> None:
    """Press a class key as a person does: where the picture was not there yet, again."""
    refused = True
    for _ in range(1200):
        text = tmux.text()
        if then in text:
            return
        if "Not shown yet" in text:
            refused = True
            tmux.keys("!")  # any key takes the word away
        elif refused:
            refused = False
            tmux.keys(key)
        tmux.run("run-shell", "-d", "0.1", "")
    raise AssertionError(f"never saw {then}:\n{tmux.text()}")


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (40, 16)])
def test_a_stretch_is_painted_and_what_was_done_today_is_said_on_leaving(
    workspace, tmux, stored, columns, rows
):
    place = workspace(frames=12)
    tmux.open(place.root, columns, rows, PYTHONPATH=str(HERE), COLUMNS=str(columns), LINES=str(rows))
    tmux.see("▀", "no label")
    tmux.keys("v")
    tmux.see("stretch 08:00 · 1 frame")
    tmux.keys("Down", "Left", "Left")
    tmux.see("08:00–08:08", "9 frames")
    given(tmux, "a", "offline-detection  9/12")
    tmux.keys("u")
    tmux.see("offline-detection  0/12")
    tmux.keys("C-r")
    tmux.see("offline-detection  9/12")
    tmux.keys("End")
    tmux.see("08:11:00", "· no label")
    given(tmux, "o", "offline-detection  10/12")
    tmux.keys("q")
    tmux.see("ended with 0", "today: 10 frames in 2 decisions")
    assert stored(place) == "a" * 9 + "··o"


def test_who_only_looked_is_told_nothing_on_leaving(workspace, tmux):
    place = workspace(frames=3)
    tmux.open(place.root, 80, 24, PYTHONPATH=str(HERE))
    tmux.see("▀", "no label")
    tmux.keys("Right", "q")
    assert "today:" not in tmux.see("ended with 0")
