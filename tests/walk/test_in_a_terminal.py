"""The demo as a newcomer sees it: in a terminal of 80x24 it waits to be read, then opens the app on what it made."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.terminals import HERE, Tmux


def test_it_waits_for_a_key_and_then_opens_the_app(tmp_path: Path, tmux: Tmux) -> None:
    demo = f"{sys.executable} -m core demo shop --scenario legacy --size 96x54"
    tmux.shell(
        80, 24, f"cd {tmp_path}; {demo}; echo ended with $?; exec cat", PYTHONPATH=str(HERE), COLUMNS="80"
    )
    last = tmux.see("press a key to open the app", seconds=120)
    assert "? shows every key, q leaves" in last
    tmux.keys("Enter")
    tmux.see("▀", "active", "help")
    tmux.keys("q")
    tmux.see("ended with 0")
