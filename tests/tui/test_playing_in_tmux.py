"""Frames going by in a real terminal, where the line sets the pace."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminals import HERE, PROGRAM, Tmux


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    server = Tmux(tmp_path)
    yield server
    subprocess.run(["tmux", "-S", server.socket, "kill-server"], capture_output=True)


@pytest.mark.parametrize("graphics", ["halfcell", "ascii"])
def test_frames_go_by_to_the_last_one_with_their_pace(workspace, tmux: Tmux, graphics: str) -> None:
    place = workspace(frames=12)
    command = f"{' '.join(PROGRAM)} -C '{place.root}' --graphics {graphics}; exec cat"
    tmux.shell(80, 24, command, PYTHONPATH=str(HERE))
    tmux.see("12 frames", "no label")
    tmux.keys("p")
    tmux.see("play ", "frames a second")
    tmux.see("This is the last frame.")
