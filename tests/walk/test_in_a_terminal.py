"""The demo as a newcomer sees it: in a terminal of 80x24 it waits to be read, then opens the app on what it made."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminals import HERE, Tmux


def test_it_waits_for_a_key_and_then_opens_the_app(tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    terminal = Tmux(tmp_path)
    demo = f"{sys.executable} -m core demo shop --scenario legacy --size 96x54"
    try:
        terminal.shell(
            80, 24, f"cd {tmp_path}; {demo}; echo ended with $?; exec cat", PYTHONPATH=str(HERE), COLUMNS="80"
        )
        last = terminal.see("press a key to open the app", seconds=120)
        assert "? shows every key, q leaves" in last
        terminal.keys("Enter")
        terminal.see("▀", "active", "help")
        terminal.keys("q")
        terminal.see("ended with 0")
    finally:
        subprocess.run(["tmux", "-S", terminal.socket, "kill-server"], capture_output=True)
