"""The real program in real terminals: tmux, a bare pseudo-terminal, none at all."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminals import HERE, PROGRAM, Terminal, Tmux, drawn, env


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (160, 48)])
def test_a_day_is_labelled_in_tmux(workspace, tmux, columns, rows):
    place = workspace(frames=4)
    tmux.open(place.root, columns, rows, PYTHONPATH=str(HERE), COLORTERM="truecolor")
    text = tmux.see("▀", "no label", "0/4", "Fri 7 Nov")
    assert all(len(line) <= columns for line in text.split("\n"))
    tmux.run("send-keys", "a")
    tmux.see("1/4", "saved ● active")
    tmux.run("send-keys", "o")
    tmux.see("2/4")
    tmux.run("send-keys", "u")
    tmux.see("1/4", "undone")
    tmux.run("send-keys", "V")
    tmux.see("nothing → draft")
    tmux.run("send-keys", "S")
    tmux.see("stored")
    tmux.run("send-keys", "T")
    tmux.see("There is no training yet")
    tmux.run("send-keys", "q")
    tmux.see("ended with 0")
    assert json.loads((place.root / "data/labels.json").read_text()) == {place.keys[0]: "active"}


def test_without_colour_every_class_has_its_glyph_and_word(workspace, tmux):
    place = workspace(frames=2)
    tmux.open(place.root, 80, 24, PYTHONPATH=str(HERE), NO_COLOR="1")
    text = tmux.see("o#", "no label")
    assert "▀" not in text, "two colours in a cell are none without colours: the picture is letters"
    tmux.run("send-keys", "a")
    tmux.see("● active 1", "○ offline 0", "saved ● active")


def _without_terminal(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words],
        cwd=cwd,
        env=env(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_a_terminal_one_sentence_and_5(workspace):
    place = workspace(frames=1)
    done = _without_terminal(cwd=place.root)
    assert (done.returncode, done.stdout) == (5, "")
    assert "no terminal" in done.stderr
    assert "Traceback" not in done.stderr


def test_neither_a_command_nor_the_refusal_imports_textual(workspace):
    place = workspace(frames=1)
    code = (
        "import sys; from tui.__main__ import main; code = main(sys.argv[1:]);"
        "print(code, [name for name in sys.modules if name.split('.')[0] in ('textual', 'rich', 'PIL', 'torch')])"
    )
    for words, expected in (([], 5), (["versions"], 0)):
        done = subprocess.run(
            [sys.executable, "-c", code, "-C", str(place.root), *words],
            cwd=place.root, env=env(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.stdout.strip().endswith(f"{expected} []"), done.stdout + done.stderr


def test_what_is_drawn_piece_by_piece_is_what_is_drawn_whole(workspace, tmux):
    """Only a terminal shows what pieces sent to wrong places leave behind; a new size draws all of it again."""
    place = workspace(frames=12)
    tmux.open(place.root, 80, 24, PYTHONPATH=str(HERE), COLORTERM="truecolor")
    tmux.see("▀", "nothing to undo")
    _label(tmux, "a")
    tmux.see("saved ● active", "1/12")
    for key in ("v", "Right", "Right"):
        tmux.keys(key)
    tmux.see("3 frames")
    _label(tmux, "o")
    tmux.see("saved ○ offline × 3")
    tmux.see("4/12  ", "→ 4 in draft", "change ")
    piecewise = _at_rest(tmux)
    tmux.run("resize-window", "-x", "81", "-y", "25")
    _until(lambda: max(map(len, tmux.text().split("\n"))) == 81, "all of it to be drawn a column wider")
    tmux.run("resize-window", "-x", "80", "-y", "24")
    _until_same(tmux, piecewise)
    tmux.run("resize-window", "-x", "60", "-y", "16", ";", "resize-window", "-x", "80", "-y", "24")
    _until_same(tmux, piecewise)


def _label(tmux: Tmux, key: str) -> None:
    """Press a class key; where it was refused while the picture was loading, again, as a person would."""
    tmux.keys(key)
    while "Not shown yet" in _at_rest(tmux):
        tmux.keys(key)


def _until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, f"waited in vain for {what}"
        select.select([], [], [], 0.05)


def _at_rest(tmux: Tmux) -> str:
    """Return what the terminal shows once nothing is drawn on it any more for a while."""
    text, same, end = tmux.text(), 0, time.monotonic() + 60
    while same < 20 and time.monotonic() < end:
        select.select([], [], [], 0.05)
        before, text = text, tmux.text()
        same = same + 1 if text == before else 0
    return text


#: A picture's cells look the same as another block with its colours swapped: which one it is depends on what was there.
_BLOCKS = str.maketrans("▀▄█", "   ")


def _until_same(tmux: Tmux, expected: str) -> None:
    """Wait until the terminal shows just this, but for the blocks of the picture."""
    end, wanted = time.monotonic() + 60, expected.translate(_BLOCKS)
    while (now := tmux.text().translate(_BLOCKS)) != wanted and time.monotonic() < end:
        select.select([], [], [], 0.05)
    assert now == wanted


@pytest.fixture
def terminal(workspace) -> Iterator[Terminal]:
    place = workspace(frames=3)
    opened = Terminal("-C", str(place.root), cwd=place.root)
    yield opened
    opened.close()


def test_late_answers_of_a_terminal_label_nothing(terminal):
    """An answer to a question nobody of ours asked is no key press."""
    terminal.read_until(drawn)
    for answer in (b"\x1b[?62;4;6c", b"\x1b[6;20;10t", b"\x1b_Gi=1;OK\x1b\\", b"\x1bP1$r48:2:1:2:3m\x1b\\"):
        os.write(terminal.master, answer)
        select.select([], [], [], 0.3)  # each comes by itself; Textual waits a tenth of a second for more
    limit = time.monotonic() + 20
    while terminal.child.poll() is None and time.monotonic() < limit:
        if select.select([terminal.master], [], [], 0.2)[0]:
            terminal.bytes += os.read(terminal.master, 65536)
        else:
            os.write(terminal.master, b"q")
    assert terminal.child.poll() == 0
    assert b"saved" not in terminal.bytes
    assert b"keys on the" not in terminal.bytes


def test_a_folder_that_is_no_workspace_says_what_to_do(tmp_path):
    opened = Terminal("-C", str(tmp_path), cwd=tmp_path)
    try:
        assert opened.end(30) == 5
        assert b"print-models init" in opened.bytes
    finally:
        opened.close()


def test_a_step_sends_what_changed_and_rest_sends_nothing(workspace):
    place = workspace(frames=4)
    first = (place.root / place.keys[0]).read_bytes()
    for key in place.keys[1:]:
        (place.root / key).write_bytes(first)  # a printer that stands
        os.utime(place.root / key, (1, 1))
    measured = subprocess.run(
        [sys.executable, "-m", "core", "sequences"], cwd=place.root, env=env(), timeout=60
    )
    assert measured.returncode == 0  # else the app would measure while nothing happens, and say how far it is
    opened = Terminal("-C", str(place.root), cwd=place.root)
    try:
        opened.read_until(drawn)
        opened.rest(1.5)
        whole = len(opened.bytes)
        opened.press("\x1b[C")
        opened.rest(1.0)
        steps = []
        for _ in range(2):
            opened.press("\x1b[C")
            steps.append(len(opened.rest(1.0)))
        assert all(0 < step < 2500 for step in steps), (whole, steps)
        assert opened.rest(2.5) == b"", "nothing is sent while nothing happens"
        opened.press("q")
        assert opened.end(20) == 0
    finally:
        opened.close()
