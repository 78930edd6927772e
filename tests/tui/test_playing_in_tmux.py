"""Frames going by in a real terminal, where the line sets the pace."""

from __future__ import annotations

import pytest

from tests.terminals import HERE, PROGRAM, Tmux


@pytest.mark.parametrize("graphics", ["halfcell", "ascii"])
def test_frames_go_by_to_the_last_one_with_their_pace(workspace, tmux: Tmux, graphics: str) -> None:
    place = workspace(frames=12)
    command = f"{' '.join(PROGRAM)} -C '{place.root}' --graphics {graphics}; exec cat"
    tmux.shell(80, 24, command, PYTHONPATH=str(HERE))
    tmux.see("12 frames", "no label")
    tmux.keys("p")
    tmux.see("play ", "frames a second")
    tmux.see("This is the last frame.")
